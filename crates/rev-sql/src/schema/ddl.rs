//! The SQL that makes one schema into another.
//!
//! `order` decides what comes after what and is the same for every engine; each
//! engine's [`Writer`] words one step at a time, and says what stands in the way of
//! what. Whatever loses rows or values says so in a [`Note`] beside its statement.

mod filling;
mod left_out;
mod mysql;
mod order;
mod postgres;
mod rows;
mod script;
mod spelling;
mod sqlite;

use rev_core::Dialect;

use super::{
    Constraint, Diff, Enumeration, Name, Object, Rename, Schema, Sequence, Table, TableChange, Text,
};

pub use script::{Answer, Note, NoteKind, Script, Statement};
pub(super) use spelling::{expression, is_reserved, spell, spell_name};

/// What an engine's writer is asked to word.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// An object goes, for good or to come back.
    DropObject(&'a Object),
    /// A key goes: only where foreign keys are statements of their own.
    DropForeignKey(&'a Table, &'a Constraint),
    /// A table goes.
    DropTable(&'a Table),
    /// A table or column gets its new name.
    Rename(&'a Rename),
    /// All tables have their new names.
    Renamed,
    /// A schema comes.
    CreateNamespace(&'a Text),
    /// An enum comes.
    CreateEnum(&'a Enumeration),
    /// An enum changes from one to the other.
    ChangeEnum(&'a Enumeration, &'a Enumeration),
    /// A sequence comes.
    CreateSequence(&'a Sequence),
    /// A sequence changes from one to the other.
    ChangeSequence(&'a Sequence, &'a Sequence),
    /// A table comes with its indexes: without its foreign keys, where these are
    /// statements of their own.
    CreateTable(&'a Table),
    /// A table changes: likewise.
    ChangeTable(&'a TableChange),
    /// All tables have come and changed.
    TablesThere,
    /// A key comes: only where foreign keys are statements of their own.
    AddForeignKey(&'a Table, &'a Constraint),
    /// An object comes, or comes back.
    CreateObject(&'a Object),
    /// An object changes where it stands: only where [`Writer::replaces`] says so.
    ReplaceObject(&'a Object, &'a Object),
    /// A sequence goes.
    DropSequence(&'a Sequence),
    /// An enum goes.
    DropEnum(&'a Enumeration),
    /// A schema goes.
    DropNamespace(&'a Text),
}

/// Words an engine's steps.
pub trait Writer {
    /// Whether foreign keys are added and dropped by statements of their own, after
    /// all tables are made and before any is dropped.
    fn keys_apart(&self) -> bool;

    /// Whether a new table brings this key along all the same, since what it refers to
    /// is there by then.
    fn comes_along(&self, table: &Table, key: &Constraint) -> bool {
        let _ = (table, key);
        false
    }

    /// Whether this key, which is to stay as it is, must be dropped before the tables
    /// are changed, and be made again after: asked only where keys are apart.
    fn is_key_in_the_way(&self, table: &Table, key: &Constraint, diff: &Diff) -> bool {
        let _ = (table, key, diff);
        false
    }

    /// Whether this object, which is to stay as it is, must be dropped before the
    /// tables are changed, and be made again after.
    fn is_in_the_way(&self, object: &Object, diff: &Diff) -> bool;

    /// Whether an object that is left out can stand while what it needs is away.
    fn stands_alone(&self, diff: &Diff) -> bool {
        let _ = diff;
        false
    }

    /// Whether an object can be given its new text or comment where it stands.
    fn replaces(&self, from: &Object, to: &Object) -> bool {
        let _ = (from, to);
        false
    }

    /// The tables that must have changed before this one does, beside what it stands on.
    fn comes_after<'a>(&self, change: &'a TableChange, diff: &'a Diff) -> Vec<&'a Name> {
        let _ = (change, diff);
        Vec::new()
    }

    /// Adds what must come before all steps.
    fn begin(&self, diff: &Diff, script: &mut Script) {
        let _ = (diff, script);
    }

    /// Adds the statements of a step to the script.
    fn write(&self, step: Step<'_>, diff: &Diff, script: &mut Script);
}

/// The script that does what a diff says.
#[must_use]
pub fn write(diff: &Diff, dialect: Dialect) -> Script {
    match dialect {
        Dialect::Sqlite => write_with(&sqlite::Sqlite, diff, dialect),
        Dialect::Mysql => write_with(&mysql::Mysql::of(diff), diff, dialect),
        Dialect::Postgres => {
            let write = |diff: &Diff| write_with(&postgres::Postgres::of(diff), diff, dialect);
            let Some(parts) = postgres::parts(diff) else {
                return write(diff);
            };
            let statements = parts.iter().flat_map(|it| write(it).statements);
            Script {
                statements: statements.collect(),
            }
        }
    }
}

fn write_with(writer: &dyn Writer, diff: &Diff, dialect: Dialect) -> Script {
    let mut script = Script::default();
    writer.begin(diff, &mut script);
    for step in order::steps(diff, writer) {
        let first = script.statements.len();
        writer.write(step, diff, &mut script);
        if let Some(statement) = script.statements.get_mut(first) {
            statement.notes.extend(left_out::notes(step, diff, dialect));
            statement.notes.extend(rows::notes(step, diff, dialect));
        }
    }
    script
}

/// The script that makes a schema from nothing, the same for equal schemas.
#[must_use]
pub fn dump(schema: &Schema, dialect: Dialect) -> Script {
    write(&Diff::creation(schema, dialect), dialect)
}
