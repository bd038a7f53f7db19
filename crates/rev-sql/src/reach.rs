//! Which statements reach beyond their own database: what no throw-away database
//! may be told.
//!
//! A throw-away database stands beside live ones, on one server and under one login.
//! So a script that is replayed on it is read first: for names of other databases, for
//! what changes the server, for other files. Only what is written is seen: text that a
//! program puts together as it runs is seen as far as its pieces tell.

mod mysql;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;
mod words;

use rev_core::Dialect;

pub use words::{Neighbours, Reach};

/// The first thing that a statement reaches beyond its own database.
#[must_use]
pub fn reaches(statement: &str, dialect: Dialect, neighbours: &Neighbours) -> Option<Reach> {
    match dialect {
        Dialect::Mysql => mysql::reaches(statement, neighbours),
        Dialect::Postgres => postgres::reaches(statement),
        Dialect::Sqlite => sqlite::reaches(statement),
    }
}
