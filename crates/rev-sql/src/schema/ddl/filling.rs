//! What is to be said where rows that are there get a value that nobody has chosen.

use rev_core::Dialect;

use super::{Note, rows};
use crate::schema::rename::mentions;
use crate::schema::{Column, Diff, Rule, Table, TableChange};

/// A new column that must hold something, and has no default.
pub(super) fn new_column(
    change: &TableChange,
    column: &Column,
    filler: &str,
    diff: &Diff,
    dialect: Dialect,
) -> Note {
    let table = &change.to;
    let note = Note::decide(format!(
        "`{}` must not be NULL and has no default: rows that are there get {filler}{}",
        column.name,
        once(table, column, dialect)
    ));
    let asked = match (
        is_checked(table, column, dialect),
        table.is_unique(&column.name),
    ) {
        (true, _) => Some(rows::all(change, diff, dialect)),
        (false, true) => Some(rows::several(change, diff, dialect)),
        (false, false) => None,
    };
    note.asking(asked)
}

/// A column that must hold something from now on.
pub(super) fn nulls(
    change: &TableChange,
    column: &Column,
    filler: &str,
    diff: &Diff,
    dialect: Dialect,
) -> Note {
    let note = Note::decide(format!(
        "`{}` must not be NULL any more: rows where it is get {filler}{}",
        column.name,
        once(&change.to, column, dialect)
    ));
    note.asking(rows::nulls(change, column, diff, dialect))
}

/// What may keep rows from getting the same value.
fn once(table: &Table, column: &Column, dialect: Dialect) -> &'static str {
    if table.is_unique(&column.name) {
        "; it is unique, so several such rows make this fail"
    } else if is_checked(table, column, dialect) {
        "; where its check does not allow that, such rows make this fail"
    } else {
        ""
    }
}

/// Whether a check looks at a column.
fn is_checked(table: &Table, column: &Column, dialect: Dialect) -> bool {
    table.constraints.iter().any(|it| match &it.rule {
        Rule::Check(text) => mentions(text.as_str(), &column.name, dialect),
        _ => false,
    })
}
