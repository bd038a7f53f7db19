//! Sequences, and columns that draw their numbers from one.

use super::{aside, comment_on, name, qualified, rights};
use crate::schema::ddl::{Note, Script};
use crate::schema::{Diff, Kind, Name, Options, Rename, Sequence, Table, Text};

/// What `CREATE SEQUENCE` says of each option, and what `ALTER SEQUENCE` says to have
/// the default back, in the order that PostgreSQL's manual has.
const OPTIONS: [(&str, &str, &str); 7] = [
    ("sequence name", "SEQUENCE NAME", ""),
    ("as", "AS", "AS bigint"),
    ("increment by", "INCREMENT BY", "INCREMENT BY 1"),
    ("minvalue", "MINVALUE", "NO MINVALUE"),
    ("maxvalue", "MAXVALUE", "NO MAXVALUE"),
    ("start with", "START WITH", ""),
    ("cache", "CACHE", "CACHE 1"),
];

fn words(options: &Options) -> Vec<String> {
    let mut words: Vec<String> = OPTIONS
        .iter()
        .filter_map(|(key, word, _)| Some(format!("{word} {}", options.get(*key)?)))
        .collect();
    if options.contains_key("cycle") {
        words.push("CYCLE".to_owned());
    }
    words
}

/// What changes options into others.
pub(super) fn changes(from: &Options, to: &Options) -> Vec<String> {
    let mut words: Vec<String> = OPTIONS
        .iter()
        .filter(|(key, ..)| *key != "sequence name" && from.get(*key) != to.get(*key))
        .map(|(key, word, default)| match to.get(*key) {
            Some(value) => format!("{word} {value}"),
            None if *key == "start with" => format!("START WITH {}", first(to)),
            None => (*default).to_owned(),
        })
        .collect();
    match (from.contains_key("cycle"), to.contains_key("cycle")) {
        (false, true) => words.push("CYCLE".to_owned()),
        (true, false) => words.push("NO CYCLE".to_owned()),
        _ => {}
    }
    words
}

/// What it starts with.
pub(super) fn first(options: &Options) -> &str {
    let falls = options
        .get("increment by")
        .is_some_and(|it| it.starts_with('-'));
    let (edge, default) = if falls {
        ("maxvalue", "-1")
    } else {
        ("minvalue", "1")
    };
    let stated = options.get("start with").or_else(|| options.get(edge));
    stated.map_or(default, String::as_str)
}

/// `ALWAYS AS IDENTITY (…)`.
pub(super) fn identity(kind: &str, options: &Options) -> String {
    let words = words(options);
    let options = match words.is_empty() {
        true => String::new(),
        false => format!(" ({})", words.join(" ")),
    };
    format!("{} AS IDENTITY{options}", kind.to_ascii_uppercase())
}

/// A sequence, with its owner where that is there already.
pub(super) fn create(sequence: &Sequence, diff: &Diff, script: &mut Script) {
    let called = qualified(&sequence.name);
    let unlogged = if is_unlogged(sequence) {
        "UNLOGGED "
    } else {
        ""
    };
    let mut text = vec![format!("CREATE {unlogged}SEQUENCE {called}")];
    text.extend(words(&sequence.options));
    let owner = sequence.owner.as_ref();
    if owner.is_some_and(|owner| is_there(owner, diff)) {
        text.push(owned_by(sequence));
    }
    script.push(text.join(" "));
    if sequence.comment.is_some() {
        let what = format!("SEQUENCE {called}");
        script.push(comment_on(&what, sequence.comment.as_deref()));
    }
    rights::of(Kind::Sequence, &sequence.name, "SEQUENCE", diff, script);
}

/// A sequence's other options, comment and owner, where the owner is there already.
pub(super) fn change(from: &Sequence, to: &Sequence, diff: &Diff, script: &mut Script) {
    let called = qualified(&to.name);
    if from.name != to.name {
        script.push(format!(
            "ALTER SEQUENCE {} RENAME TO {}",
            qualified(&from.name),
            name(&to.name.name)
        ));
    }
    let mut text = vec![format!("ALTER SEQUENCE {called}")];
    text.extend(changes(&from.options, &to.options));
    let owner_stays = to.owner.as_ref().is_none_or(|owner| is_there(owner, diff));
    if from.owner != to.owner && owner_stays {
        text.push(owned_by(to));
    }
    if text.len() > 1 {
        let old = Rename::old_name(&diff.renames, &from.name);
        let notes = beyond(&from.options, &to.options, &qualified(old));
        script.push_noted(text.join(" "), notes.into_iter().collect());
    }
    if is_unlogged(from) != is_unlogged(to) {
        script.push(format!("ALTER SEQUENCE {called} SET {}", persistence(to)));
    }
    if from.comment != to.comment {
        let what = format!("SEQUENCE {called}");
        script.push(comment_on(&what, to.comment.as_deref()));
    }
}

/// What is said where a number that was drawn may be beyond the new limits.
pub(super) fn beyond(from: &Options, to: &Options, sequence: &str) -> Option<Note> {
    let falls = |it: &Options| it.get("increment by").is_some_and(|it| it.starts_with('-'));
    let limits = |it: &Options| {
        let stated = |key: &str| it.get(key).and_then(|it| it.parse::<i128>().ok());
        let bits = match it.get("as").map(String::as_str) {
            Some("smallint") => 15,
            Some("integer") => 31,
            _ => 63,
        };
        let (least, most) = match falls(it) {
            true => (-(1_i128 << bits), -1),
            false => (1, (1_i128 << bits) - 1),
        };
        (
            stated("minvalue").unwrap_or(least),
            stated("maxvalue").unwrap_or(most),
        )
    };
    let ((least, most), (new_least, new_most)) = (limits(from), limits(to));
    if new_least <= least && new_most >= most {
        return None;
    }
    let note = format!(
        "a number that was drawn and is not between {new_least} and {new_most} makes this fail"
    );
    Some(Note::decide(note).asking(Some(format!(
        "SELECT count(*) FROM {sequence} WHERE last_value NOT BETWEEN {new_least} AND {new_most}"
    ))))
}

/// The sequences that a table owns go along where a crash empties it from now on, or no longer
/// does; those that are otherwise come back.
pub(super) fn settle(table: &Table, diff: &Diff, script: &mut Script) {
    let is_of_table = |it: &&Sequence| it.owner.as_ref().is_some_and(|(of, _)| *of == table.name);
    let table_is_unlogged = table.options.contains_key("unlogged");
    for sequence in diff.to.sequences.values().filter(is_of_table) {
        if is_unlogged(sequence) != table_is_unlogged {
            let (called, word) = (qualified(&sequence.name), persistence(sequence));
            script.push(format!("ALTER SEQUENCE {called} SET {word}"));
        }
    }
}

fn persistence(sequence: &Sequence) -> &'static str {
    if is_unlogged(sequence) {
        "UNLOGGED"
    } else {
        "LOGGED"
    }
}

/// Whether a crash resets it.
fn is_unlogged(sequence: &Sequence) -> bool {
    sequence.options.contains_key("unlogged")
}

/// Whether a column is there when sequences are changed, and stays.
fn is_there((table, column): &(Name, Text), diff: &Diff) -> bool {
    let old = diff.from.tables.get(table);
    let is_remade = diff
        .changes
        .iter()
        .any(|it| matches!(it, crate::schema::Change::CreateTable(new) if new.name == *table));
    old.is_some_and(|it| it.column(column).is_some()) && !is_remade
}

fn owned_by(sequence: &Sequence) -> String {
    match &sequence.owner {
        Some((table, column)) => format!("OWNED BY {}.{}", qualified(table), name(column)),
        None => "OWNED BY NONE".to_owned(),
    }
}

/// A sequence goes, unless it has gone with its column.
pub(super) fn drop(sequence: &Sequence, diff: &Diff, script: &mut Script) {
    let goes_along = sequence.owner.as_ref().is_some_and(|(table, column)| {
        let new = diff.to.tables.get(table);
        new.is_none_or(|it| it.column(column).is_none())
            || !is_there(&(table.clone(), column.clone()), diff)
    });
    if !goes_along || is_shared(sequence, diff) {
        script.push(format!(
            "DROP SEQUENCE {}",
            aside::called(&sequence.name, diff)
        ));
    }
}

/// Whether a table draws from it that is not its owner.
fn is_shared(sequence: &Sequence, diff: &Diff) -> bool {
    let owner = sequence.owner.as_ref().map(|(table, _)| table);
    let others = diff
        .from
        .stands_on
        .iter()
        .filter(|(it, _)| Some(*it) != owner);
    owner.is_some()
        && others
            .into_iter()
            .any(|(_, needs)| needs.contains(&sequence.name))
}

fn is_of(sequence: &Sequence, table: &Name, column: Option<&Text>) -> bool {
    let owner = sequence.owner.as_ref();
    owner.is_some_and(|(of, it)| of == table && column.is_none_or(|column| it == column))
}

/// Frees the sequences of a table or column that goes, where they stay or others still draw
/// from them.
pub(super) fn release(table: &Name, column: Option<&Text>, diff: &Diff, script: &mut Script) {
    for (name, sequence) in &diff.from.sequences {
        let stays = diff.to.sequences.contains_key(name) || is_shared(sequence, diff);
        if is_of(sequence, table, column) && stays {
            // Tables go before sequences change, columns after.
            let called = if column.is_none() {
                &sequence.name
            } else {
                name
            };
            let called = aside::called(called, diff);
            script.push(format!("ALTER SEQUENCE {called} OWNED BY NONE"));
        }
    }
}

/// Gives a table or column that has come the sequences that are its own.
pub(super) fn take(table: &Name, column: Option<&Text>, diff: &Diff, script: &mut Script) {
    for (name, sequence) in &diff.to.sequences {
        if is_of(sequence, table, column) {
            let owner = owned_by(sequence);
            script.push(format!("ALTER SEQUENCE {} {owner}", qualified(name)));
        }
    }
}
