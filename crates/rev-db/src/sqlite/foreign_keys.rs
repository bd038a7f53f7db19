//! Foreign keys that lead nowhere, before and after a table was rebuilt.
//!
//! SQLite's rebuild of a table drops and renames, which with enforcement on
//! would delete or refuse the rows that refer to it. So enforcement is off
//! around such scripts, and what it would have caught is looked for afterwards.
//! Only new violations count: old ones are not this script's doing.

use std::collections::BTreeSet;
use std::fmt;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

/// A row whose reference leads nowhere. The number of its foreign key may change
/// with the table's definition, so it does not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    table: String,
    /// `None` in a table without row ids.
    row: Option<i64>,
    parent: String,
}

/// What a look at all foreign keys has found.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    violations: BTreeSet<Violation>,
    /// Why SQLite could not look: a key that does not fit the table it names.
    mismatch: Option<String>,
}

/// Looks at every foreign key of the database.
pub(super) async fn violations(connection: &mut SqliteConnection) -> Result<Found, sqlx::Error> {
    let rows = sqlx::raw_sql("PRAGMA foreign_key_check")
        .fetch_all(connection)
        .await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => {
            return match error.as_database_error() {
                Some(fault) if fault.message().starts_with("foreign key mismatch") => Ok(Found {
                    mismatch: Some(fault.message().to_owned()),
                    ..Found::default()
                }),
                _ => Err(error),
            };
        }
    };
    let violation = |row: &SqliteRow| {
        Ok(Violation {
            table: row.try_get_unchecked(0)?,
            row: row.try_get_unchecked(1)?,
            parent: row.try_get_unchecked(2)?,
        })
    };
    Ok(Found {
        violations: rows
            .iter()
            .map(violation)
            .collect::<Result<_, sqlx::Error>>()?,
        mismatch: None,
    })
}

impl Found {
    /// The violations that do not refer to one of these tables, named in small letters;
    /// whether SQLite could look counts for nothing.
    pub(super) fn without(mut self, tables: &BTreeSet<String>) -> Self {
        let is_other = |it: &Violation| !tables.contains(&it.parent.to_lowercase());
        self.violations.retain(is_other);
        self.mismatch = None;
        self
    }

    /// What is wrong now and was not before, as phrases. Where a mismatch kept
    /// SQLite from looking before, there is nothing to compare with.
    pub(super) fn new_ones(&self, before: &Found) -> Vec<String> {
        if before.mismatch.is_some() {
            return Vec::new();
        }
        let new = self.violations.difference(&before.violations);
        self.mismatch
            .iter()
            .cloned()
            .chain(new.map(ToString::to_string))
            .collect()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.table)?;
        if let Some(row) = self.row {
            write!(f, " row {row}")?;
        }
        write!(f, " refers to a missing row of `{}`", self.parent)
    }
}
