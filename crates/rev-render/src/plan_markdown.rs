//! A plan for a review: a table a lane, and below it the statements, if more is to be said.
//!
//! What a revision says stands in code spans, so that nothing of it is live where the plan is
//! shown: no link, no mention, no picture.

use std::fmt::Write as _;

use rev_core::plan::Wait;
use rev_core::unseen::shown;
use rev_core::{Goal, RevisionId, Step};
use rev_engine::prepare::Prepared;

use super::{awaited, doing, heads, replaced, way};
use crate::one_line;

/// A heading and a table a lane; below it, where more is to be said, its statements.
#[must_use]
pub fn render(goal: Goal, lanes: &[Prepared], verbose: bool) -> String {
    let mut text = format!("# Plan: {}\n", goal.name());
    for prepared in lanes {
        let lane = &prepared.lane;
        let name = code(lane.database.name.as_str());
        let _ = writeln!(text, "\n## {name} ({})\n", lane.database.dialect);
        if lane.steps.is_empty() {
            let _ = writeln!(text, "Nothing to do, at {}.", at(&lane.to));
            continue;
        }
        let _ = writeln!(text, "From {} to {}.\n", at(&lane.from), at(&lane.to));
        text.push_str("| # | way | revision | message | what |\n|--:|---|---|---|---|\n");
        let works = prepared.works.iter().zip(&prepared.waits);
        for (number, (step, (work, waits))) in lane.steps.iter().zip(works).enumerate() {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                number + 1,
                way(step.action),
                code(step.revision.id.as_str()),
                code(&one_line(&step.revision.message)),
                what(step, work.statements.len(), waits),
            );
        }
        if verbose {
            statements(&mut text, prepared);
        }
    }
    text
}

/// The statements of a lane, a block a step.
fn statements(text: &mut String, prepared: &Prepared) {
    for (step, work) in prepared.lane.steps.iter().zip(prepared.works.iter()) {
        let texts = work
            .statements
            .iter()
            .map(|it| shown(&it.text).into_owned());
        let texts: Vec<String> = texts.collect();
        if texts.is_empty() {
            continue;
        }
        let fence = "`".repeat(longest_run(&texts.concat()).max(2) + 1);
        let id = code(step.revision.id.as_str());
        let _ = writeln!(text, "\n{} {id}:\n\n{fence}sql", way(step.action));
        for statement in texts {
            // On its own line after a comment, and else where one looks for it.
            let is_comment = |last: &str| last.contains("--") || last.contains('#');
            let end = match statement.lines().last().is_some_and(is_comment) {
                true => "\n;",
                false => ";",
            };
            let _ = writeln!(text, "{}{end}", statement.trim_end());
        }
        let _ = writeln!(text, "{fence}");
    }
}

/// A set of heads: the base, or the ids.
fn at(ids: &[RevisionId]) -> String {
    match ids.is_empty() {
        true => heads(ids),
        false => code(&heads(ids)),
    }
}

fn what(step: &Step, statements: usize, waits: &[Wait]) -> String {
    let mut words = doing(step, statements);
    if !step.replaces.is_empty() {
        let _ = write!(words, ", for {}", code(&replaced(step)));
    }
    if let Some(waits) = awaited(waits) {
        let _ = write!(words, ", {}", code(&waits));
    }
    words
}

/// A text of one line as a code span that keeps its table whole; nothing of nothing.
fn code(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    // A table takes `\|` for a bar, also in a code span; and nothing else of what stands there.
    let text = text.replace("\\|", "\\\\u{7c}").replace('|', "\\|");
    let ticks = "`".repeat(longest_run(&text) + 1);
    let gap = match text.starts_with('`') || text.ends_with('`') {
        true => " ",
        false => "",
    };
    format!("{ticks}{gap}{text}{gap}{ticks}")
}

/// How many backticks stand side by side at most.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|it| it != '`').map(str::len);
    runs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn whatever_a_message_says_is_code() {
        for (text, expected) in [
            ("", ""),
            (
                "see https://x.example @ann #1",
                "`see https://x.example @ann #1`",
            ),
            ("a `b` c", "``a `b` c``"),
            ("`b``", "``` `b`` ```"),
            ("a | b", r"`a \| b`"),
            (r"a \| b", r"`a \\u{7c} b`"),
        ] {
            assert_eq!(code(text), expected);
        }
    }
}
