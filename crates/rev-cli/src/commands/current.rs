//! `rev current`: where databases stand.

use std::fmt::Write as _;

use rev_core::state::Standing;
use rev_core::{Binding, Node};
use rev_engine::prepare::Surveyed;

use super::{in_flight_line, in_flight_of, revision_line};
use crate::args::Current;
use crate::diagnostic::Failure;
use crate::exit::Exit;
use crate::format::status::{self as format, Head};
use crate::session::{Session, runtime};
use crate::terminal::{FAINT, NAME, WARNING, count};

/// `rev current`.
pub(crate) fn current(args: &Current, session: &Session) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let mut text = String::new();
    let mut list = Vec::new();
    for binding in session.databases(&args.databases)? {
        let surveyed = runtime.block_on(session.survey(&binding))?;
        list.push(standing_of(&binding, &surveyed));
        current_text(&mut text, session, &binding, &surveyed.standing);
        if let Some(in_flight) = &surveyed.in_flight {
            let line = in_flight_line(&binding.name, in_flight);
            let _ = writeln!(
                text,
                "{NAME}{}{NAME:#}  {WARNING}{line}{WARNING:#}",
                binding.name
            );
        }
    }
    if session.terminal.is_json() {
        session
            .terminal
            .json(&format::Current { databases: list })?;
    } else {
        session.terminal.data(&text)?;
    }
    Ok(Exit::Done)
}

fn current_text(text: &mut String, session: &Session, binding: &Binding, standing: &Standing) {
    let graph = &standing.graph;
    let heads = standing.state.heads(graph);
    let name = format!("{NAME}{}{NAME:#}", binding.name);
    if heads.is_empty() {
        let _ = writeln!(text, "{name}  base");
    }
    for &head in &heads {
        let foreign = if graph.is_foreign(head) {
            format!("  {WARNING}not in this checkout{WARNING:#}")
        } else {
            String::new()
        };
        let _ = writeln!(text, "{name}  {}{foreign}", revision_line(graph, head));
    }
    if session.terminal.verbose {
        for tip in graph.tips(standing.state.set()) {
            if !heads.contains(&tip) {
                let line = revision_line(graph, tip);
                let _ = writeln!(text, "{name}  {line}  {FAINT}depended on{FAINT:#}");
            }
        }
        let applied = count(standing.state.set().len(), "revision");
        let _ = writeln!(text, "{name}  {FAINT}{applied} applied{FAINT:#}");
    }
}

fn heads(standing: &Standing, nodes: Vec<Node>) -> Vec<Head> {
    let graph = &standing.graph;
    let head = |node| {
        let revision = graph.revision(node);
        Head {
            revision: revision.id.to_string(),
            message: revision.message.clone(),
            in_checkout: !graph.is_foreign(node),
        }
    };
    nodes.into_iter().map(head).collect()
}

/// Where a database stands, for programs.
pub(super) fn standing_of(binding: &Binding, surveyed: &Surveyed) -> format::Standing {
    let standing = &surveyed.standing;
    let graph = &standing.graph;
    format::Standing {
        database: binding.name.to_string(),
        dialect: binding.dialect.into(),
        heads: heads(standing, standing.state.heads(graph)),
        tips: heads(standing, graph.tips(standing.state.set())),
        applied: standing.state.set().len(),
        in_flight: surveyed.in_flight.as_ref().map(in_flight_of),
    }
}
