//! Enums: new labels are added where they stand; where one goes, the order is another
//! one, or the same script uses a new one, the type is made anew.

use std::collections::BTreeSet;

use super::{asked, comment_on, literal, qualified, retype, rights};
use crate::schema::ddl::{Note, Script};
use crate::schema::{Change, Diff, Enumeration, Kind, Name, Object, Table, Text};

/// An enum with its comment.
pub(super) fn create(it: &Enumeration, diff: &Diff, script: &mut Script) {
    script.push(definition(it));
    if it.comment.is_some() {
        comment(it, script);
    }
    rights::of(Kind::Enum, &it.name, "TYPE", diff, script);
}

fn definition(it: &Enumeration) -> String {
    let labels: Vec<String> = it.labels.iter().map(|label| literal(label)).collect();
    format!(
        "CREATE TYPE {} AS ENUM ({})",
        qualified(&it.name),
        labels.join(", ")
    )
}

fn comment(it: &Enumeration, script: &mut Script) {
    let what = format!("TYPE {}", qualified(&it.name));
    script.push(comment_on(&what, it.comment.as_deref()));
}

/// Whether all labels stay, in their order.
fn only_grows(from: &Enumeration, to: &Enumeration) -> bool {
    let mut new = to.labels.iter();
    from.labels.iter().all(|label| new.any(|it| it == label))
}

/// Whether an enum is made anew; `anew`: those that are so though they only grow.
pub(super) fn is_rebuilt(from: &Enumeration, to: &Enumeration, anew: &BTreeSet<Name>) -> bool {
    !only_grows(from, to) || anew.contains(&to.name)
}

/// Makes one enum into the other.
pub(super) fn change(
    from: &Enumeration,
    to: &Enumeration,
    anew: &BTreeSet<Name>,
    diff: &Diff,
    script: &mut Script,
) {
    let is_rebuilt = is_rebuilt(from, to, anew);
    match is_rebuilt {
        true => rebuild(from, to, diff, script),
        false => grow(from, to, script),
    }
    let is_lost = is_rebuilt && to.comment.is_some();
    if from.comment != to.comment || is_lost {
        comment(to, script);
    }
    if is_rebuilt {
        rights::of(Kind::Enum, &to.name, "TYPE", diff, script);
    }
}

fn grow(from: &Enumeration, to: &Enumeration, script: &mut Script) {
    for (place, label) in to.labels.iter().enumerate() {
        if from.labels.contains(label) {
            continue;
        }
        let is_last = !to.labels[place..].iter().any(|it| from.labels.contains(it));
        let where_to = match (is_last, place.checked_sub(1)) {
            (true, _) => String::new(),
            (false, Some(before)) => format!(" AFTER {}", literal(&to.labels[before])),
            (false, None) => format!(" BEFORE {}", literal(&from.labels[0])),
        };
        script.push(format!(
            "ALTER TYPE {} ADD VALUE {}{where_to}",
            qualified(&to.name),
            literal(label)
        ));
    }
}

fn gone<'a>(from: &'a Enumeration, to: &Enumeration) -> Vec<&'a String> {
    let labels = from.labels.iter();
    labels.filter(|it| !to.labels.contains(it)).collect()
}

fn rebuild(from: &Enumeration, to: &Enumeration, diff: &Diff, script: &mut Script) {
    let called = qualified(&to.name);
    let gone = gone(from, to);
    let mut notes: Vec<Note> = gone
        .iter()
        .filter_map(|label| {
            let note = Note::decide(format!(
                "`{}` loses the label {}: rows that hold it make this fail, give them another first",
                to.name,
                literal(label)
            ));
            let is_it = |value: &str| format!("{value}::text = {}", literal(label));
            let asked = asked::of_type(&to.name, is_it, diff);
            let is_made_of = |it: &Object| {
                matches!(it.kind, Kind::Type | Kind::Domain) && it.needs.contains(&to.name)
            };
            let is_part = || diff.from.objects.values().any(is_made_of);
            (asked.is_some() || is_part()).then(|| note.asking(asked))
        })
        .collect();
    let new: Vec<&String> = to
        .labels
        .iter()
        .filter(|it| !from.labels.contains(it))
        .collect();
    if let ([old], [new]) = (&gone[..], &new[..]) {
        notes.push(Note::remark(format!(
            "if it was renamed: ALTER TYPE {called} RENAME VALUE {} TO {}",
            literal(old),
            literal(new)
        )));
    }
    notes.push(Note::remark(
        match (only_grows(from, to), gone.is_empty()) {
            (true, _) => {
                "a new label is used at once, which `ADD VALUE` does not allow before it is \
                      committed: the type is made anew; to spare its tables that, add the label \
                      in a revision before"
            }
            (_, true) => "PostgreSQL cannot change the order of an enum's labels: it is made anew",
            (_, false) => "PostgreSQL cannot take a label from an enum: it is made anew",
        },
    ));
    retype::write("TYPE", &to.name, &definition(to), notes, diff, script);
}

/// The enums that change, as they were and will be.
fn changed(diff: &Diff) -> impl Iterator<Item = (&Enumeration, &Enumeration)> {
    diff.changes.iter().filter_map(|change| match change {
        Change::ChangeEnum { from, to } => Some((from, to)),
        _ => None,
    })
}

/// Whether an expression uses a label that its enum has lost.
pub(super) fn is_gone(text: &Text, diff: &Diff) -> bool {
    changed(diff).any(|(from, to)| {
        let called = qualified(&to.name);
        let mut labels = gone(from, to).into_iter();
        labels.any(|it| {
            let label = format!("{}::{called}", literal(it));
            text.key().contains(&label)
        })
    })
}

/// The enums that only grow, yet have to be made anew: a label that `ADD VALUE` adds cannot
/// be used before it is committed, and the script, which is one transaction, uses it.
pub(super) fn used_at_once(diff: &Diff, script: &Script) -> BTreeSet<Name> {
    let is_addition = |text: &str| text.starts_with("ALTER TYPE ") && text.contains(" ADD VALUE ");
    let others = script.statements.iter().map(|it| it.text.as_str());
    let others: Vec<&str> = others.filter(|it| !is_addition(it)).collect();
    let growing = changed(diff).filter(|(from, to)| only_grows(from, to));
    growing
        .filter(|(from, to)| {
            let mut new = to.labels.iter().filter(|it| !from.labels.contains(it));
            new.any(|label| others.iter().any(|it| uses(it, label, to, diff)))
        })
        .map(|(_, to)| to.name.clone())
        .collect()
}

/// Whether a statement uses a label: with its type beside it, or in a table that has it.
fn uses(statement: &str, label: &str, of: &Enumeration, diff: &Diff) -> bool {
    let (label, called) = (literal(label), qualified(&of.name));
    if !statement.contains(&label) {
        return false;
    }
    let has = |table: &&Table| table.columns.iter().any(|it| retype::has(it, &called));
    let mut tables = diff.to.tables.values().filter(has);
    statement.contains(&called) || tables.any(|it| statement.contains(&qualified(&it.name)))
}
