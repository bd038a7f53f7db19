//! Plans as text: for people, reviewers and servers.
//!
//! All forms are stable: no times, no paths, no secrets, nothing that depends
//! on the order in which files were read.

mod plan_markdown;
mod plan_mermaid;
mod plan_sql;
mod plan_text;
mod words;

use rev_core::RevisionId;
use rev_core::plan::{Action, Step, Until, Wait};

pub use plan_markdown::render as markdown;
pub use plan_mermaid::render as mermaid;
pub use plan_sql::{Place, needs_schema, render as sql};
pub use plan_text::render as text;
pub use words::{ERROR, FAINT, GOOD, HINT, ID, NAME, WARNING, count, few, one_line};

/// A text that may stand between double quotes in a Mermaid diagram.
#[must_use]
pub fn mermaid_text(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.trim().chars() {
        match character {
            '#' | '"' | '<' | '>' | '&' | '`' | '\\' => {
                escaped.push_str(&format!("#{};", u32::from(character)));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A set of heads as a phrase: the base, or the ids.
fn heads(ids: &[RevisionId]) -> String {
    if ids.is_empty() {
        return "base".to_owned();
    }
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// `up`, `down`, `stamp`, `unstamp`.
fn way(action: Action) -> &'static str {
    match action {
        Action::Upgrade => "up",
        Action::Downgrade => "down",
        Action::Stamp => "stamp",
        Action::Unstamp => "unstamp",
    }
}

/// What a step waits for on other databases, as a phrase; `None`: nothing.
fn awaited(waits: &[Wait]) -> Option<String> {
    let phrase = |wait: &Wait| {
        let verb = match wait.until {
            Until::Applied => "has",
            Until::Gone => "is without",
        };
        format!("{} {verb} {}", wait.database, wait.revision)
    };
    let phrases: Vec<String> = waits.iter().map(phrase).collect();
    (!phrases.is_empty()).then(|| format!("once {}", phrases.join(" and ")))
}

/// What a shortcut does the work of, as a phrase.
fn replaced(step: &Step) -> String {
    let ids: Vec<&str> = step.replaces.iter().map(AsRef::as_ref).collect();
    let count = count(ids.len(), "revision");
    match &ids[..] {
        [first, _, _, .., last] if ids.len() > 4 => format!("{count}: {first} … {last}"),
        _ => format!("{count}: {}", ids.join(", ")),
    }
}

/// What a step does, as a phrase.
fn doing(step: &Step, statements: usize) -> String {
    match (step.action.runs(), step.is_empty()) {
        (false, _) => "ledger only".to_owned(),
        (true, true) => "nothing to do here".to_owned(),
        (true, false) if statements == 0 => "not written yet".to_owned(),
        (true, false) => count(statements, "statement"),
    }
}
