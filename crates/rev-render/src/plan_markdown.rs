//! A plan for a review: a table a lane.

use std::fmt::Write as _;

use rev_core::plan::Wait;
use rev_core::{Goal, Step};
use rev_engine::prepare::Prepared;

use super::{awaited, doing, heads, replaced, way};
use crate::one_line;

/// A heading and a table a lane.
#[must_use]
pub fn render(goal: Goal, lanes: &[Prepared]) -> String {
    let mut text = format!("# Plan: {}\n", goal.name());
    for prepared in lanes {
        let lane = &prepared.lane;
        let _ = writeln!(
            text,
            "\n## {} ({})\n",
            lane.database.name, lane.database.dialect
        );
        if lane.steps.is_empty() {
            let _ = writeln!(text, "Nothing to do, at {}.", heads(&lane.to));
            continue;
        }
        let _ = writeln!(text, "From {} to {}.\n", heads(&lane.from), heads(&lane.to));
        text.push_str("| # | way | revision | message | what |\n|--:|---|---|---|---|\n");
        let works = prepared.works.iter().zip(&prepared.waits);
        for (number, (step, (work, waits))) in lane.steps.iter().zip(works).enumerate() {
            let _ = writeln!(
                text,
                "| {} | {} | `{}` | {} | {} |",
                number + 1,
                way(step.action),
                step.revision.id,
                cell(&one_line(&step.revision.message)),
                what(step, work.statements.len(), waits),
            );
        }
    }
    text
}

fn what(step: &Step, statements: usize, waits: &[Wait]) -> String {
    let mut words = doing(step, statements);
    if !step.replaces.is_empty() {
        let _ = write!(words, ", for {}", replaced(step));
    }
    if let Some(waits) = awaited(waits) {
        let _ = write!(words, ", {waits}");
    }
    words
}

/// A text that keeps its table whole.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if matches!(character, '|' | '\\' | '`' | '*' | '_' | '<' | '[') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
