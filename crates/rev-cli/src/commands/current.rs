//! `rev current`: where databases stand.

use rev_core::state::Standing;
use rev_core::{Binding, Node};
use rev_engine::prepare::Surveyed;
use rev_render::columns;

use super::{in_flight_line, in_flight_of, revision_line};
use crate::args::Current;
use crate::diagnostic::Failure;
use crate::exit::Exit;
use crate::fleet;
use crate::format::status::{self as format, DatabaseStanding, Head};
use crate::session::Session;
use crate::terminal::{FAINT, NAME, WARNING, count};

/// `rev current`.
pub(crate) fn current(args: &Current, session: &Session) -> Result<Exit, Failure> {
    let names = session.names(&args.databases)?;
    let answers = fleet::survey(session, names, &args.patience)?;
    if session.terminal.is_json() {
        let databases = answers.iter().map(|answer| match &answer.said {
            Ok((binding, surveyed)) => {
                DatabaseStanding::Read(Box::new(standing_of(binding, surveyed)))
            }
            Err(told) => DatabaseStanding::Unread(Box::new(fleet::unread(&answer.name, told))),
        });
        let databases = databases.collect();
        session.terminal.json(&format::Current { databases })?;
        let is_unread = answers.iter().any(|answer| answer.said.is_err());
        return Ok(if is_unread { Exit::Refused } else { Exit::Done });
    }
    let (said, told) = fleet::parted(answers);
    let mut rows = Vec::new();
    for (name, (_, surveyed)) in &said {
        let mut row = |text: String| rows.push(vec![format!("{NAME}{name}{NAME:#}"), text]);
        for text in lines(session, &surveyed.standing) {
            row(text);
        }
        if let Some(in_flight) = &surveyed.in_flight {
            let line = in_flight_line(name, in_flight);
            row(format!("{WARNING}{line}{WARNING:#}"));
        }
    }
    let lines = columns(&rows, 1, session.terminal.width());
    let lines = lines.iter().map(|line| format!("{line}\n"));
    session.terminal.data(&lines.collect::<String>())?;
    fleet::complain(session, &told);
    Ok(if told.is_empty() {
        Exit::Done
    } else {
        Exit::Refused
    })
}

/// Where a database stands, a line a head.
fn lines(session: &Session, standing: &Standing) -> Vec<String> {
    let graph = &standing.graph;
    let heads = standing.state.heads(graph);
    let mut lines = Vec::new();
    if heads.is_empty() {
        lines.push("base".to_owned());
    }
    for &head in &heads {
        let foreign = match graph.is_foreign(head) {
            true => format!("  {WARNING}not in this checkout{WARNING:#}"),
            false => String::new(),
        };
        lines.push(format!("{}{foreign}", revision_line(graph, head)));
    }
    if session.terminal.verbose {
        for tip in graph.tips(standing.state.set()) {
            if !heads.contains(&tip) {
                let line = revision_line(graph, tip);
                lines.push(format!("{line}  {FAINT}depended on{FAINT:#}"));
            }
        }
        let applied = count(standing.state.set().len(), "revision");
        lines.push(format!("{FAINT}{applied} applied{FAINT:#}"));
    }
    lines
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
