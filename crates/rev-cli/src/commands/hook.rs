//! `rev init --git-hook`: lets git say what a checkout means for the databases.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::args::GitHook;
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::session::Session;

/// Writes the hook into the repository around the project.
pub(crate) fn install(hook: GitHook, session: &Session) -> Result<Exit, Failure> {
    let GitHook::PostCheckout = hook;
    let root = &session.project.root;
    let path = hooks(root)?.join("post-checkout");
    let text = text(&std::env::current_exe()?, root);
    write(&path, &text).map_err(|error| refused(&path, &error, &text))?;
    let shown = path.display().to_string();
    match session.terminal.is_json() {
        true => session.terminal.json(&json!({ "files": [shown] }))?,
        false => session.terminal.data(&format!("{shown}\n"))?,
    }
    Ok(Exit::Done)
}

/// The repository's folder of hooks, wherever its settings put that.
fn hooks(root: &Path) -> Result<PathBuf, Failure> {
    let git = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["rev-parse", "--git-path", "hooks"])
        .output();
    match git {
        Ok(output) if output.status.success() => {
            let path = String::from_utf8_lossy(&output.stdout);
            Ok(root.join(path.trim_end()))
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

/// The script. It names the program by its path, since another `rev` is on most
/// machines; a checkout of single files (third argument 0) is none; and what the
/// hook exits with, git would.
fn text(program: &Path, root: &Path) -> String {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    format!(
        "#!/bin/sh\n\
         # Says what `rev switch` would do to the databases after a checkout, and does nothing.\n\
         # Written by `rev init --git-hook post-checkout`.\n\
         [ \"$3\" = 1 ] || exit 0\n\
         rev={}\n\
         [ -x \"$rev\" ] || exit 0\n\
         \"$rev\" -c {} switch head --dry-run >&2 || exit 0\n",
        quoted(program),
        quoted(root)
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

fn refused(path: &Path, error: &std::io::Error, text: &str) -> Failure {
    let told = Diagnostic::new("io", format!("`{}` cannot be written", path.display()));
    let told = told.cause(error);
    let command = text.lines().last().unwrap_or_default();
    Failure::refused(match error.kind() {
        std::io::ErrorKind::AlreadyExists => told.hint(format!(
            "there is a hook already: add to it what this one would do: `{}`",
            command
        )),
        _ => told,
    })
}
