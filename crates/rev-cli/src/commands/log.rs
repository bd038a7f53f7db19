//! `rev log`: what was done to databases, when, by whom, from which plan.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use rev_core::{Binding, Graph};
use rev_engine::database::LogEntry;
use rev_render::{columns, cut_lines};

use super::one_line;
use crate::args;
use crate::diagnostic::Failure;
use crate::exit::Exit;
use crate::fleet;
use crate::format::log::{Log, LogLine};
use crate::session::Session;
use crate::terminal::{ERROR, FAINT, GOOD, ID, NAME, WARNING};

/// `rev log`.
pub(crate) fn log(args: &args::Log, session: &Session) -> Result<Exit, Failure> {
    let names = session.names(&args.databases)?;
    let read = async |binding: &Arc<Binding>| Told::read(args, session, binding).await;
    let answers = fleet::ask(session, names, &args.patience, read)?;
    let (logs, told) = fleet::parted(answers);
    let logs: Vec<Told> = logs.into_iter().map(|(_, log)| log).collect();
    if session.terminal.is_json() {
        let log = logs.iter().flat_map(Told::lines).collect();
        let unread = told.iter().map(|(name, why)| fleet::unread(name, why));
        let unread = unread.collect();
        session.terminal.json(&Log { log, unread })?;
    } else {
        let is_told = told.is_empty() || !logs.is_empty();
        if is_told && logs.iter().all(|log| log.lines.is_empty()) {
            session.terminal.talk(match args.since {
                Some(_) => "nothing was done since then",
                None => "nothing was done yet",
            });
        } else {
            let width = session.terminal.width();
            let texts: Vec<String> = logs.iter().flat_map(|log| log.runs(width)).collect();
            session.terminal.pages(&texts.join("\n"), &args.paging)?;
        }
        fleet::complain(session, &told);
    }
    Ok(if told.is_empty() {
        Exit::Done
    } else {
        Exit::Refused
    })
}

/// A database's log, and what its revisions are.
struct Told {
    database: String,
    lines: Vec<(LogEntry, Option<String>)>,
}

impl Told {
    async fn read(args: &args::Log, session: &Session, binding: &Binding) -> Result<Self, Failure> {
        let mut database = session.database(binding)?;
        let log = database.log().await;
        let mut log = log.map_err(|error| session.refused(&error.into(), binding))?;
        if let Some(since) = args.since {
            log.retain(|entry| is_since(entry, since));
        }
        let skip = args
            .limit
            .map_or(0, |limit| log.len().saturating_sub(limit.get()));
        let log: Vec<LogEntry> = log.into_iter().skip(skip).collect();
        // The ledger tells what revisions are that no file has.
        let graph = match log.is_empty() {
            true => session.graph().clone(),
            false => session.surveyed(binding).await?.0.standing.graph,
        };
        let lines = log.into_iter().map(|entry| {
            let message = message(&graph, &entry.revision);
            (entry, message)
        });
        Ok(Self {
            database: binding.name.to_string(),
            lines: lines.collect(),
        })
    }

    fn lines(&self) -> impl Iterator<Item = LogLine> + '_ {
        self.lines.iter().map(|(entry, message)| LogLine {
            database: self.database.clone(),
            sequence: entry.sequence,
            run: entry.run.clone(),
            action: entry.action.clone(),
            revision: entry.revision.clone(),
            message: message.clone(),
            outcome: entry.outcome.clone(),
            plan: (!entry.plan.is_empty()).then(|| entry.plan.clone()),
            statement: (entry.statement > 0).then_some(entry.statement),
            error: (!entry.error.is_empty()).then(|| entry.error.clone()),
            started: entry.started.clone(),
            elapsed_ms: entry.elapsed_ms,
            operator: entry.operator.clone(),
            version: entry.version.clone(),
        })
    }

    /// A paragraph a run: who and when, then a line a step.
    fn runs(&self, width: Option<usize>) -> Vec<String> {
        let same_run = |one: &(LogEntry, _), other: &(LogEntry, _)| one.0.run == other.0.run;
        let runs = self.lines.chunk_by(same_run);
        runs.map(|lines| self.run(lines, width)).collect()
    }

    fn run(&self, lines: &[(LogEntry, Option<String>)], width: Option<usize>) -> String {
        let first = &lines[0].0;
        let mut title = format!(
            "{NAME}{}{NAME:#}  {}  {}",
            self.database,
            moment(&first.started),
            first.operator
        );
        let plan = lines.iter().map(|(entry, _)| &entry.plan);
        if let Some(plan) = plan.into_iter().find(|plan| !plan.is_empty()) {
            let short: String = plan.chars().take(12).collect();
            let _ = write!(title, "  {FAINT}plan {short}{FAINT:#}");
        }
        let mut text = cut_lines(&title, width).into_owned() + "\n";
        let cells = |(entry, message): &(LogEntry, Option<String>)| {
            vec![
                entry.action.clone(),
                format!("{ID}{}{ID:#}", entry.revision),
                shown(message),
                outcome(entry),
            ]
        };
        let cells: Vec<Vec<String>> = lines.iter().map(cells).collect();
        let indent = 2;
        let rows = columns(&cells, 2, width.map(|width| width.saturating_sub(indent)));
        let action_width = lines.iter().map(|(entry, _)| entry.action.len()).max();
        let action_width = action_width.unwrap_or(0);
        for ((entry, _), row) in lines.iter().zip(rows) {
            let _ = writeln!(text, "  {row}");
            for line in entry.error.lines() {
                let _ = writeln!(text, "  {:action_width$}  {ERROR}{line}{ERROR:#}", "");
            }
        }
        text
    }
}

/// Whether something was begun at that moment or later. What cannot be told is not
/// left out.
fn is_since(entry: &LogEntry, since: Timestamp) -> bool {
    let started = entry.started.parse::<Timestamp>();
    started.map_or(true, |started| started >= since)
}

fn message(graph: &Graph, id: &str) -> Option<String> {
    let revision = match (graph.find_shortcut(id), graph.find(id)) {
        (Some(shortcut), _) => &graph.shortcut(shortcut).revision,
        (None, Some(node)) => graph.revision(node),
        (None, None) => return None,
    };
    Some(revision.message.clone())
}

fn shown(message: &Option<String>) -> String {
    message.as_deref().map(one_line).unwrap_or_default()
}

/// How it ended, and how long it took.
fn outcome(entry: &LogEntry) -> String {
    let at = match entry.statement {
        0 => String::new(),
        statement => format!(" at statement {statement}"),
    };
    match entry.outcome.as_str() {
        "done" => format!(
            "{GOOD}done{GOOD:#} {FAINT}in {}{FAINT:#}",
            duration(entry.elapsed_ms)
        ),
        "failed" => format!("{ERROR}failed{ERROR:#}{at}"),
        told => format!("{WARNING}said to be {told}{WARNING:#}{at}"),
    }
}

/// `2026-11-25 09:14:02 UTC`; what is no moment as it stands.
fn moment(started: &str) -> String {
    match started.parse::<Timestamp>() {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => started.to_owned(),
    }
}

/// `12 ms`, `3.4 s`, `2 min 5 s`.
fn duration(elapsed_ms: u64) -> String {
    match elapsed_ms {
        ms @ ..1_000 => format!("{ms} ms"),
        ms @ ..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        ms => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_unit_that_suits() {
        let shown = [0, 999, 1_000, 59_950, 60_000, 125_000].map(duration);
        assert_eq!(
            shown,
            [
                "0 ms",
                "999 ms",
                "1.0 s",
                "59.9 s",
                "1 min 0 s",
                "2 min 5 s"
            ]
        );
    }
}
