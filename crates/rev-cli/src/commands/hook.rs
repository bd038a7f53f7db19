//! `rev init --git-hook`: lets git say what a checkout means for the databases.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::GitHook;
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::authoring::Made;
use crate::session::Session;

/// Writes the hook into the repository around the project.
pub(crate) fn install(hook: GitHook, session: &Session) -> Result<Exit, Failure> {
    let GitHook::PostCheckout = hook;
    let root = &session.project.root;
    let path = hooks(root)?.join("post-checkout");
    let line = line(&std::env::current_exe()?, &git(root, &["--show-prefix"])?);
    write(&path, &text(&line)).map_err(|error| refused(&path, &error, &line))?;
    let shown = path.display().to_string();
    match session.terminal.is_json() {
        true => session.terminal.json(&Made { files: vec![shown] })?,
        false => session.terminal.data(&format!("{shown}\n"))?,
    }
    Ok(Exit::Done)
}

/// The repository's folder of hooks, wherever its settings put that.
fn hooks(root: &Path) -> Result<PathBuf, Failure> {
    let path = git(root, &["--git-path", "hooks"])?;
    Ok(root.join(path))
}

/// What git says of the repository around the project.
fn git(root: &Path, question: &[&str]) -> Result<String, Failure> {
    let git = Command::new("git")
        .arg("-C")
        .arg(root)
        .arg("rev-parse")
        .args(question)
        .output();
    match git {
        Ok(output) if output.status.success() => {
            let answer = String::from_utf8_lossy(&output.stdout);
            Ok(answer.trim_end_matches(['\r', '\n']).to_owned())
        }
        Ok(output) => {
            let words = String::from_utf8_lossy(&output.stderr);
            let told = Diagnostic::new("no_repository", "this project is in no git repository");
            Err(Failure::refused(told.cause(words.trim_end())))
        }
        Err(error) => {
            let told = Diagnostic::new("no_git", "`git` cannot be run");
            Err(Failure::refused(told.cause(error)))
        }
    }
}

fn text(line: &str) -> String {
    format!(
        "#!/bin/sh\n\
         # Says what `rev switch` would do to the databases after a checkout, and does nothing.\n\
         # Written by `rev init --git-hook post-checkout`.\n\
         {line}\n"
    )
}

/// All that the hook does, so that it can be added to another one. It names the
/// program by its path, since another `rev` is on most machines, and the project
/// by its place in the checkout at hand: all worktrees share one hook, and some
/// branches may be without the project. A checkout of single files (third
/// argument 0) is none; and what the hook exits with, git would.
fn line(program: &Path, below_top: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let rev = quoted(&program.display().to_string());
    let settings = quoted(&format!("{below_top}{}", rev_store::config::FILE_NAME));
    format!(
        "if [ \"$3\" = 1 ] && top=$(git rev-parse --show-toplevel) && [ -x {rev} ] && \
         [ -e \"$top\"/{settings} ]; then {rev} -c \"$top\"/{settings} switch head --dry-run >&2 \
         || true; fi"
    )
}

/// Never in place of another hook.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    make_executable(&file)
}

#[cfg(unix)]
fn make_executable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o755))
}

/// Git for Windows looks at the first line alone.
#[cfg(not(unix))]
fn make_executable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

fn refused(path: &Path, error: &std::io::Error, line: &str) -> Failure {
    let told = Diagnostic::new("io", format!("`{}` cannot be written", path.display()));
    let told = told.cause(error);
    Failure::refused(match error.kind() {
        std::io::ErrorKind::AlreadyExists => told.hint(format!(
            "there is a hook already: add to it what this one would do:\n{line}"
        )),
        _ => told,
    })
}
