//! A plan for people.

use std::fmt::Write as _;

use rev_core::TransactionMode;
use rev_core::plan::Source;
use rev_engine::prepare::Prepared;

use super::{awaited, doing, heads, replaced, way};
use crate::{FAINT, ID, NAME, WARNING, count, one_line};

/// A paragraph a lane, a line a step.
#[must_use]
pub fn render(lanes: &[Prepared]) -> String {
    let texts: Vec<String> = lanes.iter().map(lane).collect();
    texts.join("\n")
}

fn lane(prepared: &Prepared) -> String {
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
    let width = |of: fn(&rev_core::Step) -> usize| lane.steps.iter().map(of).max().unwrap_or(0);
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
        let message = match message_width {
            0 => String::new(),
            _ => format!("{:message_width$}  ", one_line(&step.revision.message)),
        };
        let _ = writeln!(
            text,
            "  {style}{:7}{style:#}  {ID}{:id_width$}{ID:#}  {message}{FAINT}{words}{FAINT:#}",
            way(step.action),
            step.revision.id.as_str(),
        );
    }
    text
}
