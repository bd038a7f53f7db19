//! `rev status`: all databases on one screen.
//!
//! A database that cannot be read is a line like the others: the screen is
//! wanted most when something is wrong.

use std::fmt::Write as _;
use std::sync::Arc;

use rev_core::state::{Drift, Standing};
use rev_core::{Binding, DatabaseName, Goal, Point, RevisionId, Scope};
use rev_engine::database::Holder;
use rev_engine::outcome::Refusal;
use rev_engine::prepare::Surveyed;
use tokio::runtime::Runtime;

use super::current::standing_of;
use super::{in_flight_line, one_line};
use crate::args::Status;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::error::Error;
use crate::format::status::{self as format, DatabaseStatus, LedgerRow, Read, Unread};
use crate::session::{Session, runtime};
use crate::terminal::{GOOD, HINT, NAME, WARNING};

/// `rev status`.
pub(crate) fn status(args: &Status, session: &Session) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let rows: Vec<Row> = session
        .names(&args.databases)?
        .into_iter()
        .map(|name| Row {
            seen: Seen::look(session, &runtime, &name).map_err(Failure::into_diagnostics),
            name,
        })
        .collect();
    if session.terminal.is_json() {
        session.terminal.json(&format::Status {
            format: format::FORMAT,
            databases: rows.iter().map(Row::status).collect(),
        })?;
    } else {
        let wide = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let name_width = wide(|row| row.name.as_str().len());
        let place_width = wide(Row::place_width);
        let texts = rows.iter().map(|row| row.text(name_width, place_width));
        session.terminal.data(&texts.collect::<String>())?;
    }
    Ok(match rows.iter().all(|row| row.seen.is_ok()) {
        false => Exit::Refused,
        true if args.check && !rows.iter().all(Row::is_settled) => Exit::Difference,
        true => Exit::Done,
    })
}

/// A database's part of the screen.
struct Row {
    name: DatabaseName,
    seen: Result<Seen, Vec<Diagnostic>>,
}

/// What was found out about a database.
struct Seen {
    binding: Arc<Binding>,
    surveyed: Surveyed,
    /// Missing from the head: those with work, and all; or why that is not known.
    pending: Result<(usize, usize), Vec<Diagnostic>>,
}

impl Row {
    /// Whether nothing is pending, half done or drifted.
    fn is_settled(&self) -> bool {
        self.seen.as_ref().is_ok_and(|seen| {
            let is_current = matches!(seen.pending, Ok((_, 0)));
            let Surveyed {
                standing,
                in_flight,
                ..
            } = &seen.surveyed;
            is_current && in_flight.is_none() && standing.drift.is_none()
        })
    }

    fn status(&self) -> DatabaseStatus {
        match &self.seen {
            Ok(seen) => DatabaseStatus::Read(Box::new(seen.read())),
            Err(told) => DatabaseStatus::Unread(Box::new(Unread {
                database: self.name.to_string(),
                error: unread(told),
            })),
        }
    }

    fn place_width(&self) -> usize {
        let seen = self.seen.as_ref();
        seen.map_or(0, |seen| seen.place().chars().count())
    }

    fn text(&self, name_width: usize, place_width: usize) -> String {
        let name = format!("{NAME}{:name_width$}{NAME:#}", self.name.as_str());
        let seen = match &self.seen {
            Ok(seen) => seen,
            Err(told) => {
                let hints = hints(told, name_width);
                return format!("{name}  {}\n{hints}", warning(told, &self.name));
            }
        };
        let (dialect, place) = (seen.binding.dialect, seen.place());
        let pending = seen.pending_text();
        let mut text = format!("{name}  {dialect:8}  {place:place_width$}  {pending}\n");
        if let Some(holder) = &seen.surveyed.holder {
            let Holder {
                operator, since, ..
            } = holder;
            let node = diagnostic::on_node(holder);
            let _ = writeln!(
                text,
                "{:name_width$}  at work: {operator}{node}, since {since}",
                ""
            );
        }
        if let Some(in_flight) = &seen.surveyed.in_flight {
            let line = in_flight_line(&self.name, in_flight);
            let _ = writeln!(text, "{:name_width$}  {WARNING}{line}{WARNING:#}", "");
        }
        for line in diagnostic::drift_lines(&seen.surveyed.standing.drift) {
            let _ = writeln!(
                text,
                "{:name_width$}  {WARNING}drift{WARNING:#}     {line}",
                ""
            );
        }
        text
    }
}

/// What is wrong, on the line of the database itself.
fn warning(told: &[Diagnostic], name: &DatabaseName) -> String {
    let here = format!(" (on `{name}`)");
    let words: Vec<String> = told.iter().map(|d| d.message.replace(&here, "")).collect();
    format!("{WARNING}{}{WARNING:#}", words.join("; "))
}

/// The way out of what nobody can guess, a line each below the database's own.
fn hints(told: &[Diagnostic], indent: usize) -> String {
    let damaged = told.iter().filter(|it| it.code == "damaged_ledger");
    let hints = damaged.flat_map(|it| &it.hints);
    let line = |hint: &String| format!("{:indent$}  {HINT}hint{HINT:#}: {hint}\n", "");
    hints.map(line).collect()
}

impl Seen {
    fn look(session: &Session, runtime: &Runtime, name: &DatabaseName) -> Result<Self, Failure> {
        let binding = session.binding(name)?;
        let surveyed = runtime.block_on(session.survey(&binding))?;
        let pending = pending(&binding, &surveyed.standing)
            .map_err(|refusal| session.refusal(&refusal, &binding));
        Ok(Self {
            binding,
            surveyed,
            pending,
        })
    }

    fn read(&self) -> Read {
        let holder = self.surveyed.holder.as_ref();
        let (pending, pending_error) = match &self.pending {
            Ok(pending) => (Some(pending), None),
            Err(told) => (None, diagnostic::error(told)),
        };
        let mut ledger: Vec<LedgerRow> = self.surveyed.rows.iter().map(LedgerRow::from).collect();
        ledger.sort_by(LedgerRow::by_revision);
        Read {
            standing: standing_of(&self.binding, &self.surveyed),
            pending: pending.map(|(_, all)| *all),
            pending_with_work: pending.map(|(with_work, _)| *with_work),
            pending_error,
            holder: holder.map(|holder| format::Holder {
                operator: holder.operator.clone(),
                process: holder.process,
                since: holder.since.clone(),
                node: holder.node.as_ref().map(|node| node.name.clone()),
            }),
            drift: drift(&self.surveyed.standing.drift),
            ledger,
        }
    }

    /// Where the database stands, as a phrase.
    fn place(&self) -> String {
        let graph = &self.surveyed.standing.graph;
        let heads = self
            .surveyed
            .standing
            .state
            .heads(graph)
            .into_iter()
            .map(|head| {
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
            Err(told) => warning(told, &self.binding.name),
        }
    }
}

/// Where ledger and files disagree, for programs.
fn drift(drift: &Drift) -> format::Drift {
    fn ids<'a>(ids: impl Iterator<Item = &'a RevisionId>) -> Vec<String> {
        ids.map(ToString::to_string).collect()
    }
    format::Drift {
        unknown: ids(drift.unknown.iter()),
        edited: ids(drift.edited.iter().map(|edit| &edit.revision)),
        reparented: ids(drift.reparented.iter().map(|moved| &moved.revision)),
        gaps: ids(drift.gaps.iter().map(|gap| &gap.revision)),
        rebound: ids(drift.rebound.iter()),
        partial: ids(drift.partial.iter().map(|it| &it.shortcut)),
        altered: ids(drift.altered.iter()),
    }
}

/// Why a database could not be read; it is always said.
fn unread(told: &[Diagnostic]) -> Error {
    let unsaid = || Diagnostic::new("unreadable", "the database cannot be read");
    let error = diagnostic::error(told).or_else(|| diagnostic::error(&[unsaid()]));
    error.expect("one thing is told")
}

/// How many revisions an upgrade to the head would bring: with work, and all.
fn pending(binding: &Binding, standing: &Standing) -> Result<(usize, usize), Refusal> {
    let scope = Scope::of_database(&standing.graph, binding, &standing.state)
        .map_err(|errors| Refusal::Scripts { errors })?;
    let destination = scope.destination(Goal::Upgrade, &[Point::head()])?;
    let missing = destination.set.difference(standing.state.set());
    Ok((missing.intersection(scope.work()).len(), missing.len()))
}
