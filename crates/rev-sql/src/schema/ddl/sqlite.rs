//! SQLite's statements.
//!
//! Adding and dropping a column is done where the table stands, as far as SQLite
//! can; everything else of a table is its rebuild: see [`rebuild`].

mod create;
mod in_place;
mod rebuild;

use rev_core::Dialect;

use super::{Note, Script, Step, Writer, spell};
use crate::schema::{Change, Diff, Kind, Name, Object, Rename, Text};
use in_place::InPlace;

/// Writes for SQLite.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sqlite;

impl Writer for Sqlite {
    fn keys_apart(&self) -> bool {
        false
    }

    /// A rename looks through the texts of all views and triggers, and refuses where
    /// one mentions a table that is not there: as while its table is made anew.
    fn is_in_the_way(&self, object: &Object, diff: &Diff) -> bool {
        let uses = |name: &Name| object.needs.contains(name) || object.on.as_ref() == Some(name);
        object.kind != Kind::VirtualTable && touched(diff).into_iter().any(uses)
    }

    fn write(&self, step: Step<'_>, diff: &Diff, script: &mut Script) {
        match step {
            Step::DropObject(object) => drop_object(object, diff, script),
            Step::CreateObject(object) => {
                for text in &object.create {
                    script.push(text.as_str());
                }
            }
            Step::DropTable(table) => {
                let notes = vec![diff.loss_of_table(table)];
                script.push_noted(format!("DROP TABLE {}", name(&table.name.name)), notes);
            }
            Step::Rename(rename) => script.push(renamed(rename)),
            Step::CreateTable(table) => {
                script.push(create::table(table, &table.name.name));
                for index in &table.indexes {
                    script.push(create::index(index, table));
                }
            }
            Step::ChangeTable(change) => match InPlace::of(change) {
                Some(in_place) => in_place.write(change, diff, script),
                None => rebuild::write(change, diff, script),
            },
            // SQLite has no such things, so no diff of its schemas holds them; nor are
            // keys apart, or objects replaced.
            Step::DropForeignKey(..)
            | Step::AddForeignKey(..)
            | Step::CreateNamespace(_)
            | Step::DropNamespace(_)
            | Step::CreateEnum(_)
            | Step::ChangeEnum(..)
            | Step::DropEnum(_)
            | Step::CreateSequence(_)
            | Step::ChangeSequence(..)
            | Step::DropSequence(_)
            | Step::ReplaceObject(..) => {}
        }
    }
}

/// The tables that are dropped, renamed or made anew, or lose a column.
fn touched(diff: &Diff) -> Vec<&Name> {
    let changed = diff.changes.iter().filter_map(|change| match change {
        Change::DropTable(table) => Some(&table.name),
        Change::ChangeTable(change) => match InPlace::of(change) {
            Some(in_place) if !in_place.drops_columns() => None,
            _ => Some(&change.to.name),
        },
        _ => None,
    });
    let renamed = diff.renames.iter().map(|rename| match rename {
        Rename::Table { to, .. } => to,
        Rename::Column { table, .. } => table,
    });
    changed.chain(renamed).collect()
}

fn drop_object(object: &Object, diff: &Diff, script: &mut Script) {
    let name = name(&object.name.name);
    match object.kind {
        Kind::View => script.push(format!("DROP VIEW {name}")),
        Kind::VirtualTable => script.push_noted(
            format!("DROP TABLE {name}"),
            vec![Note::destructive(format!(
                "drops virtual table `{}` and all that it holds",
                object.name
            ))],
        ),
        // A table takes its triggers along.
        _ if object.on.as_ref().is_some_and(|on| is_dropped(on, diff)) => {}
        _ => script.push(format!("DROP TRIGGER {name}")),
    }
}

fn is_dropped(name: &Name, diff: &Diff) -> bool {
    let mut changes = diff.changes.iter();
    changes.any(|change| matches!(change, Change::DropTable(table) if table.name == *name))
}

fn renamed(rename: &Rename) -> String {
    match rename {
        Rename::Table { from, to } => {
            format!(
                "ALTER TABLE {} RENAME TO {}",
                name(&from.name),
                name(&to.name)
            )
        }
        Rename::Column { table, from, to } => format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            name(&table.name),
            name(from),
            name(to)
        ),
    }
}

fn name(text: &Text) -> String {
    spell(text, Dialect::Sqlite)
}

fn names<'a>(texts: impl IntoIterator<Item = &'a Text>) -> String {
    let names: Vec<String> = texts.into_iter().map(name).collect();
    names.join(", ")
}
