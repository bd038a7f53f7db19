//! A plan as a script to hand to whoever runs it, ledger writes included.
//!
//! Each step is a transaction of its own where the engine can, so a script that
//! stops part-way leaves whole steps behind, and the ledger says which. Where
//! statements commit by themselves the ledger is written after the last one.

use std::fmt::Write as _;

use rev_core::plan::{Action, Step};
use rev_core::{Dialect, Goal, Lane, TransactionMode, digest};
use rev_engine::database::Work;
use rev_engine::prepare::Prepared;
use rev_sql::effect;
use rev_sql::ledger::{Elapsed, Ledger, LogLine};
use rev_sql::split::{Statement, rebuilds_tables};

use super::{awaited, doing, heads, replaced, way};
use crate::one_line;

/// Stands for the time of the run until the text is made; no message holds it.
const NOW: &str = "\u{1}now\u{1}";

/// The time of the run, as the ledger writes it.
fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        Dialect::Postgres => {
            "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
        }
        Dialect::Mysql => {
            "CONCAT(LEFT(DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')"
        }
    }
}

/// A part a lane; each is for its own database.
#[must_use]
pub fn render(goal: Goal, lanes: &[Prepared], prefix: &str) -> String {
    let texts: Vec<String> = lanes.iter().map(|lane| part(goal, lane, prefix)).collect();
    texts.join("\n")
}

fn part(goal: Goal, prepared: &Prepared, prefix: &str) -> String {
    let lane = &prepared.lane;
    let dialect = lane.database.dialect;
    let mut text = format!(
        "-- {} ({dialect}): {} {} -> {}\n",
        lane.database.name,
        goal.name(),
        heads(&lane.from),
        heads(&lane.to)
    );
    if lane.steps.is_empty() {
        text.push_str("-- nothing to do\n");
        return text;
    }
    match dialect {
        Dialect::Sqlite => text.push_str("PRAGMA foreign_keys = ON;\n"),
        Dialect::Postgres => text.push_str("-- run it by `psql -v ON_ERROR_STOP=1`\n"),
        Dialect::Mysql => {}
    }
    let ledger = Ledger::new(prefix, dialect);
    if lane.from.is_empty() {
        let _ = writeln!(text, "\n{}", ledger.create());
    }
    let plan = plan_digest(lane);
    let works = prepared.works.iter().zip(&prepared.waits);
    for (index, (step, (work, waits))) in lane.steps.iter().zip(works).enumerate() {
        let (number, of) = (index + 1, lane.steps.len());
        let what = title(step, work);
        let _ = writeln!(text, "\n-- step {number} of {of}: {what}");
        if let Some(waits) = awaited(waits) {
            let _ = writeln!(text, "-- only {waits}");
        }
        let writes = writes(&ledger, dialect, step, work, &plan);
        text.push_str(&body(dialect, step, work, &writes));
    }
    text
}

fn plan_digest(lane: &Lane) -> String {
    let steps = lane.steps.iter();
    let steps = steps.map(|s| (s.action.name(), s.revision.id.as_str(), s.digest));
    digest::plan(lane.database.name.as_str(), lane.database.dialect, steps).to_string()
}

fn title(step: &Step, work: &Work) -> String {
    let message = one_line(&step.revision.message);
    let what = format!("{} {} {message}", way(step.action), step.revision.id);
    let mut words = doing(step, work.statements.len());
    if !step.replaces.is_empty() {
        let _ = write!(words, ", for {}", replaced(step));
    }
    format!("{} ({words})", what.trim_end())
}

fn body(dialect: Dialect, step: &Step, work: &Work, writes: &str) -> String {
    let begin = match dialect {
        Dialect::Mysql => "START TRANSACTION",
        Dialect::Sqlite | Dialect::Postgres => "BEGIN",
    };
    let statements = work.statements.iter();
    let statements: String = statements.map(|s| ended(dialect, &s.text)).collect();
    let whole = match is_whole(dialect, step, work) {
        true => format!("{begin};\n{statements}{writes}COMMIT;\n"),
        false => format!("{statements}{begin};\n{writes}COMMIT;\n"),
    };
    // As the executor does: a rebuild must not cascade to rows that refer to it.
    match dialect == Dialect::Sqlite && rebuilds_tables(&work.statements) {
        true => format!(
            "PRAGMA foreign_keys = OFF;\n{whole}PRAGMA foreign_key_check;\n\
             PRAGMA foreign_keys = ON;\n"
        ),
        false => whole,
    }
}

/// Whether one transaction holds the step.
fn is_whole(dialect: Dialect, step: &Step, work: &Work) -> bool {
    let is_alone = |statement: &Statement| effect::needs_to_be_alone(&statement.text, dialect);
    step.transaction == TransactionMode::Step && !work.statements.iter().any(is_alone)
}

/// A statement with its end. A body with semicolons needs another delimiter
/// where the client, not the server, finds the end.
fn ended(dialect: Dialect, statement: &str) -> String {
    if dialect == Dialect::Mysql && statement.contains(';') {
        let free = |end: &&str| !statement.contains(*end);
        let end = [";;", "//", "$$"].into_iter().find(free).unwrap_or("|||");
        return format!("DELIMITER {end}\n{statement}\n{end}\nDELIMITER ;\n");
    }
    // A comment may end its last line.
    match statement
        .lines()
        .last()
        .is_some_and(|line| line.contains("--") || line.contains('#'))
    {
        true => format!("{statement}\n;\n"),
        false => format!("{statement};\n"),
    }
}

fn writes(ledger: &Ledger, dialect: Dialect, step: &Step, work: &Work, plan: &str) -> String {
    let line = LogLine {
        run: "script",
        action: step.action.name(),
        revision: step.revision.id.as_str(),
        outcome: "done",
        plan,
        statement: 0,
        error: "",
        started: NOW,
        elapsed: Elapsed::Ms(0),
        operator: "script",
        version: env!("CARGO_PKG_VERSION"),
    };
    let row = |row| match step.action {
        Action::Upgrade | Action::Stamp => ledger.insert_row(row, &line),
        Action::Downgrade | Action::Unstamp => ledger.delete_row(&row.revision),
    };
    let rows: Vec<String> = work.rows.iter().map(row).collect();
    let rows = rows.join("\n");
    let state = ledger.state_name();
    let text = format!(
        "{rows}\n{}\nUPDATE {state} SET generation = generation + 1 WHERE id = 1;\n",
        ledger.insert_log(&line),
    );
    text.replace(&format!("'{NOW}'"), now(dialect))
}
