//! `rev squash`: one revision that does the work of several in one step.

mod finish;
mod from_database;
mod past;
mod proof;

use std::sync::Arc;

use rev_core::{Binding, Graph, NodeSet, RevisionId, ScriptError};
use rev_engine::outcome::Refusal;

use super::authoring::{create, new_id};
use super::range;
use crate::args::Squash;
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::session::Session;
use crate::system::today;
use crate::terminal::{ID, count};

/// `rev squash`.
pub(crate) fn squash(args: &Squash, session: &Session) -> Result<Exit, Failure> {
    if args.finish {
        return finish::finish(args, session);
    }
    let graph = session.graph();
    let range = match args.range.as_slice() {
        [] => "",
        [range] => range,
        _ => {
            let told = Diagnostic::new("usage", "`rev squash` takes one range");
            return Err(Failure::usage(told.hint(
                "squash them one after another, or what lies around all of them: `rev squash LOW:HIGH`",
            )));
        }
    };
    let set = range::named(session, None, range)?;
    if set.len() < 2 {
        return Err(refused(
            "nothing_to_squash",
            format!("`{range}` is {}", count(set.len(), "revision")),
            "name several, such as `rev squash base:5f1c` or `rev squash LABEL`",
        ));
    }
    let bindings = session.databases(&[])?;
    let known: Vec<&Binding> = bindings.iter().map(AsRef::as_ref).collect();
    let id = new_id(args.id.as_deref(), graph)?;
    let mut revision = rev_core::squash::squash(graph, &set, id, &known)
        .map_err(|error| unclear(session, error, &bindings))?;
    revision.message = match &args.message {
        Some(message) => message.clone(),
        None => message(graph, &set),
    };
    revision.created = Some(today());
    if let Some(name) = &args.from_database {
        from_database::dumped(args, session, &mut revision, &set, name)?;
    }
    let with = Arc::new(session.with(&revision)?);
    if !args.no_proof {
        proof::prove_all(args, session, &with, &revision.id, &bindings)?;
    }
    let warnings = finish::warnings(session, &with, &revision.id).into_iter();
    let mut lines: Vec<String> = warnings
        .map(|told| told.text(true).trim_end().to_owned())
        .collect();
    if !session.terminal.is_json() {
        lines.push(format!(
            "{ID}{}{ID:#} does the work of {} in one step",
            revision.id,
            count(set.len(), "revision")
        ));
    }
    create(session, revision, &lines)
}

fn message(graph: &Graph, set: &NodeSet) -> String {
    let ids = graph.ids(graph.topmost(set));
    let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
    format!(
        "squash {} up to {}",
        count(set.len(), "revision"),
        ids.join(" and ")
    )
}

fn unclear(session: &Session, error: ScriptError, bindings: &[Arc<Binding>]) -> Failure {
    let errors = vec![error];
    match bindings.first() {
        Some(binding) => session.refused(&Refusal::Scripts { errors }, binding),
        None => Failure::refused(Diagnostic::new("scripts", &errors[0])),
    }
}

/// `db1@a db1@b`, or the base.
fn targets(database: &str, heads: &[RevisionId]) -> String {
    match heads {
        [] => format!("{database}@base"),
        heads => {
            let targets = heads.iter().map(|id| format!("{database}@{id}"));
            targets.collect::<Vec<_>>().join(" ")
        }
    }
}

fn refused(code: &str, message: String, hint: &str) -> Failure {
    Failure::refused(Diagnostic::new(code, message).hint(hint))
}
