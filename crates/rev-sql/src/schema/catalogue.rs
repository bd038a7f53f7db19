//! What a catalogue holds, asked so that equal schemas give equal answers: each
//! sentence is about one object or part. The ledger's own tables, and what
//! belongs to the engine or to an extension, are left out.
//!
//! Servers keep a model, and one query an engine words it. SQLite keeps the text
//! of each statement, which [`sqlite`] takes apart: spelling is not meaning.

mod difference;
mod mysql;
mod postgres;
mod sqlite;

use rev_core::Dialect;

use crate::ledger::{Ledger, text};
pub(crate) use difference::columns_of;
pub use difference::{ColumnOrder, Difference, difference, without_extensions_left};
pub use sqlite::{Stored, sentences};

/// The query for a dialect: one column of sentences, in no stated order. For
/// SQLite it is what [`sqlite::sentences`] takes.
#[must_use]
pub fn select(dialect: Dialect, ledger: &Ledger) -> String {
    let tables = ledger.tables().map(|table| text(&table, dialect));
    let own = tables.join(", ");
    let query = match dialect {
        Dialect::Sqlite => sqlite::QUERY,
        Dialect::Postgres => postgres::QUERY,
        Dialect::Mysql => mysql::QUERY,
    };
    query.replace("{own}", &own)
}

/// The statements that make a SQLite schema, tables first, each as its catalogue
/// keeps it: one column of text. The tables that a virtual table keeps its content
/// in are left out: it makes them itself.
#[must_use]
pub fn select_sqlite_dump(ledger: &Ledger) -> String {
    let tables = ledger.tables().map(|table| text(&table, Dialect::Sqlite));
    format!(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name NOT IN ({}) \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT IN \
         (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow') \
         ORDER BY type <> 'table', rowid",
        tables.join(", ")
    )
}
