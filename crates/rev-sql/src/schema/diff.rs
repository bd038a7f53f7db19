//! What differs between two schemas.
//!
//! Renames come first. They are not guessed: the caller names them. After that, things
//! are matched by their names; constraints and indexes are compared by all that they say,
//! since a constraint need not have a name. The order of columns is not compared.

mod find;
pub(in crate::schema) mod inheritance;
mod words;

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::change::{Alteration, Change, TableChange};
use super::ddl::Note;
use super::mysql::Flavour;
use super::{Column, Constraint, Filter, Handle, Kind, Name, Rename, Rule, Schema, Table, Text};
use find::changes;
pub(super) use find::table;

/// The way from one schema to another.
#[derive(Debug, Clone)]
pub struct Diff {
    /// Where it starts.
    pub before: Schema,
    /// The renames, which come first, and are meant all at once.
    pub renames: Vec<Rename>,
    /// The same one by one, with the detours that this takes where names are swapped.
    pub moves: Vec<Rename>,
    /// Where it starts, with the renames done.
    pub from: Schema,
    /// Where it leads: what a filter leaves out is as it was.
    pub to: Schema,
    /// What is to be done besides, in no order that counts.
    pub changes: Vec<Change>,
    /// What may have been meant as a rename, and is a loss now.
    pub doubts: Vec<Rename>,
    /// The objects that a filter leaves out: nothing is to be done to them, but they may
    /// be in the way.
    pub left_out: BTreeSet<Handle>,
    /// The columns that a filter leaves out, by the names of their tables at the end.
    pub columns_left_out: BTreeSet<(Name, Text)>,
    /// The sequences that one side knows as what its columns say: `serial`.
    pub sequences_of_columns: BTreeSet<Name>,
    /// Whether a filter may have left something out.
    pub is_filtered: bool,
    /// Whether it leads back from where another diff has led: then the database is
    /// what that one has made, with the names that it had to choose.
    pub is_way_back: bool,
    /// What is left as it is, and why: sentences.
    pub remarks: Vec<String>,
}

impl Diff {
    /// Compares two schemas, after these renames, each of which must be possible in
    /// `before`: see [`super::resolve`].
    #[must_use]
    pub fn between(
        before: &Schema,
        to: &Schema,
        renames: &[Rename],
        filter: &Filter,
        dialect: Dialect,
    ) -> Self {
        let unread = before.unread.keys().chain(to.unread.keys());
        let aside: BTreeSet<Handle> = unread.cloned().collect();
        let (before, to) = (&without(before, &aside), &without(to, &aside));
        let moves = super::rename::moves(before, to, renames);
        let from = super::rename::apply(before, &moves, dialect);
        let settled = filter.settle(&from, to.clone(), renames, dialect);
        let mut to = keep_extensions(&from, settled);
        let remarks = keep_keys(&from, &mut to);
        let mut from = from;
        let sequences_of_columns = match dialect {
            Dialect::Postgres => super::postgres::numbers::settle(&mut from, &mut to),
            _ => BTreeSet::new(),
        };
        let left_out = filter.left_out(&from, renames);
        let columns_left_out = filter.columns_left_out(&from, renames);
        for handle in &left_out {
            if let Some(object) = to.objects.get_mut(handle) {
                super::rename::follow(object, renames, dialect);
            }
        }
        Self {
            before: before.clone(),
            renames: renames.to_vec(),
            moves,
            from,
            to,
            changes: Vec::new(),
            doubts: Vec::new(),
            left_out,
            columns_left_out,
            sequences_of_columns,
            is_filtered: !filter.is_empty(),
            is_way_back: false,
            remarks,
        }
        .compared()
    }

    fn compared(mut self) -> Self {
        self.changes = changes(&self.from, &self.to);
        self.changes.retain(|change| match change {
            Change::ChangeObject { to, .. } => !self.left_out.contains(&to.handle()),
            _ => true,
        });
        let doubts = super::rename::candidates(&self.changes).into_iter();
        self.doubts = doubts.map(|it| self.doubt(it)).collect();
        self
    }

    /// A rename that may be meant, by the names that a person knows.
    fn doubt(&self, rename: Rename) -> Rename {
        match rename {
            Rename::Table { from, to } => Rename::Table {
                from: self.known_table(&from),
                to,
            },
            Rename::Column { table, from, to } => Rename::Column {
                from: self.known_column(&table, &from),
                table,
                to,
            },
        }
    }

    /// What a table that goes is called, where it had to step aside before.
    fn known_table(&self, name: &Name) -> Name {
        let is_meant = |it: &Rename| matches!(it, Rename::Table { to, .. } if to == name);
        match self.renames.iter().any(is_meant) {
            true => name.clone(),
            false => super::rename::before(&self.moves, name),
        }
    }

    /// Likewise a column.
    fn known_column(&self, of: &Name, name: &Text) -> Text {
        let of_table = self.moves.iter().filter_map(|it| match it {
            Rename::Column { table, from, to } if table == of => Some((from, to)),
            _ => None,
        });
        let steps = of_table.rev();
        let origin = steps.fold(name.clone(), |name, (from, to)| match *to == name {
            true => from.clone(),
            false => name,
        });
        let is_meant = |it: &Rename| matches!(it, Rename::Column { table, to, .. } if table == of && to == name);
        match self.renames.iter().any(is_meant) {
            true => name.clone(),
            false => origin,
        }
    }

    /// A change, by the names that a person knows.
    fn known(&self, change: &Change) -> Change {
        let mut change = change.clone();
        match &mut change {
            Change::DropTable(table) => table.name = self.known_table(&table.name),
            Change::ChangeTable(it) => {
                for alteration in &mut it.alterations {
                    match alteration {
                        Alteration::DropColumn(column) => {
                            column.name = self.known_column(&it.to.name, &column.name);
                        }
                        Alteration::DropConstraint(Constraint {
                            rule: Rule::ForeignKey(reference),
                            ..
                        }) => reference.table = self.known_table(&reference.table),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        change
    }

    /// The way from nothing to a schema: what makes it.
    #[must_use]
    pub fn creation(schema: &Schema, dialect: Dialect) -> Self {
        let nothing = Schema::default();
        Self::between(&nothing, schema, &[], &Filter::default(), dialect)
    }

    /// The way back.
    #[must_use]
    pub fn reversed(&self, dialect: Dialect) -> Self {
        let renames = Rename::inverted(&self.renames);
        let filter = Filter::default();
        let back = Self::between(&self.to, &self.before, &renames, &filter, dialect);
        let left_out = self.left_out.iter().map(|(kind, on, name)| {
            let on = on.as_ref().map(|on| Rename::old_name(&self.renames, on));
            (*kind, on.cloned(), name.clone())
        });
        let columns = self.columns_left_out.iter().map(|(table, column)| {
            let table = Rename::old_name(&self.renames, table);
            (table.clone(), column.clone())
        });
        let back = Self {
            left_out: left_out.collect(),
            columns_left_out: columns.collect(),
            is_filtered: self.is_filtered,
            is_way_back: !self.is_way_back,
            ..back
        };
        // What was doubtful was told on the way up.
        Self {
            doubts: Vec::new(),
            ..back.compared()
        }
    }

    /// What is lost with a table, and what to do if it is not meant so.
    pub(super) fn loss_of_table(&self, table: &Table) -> Note {
        let name = self.known_table(&table.name);
        let doubt = self
            .doubts
            .iter()
            .find(|it| matches!(it, Rename::Table { from, .. } if *from == name));
        let what = format!("drops table `{name}` and its rows");
        Note::destructive(doubtful(what, doubt))
    }

    /// Likewise with a column of a table; nothing where it is computed.
    pub(super) fn loss_of_column(&self, table: &Table, column: &Column) -> Option<Note> {
        let name = self.known_column(&table.name, &column.name);
        let doubt = self.doubts.iter().find(|it| {
            matches!(it, Rename::Column { table: of, from, .. }
                if *of == table.name && *from == name)
        });
        let what = format!("drops column `{}.{name}` and its values", table.name);
        let is_lost = column.generated.is_none();
        is_lost.then(|| Note::destructive(doubtful(what, doubt)))
    }

    /// Whether rows that are there may get a value where they had NULL.
    #[must_use]
    pub fn fills_nulls(&self) -> bool {
        self.changes.iter().any(|change| match change {
            Change::ChangeTable(change) => change.alterations.iter().any(|it| match it {
                Alteration::ChangeColumn { from, to } => from.nullable && !to.nullable,
                _ => false,
            }),
            _ => false,
        })
    }

    /// Whether something that is there goes; what another of its kind replaces in its
    /// table does not count.
    #[must_use]
    pub fn drops(&self) -> bool {
        self.changes.iter().any(|change| match change {
            Change::DropSequence(it) => !self.sequences_of_columns.contains(&it.name),
            Change::DropNamespace(_)
            | Change::DropEnum(_)
            | Change::DropTable(_)
            | Change::DropObject(_) => true,
            Change::ChangeTable(change) => change.drops(),
            _ => false,
        })
    }

    /// Which server of the dialect `mysql` it is for, where one was asked.
    pub(super) fn flavour(&self) -> Option<Flavour> {
        self.from.flavour.or(self.to.flavour)
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.renames.is_empty() && self.changes.is_empty()
    }

    /// A sentence for each difference, such as ``adds column `hero.power` ``.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let renames = self.renames.iter().map(Rename::sentence);
        let changes = self.changes.iter().filter(|change| match change {
            // It is told with its column.
            Change::CreateSequence(it) | Change::DropSequence(it) => {
                !self.sequences_of_columns.contains(&it.name)
            }
            _ => true,
        });
        let changes = changes.map(|it| self.known(it));
        let changes = changes.flat_map(|it| it.sentences());
        renames.chain(changes).collect()
    }
}

fn doubtful(what: String, doubt: Option<&Rename>) -> String {
    match doubt {
        Some(rename) => format!("{what}; if it was renamed: --rename {}", rename.spelt()),
        None => what,
    }
}

/// A schema without what was not read on one of the sides.
fn without(schema: &Schema, aside: &BTreeSet<Handle>) -> Schema {
    let mut schema = schema.clone();
    for handle in aside {
        schema.remove(handle);
    }
    schema
}

/// A key that the server has given a table that declares none stays on one side, and is not
/// made on the other. Says where it stays.
fn keep_keys(from: &Schema, to: &mut Schema) -> Vec<String> {
    let makes_keys = to.makes_keys;
    let mut remarks = Vec::new();
    for table in to.tables.values_mut() {
        let Some(known) = from.tables.get(&table.name) else {
            continue;
        };
        match (known.key_of_server(), table.key_of_server()) {
            (Some((column, key)), None) if table.primary_key().is_none() => {
                table.columns.insert(0, column.clone());
                table.constraints.push(key.clone());
                table.constraints.sort();
                let text = format!(
                    "table `{}` keeps `{}`, the primary key that the server has made for it",
                    table.name, column.name
                );
                remarks.push(text);
            }
            (None, Some((column, key))) if makes_keys && known.primary_key().is_none() => {
                let (column, key) = (column.name.clone(), key.clone());
                table.columns.retain(|it| it.name != column);
                table.constraints.retain(|it| *it != key);
            }
            _ => {}
        }
    }
    remarks
}

/// An extension is never dropped, nor where it lies: what else stands on it is not known
/// here.
fn keep_extensions(from: &Schema, mut to: Schema) -> Schema {
    let extensions = from.objects.values();
    for extension in extensions.filter(|it| it.kind == Kind::Extension) {
        let handle = extension.handle();
        to.objects
            .entry(handle)
            .or_insert_with(|| extension.clone());
        let places = extension.needs.iter().map(|it| &it.name);
        to.namespaces
            .extend(places.filter(|it| from.namespaces.contains(it)).cloned());
    }
    to
}
