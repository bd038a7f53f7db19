//! What is to be said where rows that are there get a value that nobody has chosen.

use rev_core::Dialect;

use super::{Note, rows};
use crate::schema::{Column, Diff, Table, TableChange};

/// A new column that must hold something, and has no default.
pub(super) fn new_column(table: &Table, column: &Column, filler: &str) -> Note {
    Note::decide(format!(
        "`{}` must not be NULL and has no default: rows that are there get {filler}{}",
        column.name,
        once(table, column)
    ))
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
        once(&change.to, column)
    ));
    note.asking(rows::nulls(change, column, diff, dialect))
}

fn once(table: &Table, column: &Column) -> &'static str {
    match table.is_unique(&column.name) {
        true => "; it is unique, so several such rows make this fail",
        false => "",
    }
}
