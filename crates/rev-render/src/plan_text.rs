//! A plan for people.

use std::fmt::Write as _;

use rev_core::plan::{Source, Wait};
use rev_core::unseen::shown;
use rev_core::{Dialect, Step, TransactionMode};
use rev_engine::database::Work;
use rev_engine::prepare::Prepared;

use crate::columns::{columns, cut_lines};
use crate::phrases::{awaited, doing, folded, heads, losses, replaced, way};
use crate::{Alike, ERROR, FAINT, GOOD, ID, NAME, WARNING, alike, count, few, one_line};

/// How a plan is shown to people.
#[derive(Debug, Clone, Copy, Default)]
pub struct View {
    /// With every step, and its statements below it.
    pub verbose: bool,
    /// The cells of a line of the terminal; `None`: as many as it takes.
    pub width: Option<usize>,
}

/// A paragraph for each kind of lanes, a line a step. Where more is to be said, its statements
/// stand below; else steps that do nothing there are folded.
#[must_use]
pub fn render(lanes: &[Prepared], view: View) -> String {
    let texts: Vec<String> = alike(lanes).iter().map(|it| lane(it, view)).collect();
    texts.join("\n")
}

/// `db1, db2 (sqlite, 2 databases)`.
fn title(kind: &Alike<'_>) -> String {
    let dialect = kind.prepared.lane.database.dialect;
    let (names, more) = kind.names();
    let names = names.iter().map(|name| format!("{NAME}{name}{NAME:#}"));
    let names = names.collect::<Vec<_>>().join(", ");
    let more = more.map(|more| format!(" {more}")).unwrap_or_default();
    match kind.count() {
        Some(count) => format!("{names}{more} ({dialect}, {count})"),
        None => format!("{names} ({dialect})"),
    }
}

fn lane(kind: &Alike<'_>, view: View) -> String {
    let lane = &kind.prepared.lane;
    let title = title(kind);
    if lane.steps.is_empty() {
        let line = format!("{title}  nothing to do, at {}\n", heads(&lane.to));
        return cut_lines(&line, view.width).into_owned();
    }
    let cost = lane.cost();
    let mut steps = count(cost.steps, "step");
    if cost.with_work < cost.steps {
        let _ = write!(steps, ", {} with work", cost.with_work);
    }
    let (from, to) = (heads(&lane.from), heads(&lane.to));
    let title = format!("{title}  {from} → {to}, {steps}\n");
    cut_lines(&title, view.width).into_owned() + &self::steps(kind.prepared, view)
}

fn steps(prepared: &Prepared, view: View) -> String {
    let works = prepared.works.iter().zip(&prepared.waits);
    let dialect = prepared.lane.database.dialect;
    let all: Vec<_> = prepared.lane.steps.iter().zip(works).collect();
    let mut text = String::new();
    if view.verbose {
        // Where texts are compared line by line, one line must not move the others.
        for (step, (work, waits)) in all {
            let cells = cells(step, work, waits, dialect);
            let cells = cells
                .into_iter()
                .filter(|cell| !crate::columns::is_blank(cell));
            let line = cells.collect::<Vec<_>>().join("  ");
            let _ = writeln!(text, "  {line}");
            statements(&mut text, work);
        }
        return text;
    }
    let indent = 2;
    let mut rows = Vec::new();
    let mut left = &all[..];
    while let Some(&(step, (work, waits))) = left.first() {
        let empty = folded(
            left.iter()
                .map(|(step, (_, waits))| (&***step, waits.as_slice())),
        );
        if empty > 1 {
            let words = format!("{FAINT}… {empty} without work here{FAINT:#}");
            rows.push(vec![words]);
            left = &left[empty..];
            continue;
        }
        rows.push(cells(step, work, waits, dialect));
        left = &left[1..];
    }
    // What is folded stands beside the columns, not in them.
    let in_columns: Vec<Vec<String>> = rows.iter().filter(|row| row.len() > 1).cloned().collect();
    let width = view.width.map(|width| width.saturating_sub(indent));
    let mut lines = columns(&in_columns, 2, width).into_iter();
    for row in &rows {
        let line = match &row[..] {
            [alone] => Some(alone.clone()),
            _ => lines.next(),
        };
        let _ = writeln!(text, "  {}", line.unwrap_or_default());
    }
    text
}

/// Way, id, message, and what is done.
fn cells(step: &Step, work: &Work, waits: &[Wait], dialect: Dialect) -> Vec<String> {
    let mut words = doing(step, work.statements.len());
    if step.action.runs() && !step.is_empty() && step.transaction == TransactionMode::None {
        words.push_str(", no transaction");
    }
    if !step.replaces.is_empty() {
        let _ = write!(words, ", for {}", replaced(step));
    }
    if step.action == rev_core::Action::Downgrade && step.source == Source::Ledger {
        words.push_str(", as stored in the ledger");
    }
    if let Some(waits) = awaited(waits) {
        let _ = write!(words, ", {waits}");
    }
    let style = if step.action.applies() { GOOD } else { WARNING };
    let mut words = format!("{FAINT}{words}{FAINT:#}");
    let losses = losses(step, work, dialect);
    if !losses.is_empty() {
        let losses = few(&losses, "; ");
        let _ = write!(words, ", {ERROR}destructive{ERROR:#}: {losses}");
    }
    vec![
        format!("{style}{:7}{style:#}", way(step.action)),
        format!("{ID}{}{ID:#}", step.revision.id),
        one_line(&step.revision.message),
        words,
    ]
}

/// The statements of a step, as they run.
fn statements(text: &mut String, work: &Work) {
    for statement in &work.statements {
        for line in shown(&statement.text).lines() {
            let _ = writeln!(text, "{}", format!("      {line}").trim_end());
        }
        // On its own line after a comment, and else where one looks for it.
        match statement.text.lines().last() {
            Some(last) if last.contains("--") || last.contains('#') => text.push_str("      ;\n"),
            _ => {
                text.truncate(text.trim_end().len());
                text.push_str(";\n");
            }
        }
    }
}
