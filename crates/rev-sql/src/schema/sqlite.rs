//! SQLite's catalogue: rows of `sqlite_schema` and `pragma_table_xinfo` become a
//! [`Schema`].
//!
//! Names, types, nullability and defaults of columns are SQLite's own answer.
//! Checks, collations, generated expressions, keys with their names and conflict
//! clauses are nowhere but in the stored `CREATE` texts, so these are read too; where
//! the two disagree on a table's columns it is [`Unreadable`] rather than guessed.

mod cursor;
mod index;
pub(super) mod quoted;
pub(super) mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;

use super::{Kind, Name, Object, Rule, Schema, Table, Text};
use crate::ledger::{Ledger, text};
use crate::split::{Token, TokenKind, tokens, unquoted};
use quoted::{Names, Stored};

/// A row of `sqlite_schema`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// `table`, `index`, `view` or `trigger`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The table that it belongs to.
    pub table: String,
    /// The text that made it.
    pub sql: String,
}

/// A row of `pragma_table_xinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRow {
    /// The table.
    pub table: String,
    /// The column.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// Whether it is declared `NOT NULL`.
    pub not_null: bool,
    /// What follows `DEFAULT`.
    pub default: Option<String>,
    /// 2: generated; 3: generated and stored.
    pub hidden: i64,
}

impl ColumnRow {
    /// The columns of one table, as [`SELECT_COLUMNS`] writes them.
    ///
    /// # Errors
    ///
    /// That of JSON, where they are written otherwise.
    pub fn of_table(table: &str, columns: &str) -> Result<Vec<Self>, serde_json::Error> {
        type Column = (String, String, u8, Option<String>, i64);
        let columns: Vec<Column> = serde_json::from_str(columns)?;
        let columns = columns
            .into_iter()
            .map(|(name, type_name, not_null, default, hidden)| Self {
                table: table.to_owned(),
                name,
                type_name,
                not_null: not_null != 0,
                default,
                hidden,
            });
        Ok(columns.collect())
    }
}

/// A stored text that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored text of {kind} `{name}` is not understood {what}")]
pub struct Unreadable {
    /// `table` or `index`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Where: ``at `…` ``, or in which columns.
    pub what: String,
}

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

/// A name, whose case SQLite does not mind.
#[must_use]
pub fn name(text: &str) -> Text {
    Text::caseless(text)
}

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

/// What a token may name: strings too, which SQLite takes for names where it must.
fn name_of(token: &Token<'_>) -> Option<String> {
    match token.kind {
        TokenKind::Word => Some(token.text.to_owned()),
        TokenKind::Name | TokenKind::Text => Some(unquoted(token.text)),
        _ => None,
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
    Text::keyed(&sql[..end], key(&tokens))
}

/// An expression, without parentheses around it and without comments.
pub(super) fn expression(text: &str) -> Text {
    let tokens = tokens(text, Dialect::Sqlite);
    let tokens = bare(&tokens);
    Text::keyed(plain(text, tokens), key(tokens))
}

/// The tokens without parentheses around all of them.
fn bare<'t, 'a>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while let [first, inner @ .., last] = tokens
        && first.is_symbol("(")
        && last.is_symbol(")")
        && is_balanced(inner)
    {
        tokens = inner;
    }
    tokens
}

fn is_balanced(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_i32;
    for token in tokens {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth -= 1;
        }
        if depth < 0 {
            return false;
        }
    }
    true
}

/// The text of some tokens on one line: what stands between two of them is one
/// space, or nothing.
fn plain(source: &str, tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut end = tokens.first().map_or(0, |token| token.start);
    for token in tokens {
        let gap = &source[end..token.start];
        if !gap.is_empty() {
            text.push(' ');
        }
        text.push_str(token.text);
        end = token.end();
    }
    text
}

/// What equal texts have in common: tokens in small letters, names without quotes
/// where they need none.
fn key(tokens: &[Token<'_>]) -> String {
    let words: Vec<String> = tokens.iter().map(word).collect();
    words.join(" ")
}

fn word(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::Text => token.text.to_owned(),
        TokenKind::Name => {
            let name = unquoted(token.text).to_ascii_lowercase();
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
            let begins = name.starts_with(|c: char| is_word(c) && !c.is_ascii_digit());
            match begins && name.chars().all(is_word) {
                true => name,
                false => format!("\"{}\"", name.replace('"', "\"\"")),
            }
        }
        _ => token.text.to_ascii_lowercase(),
    }
}
