//! Words for what is wrong with a project's files and settings.

use std::path::Path;

use rev_core::GraphFault;
use rev_store::config::UrlError;
use rev_store::write::WriteError;
use rev_store::{Fault, OpenError, Problem};

use super::{Diagnostic, Failure, Spot, did_you_mean, either};
use crate::exit::Exit;

/// Why a project does not open; `root` is where shown paths start.
pub(crate) fn open(error: &OpenError, root: &Path) -> Failure {
    match error {
        OpenError::NotFound { .. } => Failure::refused(
            Diagnostic::new("no_project", error)
                .hint("start a project here: `rev init --database db1=sqlite://var/db1.sqlite`\nor name its settings: `rev -c path/to/rev.yaml …`"),
        ),
        OpenError::Io { source, .. } => {
            Failure::refused(Diagnostic::new("io", error).cause(source))
        }
        OpenError::Faults(faults) => {
            let told = faults.iter().map(|found| fault(found, root)).collect();
            Failure::of(Exit::Refused, told)
        }
    }
}

/// What is wrong in one file.
pub(crate) fn fault(fault: &Fault, root: &Path) -> Diagnostic {
    let excerpt = fault.place.and_then(|place| {
        let text = std::fs::read_to_string(root.join(&fault.path)).ok()?;
        let line = text.lines().nth(place.line.checked_sub(1)?)?;
        Some(line.trim_start_matches('\u{feff}').to_owned())
    });
    let spot = Spot {
        path: fault.path.clone(),
        place: fault.place,
        excerpt,
    };
    let told = Diagnostic::new(fault.code(), &fault.problem).at(Some(spot));
    advise(told, &fault.problem)
}

fn advise(told: Diagnostic, problem: &Problem) -> Diagnostic {
    match problem {
        Problem::UnknownKey { similar, .. } => did_you_mean(told, similar),
        Problem::NotAChoice { choices, .. } => told.hint(format!("it may be {}", either(choices))),
        Problem::UnknownDatabase { similar, .. } | Problem::UnknownBranch { similar, .. } => {
            did_you_mean(told, similar)
        }
        Problem::Graph(GraphFault::UnknownParent { similar, .. }) => did_you_mean(told, similar),
        Problem::Graph(GraphFault::UnknownDependency { similar, .. }) => {
            did_you_mean(told, similar)
        }
        Problem::Graph(GraphFault::Cycle { members }) => {
            let ids: Vec<&str> = members.iter().map(AsRef::as_ref).collect();
            told.fact("revisions", ids)
                .hint("one of them must name another parent, or depend on something else")
        }
        Problem::DuplicateId { other, .. } => told
            .fact("other", other.as_str())
            .hint("give one of them a new id, and mend the `down_revision` of what stands on it"),
        Problem::IrreversibleDowngrade => {
            told.hint("take out `irreversible: true`, or the downgrade script")
        }
        Problem::EmptyScript { direction } => told.hint(format!(
            "write the SQL, or take `{direction}` out where there is nothing to do"
        )),
        Problem::NoFolder { .. } => told.hint("make the folder, or mend `revisions:`"),
        _ => told,
    }
}

/// Why a database has no URL now.
pub(crate) fn url(error: &UrlError) -> Diagnostic {
    let code = match error {
        UrlError::UnknownDatabase { .. } => "unknown_database",
        UrlError::NoUrl { .. } | UrlError::Unset { .. } => "no_url",
        UrlError::SharedVariable { .. } => "shared_variable",
        UrlError::Fault { .. } => "bad_url",
    };
    let told = Diagnostic::new(code, error);
    match error {
        UrlError::NoUrl { database, .. } => told.hint(format!(
            "write it into rev.yaml, or give it now: `--url {database}=URL`"
        )),
        UrlError::Unset { database, variable } => told.hint(format!(
            "set it: `export {variable}=…`, or write it into `.env`\nor give the URL now: `--url {database}=URL`"
        )),
        UrlError::Fault { fault, .. } => told.cause(fault),
        UrlError::SharedVariable { .. } | UrlError::UnknownDatabase { .. } => told,
    }
}

/// Why a file was not written.
pub(crate) fn write(error: &WriteError) -> Failure {
    let told = match error {
        WriteError::Exists { .. } => Diagnostic::new("exists", error),
        WriteError::Io { source, .. } => Diagnostic::new("io", error).cause(source),
        WriteError::NotFaithful { .. } => Diagnostic::new("not_faithful", error),
    };
    Failure::refused(told)
}
