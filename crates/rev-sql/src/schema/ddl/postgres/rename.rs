//! Renames, with what the server has named after what is renamed.

use super::{constraint_name, name, qualified};
use crate::schema::ddl::Script;
use crate::schema::postgres::numbers::own_sequence;
use crate::schema::rename::{apply, family};
use crate::schema::{Diff, Name, Rename, Table};

/// A rename.
pub(super) fn write(rename: &Rename, diff: &Diff, script: &mut Script) {
    match rename {
        Rename::Table { from, to } => {
            if from.schema != to.schema {
                // The schema that a name without one means is called so, mostly.
                let schema = to.schema.as_ref().map_or_else(|| "public".to_owned(), name);
                script.push(format!(
                    "ALTER TABLE {} SET SCHEMA {schema}",
                    qualified(from)
                ));
            }
            if from.name != to.name {
                let moved = Name {
                    schema: to.schema.clone(),
                    name: from.name.clone(),
                };
                script.push(format!(
                    "ALTER TABLE {} RENAME TO {}",
                    qualified(&moved),
                    name(&to.name)
                ));
            }
        }
        Rename::Column { table, from, to } => script.push(format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            qualified(table),
            name(from),
            name(to)
        )),
    }
    follow(rename, diff, script);
}

/// What has no name of its own gets the one that it would have been given.
fn follow(rename: &Rename, diff: &Diff, script: &mut Script) {
    let step = diff.moves.iter().position(|it| it == rename);
    let step = step.unwrap_or_default();
    let dialect = rev_core::Dialect::Postgres;
    let before = apply(&diff.before, &diff.moves[..step], dialect);
    let after = apply(&diff.before, &diff.moves[..=step], dialect);
    match rename {
        Rename::Table { from, to } => {
            follow_in(before.tables.get(from), after.tables.get(to), script);
        }
        Rename::Column { table, .. } => {
            for it in &family(&before, table) {
                follow_in(before.tables.get(it), after.tables.get(it), script);
            }
        }
    }
}

/// Renames what a table has a name of after its own or a column's.
fn follow_in(old: Option<&Table>, new: Option<&Table>, script: &mut Script) {
    let (Some(old), Some(new)) = (old, new) else {
        return;
    };
    let called = qualified(&new.name);
    for (from, to) in old.constraints.iter().zip(&new.constraints) {
        let (from, to) = (constraint_name(old, from), constraint_name(new, to));
        if from != to {
            script.push(format!(
                "ALTER TABLE {called} RENAME CONSTRAINT {from} TO {to}"
            ));
        }
    }
    for (from, to) in old.columns.iter().zip(&new.columns) {
        let names = own_sequence(&old.name, from).zip(own_sequence(&new.name, to));
        if let Some((from, to)) = names
            && from.name != to.name
        {
            let from = super::beside(&new.name, &from.name);
            script.push(format!(
                "ALTER SEQUENCE {from} RENAME TO {}",
                name(&to.name)
            ));
        }
    }
}

/// What a table was called before any rename was done.
pub(super) fn name_before(table: &Name, diff: &Diff) -> Name {
    crate::schema::rename::before(&diff.moves, table)
}
