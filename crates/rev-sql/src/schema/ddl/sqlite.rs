//! SQLite's statements.
//!
//! Adding and dropping a column is done where the table stands, as far as SQLite
//! can; everything else of a table is its rebuild: see [`rebuild`].

mod create;
mod in_place;
mod rebuild;

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::{Note, Script, Step, Writer, spell};
use crate::schema::{
    Alteration, Change, Diff, Index, Kind, Name, Object, Rename, Table, TableChange, Text,
};
use crate::split::{Token, tokens, unquoted};
pub(super) use create::value;
use in_place::InPlace;
pub(super) use rebuild::{converted, filler};

/// Writes for SQLite.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sqlite;

impl Writer for Sqlite {
    fn keys_apart(&self) -> bool {
        false
    }

    /// A rename looks through the texts of all views and triggers, and refuses where
    /// one mentions a table that is not there: as while its table is made anew. It also
    /// gives them the new names. What is left out may stay: see [`apart`].
    fn is_in_the_way(&self, object: &Object, diff: &Diff) -> bool {
        let uses = |name: &Name| object.needs.contains(name) || object.on.as_ref() == Some(name);
        match diff.left_out.contains(&object.handle()) {
            true => object.on.as_ref().is_some_and(|on| is_rebuilt(on, diff)),
            false => {
                object.kind != Kind::VirtualTable
                    && (touched(diff).any(uses) || renamed_ones(diff).any(uses))
            }
        }
    }

    /// A rename gives it the new names, and cannot where it reads what is away.
    fn stands_alone(&self, diff: &Diff) -> bool {
        diff.renames.is_empty()
    }

    fn begin(&self, diff: &Diff, script: &mut Script) {
        for change in changed_tables(diff) {
            let gone = change.alterations.iter().filter_map(|it| match it {
                Alteration::DropIndex(index) => Some(index),
                _ => None,
            });
            for index in gone.filter(|it| gives_its_name(it, &change.to, diff)) {
                script.push(format!("DROP INDEX {}", name(&index.name)));
            }
        }
    }

    fn write(&self, step: Step<'_>, diff: &Diff, script: &mut Script) {
        match step {
            Step::DropObject(object) => drop_object(object, diff, script),
            Step::CreateObject(object) => {
                for text in &object.create {
                    script.push(text.as_str());
                }
                fill(object, diff, script);
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
            Step::ChangeTable(change) => match InPlace::of(change, diff) {
                Some(in_place) if !in_place.drops_columns() => {
                    in_place.write(change, diff, script);
                }
                Some(in_place) => apart(change, diff, script, |script| {
                    in_place.write(change, diff, script);
                }),
                None => apart(change, diff, script, |script| {
                    rebuild::write(change, diff, script);
                }),
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
            | Step::ReplaceObject(..)
            | Step::Renamed
            | Step::TablesThere => {}
        }
    }
}

fn changed_tables(diff: &Diff) -> impl Iterator<Item = &TableChange> {
    diff.changes.iter().filter_map(|change| match change {
        Change::ChangeTable(change) => Some(change),
        _ => None,
    })
}

/// Whether something else is to have the name of an index that goes from this table, so
/// that it must go before all else: names are unique in the whole database.
fn gives_its_name(index: &Index, table: &Table, diff: &Diff) -> bool {
    let stays = table.indexes.iter().any(|it| it.name == index.name);
    !stays && diff.to.has(None, &index.name)
}

/// The table whose rows a full-text index is over, if it holds none itself.
fn content(object: &Object) -> Option<Text> {
    let text = object.create.first()?;
    let found = tokens(text.as_str(), Dialect::Sqlite);
    let is_full_text = |word: &Token<'_>| word.is_any(&["FTS4", "FTS5"]);
    if !found
        .windows(2)
        .any(|pair| pair[0].is("USING") && is_full_text(&pair[1]))
    {
        return None;
    }
    let option = found
        .windows(3)
        .find(|part| part[0].is("content") && part[1].is_symbol("="))?;
    let table = unquoted(option[2].text);
    (!table.is_empty()).then(|| crate::schema::sqlite::name(&table))
}

/// A full-text index over a table that has rows already must read them.
fn fill(object: &Object, diff: &Diff, script: &mut Script) {
    let Some(content) = content(object) else {
        return;
    };
    if diff.from.has(None, &content) {
        let own = name(&object.name.name);
        script.push_noted(
            format!("INSERT INTO {own} ({own}) VALUES ('rebuild')"),
            vec![Note::remark(format!(
                "it reads the rows of `{content}` anew"
            ))],
        );
    }
}

/// Writes what SQLite would refuse where a view or trigger that is left out, and so stays,
/// reads what is away: unless it is told not to look.
fn apart(change: &TableChange, diff: &Diff, script: &mut Script, write: impl FnOnce(&mut Script)) {
    let Some(reader) = reader(&change.to.name, diff) else {
        return write(script);
    };
    let note = Note::remark(format!(
        "{} `{}` is left out, and stays while what it reads is made anew",
        reader.kind.noun(),
        reader.name
    ));
    script.push_noted("PRAGMA legacy_alter_table = ON", vec![note]);
    write(script);
    script.push("PRAGMA legacy_alter_table = OFF");
}

/// An object that is left out, reads what is away at some time, and does not go with this
/// table.
fn reader<'a>(table: &Name, diff: &'a Diff) -> Option<&'a Object> {
    let mut away: BTreeSet<&Name> = touched(diff).collect();
    away.extend(diff.changes.iter().filter_map(|change| match change {
        Change::DropObject(object) => Some(&object.name),
        Change::ChangeObject { from, .. } => Some(&from.name),
        _ => None,
    }));
    loop {
        let reads = |object: &&Object| object.needs.iter().any(|it| away.contains(it));
        let all = diff.from.objects.values();
        let more: Vec<&Name> = all.filter(reads).map(|it| &it.name).collect();
        let before = away.len();
        away.extend(more);
        if away.len() == before {
            break;
        }
    }
    let out = diff.left_out.iter();
    let mut objects = out.filter_map(|handle| diff.from.objects.get(handle));
    objects.find(|it| {
        let goes_along = it.on.as_ref() == Some(table) && is_rebuilt(table, diff);
        let kinds = [Kind::View, Kind::Trigger];
        kinds.contains(&it.kind) && !goes_along && it.needs.iter().any(|it| away.contains(it))
    })
}

/// Whether a table is made anew, so that its triggers go with the old one.
fn is_rebuilt(name: &Name, diff: &Diff) -> bool {
    diff.changes.iter().any(|change| match change {
        Change::ChangeTable(change) => {
            change.to.name == *name && InPlace::of(change, diff).is_none()
        }
        _ => false,
    })
}

/// The tables that are dropped or made anew, or lose a column.
fn touched(diff: &Diff) -> impl Iterator<Item = &Name> {
    diff.changes.iter().filter_map(|change| match change {
        Change::DropTable(table) => Some(&table.name),
        Change::ChangeTable(change) => match InPlace::of(change, diff) {
            Some(in_place) if !in_place.drops_columns() => None,
            _ => Some(&change.to.name),
        },
        _ => None,
    })
}

/// The tables that are renamed, or have renamed columns.
fn renamed_ones(diff: &Diff) -> impl Iterator<Item = &Name> {
    diff.renames.iter().map(|rename| match rename {
        Rename::Table { to, .. } => to,
        Rename::Column { table, .. } => table,
    })
}

fn drop_object(object: &Object, diff: &Diff, script: &mut Script) {
    let name = name(&object.name.name);
    let is_out = diff.left_out.contains(&object.handle());
    match object.kind {
        // It may be there in one database only.
        Kind::View if is_out => script.push(format!("DROP VIEW IF EXISTS {name}")),
        Kind::View => script.push(format!("DROP VIEW {name}")),
        // The rows are another table's.
        Kind::VirtualTable if content(object).is_some() => {
            script.push(format!("DROP TABLE {name}"));
        }
        Kind::VirtualTable => script.push_noted(
            format!("DROP TABLE {name}"),
            vec![Note::destructive(format!(
                "drops virtual table `{}` and all that it holds",
                object.name
            ))],
        ),
        // A table takes its triggers along.
        _ if object.on.as_ref().is_some_and(|on| is_dropped(on, diff)) => {}
        _ if is_out && object.on.as_ref().is_some_and(|on| is_rebuilt(on, diff)) => {}
        _ if is_out => script.push(format!("DROP TRIGGER IF EXISTS {name}")),
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
