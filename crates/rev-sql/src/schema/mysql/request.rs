//! What a server is asked, and what is known of it beforehand.

use rev_core::Dialect;

use super::flavour::Flavour;
use crate::ledger::name;
use crate::schema::{Kind, Name, Object, Text};

/// A row of an answer, all of it as text.
pub type Row = Vec<Option<String>>;

#[derive(Debug, Clone, Default)]
pub(in crate::schema) struct Server {
    pub(in crate::schema) database: String,
    /// Whether the names of tables count alike in both cases.
    pub(in crate::schema) caseless: bool,
    pub(in crate::schema) engine: String,
    pub(in crate::schema) collation: String,
    /// None where nothing was asked.
    pub(in crate::schema) flavour: Option<Flavour>,
    /// Whether tables without a primary key get one that nobody sees.
    pub(in crate::schema) makes_keys: bool,
}

#[derive(Debug, Clone)]
pub(in crate::schema) struct Trigger {
    pub(in crate::schema) name: String,
    pub(in crate::schema) table: String,
    /// `BEFORE INSERT`
    pub(in crate::schema) when: String,
    pub(in crate::schema) body: String,
}

/// Something whose text is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `table`, `view`, `sequence`, `function`, `procedure`, `event`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The statement that asks.
    pub sql: String,
    /// In which column of its answer the text stands.
    pub column: usize,
}

/// A text of the server that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what the server says of {kind} `{name}` is not understood: {what}")]
pub struct Unreadable {
    /// Of what kind it is.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub what: String,
}

impl Server {
    pub(in crate::schema) fn read(row: &Row) -> Self {
        Self {
            database: cell(row, 0),
            caseless: cell(row, 1) != "0",
            engine: cell(row, 2),
            collation: cell(row, 3),
            flavour: row
                .get(4)
                .and_then(Option::as_deref)
                .map(Flavour::of_version),
            makes_keys: cell(row, 5) == "1",
        }
    }

    /// The name of a table, view or trigger, whose case counts on some servers.
    pub(in crate::schema) fn name(&self, name: &str) -> Name {
        Name::bare(match self.caseless {
            true => Text::caseless(name),
            false => Text::exact(name),
        })
    }
}

impl Request {
    pub(in crate::schema) fn unreadable(&self, what: impl Into<String>) -> Unreadable {
        Unreadable {
            kind: self.kind,
            name: self.name.clone(),
            what: what.into(),
        }
    }
}

pub(in crate::schema) fn request(kind: &'static str, called: &str, column: usize) -> Request {
    let sql = format!(
        "SHOW CREATE {} {}",
        kind.to_ascii_uppercase(),
        name(called, Dialect::Mysql)
    );
    Request {
        kind,
        name: called.to_owned(),
        sql,
        column,
    }
}

pub(in crate::schema) fn cell(row: &Row, index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}

/// The name of a column, index or constraint.
#[must_use]
pub(crate) fn part_name(text: &str) -> Text {
    Text::caseless(text)
}

/// The name of a routine: a function and a procedure may share it.
pub(in crate::schema) fn routine_name(text: &str, is_function: bool) -> Name {
    let kind = if is_function { "function" } else { "procedure" };
    Name::bare(Text::keyed(
        text,
        format!("{kind} {}", text.to_ascii_lowercase()),
    ))
}

/// Whether an object is a function, where it is a routine.
pub(in crate::schema) fn is_function(object: &Object) -> bool {
    object.kind == Kind::Routine && object.name.name.key().starts_with("function ")
}
