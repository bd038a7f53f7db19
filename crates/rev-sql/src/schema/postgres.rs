//! PostgreSQL's catalogue: rows of its answers become a [`Schema`].
//!
//! Types, defaults, expressions and definitions are the server's own texts, asked
//! for under settings that make them the same wherever they mean the same. Three
//! things are read out of these texts: keys, checks and indexes in their parts.
//!
//! A constraint has no name here where it has the one that the server makes up. A
//! column is `serial` here where it is all that `serial` would make, and nothing
//! else; any other sequence stands by itself, with its owner.

mod cursor;
pub(super) mod default_name;
mod definition;
mod ground;
mod list;
pub(super) mod numbers;
mod reader;
mod rights;
mod rows;
mod select;
#[cfg(test)]
mod tests;
mod text;

use rev_core::Dialect;

use super::Schema;
use crate::ledger::{self, Ledger};

pub(super) use ground::name;
pub use ground::{Scope, Unreadable};
pub(super) use text::{expression, statement};

/// The statements, for a transaction of their own, under which the texts of two
/// databases are the same wherever they mean the same; `home`: the schema that a
/// name without a schema means.
#[must_use]
pub fn settings(home: &str) -> String {
    let home = ledger::name(home, Dialect::Postgres);
    format!(
        "SET LOCAL search_path = {home};\n\
         SET LOCAL timezone = 'UTC';\n\
         SET LOCAL datestyle = 'ISO, YMD';\n\
         SET LOCAL intervalstyle = 'postgres';\n\
         SET LOCAL bytea_output = 'hex';\n\
         SET LOCAL extra_float_digits = 1;\n\
         SET LOCAL quote_all_identifiers = off;\n\
         SET LOCAL jit = off;\n"
    )
}

/// The queries, several statements, that each give rows for [`schema`]; `version`:
/// the server's `server_version_num`.
#[must_use]
pub fn select(ledger: &Ledger, scope: Scope, version: u32) -> String {
    let selection = select::Selection {
        ledger,
        scope,
        version,
    };
    selection.text()
}

/// The schema that these rows describe, in whatever order.
///
/// # Errors
///
/// [`Unreadable`].
pub fn schema(rows: &[String], home: &str) -> Result<Schema, Unreadable> {
    reader::Reader::new(home).read(rows)
}
