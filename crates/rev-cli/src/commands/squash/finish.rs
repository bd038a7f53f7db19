//! `rev squash --finish`: removes the files of what shortcuts replace.

use std::collections::BTreeSet;

use rev_core::squash::{Widened, replaced, widened};
use rev_core::{Graph, RevisionId};
use rev_store::write;

use super::past::{check_past, check_served, chosen};
use crate::args::Squash;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::authoring::Finished;
use crate::session::Session;
use crate::terminal::few;

/// Removes the files of what shortcuts replace, once every database is past it.
pub(super) fn finish(args: &Squash, session: &Session) -> Result<Exit, Failure> {
    let (project, graph) = (&session.project, session.graph());
    // What a run that was killed had set aside, and had to delete yet.
    write::delete(project.aside.clone()).map_err(|error| diagnostic::remove(&error))?;
    let chosen = chosen(args, session)?;
    let gone = replaced(graph, &chosen);
    let rest = project
        .without(&gone)
        .map_err(|problems| diagnostic::problems(&problems))?;
    check_labels(graph, &rest)?;
    check_served(session, &chosen)?;
    if !args.offline {
        check_past(session, &chosen)?;
    }
    remove(session, &gone)
}

/// No branch may come to mean more than it did: databases that follow it would go
/// elsewhere, and its base would be another one.
fn check_labels(graph: &Graph, rest: &Graph) -> Result<(), Failure> {
    let told: Vec<Diagnostic> = widened(graph, rest).iter().map(words).collect();
    match told.is_empty() {
        true => Ok(()),
        false => Err(Failure::of(Exit::Refused, told)),
    }
}

/// What a shortcut that is about to be written would be refused for in the end.
pub(super) fn warnings(session: &Session, with: &Graph, id: &RevisionId) -> Vec<Diagnostic> {
    let Some(shortcut) = with.find_shortcut(id.as_str()) else {
        return Vec::new();
    };
    let gone = replaced(with, &[shortcut]);
    let stays = with.files().iter().filter(|it| !gone.contains(&it.id));
    match Graph::new(stays.cloned().collect()) {
        Ok(rest) => widened(session.graph(), &rest).iter().map(words).collect(),
        Err(_) => Vec::new(),
    }
}

fn words(it: &Widened) -> Diagnostic {
    let Widened {
        label,
        root,
        covers,
    } = it;
    let ids: Vec<&str> = covers.iter().map(AsRef::as_ref).collect();
    let message = format!(
        "without the replaced files branch `{label}` begins at `{root}`, and covers what it does not now: {}",
        few(&ids, ", ")
    );
    Diagnostic::new("label_moves", message)
        .fact("label", label.as_str())
        .fact("covers", ids)
        .hint(format!(
            "squash the line of `{label}` apart from what lies below and beside it;\n\
             or, where nobody needs that name any more, take it out of the `branch_labels` of `{root}`"
        ))
}

fn remove(session: &Session, gone: &BTreeSet<RevisionId>) -> Result<Exit, Failure> {
    let project = &session.project;
    let paths = gone.iter().filter_map(|id| project.file(id));
    write::remove(&paths.collect::<Vec<_>>()).map_err(|error| diagnostic::remove(&error))?;
    let mut files: Vec<String> = gone.iter().filter_map(|id| project.shown(id)).collect();
    files.sort_unstable();
    if session.terminal.is_json() {
        session.terminal.json(&Finished { removed: files })?;
    } else {
        let lines = files.iter().map(|file| format!("removed {file}\n"));
        session.terminal.data(&lines.collect::<String>())?;
    }
    Ok(Exit::Done)
}
