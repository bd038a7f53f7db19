//! What all that reads a catalogue of SQLite stands on.

use crate::schema::Text;
use crate::split::{Token, TokenKind, unquoted};

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
    /// The columns of one table, as [`super::SELECT_COLUMNS`] writes them.
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

/// A name, whose case SQLite does not mind.
#[must_use]
pub(crate) fn name(text: &str) -> Text {
    Text::caseless(text)
}

/// What a token may name: strings too, which SQLite takes for names where it must.
pub(in crate::schema) fn name_of(token: &Token<'_>) -> Option<String> {
    match token.kind {
        TokenKind::Word => Some(token.text.to_owned()),
        TokenKind::Name | TokenKind::Text => Some(unquoted(token.text)),
        _ => None,
    }
}
