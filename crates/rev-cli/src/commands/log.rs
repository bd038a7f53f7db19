//! `rev log`: what was done to databases, and when.

use std::fmt::Write as _;

use rev_engine::database::LogEntry;
use serde_json::{Value, json};

use crate::args::Log;
use crate::diagnostic::Failure;
use crate::exit::Exit;
use crate::session::{Session, runtime};
use crate::terminal::{ERROR, FAINT, ID, NAME};

/// `rev log`.
pub(crate) fn log(args: &Log, session: &Session) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let mut text = String::new();
    let mut list: Vec<Value> = Vec::new();
    for binding in session.databases(&args.databases)? {
        let mut database = session.database(&binding)?;
        let entries = runtime
            .block_on(database.log())
            .map_err(|error| session.refused(&error.into(), &binding))?;
        let skip = args
            .limit
            .map_or(0, |limit| entries.len().saturating_sub(limit));
        for entry in entries.iter().skip(skip) {
            list.push(entry_json(binding.name.as_str(), entry));
            entry_text(&mut text, binding.name.as_str(), entry);
        }
    }
    if session.terminal.is_json() {
        session.terminal.json(&json!({ "log": list }))?;
    } else if list.is_empty() {
        session.terminal.talk("nothing was done yet");
    } else {
        session.terminal.data(&text)?;
    }
    Ok(Exit::Done)
}

fn entry_text(text: &mut String, database: &str, entry: &LogEntry) {
    let failed = match entry.outcome.as_str() {
        "done" => String::new(),
        outcome if entry.statement > 0 => {
            format!(
                "  {ERROR}{outcome}{ERROR:#} at statement {}: {}",
                entry.statement, entry.error
            )
        }
        outcome => format!("  {ERROR}{outcome}{ERROR:#}: {}", entry.error),
    };
    let _ = writeln!(
        text,
        "{FAINT}{}{FAINT:#}  {NAME}{database}{NAME:#}  {:9}  {ID}{}{ID:#}  {FAINT}{} ms, {}{FAINT:#}{failed}",
        entry.started, entry.action, entry.revision, entry.elapsed_ms, entry.operator,
    );
}

fn entry_json(database: &str, entry: &LogEntry) -> Value {
    json!({
        "database": database,
        "sequence": entry.sequence,
        "run": entry.run,
        "action": entry.action,
        "revision": entry.revision,
        "outcome": entry.outcome,
        "plan": entry.plan,
        "statement": (entry.statement > 0).then_some(entry.statement),
        "error": (!entry.error.is_empty()).then_some(&entry.error),
        "started": entry.started,
        "elapsed_ms": entry.elapsed_ms,
        "operator": entry.operator,
        "version": entry.version,
    })
}
