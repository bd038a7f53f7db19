//! A plan for a review: a table for each kind of lanes, and its statements folded below it.
//!
//! What a revision says stands in code spans, so that nothing of it is live where the plan is
//! shown: no link, no mention, no picture. Hosts take pages of a certain size only, so a page has
//! one: statements give way first, then steps, and a word says how much is left out.

use std::fmt::Write as _;

use rev_core::plan::Wait;
use rev_core::unseen::shown;
use rev_core::{Dialect, Goal, RevisionId, Step};
use rev_engine::database::Work;
use rev_engine::prepare::Prepared;

use crate::phrases::{awaited, doing, folded, heads, losses, replaced, way};
use crate::{Alike, alike, count, few, one_line};

/// What is kept for the words on what is left out, in bytes.
const RESERVE: usize = 400;

/// A heading, a table and the statements of each kind of lanes, in at most so many bytes where
/// that is said.
#[must_use]
pub fn render(goal: Goal, lanes: &[Prepared], most: Option<usize>) -> String {
    let kinds = alike(lanes);
    let most = most.unwrap_or(usize::MAX);
    let mut page = Page {
        text: format!("# Plan: {}\n", goal.name()),
        room: most.saturating_sub(RESERVE),
        steps: 0,
        lanes: 0,
    };
    let tables: Vec<usize> = kinds
        .iter()
        .map(|kind| table(kind).concat().len())
        .collect();
    for (at, kind) in kinds.iter().enumerate() {
        page.add_table(kind);
        // The tables that follow are worth more than statements.
        let later: usize = tables[at + 1..].iter().sum();
        page.add_statements(kind.prepared, later);
    }
    page.end()
}

/// A page that may not hold all.
struct Page {
    text: String,
    /// How many bytes it may have.
    room: usize,
    /// Steps whose statements were left out.
    steps: usize,
    /// Kinds of lanes whose tables were cut.
    lanes: usize,
}

impl Page {
    fn add_table(&mut self, kind: &Alike<'_>) {
        let rows = table(kind);
        for row in &rows {
            if self.text.len() + row.len() > self.room {
                self.lanes += 1;
                return;
            }
            self.text.push_str(row);
        }
    }

    fn add_statements(&mut self, prepared: &Prepared, later: usize) {
        for (step, work) in prepared.lane.steps.iter().zip(prepared.works.iter()) {
            if work.statements.is_empty() {
                continue;
            }
            let text = statements(step, work);
            if self.lanes > 0 || self.text.len() + text.len() + later > self.room {
                self.steps += 1;
            } else {
                self.text.push_str(&text);
            }
        }
    }

    fn end(mut self) -> String {
        let mut left_out = Vec::new();
        if self.steps > 0 {
            left_out.push(format!("the SQL of {}", count(self.steps, "step")));
        }
        if self.lanes > 0 {
            let tables = count(self.lanes, "table");
            left_out.push(format!("the end of {tables}"));
        }
        if !left_out.is_empty() {
            let what = left_out.join(" and ");
            let words = format!(
                "\n_Left out, since it does not fit here: {what}. `rev plan -v` prints all of it._\n"
            );
            self.text.push_str(&words);
        }
        self.text
    }
}

/// A heading and the rows of a table.
fn table(kind: &Alike<'_>) -> Vec<String> {
    let lane = &kind.prepared.lane;
    let dialect = lane.database.dialect;
    let (names, more) = kind.names();
    let names: Vec<String> = names.into_iter().map(code).collect();
    let names = names.join(", ") + &more.map(|more| format!(" {more}")).unwrap_or_default();
    let count = kind
        .count()
        .map(|count| format!(", {count}"))
        .unwrap_or_default();
    let title = format!("\n## {names} ({dialect}{count})\n\n");
    if lane.steps.is_empty() {
        return vec![title, format!("Nothing to do, at {}.\n", at(&lane.to))];
    }
    let mut rows = vec![
        title,
        format!("From {} to {}.\n\n", at(&lane.from), at(&lane.to)),
        "| # | way | revision | message | what |\n|--:|---|---|---|---|\n".to_owned(),
    ];
    let works = kind.prepared.works.iter().zip(&kind.prepared.waits);
    let all: Vec<_> = lane.steps.iter().zip(works).collect();
    let mut number = 0;
    while let Some((step, (work, waits))) = all.get(number) {
        let left = all[number..].iter();
        let empty = folded(left.map(|(step, (_, waits))| (&***step, waits.as_slice())));
        if empty > 1 {
            rows.push(format!("| … | | | | {empty} without work here |\n"));
            number += empty;
            continue;
        }
        number += 1;
        rows.push(format!(
            "| {number} | {} | {} | {} | {} |\n",
            way(step.action),
            code(step.revision.id.as_str()),
            code(&one_line(&step.revision.message)),
            what(step, work, waits, dialect),
        ));
    }
    rows
}

/// The statements of a step, folded.
fn statements(step: &Step, work: &Work) -> String {
    let texts = work
        .statements
        .iter()
        .map(|it| shown(&it.text).into_owned());
    let texts: Vec<String> = texts.collect();
    let fence = "`".repeat(longest_run(&texts.concat()).max(2) + 1);
    // An id holds no character that means something in HTML.
    let mut text = format!(
        "\n<details><summary>{} {}: {}</summary>\n\n{fence}sql\n",
        way(step.action),
        step.revision.id,
        count(texts.len(), "statement"),
    );
    for statement in texts {
        // On its own line after a comment, and else where one looks for it.
        let is_comment = |last: &str| last.contains("--") || last.contains('#');
        let end = match statement.lines().last().is_some_and(is_comment) {
            true => "\n;",
            false => ";",
        };
        let _ = writeln!(text, "{}{end}", statement.trim_end());
    }
    text + &format!("{fence}\n\n</details>\n")
}

/// A set of heads: the base, or the ids.
fn at(ids: &[RevisionId]) -> String {
    match ids.is_empty() {
        true => heads(ids),
        false => code(&heads(ids)),
    }
}

fn what(step: &Step, work: &Work, waits: &[Wait], dialect: Dialect) -> String {
    let mut words = doing(step, work.statements.len());
    if !step.replaces.is_empty() {
        let _ = write!(words, ", for {}", code(&replaced(step)));
    }
    if let Some(waits) = awaited(waits) {
        let _ = write!(words, ", {}", code(&waits));
    }
    let losses = losses(step, work, dialect);
    if !losses.is_empty() {
        let _ = write!(words, ", **destructive**: {}", code(&few(&losses, "; ")));
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
