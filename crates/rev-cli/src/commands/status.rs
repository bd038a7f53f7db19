//! `rev status`: all databases on one screen.
//!
//! A database that cannot be read is a line like the others: the screen is
//! wanted most when something is wrong.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use rev_core::state::{Drift, Standing};
use rev_core::{Binding, DatabaseName, Goal, Point, RevisionId, Scope};
use rev_engine::database::{Database, Holder};
use rev_engine::outcome::Refusal;
use rev_engine::prepare::Surveyed;
use rev_render::columns;

use super::current::standing_of;
use super::{in_flight_line, one_line};
use crate::args::{Looking, Status};
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::fleet;
use crate::format::status::{self as format, DatabaseStatus, LedgerRow, Read, Sum};
use crate::looking;
use crate::reporter::HANDFUL;
use crate::session::Session;
use crate::terminal::{FAINT, GOOD, HINT, NAME, WARNING, count};

/// `rev status`.
pub(crate) fn status(args: &Status, session: &Session) -> Result<Exit, Failure> {
    let names = session.names(&args.databases)?;
    let filter = looking::filter(session, &Looking::default())?;
    let lacks_history = async |database: &mut dyn Database, surveyed: &Surveyed| {
        // One whose schema cannot be read is not called anything.
        surveyed.is_new && { database.inspect().await }.is_ok_and(|it| filter.sees_any(&it))
    };
    let rows: Vec<Row> = fleet::survey_and(session, names, &args.patience, lacks_history)?
        .into_iter()
        .map(|answer| Row {
            seen: answer
                .said
                .map(|(stand, lacks_history)| Seen::of(session, stand, lacks_history)),
            name: answer.name,
        })
        .collect();
    let sum = sum(&rows);
    let is_shown = |row: &&Row| !args.pending || !row.is_settled();
    let shown: Vec<&Row> = rows.iter().filter(is_shown).collect();
    if session.terminal.is_json() {
        let databases = shown.iter().map(|row| row.status(args.ledger)).collect();
        session.terminal.json(&format::Status {
            format: format::FORMAT,
            databases,
            sum,
        })?;
    } else {
        session.terminal.lines(&screen(&shown, sum, session))?;
    }
    Ok(if sum.unread > 0 {
        Exit::Refused
    } else if args.check && sum.up_to_date < sum.databases {
        Exit::Difference
    } else {
        Exit::Done
    })
}

/// A line a database, with what is wrong below it, and a closing sum. What is told of more than
/// a handful in the same words is told once.
fn screen(rows: &[&Row], sum: Sum, session: &Session) -> String {
    let mut told: Vec<Told> = Vec::new();
    let mut known: HashMap<(Vec<String>, Vec<String>), usize> = HashMap::new();
    for row in rows {
        let (cells, more) = (row.cells(), row.more());
        let next = told.len();
        let at = known.entry((cells.clone(), more.clone())).or_insert(next);
        match told.get_mut(*at) {
            Some(one) => one.names.push(&row.name),
            None => told.push(Told {
                names: vec![&row.name],
                cells,
                more,
            }),
        }
    }
    let is_folded = |it: &Told| it.names.len() > HANDFUL && !session.terminal.verbose;
    let (folded, single): (Vec<Told>, Vec<Told>) = told.into_iter().partition(is_folded);
    let mut lines: Vec<(String, Vec<String>, Vec<String>)> = Vec::new();
    for it in single {
        for name in &it.names {
            lines.push((name.to_string(), it.cells.clone(), it.more.clone()));
        }
    }
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    for it in folded {
        let (first, rest) = (it.names[0], it.names.len() - 1);
        let names = format!("{first} and {rest} like it");
        lines.push((names, it.cells, it.more));
    }
    let cells: Vec<Vec<String>> = { lines.iter() }
        .map(|(name, cells, _)| {
            let name = format!("{NAME}{name}{NAME:#}");
            [name].into_iter().chain(cells.iter().cloned()).collect()
        })
        .collect();
    let columns = columns(
        &cells,
        cells.iter().map(Vec::len).max().unwrap_or(1) - 1,
        session.terminal.width(),
    );
    let indent = lines.iter().map(|(name, ..)| name.len()).max();
    let indent = indent.unwrap_or(0) + 2;
    let mut text = String::new();
    for ((_, _, more), line) in lines.iter().zip(columns) {
        let _ = writeln!(text, "{line}");
        for more in more {
            let _ = writeln!(text, "{:indent$}{more}", "");
        }
    }
    if sum.databases > 1 {
        let _ = writeln!(text, "{}", sum_text(sum));
    }
    if sum.not_adopted > 0 {
        let _ = writeln!(
            text,
            "{HINT}hint{HINT:#}: what has tables and no history begins it by `rev adopt`"
        );
    }
    text
}

/// How many databases are in which state.
fn sum(rows: &[Row]) -> Sum {
    let mut sum = Sum {
        databases: rows.len(),
        ..Sum::default()
    };
    for row in rows {
        let Ok(seen) = &row.seen else {
            sum.unread += 1;
            continue;
        };
        let surveyed = &seen.surveyed;
        sum.up_to_date += usize::from(row.is_settled());
        sum.pending += usize::from(!matches!(seen.pending, Ok((_, 0))));
        sum.half_done += usize::from(surveyed.in_flight.is_some());
        sum.drifted += usize::from(!surveyed.standing.drift.is_none());
        sum.not_adopted += usize::from(seen.lacks_history);
    }
    sum
}

/// `40 databases: 38 up to date, 1 pending, 1 cannot be read`.
fn sum_text(sum: Sum) -> String {
    let parts = [
        (sum.up_to_date, "up to date"),
        (sum.pending, "pending"),
        (sum.half_done, "half done"),
        (sum.drifted, "drifted"),
        (sum.not_adopted, "not adopted"),
        (sum.unread, "cannot be read"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    let databases = count(sum.databases, "database");
    format!("{FAINT}{databases}: {}{FAINT:#}", parts.join(", "))
}

/// What is told of databases in the same words.
struct Told<'a> {
    names: Vec<&'a DatabaseName>,
    /// All columns but the name.
    cells: Vec<String>,
    /// What stands below.
    more: Vec<String>,
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
    /// Whether it has tables and no run has ever written its ledger.
    lacks_history: bool,
}

impl Row {
    /// Whether nothing is pending, half done or drifted, and what is there is known.
    fn is_settled(&self) -> bool {
        self.seen.as_ref().is_ok_and(|seen| {
            let is_current = matches!(seen.pending, Ok((_, 0)));
            let Surveyed {
                standing,
                in_flight,
                ..
            } = &seen.surveyed;
            is_current && in_flight.is_none() && standing.drift.is_none() && !seen.lacks_history
        })
    }

    fn status(&self, with_ledger: bool) -> DatabaseStatus {
        match &self.seen {
            Ok(seen) => DatabaseStatus::Read(Box::new(seen.read(with_ledger))),
            Err(told) => DatabaseStatus::Unread(Box::new(fleet::unread(&self.name, told))),
        }
    }

    /// Kind, what is pending, place: what matters before what may be cut.
    fn cells(&self) -> Vec<String> {
        match &self.seen {
            Ok(seen) => vec![
                seen.binding.dialect.to_string(),
                seen.pending_text(),
                seen.place(),
            ],
            // What is wrong does not make the other columns wide.
            Err(told) => vec![
                String::new(),
                format!("{WARNING}cannot be read{WARNING:#}"),
                why(told, &self.name),
            ],
        }
    }

    /// What else is to be said, a line each.
    fn more(&self) -> Vec<String> {
        let seen = match &self.seen {
            Ok(seen) => seen,
            Err(told) => return hints(told),
        };
        let mut lines = Vec::new();
        if let Err(told) = &seen.pending {
            lines.push(format!("{WARNING}{}{WARNING:#}", why(told, &self.name)));
        }
        if let Some(holder) = &seen.surveyed.holder {
            let Holder {
                operator, since, ..
            } = holder;
            let node = diagnostic::on_node(holder);
            lines.push(format!("at work: {operator}{node}, since {since}"));
        }
        if let Some(in_flight) = &seen.surveyed.in_flight {
            let line = in_flight_line(&self.name, in_flight);
            lines.push(format!("{WARNING}{line}{WARNING:#}"));
        }
        let drift = diagnostic::drift_lines(&seen.surveyed.standing.drift);
        let drift = drift
            .into_iter()
            .map(|line| format!("{WARNING}drift{WARNING:#}  {line}"));
        lines.extend(drift);
        lines
    }
}

/// Why, in one line, without the database's name: it stands before it.
fn why(told: &[Diagnostic], name: &DatabaseName) -> String {
    let here = format!(" (on `{name}`)");
    let words: Vec<String> = told.iter().map(|d| d.message.replace(&here, "")).collect();
    one_line(&words.join("; "))
}

/// The way out of what nobody can guess.
fn hints(told: &[Diagnostic]) -> Vec<String> {
    let damaged = told.iter().filter(|it| it.code == "damaged_ledger");
    let hints = damaged.flat_map(|it| &it.hints);
    hints
        .map(|hint| format!("{HINT}hint{HINT:#}: {hint}"))
        .collect()
}

impl Seen {
    fn of(session: &Session, (binding, surveyed): fleet::Stand, lacks_history: bool) -> Self {
        let pending = pending(&binding, &surveyed.standing)
            .map_err(|refusal| session.refusal(&refusal, &binding));
        Self {
            binding,
            surveyed,
            pending,
            lacks_history,
        }
    }

    fn read(&self, with_ledger: bool) -> Read {
        let holder = self.surveyed.holder.as_ref();
        let (pending, pending_error) = match &self.pending {
            Ok(pending) => (Some(pending), None),
            Err(told) => (None, diagnostic::error(told)),
        };
        let ledger = with_ledger.then(|| {
            let rows = self.surveyed.rows.iter().map(LedgerRow::from);
            let mut rows: Vec<LedgerRow> = rows.collect();
            rows.sort_by(LedgerRow::by_revision);
            rows
        });
        Read {
            standing: standing_of(&self.binding, &self.surveyed),
            pending: pending.map(|(_, all)| *all),
            pending_with_work: pending.map(|(with_work, _)| *with_work),
            pending_error,
            not_adopted: self.lacks_history,
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
        let pending = match &self.pending {
            Ok((_, 0)) if self.lacks_history => String::new(),
            // What is wrong stands below; that nothing is pending does not make it well.
            Ok((_, 0)) if !self.surveyed.standing.drift.is_none() => {
                format!("{WARNING}drifted{WARNING:#}")
            }
            Ok((_, 0)) => format!("{GOOD}up to date{GOOD:#}"),
            Ok((with_work, all)) if with_work == all => format!("{all} pending"),
            Ok((with_work, all)) => format!("{all} pending, {with_work} with work"),
            Err(_) => format!("{WARNING}not known{WARNING:#}"),
        };
        if !self.lacks_history {
            return pending;
        }
        let gap = if pending.is_empty() { "" } else { ", " };
        format!("{pending}{gap}{WARNING}not adopted{WARNING:#}")
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

/// How many revisions an upgrade to the head would bring: with work, and all.
fn pending(binding: &Binding, standing: &Standing) -> Result<(usize, usize), Refusal> {
    let scope = Scope::of_database(&standing.graph, binding, &standing.state)
        .map_err(|errors| Refusal::Scripts { errors })?;
    let destination = scope.destination(Goal::Upgrade, &[Point::head()])?;
    let missing = destination.set.difference(standing.state.set());
    Ok((missing.intersection(scope.work()).len(), missing.len()))
}
