//! A plan for people.

use std::fmt::Write as _;

use rev_core::TransactionMode;
use rev_core::plan::Source;
use rev_core::unseen::shown;
use rev_engine::database::Work;
use rev_engine::prepare::Prepared;

use super::{awaited, doing, heads, replaced, way};
use crate::{FAINT, ID, NAME, WARNING, count, one_line};

/// A paragraph a lane, a line a step; below it, where more is to be said, its
/// statements.
#[must_use]
pub fn render(lanes: &[Prepared], verbose: bool) -> String {
    let texts: Vec<String> = lanes.iter().map(|it| lane(it, verbose)).collect();
    texts.join("\n")
}

fn lane(prepared: &Prepared, verbose: bool) -> String {
    let lane = &prepared.lane;
    let title = format!(
        "{NAME}{}{NAME:#} ({})",
        lane.database.name, lane.database.dialect
    );
    if lane.steps.is_empty() {
        return format!("{title}  nothing to do, at {}\n", heads(&lane.to));
    }
    let cost = lane.cost();
    let mut steps = count(cost.steps, "step");
    if cost.with_work < cost.steps {
        let _ = write!(steps, ", {} with work", cost.with_work);
    }
    let mut text = format!(
        "{title}  {} → {}, {steps}\n",
        heads(&lane.from),
        heads(&lane.to)
    );
    // Where texts are compared line by line, one line must not move the others.
    let width = |of: fn(&rev_core::Step) -> usize| match verbose {
        true => 0,
        false => {
            let widths = lane.steps.iter().map(|step| of(step));
            widths.max().unwrap_or(0)
        }
    };
    let id_width = width(|step| step.revision.id.as_str().len());
    let message_width = width(|step| one_line(&step.revision.message).chars().count());
    let works = prepared.works.iter().zip(&prepared.waits);
    for (step, (work, waits)) in lane.steps.iter().zip(works) {
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
        let style = if step.action.applies() {
            FAINT
        } else {
            WARNING
        };
        let message = match one_line(&step.revision.message) {
            message if message.is_empty() && message_width == 0 => message,
            message => format!("{message:message_width$}  "),
        };
        let _ = writeln!(
            text,
            "  {style}{:7}{style:#}  {ID}{:id_width$}{ID:#}  {message}{FAINT}{words}{FAINT:#}",
            way(step.action),
            step.revision.id.as_str(),
        );
        if verbose {
            statements(&mut text, work);
        }
    }
    text
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
