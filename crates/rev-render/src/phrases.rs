//! What all forms of a plan say alike, as phrases.

use rev_core::plan::{Action, Step, Until, Wait};
use rev_core::{Dialect, RevisionId};
use rev_engine::database::Work;

use crate::{count, one_line};

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
#[must_use]
pub fn heads(ids: &[RevisionId]) -> String {
    if ids.is_empty() {
        return "base".to_owned();
    }
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// `up`, `down`, `stamp`, `unstamp`.
pub(crate) fn way(action: Action) -> &'static str {
    match action {
        Action::Upgrade => "up",
        Action::Downgrade => "down",
        Action::Stamp => "stamp",
        Action::Unstamp => "unstamp",
    }
}

/// What a step waits for on other databases, as a phrase; `None`: nothing.
pub(crate) fn awaited(waits: &[Wait]) -> Option<String> {
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
pub(crate) fn replaced(step: &Step) -> String {
    let ids: Vec<&str> = step.replaces.iter().map(AsRef::as_ref).collect();
    let count = count(ids.len(), "revision");
    match &ids[..] {
        [first, _, _, .., last] if ids.len() > 4 => format!("{count}: {first} … {last}"),
        _ => format!("{count}: {}", ids.join(", ")),
    }
}

/// What introduces a note of autogenerate on what is lost.
const NOTE: &str = "-- destructive: ";

/// What a step takes away for good: what autogenerate noted in its script, and what its statements
/// say so plainly.
#[must_use]
pub fn losses(step: &Step, work: &Work, dialect: Dialect) -> Vec<String> {
    if !step.action.runs() {
        return Vec::new();
    }
    let pieces = step.script.iter().flat_map(|script| &script.0);
    let notes =
        pieces.flat_map(|piece| piece.lines().filter_map(|it| it.trim().strip_prefix(NOTE)));
    let mut losses: Vec<String> = notes.map(one_line).collect();
    let noted = losses.len();
    for loss in work.losses(dialect) {
        if !losses[..noted].iter().any(|note| note.contains(&loss)) {
            losses.push(one_line(&loss));
        }
    }
    losses
}

/// How many steps at the beginning, all up or all down, do nothing there and wait for nothing.
pub(crate) fn folded<'a>(steps: impl Iterator<Item = (&'a Step, &'a [Wait])>) -> usize {
    let mut way = None;
    let does_nothing = |(step, waits): &(&Step, &[Wait])| {
        *way.get_or_insert(step.action) == step.action
            && step.action.runs()
            && step.is_empty()
            && step.replaces.is_empty()
            && waits.is_empty()
    };
    steps.take_while(does_nothing).count()
}

/// What a step does, as a phrase.
pub(crate) fn doing(step: &Step, statements: usize) -> String {
    match (step.action.runs(), step.is_empty()) {
        (false, _) => "ledger only".to_owned(),
        (true, true) => "nothing to do here".to_owned(),
        (true, false) if statements == 0 => "not written yet".to_owned(),
        (true, false) => count(statements, "statement"),
    }
}
