//! What is to be said where rows that are there get a value that nobody has chosen.

use super::Note;
use crate::schema::{Column, Table};

/// A new column that must hold something, and has no default.
pub(super) fn new_column(table: &Table, column: &Column, filler: &str) -> Note {
    Note::decide(format!(
        "`{}` must not be NULL and has no default: rows that are there get {filler}{}",
        column.name,
        once(table, column)
    ))
}

/// A column that must hold something from now on.
pub(super) fn nulls(table: &Table, column: &Column, filler: &str) -> Note {
    Note::decide(format!(
        "`{}` must not be NULL any more: rows where it is get {filler}{}",
        column.name,
        once(table, column)
    ))
}

fn once(table: &Table, column: &Column) -> &'static str {
    match table.is_unique(&column.name) {
        true => "; it is unique, so several such rows make this fail",
        false => "",
    }
}
