//! A plan as a script to hand to whoever runs it, ledger writes included.
//!
//! Each step is a transaction of its own, so a script that stops part-way leaves
//! whole steps behind, and the ledger says which. For engines whose ledger this
//! program does not keep yet, the script says how to tell it afterwards.

use std::fmt::Write as _;

use rev_core::plan::{Action, Step};
use rev_core::{Dialect, Goal, Lane, TransactionMode, digest};
use rev_engine::database::Work;
use rev_engine::prepare::Prepared;
use rev_sql::ledger::{Ledger, LogLine};
use rev_sql::split::rebuilds_tables;

use super::{doing, heads, way};
use crate::commands::one_line;

/// Stands for the time of the run until the text is made; no message holds it.
const NOW: &str = "\u{1}now\u{1}";
const NOW_IN_SQL: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/// A part a lane; each is for its own database.
pub(super) fn render(goal: Goal, lanes: &[Prepared], prefix: &str) -> String {
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
    if dialect == Dialect::Sqlite {
        text.push_str("PRAGMA foreign_keys = ON;\n");
    }
    let ledger = keeps_ledger(dialect).then(|| Ledger::new(prefix, dialect));
    if let Some(ledger) = ledger.as_ref().filter(|_| lane.from.is_empty()) {
        let _ = writeln!(text, "\n{}", ledger.create());
    }
    let plan = plan_digest(lane);
    for (index, (step, work)) in lane.steps.iter().zip(&prepared.works).enumerate() {
        let (number, of) = (index + 1, lane.steps.len());
        let what = title(step, work);
        let _ = writeln!(text, "\n-- step {number} of {of}: {what}");
        let writes = ledger
            .as_ref()
            .map(|ledger| writes(ledger, step, work, &plan));
        text.push_str(&body(dialect, step, work, &writes.unwrap_or_default()));
    }
    if ledger.is_none() {
        text.push_str(&afterwards(lane));
    }
    text
}

fn plan_digest(lane: &Lane) -> String {
    let steps = lane.steps.iter();
    let steps = steps.map(|s| (s.action.name(), s.revision.id.as_str(), s.digest));
    digest::plan(lane.database.name.as_str(), lane.database.dialect, steps).to_string()
}

fn title(step: &Step, work: &Work) -> String {
    let message = one_line(&step.row.message);
    let what = format!("{} {} {message}", way(step.action), step.revision.id);
    let words = doing(step, work.statements.len());
    format!("{} ({words})", what.trim_end())
}

/// How to tell the ledger, where the script does not.
fn afterwards(lane: &Lane) -> String {
    let name = &lane.database.name;
    let targets: Vec<String> = lane.to.iter().map(|id| format!("{name}@{id}")).collect();
    let targets = match targets.is_empty() {
        true => format!("{name}@base"),
        false => targets.join(" "),
    };
    format!("\n-- then tell the ledger: rev stamp {targets}\n")
}

/// Whether this program writes ledgers on such engines.
fn keeps_ledger(dialect: Dialect) -> bool {
    dialect == Dialect::Sqlite
}

fn body(dialect: Dialect, step: &Step, work: &Work, writes: &str) -> String {
    let is_whole =
        step.transaction == TransactionMode::Step && dialect.capabilities().transactional_ddl;
    let statements = work
        .statements
        .iter()
        .map(|statement| ended(dialect, &statement.text));
    let inner = statements.collect::<String>() + writes;
    if is_whole && !inner.is_empty() {
        let whole = format!("BEGIN;\n{inner}COMMIT;\n");
        // As the executor does: a rebuild must not cascade to rows that refer to it.
        return match dialect == Dialect::Sqlite && rebuilds_tables(&work.statements) {
            true => format!(
                "PRAGMA foreign_keys = OFF;\n{whole}PRAGMA foreign_key_check;\n\
                 PRAGMA foreign_keys = ON;\n"
            ),
            false => whole,
        };
    }
    inner
}

/// A statement with its end. A body with semicolons needs another delimiter
/// where the client, not the server, finds the end.
fn ended(dialect: Dialect, statement: &str) -> String {
    if dialect == Dialect::Mysql && statement.contains(';') {
        return format!("DELIMITER ;;\n{statement};;\nDELIMITER ;\n");
    }
    format!("{statement};\n")
}

fn writes(ledger: &Ledger, step: &Step, work: &Work, plan: &str) -> String {
    let line = LogLine {
        run: "script",
        action: step.action.name(),
        revision: step.revision.id.as_str(),
        outcome: "done",
        plan,
        statement: 0,
        error: "",
        started: NOW,
        elapsed_ms: 0,
        operator: "script",
        version: env!("CARGO_PKG_VERSION"),
    };
    let row = match step.action {
        Action::Upgrade | Action::Stamp => ledger.insert_row(&work.row, &line),
        Action::Downgrade | Action::Unstamp => ledger.delete_row(&step.revision.id),
    };
    let state = ledger.state_table();
    let text = format!(
        "{row}\n{}\nUPDATE \"{state}\" SET generation = generation + 1 WHERE id = 1;\n",
        ledger.insert_log(&line),
    );
    text.replace(&format!("'{NOW}'"), NOW_IN_SQL)
}
