//! Where databases stand: `current` and `status`.

use std::fmt::Write as _;
use std::sync::Arc;

use rev_core::state::Standing;
use rev_core::{Binding, Goal, Node, Point, Scope};
use rev_engine::outcome::Refusal;
use serde_json::{Value, json};

use super::{one_line, revision_line};
use crate::args::{Current, Status};
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::session::{Session, runtime};
use crate::terminal::{FAINT, GOOD, NAME, WARNING, count};

/// `rev current`.
pub(crate) fn current(args: &Current, session: &Session) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let mut text = String::new();
    let mut list = Vec::new();
    for binding in session.databases(&args.databases)? {
        let standing = runtime.block_on(session.survey(&binding))?;
        list.push(standing_json(&binding, &standing));
        current_text(&mut text, session, &binding, &standing);
    }
    if session.terminal.is_json() {
        session.terminal.json(&json!({ "databases": list }))?;
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

fn heads_json(standing: &Standing, nodes: Vec<Node>) -> Vec<Value> {
    let graph = &standing.graph;
    nodes
        .into_iter()
        .map(|node| {
            let revision = graph.revision(node);
            json!({
                "revision": revision.id.as_str(),
                "message": revision.message,
                "in_checkout": !graph.is_foreign(node),
            })
        })
        .collect()
}

fn standing_json(binding: &Binding, standing: &Standing) -> Value {
    let graph = &standing.graph;
    json!({
        "database": binding.name.as_str(),
        "dialect": binding.dialect.name(),
        "heads": heads_json(standing, standing.state.heads(graph)),
        "tips": heads_json(standing, graph.tips(standing.state.set())),
        "applied": standing.state.set().len(),
    })
}

/// `rev status`.
pub(crate) fn status(args: &Status, session: &Session) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let rows: Vec<Row> = session
        .databases(&args.databases)?
        .into_iter()
        .map(|binding| Row::read(session, &runtime, binding))
        .collect::<Result<_, _>>()?;
    if session.terminal.is_json() {
        let list: Vec<Value> = rows.iter().map(Row::json).collect();
        session.terminal.json(&json!({ "databases": list }))?;
    } else {
        let wide = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let name_width = wide(|row| row.binding.name.as_str().len());
        let place_width = wide(|row| row.place().chars().count());
        let texts = rows.iter().map(|row| row.text(name_width, place_width));
        session.terminal.data(&texts.collect::<String>())?;
    }
    let all_read = rows.iter().all(|row| row.standing.is_ok());
    Ok(if all_read { Exit::Done } else { Exit::Refused })
}

/// A database's line of the screen.
struct Row {
    binding: Arc<Binding>,
    standing: Result<Standing, Vec<Diagnostic>>,
    /// Missing from the head: those with work, and all; or why that is not known.
    pending: Result<(usize, usize), Vec<Diagnostic>>,
}

impl Row {
    fn read(
        session: &Session,
        runtime: &tokio::runtime::Runtime,
        binding: Arc<Binding>,
    ) -> Result<Self, Failure> {
        let mut database = session.database(&binding)?;
        let survey = rev_engine::prepare::survey(&mut *database, &binding, session.graph());
        let standing = runtime.block_on(survey);
        let told = |refusal: Refusal| session.refusal(&refusal, &binding);
        let pending = match &standing {
            Ok(standing) => pending(&binding, standing).map_err(told),
            Err(_) => Ok((0, 0)),
        };
        let standing = standing.map_err(told);
        Ok(Self {
            binding,
            standing,
            pending,
        })
    }

    fn json(&self) -> Value {
        let standing = match &self.standing {
            Ok(standing) => standing,
            Err(told) => {
                return json!({
                    "database": self.binding.name.as_str(),
                    "error": diagnostic::error_object(told),
                });
            }
        };
        let mut value = standing_json(&self.binding, standing);
        match &self.pending {
            Ok((with_work, all)) => {
                value["pending"] = json!(all);
                value["pending_with_work"] = json!(with_work);
            }
            Err(told) => value["pending_error"] = diagnostic::error_object(told),
        }
        let drift = &standing.drift;
        let ids = |ids: Vec<&rev_core::RevisionId>| {
            ids.into_iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        value["drift"] = json!({
            "unknown": ids(drift.unknown.iter().collect()),
            "edited": ids(drift.edited.iter().map(|edit| &edit.revision).collect()),
            "reparented": ids(drift.reparented.iter().map(|moved| &moved.revision).collect()),
            "gaps": ids(drift.gaps.iter().map(|gap| &gap.revision).collect()),
            "rebound": ids(drift.rebound.iter().collect()),
        });
        value
    }

    fn text(&self, width: usize, place_width: usize) -> String {
        let name = format!("{NAME}{:width$}{NAME:#}", self.binding.name.as_str());
        let standing = match &self.standing {
            Ok(standing) => standing,
            Err(told) => {
                let texts = told
                    .iter()
                    .map(|d| format!("{name}  {WARNING}{}{WARNING:#}\n", d.message));
                return texts.collect();
            }
        };
        let place = self.place();
        let mut text = format!(
            "{name}  {:8}  {place:place_width$}  {}\n",
            self.binding.dialect,
            self.pending_text()
        );
        for line in diagnostic::drift_lines(&standing.drift) {
            let _ = writeln!(text, "{:width$}  {WARNING}drift{WARNING:#}  {line}", "");
        }
        text
    }

    /// Where the database stands, as a phrase; nothing where that is not known.
    fn place(&self) -> String {
        let Ok(standing) = &self.standing else {
            return String::new();
        };
        let graph = &standing.graph;
        let heads = standing.state.heads(graph).into_iter().map(|head| {
            let revision = graph.revision(head);
            let words = format!("{} {}", revision.id, one_line(&revision.message));
            words.trim_end().to_owned()
        });
        match heads.collect::<Vec<_>>() {
            heads if heads.is_empty() => "at base".to_owned(),
            heads => format!("at {}", heads.join(", ")),
        }
    }

    fn pending_text(&self) -> String {
        match &self.pending {
            Ok((_, 0)) => format!("{GOOD}up to date{GOOD:#}"),
            Ok((with_work, all)) if with_work == all => format!("{all} pending"),
            Ok((with_work, all)) => format!("{all} pending, {with_work} with work"),
            Err(told) => {
                let here = format!(" (on `{}`)", self.binding.name);
                let words: Vec<String> =
                    told.iter().map(|d| d.message.replace(&here, "")).collect();
                format!("{WARNING}{}{WARNING:#}", words.join("; "))
            }
        }
    }
}

/// How many revisions an upgrade to the head would bring: with work, and all.
fn pending(binding: &Binding, standing: &Standing) -> Result<(usize, usize), Refusal> {
    let scope = Scope::of_database(&standing.graph, binding, &standing.state)
        .map_err(|errors| Refusal::Scripts { errors })?;
    let head = Point {
        branch: None,
        text: "head".to_owned(),
    };
    let destination = scope.destination(Goal::Upgrade, &[head])?;
    let missing = destination.set.difference(standing.state.set());
    Ok((missing.intersection(scope.work()).len(), missing.len()))
}
