//! MySQL's and MariaDB's statements.
//!
//! Each commits by itself, so a run that is cut off between two of them is told by
//! the catalogue: see [`crate::effect`]. What changes in a table's columns, indexes
//! and checks is therefore one `ALTER TABLE`, whose parts that can tell, and which
//! copies the table once at most; its options, which nothing tells, are another.
//!
//! Both servers take most of this. Where MySQL refuses what MariaDB takes in one
//! statement, such as a new column whose rows get a UUID each, it is worded in several,
//! unless the schema is known to be one of MariaDB. Renamed columns take MySQL 8.0 or
//! MariaDB 10.5.2.

mod change;
mod column;
mod create;
mod fill;
mod keys;
mod loss;
mod object;
mod options;
mod partition;
mod rename;
mod spelling;

use rev_core::Dialect;

use super::{Note, Script, Step, Writer, spell};
use crate::schema::mysql::{Flavour, is_duality};
use crate::schema::{Change, Constraint, Diff, Kind, Name, Object, Table, Text};
use change::Alter;
pub(super) use fill::filler;
use keys::Keys;
pub(super) use loss::converted;
pub(super) use spelling::plain;

/// Writes for MySQL and MariaDB.
pub(super) struct Mysql<'a> {
    keys: Keys<'a>,
    /// The collation that the database has by default, as far as is known.
    collation: Option<&'a str>,
    flavour: Option<Flavour>,
}

impl<'a> Mysql<'a> {
    pub(super) fn of(diff: &'a Diff) -> Self {
        Self {
            keys: Keys::of(diff),
            collation: options::default_collation(diff),
            flavour: diff.flavour(),
        }
    }
}

impl Writer for Mysql<'_> {
    fn keys_apart(&self) -> bool {
        true
    }

    fn comes_along(&self, table: &Table, key: &Constraint) -> bool {
        self.keys.comes_along(table, key)
    }

    fn is_key_in_the_way(&self, table: &Table, key: &Constraint, _: &Diff) -> bool {
        self.keys.is_in_the_way(table, key)
    }

    /// Views, triggers and routines look up what they use when they are used.
    fn is_in_the_way(&self, _: &Object, _: &Diff) -> bool {
        false
    }

    fn replaces(&self, from: &Object, to: &Object) -> bool {
        from.kind == Kind::View && is_duality(from) == is_duality(to)
    }

    fn write(&self, step: Step<'_>, diff: &Diff, script: &mut Script) {
        match step {
            // A table takes its triggers along.
            Step::DropObject(object) if is_dropped(object.on.as_ref(), diff) => {}
            Step::DropObject(object) => script.push(object::drop(object)),
            Step::CreateObject(object) => {
                let broken = diff.to.broken.get(&object.handle()).map(|why| {
                    let name = &object.name;
                    Note::decide(format!(
                        "view `{name}` was broken, and cannot be made: {why}"
                    ))
                });
                script.push_noted(object::create(object), broken.into_iter().collect());
            }
            Step::ReplaceObject(_, object) => script.push(object::replace(object)),
            Step::DropForeignKey(from, key) => {
                let called = keys::called(key, from, diff);
                let table = table_name(&from.name);
                script.push(format!("ALTER TABLE {table} DROP FOREIGN KEY {called}"));
            }
            Step::AddForeignKey(to, key) => change::add_key(to, key, diff, script),
            Step::DropTable(table) => {
                let notes = vec![diff.loss_of_table(table)];
                script.push_noted(format!("DROP TABLE {}", table_name(&table.name)), notes);
            }
            Step::Rename(step) => {
                rename::write(step, diff, self.flavour, self.collation, script);
            }
            Step::CreateTable(table) => {
                let along = |key: &Constraint| self.keys.comes_along(table, key);
                script.push(create::table(table, along, self.collation));
            }
            Step::ChangeTable(change) => {
                Alter::of(change, diff, self.collation, self.flavour).write(script);
            }
            Step::CreateSequence(sequence) => script.push(object::create_sequence(sequence)),
            Step::ChangeSequence(from, to) => script.push(object::change_sequence(from, to)),
            Step::DropSequence(sequence) => script.push_noted(
                format!("DROP SEQUENCE {}", table_name(&sequence.name)),
                vec![Note::destructive(format!(
                    "drops sequence `{}` and how far it has counted",
                    sequence.name
                ))],
            ),
            // These servers have neither.
            Step::CreateNamespace(_)
            | Step::DropNamespace(_)
            | Step::CreateEnum(_)
            | Step::ChangeEnum(..)
            | Step::DropEnum(_)
            | Step::Renamed
            | Step::TablesThere => {}
        }
    }
}

fn is_dropped(name: Option<&Name>, diff: &Diff) -> bool {
    let mut changes = diff.changes.iter();
    changes.any(|change| matches!(change, Change::DropTable(table) if Some(&table.name) == name))
}

fn name(text: &Text) -> String {
    spell(text, Dialect::Mysql)
}

fn table_name(table: &Name) -> String {
    match &table.schema {
        Some(schema) => format!("{}.{}", name(schema), name(&table.name)),
        None => name(&table.name),
    }
}

fn names<'a>(texts: impl IntoIterator<Item = &'a Text>) -> String {
    let names: Vec<String> = texts.into_iter().map(name).collect();
    names.join(", ")
}
