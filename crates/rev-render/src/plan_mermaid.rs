//! A plan as a diagram: a chain a lane.

use std::fmt::Write as _;
use std::sync::Arc;

use rev_core::Step;
use rev_core::plan::{Until, Wait};
use rev_engine::prepare::Prepared;

use crate::one_line;
use crate::phrases::{heads, mermaid_text, replaced, way};

/// A flow chart with a box a lane.
#[must_use]
pub fn render(lanes: &[Prepared]) -> String {
    let mut text = String::from("flowchart TD\n");
    for (index, prepared) in lanes.iter().enumerate() {
        let lane = &prepared.lane;
        let name = mermaid_text(lane.database.name.as_str());
        let _ = writeln!(text, "  subgraph lane{index}[\"{name}\"]");
        let _ = writeln!(
            text,
            "    l{index}s0([\"{}\"])",
            mermaid_text(&heads(&lane.from))
        );
        for (number, step) in lane.steps.iter().enumerate() {
            let message = one_line(&step.revision.message);
            let mut words = format!("{} {} {message}", way(step.action), step.revision.id);
            if !step.replaces.is_empty() {
                let _ = write!(words, " (for {})", replaced(step));
            }
            let (from, to) = (number, number + 1);
            let _ = writeln!(
                text,
                "    l{index}s{from} --> l{index}s{to}[\"{}\"]",
                mermaid_text(&words)
            );
        }
        text.push_str("  end\n");
    }
    arrows(&mut text, lanes);
    text
}

/// A dotted arrow to each step from the one of another lane that it waits for.
fn arrows(text: &mut String, lanes: &[Prepared]) {
    for (index, prepared) in lanes.iter().enumerate() {
        for (number, waits) in (1..).zip(&prepared.waits) {
            for wait in waits {
                if let Some((other, step)) = step_of(lanes, wait) {
                    let _ = writeln!(text, "  l{other}s{step} -.-> l{index}s{number}");
                }
            }
        }
    }
}

/// The lane and the number of the step that brings about what is waited for.
fn step_of(lanes: &[Prepared], wait: &Wait) -> Option<(usize, usize)> {
    let is_it = |it: &Prepared| it.lane.database.name == wait.database;
    let index = lanes.iter().position(is_it)?;
    let applies = wait.until == Until::Applied;
    let brings = |step: &Arc<Step>| {
        step.action.applies() == applies && step.revisions().any(|id| *id == wait.revision)
    };
    let step = lanes[index].lane.steps.iter().position(brings)?;
    Some((index, step + 1))
}
