//! A plan as a diagram: a chain for each kind of lanes.
//!
//! What draws a diagram gives up on some hundreds of arrows, so of a long chain the middle is one
//! box, but for steps that wait or are waited for.

use std::fmt::Write as _;
use std::sync::Arc;

use rev_core::Step;
use rev_core::plan::{Until, Wait};
use rev_engine::prepare::Prepared;

use crate::alike::{Alike, alike};
use crate::phrases::{heads, mermaid_text, replaced, way};
use crate::{count, one_line};

/// The most steps of a lane that all have a box.
const MOST: usize = 40;
/// How many of them have one at each end where there are more.
const ENDS: usize = 8;

/// A flow chart with a box for each kind of lanes.
#[must_use]
pub fn render(lanes: &[Prepared]) -> String {
    let kinds = alike(lanes);
    let arrows = arrows(&kinds);
    let mut text = String::from("flowchart TD\n");
    for (index, kind) in kinds.iter().enumerate() {
        let lane = &kind.prepared.lane;
        let (names, more) = kind.names();
        let more = more.map(|more| format!(" {more}")).unwrap_or_default();
        let title = mermaid_text(&format!("{}{more}", names.join(", ")));
        let _ = writeln!(text, "  subgraph lane{index}[\"{title}\"]");
        let start = mermaid_text(&heads(&lane.from));
        let _ = writeln!(text, "    l{index}s0([\"{start}\"])");
        let all = lane.steps.len();
        let stands_alone = |step: usize| {
            let is_end = step <= ENDS || step > all - ENDS;
            let is_met = |it: &Arrow| it.from == (index, step) || it.to == (index, step);
            all <= MOST || is_end || arrows.iter().any(is_met)
        };
        let (mut last, mut step) = (0, 1);
        while step <= all {
            let mut end = step;
            while !stands_alone(step) && end < all && !stands_alone(end + 1) {
                end += 1;
            }
            let words = match end - step {
                0 => words(&lane.steps[step - 1]),
                more => format!("… {}", count(more + 1, "step")),
            };
            let words = mermaid_text(&words);
            let _ = writeln!(text, "    l{index}s{last} --> l{index}s{step}[\"{words}\"]");
            (last, step) = (step, end + 1);
        }
        text.push_str("  end\n");
    }
    for Arrow { from, to } in arrows {
        let _ = writeln!(text, "  l{}s{} -.-> l{}s{}", from.0, from.1, to.0, to.1);
    }
    text
}

fn words(step: &Step) -> String {
    let message = one_line(&step.revision.message);
    let mut words = format!("{} {} {message}", way(step.action), step.revision.id);
    if !step.replaces.is_empty() {
        let _ = write!(words, " (for {})", replaced(step));
    }
    words
}

/// From a step to one of another lane that waits for it: the lane and the step's number each.
struct Arrow {
    from: (usize, usize),
    to: (usize, usize),
}

fn arrows(kinds: &[Alike<'_>]) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        for (number, waits) in (1..).zip(&kind.prepared.waits) {
            let from = waits.iter().filter_map(|wait| step_of(kinds, wait));
            arrows.extend(from.map(|from| Arrow {
                from,
                to: (index, number),
            }));
        }
    }
    arrows
}

/// The lane and the number of the step that brings about what is waited for.
fn step_of(kinds: &[Alike<'_>], wait: &Wait) -> Option<(usize, usize)> {
    let is_it = |it: &Alike<'_>| it.databases.contains(&&wait.database);
    let index = kinds.iter().position(is_it)?;
    let applies = wait.until == Until::Applied;
    let brings = |step: &Arc<Step>| {
        step.action.applies() == applies && step.revisions().any(|id| *id == wait.revision)
    };
    let step = { kinds[index].prepared.lane.steps.iter() }.position(brings)?;
    Some((index, step + 1))
}
