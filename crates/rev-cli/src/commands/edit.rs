//! `rev edit`: the file of a revision in the user's editor.

use std::path::{Path, PathBuf};
use std::process::Command;

use rev_store::{project, source};

use super::show;
use crate::args::{Edit, Global};
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::authoring::Edited;
use crate::session::Session;
use crate::terminal::Terminal;

/// `rev edit`. A project with faults does not open, and editing is how they are
/// mended; so then the file is found by its name or by what it says.
pub(crate) fn edit(args: &Edit, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let file = match Session::open(global, terminal, "edit") {
        Ok(session) => known(&session, &args.point)?,
        Err(failure) => guessed(global, &args.point).ok_or(failure)?,
    };
    open(&file)?;
    if terminal.is_json() {
        let path = file.display().to_string();
        terminal.json(&Edited { path })?;
    }
    Ok(Exit::Done)
}

/// Opens a file in the editor, and waits until that is closed.
pub(super) fn open(file: &Path) -> Result<(), Failure> {
    let editor = editor()?;
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = Command::new(program).args(words).arg(file).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let message = format!("`{editor}` ended with {status}");
            Err(Failure::refused(Diagnostic::new("editor", message)))
        }
        Err(error) => {
            let message = format!("`{editor}` cannot be started");
            Err(Failure::refused(
                Diagnostic::new("editor", message).cause(error),
            ))
        }
    }
}

pub(super) fn editor() -> Result<String, Failure> {
    let set = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    set("VISUAL").or_else(|| set("EDITOR")).ok_or_else(|| {
        let told = Diagnostic::new("no_editor", "neither `VISUAL` nor `EDITOR` names an editor");
        Failure::refused(told.hint("such as `EDITOR=vi rev edit head`"))
    })
}

fn known(session: &Session, text: &str) -> Result<PathBuf, Failure> {
    let found = show::find(session, &session.target(text)?)?;
    let files = &session.project.files;
    match &found[..] {
        [(graph, node)] => files.get(graph.id(*node)).cloned().ok_or_else(|| {
            let message = format!("revision `{}` has no file", graph.id(*node));
            let told = Diagnostic::new("no_file", message);
            Failure::refused(told.hint("it is in a ledger alone: check out what has its file"))
        }),
        _ => {
            let message = format!("`{text}` means {} revisions", found.len());
            Err(Failure::refused(
                Diagnostic::new("several_revisions", message).hint("name one"),
            ))
        }
    }
}

/// The only revision file of the project that is named for
/// the text, or says that it is its revision.
fn guessed(global: &Global, text: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let settings = project::find(&here, global.config.as_deref()).ok()?;
    let mut files = project::revision_files(&settings);
    files.retain(|file| is_meant(file, text));
    match &files[..] {
        [only] => Some(only.clone()),
        _ => None,
    }
}

fn is_meant(file: &Path, text: &str) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let says = |content: String| {
        content.lines().any(|line| {
            let id = line.strip_prefix("revision:").map(str::trim);
            id.is_some_and(|id| id.trim_matches(['"', '\'']) == text)
        })
    };
    (text.len() >= 4 && name.starts_with(text)) || source::read_text(file).is_ok_and(says)
}
