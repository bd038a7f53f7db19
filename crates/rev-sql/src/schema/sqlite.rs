//! SQLite's catalogue: rows of `sqlite_schema` and `pragma_table_xinfo` become a
//! [`Schema`].
//!
//! Names, types, nullability and defaults of columns are SQLite's own answer.
//! Checks, collations, generated expressions, keys with their names and conflict
//! clauses are nowhere but in the stored `CREATE` texts, so these are read too; where
//! the two disagree on a table's columns it is [`Unreadable`] rather than guessed.

mod cursor;
mod expression;
mod ground;
mod index;
pub(super) mod quoted;
pub(super) mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;

use super::{Kind, Name, Object, Rule, Schema, Table, Text};
use crate::ledger::{Ledger, text};
use crate::split::{Token, tokens};
pub(super) use expression::expression;
pub use ground::{ColumnRow, Entry, Unreadable};
pub(super) use ground::{name, name_of};
use quoted::{Names, Stored};

/// Selects the [`Entry`]s: kind, name, table, text; without what is the ledger's or
/// the engine's own.
#[must_use]
pub fn select_entries(ledger: &Ledger) -> String {
    let own = ledger.tables().map(|table| text(&table, Dialect::Sqlite));
    format!(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT IN ({}) \
         AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow') \
         ORDER BY rowid",
        own.join(", ")
    )
}

/// Selects the columns of each table: its name, and as JSON an array of arrays with name, type,
/// not null, default, hidden; in order. A row for each column would be handed from thread to
/// thread, which takes longer than to read it.
pub const SELECT_COLUMNS: &str = "SELECT t.name, \
     json_group_array(json_array(c.name, c.type, c.\"notnull\", c.dflt_value, c.hidden) ORDER BY c.cid) \
     FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c \
     WHERE t.type = 'table' AND t.sql NOT LIKE 'CREATE VIRTUAL%' GROUP BY t.rowid ORDER BY t.rowid";

/// The schema that these rows describe.
///
/// # Errors
///
/// [`Unreadable`].
pub fn schema(entries: &[Entry], columns: &[ColumnRow]) -> Result<Schema, Unreadable> {
    let names = Names::of(entries.iter().map(stored));
    let settled = entries.iter().map(|entry| Entry {
        sql: names.settled(stored(entry)),
        ..entry.clone()
    });
    let settled: Vec<Entry> = settled.collect();
    // Objects keep their texts: they may mean columns of what is not known here.
    let originals = entries;
    let entries = settled.as_slice();
    let mut schema = Schema::default();
    let mut rows: BTreeMap<Text, Vec<&ColumnRow>> = BTreeMap::new();
    for row in columns {
        rows.entry(name(&row.table)).or_default().push(row);
    }
    let known: BTreeSet<Name> = entries
        .iter()
        .filter(|entry| matches!(entry.kind.as_str(), "table" | "view"))
        .map(|entry| Name::bare(name(&entry.name)))
        .collect();
    for entry in entries {
        match entry.kind.as_str() {
            "table" if is_virtual(&entry.sql) => {
                schema.add_object(object(Kind::VirtualTable, entry, &known));
            }
            "table" => {
                let rows = rows.remove(&name(&entry.name)).unwrap_or_default();
                schema.add_table(table::read(entry, &rows)?);
            }
            "view" => schema.add_object(object(Kind::View, entry, &known)),
            "trigger" => schema.add_object(object(Kind::Trigger, entry, &known)),
            _ => {}
        }
    }
    for object in schema.objects.values_mut() {
        let is_it = |it: &&Entry| name(&it.name) == object.name.name && is_kind(it, object.kind);
        if let (Some(entry), [text]) = (originals.iter().find(is_it), object.create.as_mut_slice())
        {
            *text = Text::keyed(statement(&entry.sql).as_str(), text.key().to_owned());
        }
    }
    for entry in entries.iter().filter(|entry| entry.kind == "index") {
        let index = index::read(entry)?;
        let owner = Name::bare(name(&entry.table));
        if let Some(table) = schema.tables.get_mut(&owner) {
            table.indexes.push(index);
        }
    }
    for (original, settled) in originals.iter().zip(entries) {
        let texts = quoted::texts(&original.sql, &settled.sql);
        if texts.is_empty() {
            continue;
        }
        let own = Name::bare(name(&original.table));
        let objects = schema.objects.values();
        let object = objects
            .into_iter()
            .find(|it| it.name.name == name(&original.name));
        let used = object.into_iter().flat_map(|it| &it.needs).cloned();
        for table in used.chain([own]) {
            let found = schema.quoted.entry(table).or_default();
            found.extend(texts.iter().map(|it| name(it)));
        }
    }
    complete_references(&mut schema);
    for table in schema.tables.values_mut() {
        table.constraints.sort();
        table.indexes.sort();
    }
    Ok(schema)
}

fn is_kind(entry: &Entry, kind: Kind) -> bool {
    match kind {
        Kind::View => entry.kind == "view",
        Kind::Trigger => entry.kind == "trigger",
        _ => entry.kind == "table",
    }
}

fn stored(entry: &Entry) -> Stored<'_> {
    Stored {
        kind: &entry.kind,
        name: &entry.name,
        sql: &entry.sql,
    }
}

fn is_virtual(sql: &str) -> bool {
    let tokens = tokens(sql, Dialect::Sqlite);
    tokens.get(1).is_some_and(|token| token.is("VIRTUAL"))
}

/// An object by its text. Whatever it mentions that is a table or view it may use.
fn object(kind: Kind, entry: &Entry, known: &BTreeSet<Name>) -> Object {
    let own = Name::bare(name(&entry.name));
    let mentioned = tokens(&entry.sql, Dialect::Sqlite);
    let mentioned = mentioned
        .iter()
        .filter_map(name_of)
        .map(|it| Name::bare(name(&it)));
    let needs = mentioned
        .filter(|it| *it != own && known.contains(it))
        .collect();
    Object {
        kind,
        name: own,
        on: (kind == Kind::Trigger).then(|| Name::bare(name(&entry.table))),
        create: vec![statement(&entry.sql)],
        needs,
        after: BTreeSet::new(),
        columns: Vec::new(),
        comment: None,
    }
}

/// `REFERENCES hero` means hero's primary key.
fn complete_references(schema: &mut Schema) {
    let keys: BTreeMap<Name, Vec<Text>> = schema
        .tables
        .iter()
        .map(|(name, table)| (name.clone(), key_columns(table)))
        .collect();
    for table in schema.tables.values_mut() {
        for constraint in &mut table.constraints {
            if let Rule::ForeignKey(reference) = &mut constraint.rule
                && reference.targets.is_empty()
                && let Some(key) = keys.get(&reference.table)
                && key.len() == reference.columns.len()
            {
                reference.targets.clone_from(key);
            }
        }
    }
}

fn key_columns(table: &Table) -> Vec<Text> {
    let parts = table.primary_key().unwrap_or_default().iter();
    let columns = parts.filter_map(|part| match &part.of {
        super::PartOf::Column(name) => Some(name.clone()),
        super::PartOf::Expression(_) => None,
    });
    columns.collect()
}

/// A statement as it is stored, without comments after its end.
fn statement(sql: &str) -> Text {
    let tokens = tokens(sql, Dialect::Sqlite);
    let end = tokens.last().map_or(sql.len(), Token::end);
    Text::keyed(&sql[..end], expression::key(&tokens))
}
