//! The ledger's rows, read alike from every driver.

use rev_core::Applied;
use rev_engine::database::{DatabaseError, LogEntry};
use rev_sql::ledger::{self, StoredRow};
use sqlx::{ColumnIndex, Decode, Error, Row};

/// A row from which texts and whole numbers can be read by position.
///
/// Types are not checked: the ledger's columns have their types by its own
/// `CREATE TABLE`, and drivers differ in what they call them.
pub(crate) trait LedgerRow {
    /// A text.
    fn text(&self, index: usize) -> Result<String, Error>;
    /// A text, or NULL.
    fn maybe_text(&self, index: usize) -> Result<Option<String>, Error>;
    /// A number.
    fn number(&self, index: usize) -> Result<i64, Error>;
}

impl<R> LedgerRow for R
where
    R: Row,
    usize: ColumnIndex<R>,
    String: for<'r> Decode<'r, R::Database>,
    Option<String>: for<'r> Decode<'r, R::Database>,
    i64: for<'r> Decode<'r, R::Database>,
{
    fn text(&self, index: usize) -> Result<String, Error> {
        self.try_get_unchecked(index)
    }

    fn maybe_text(&self, index: usize) -> Result<Option<String>, Error> {
        self.try_get_unchecked(index)
    }

    fn number(&self, index: usize) -> Result<i64, Error> {
        self.try_get_unchecked(index)
    }
}

/// What `rev_state` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) generation: u64,
    pub(crate) in_flight: Option<String>,
}

/// Reads the one row of `rev_state`: format, generation, what is in flight.
pub(crate) fn state(row: &impl LedgerRow) -> Result<State, DatabaseError> {
    let found = row.number(0).map_err(|e| damaged(&e))?;
    if found > ledger::FORMAT {
        return Err(DatabaseError::NewerLedger {
            found,
            known: ledger::FORMAT,
        });
    }
    let generation = row.number(1).map_err(|e| damaged(&e))?;
    let generation = u64::try_from(generation).map_err(|_| DatabaseError::Damaged {
        message: format!("its generation is {generation}"),
    })?;
    Ok(State {
        generation,
        in_flight: row.maybe_text(2).map_err(|e| damaged(&e))?,
    })
}

/// Reads a row of `rev_ledger`.
pub(crate) fn applied(row: &impl LedgerRow) -> Result<Applied, DatabaseError> {
    let row = stored(row).map_err(|e| damaged(&e))?;
    row.read().map_err(|e| DatabaseError::Damaged {
        message: e.to_string(),
    })
}

fn stored(row: &impl LedgerRow) -> Result<StoredRow, Error> {
    Ok(StoredRow {
        revision: row.text(0)?,
        parents: row.text(1)?,
        dependencies: row.text(2)?,
        message: row.text(3)?,
        upgrade_digest: row.text(4)?,
        downgrade_digest: row.text(5)?,
        revision_digest: row.text(6)?,
        downgrade: row.maybe_text(7)?,
        transaction_mode: row.text(8)?,
        through: row.maybe_text(9)?,
    })
}

/// The first column of each row.
pub(crate) fn texts(rows: &[impl LedgerRow]) -> Result<Vec<String>, DatabaseError> {
    let texts = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>();
    texts.map_err(|e| DatabaseError::Other {
        message: e.to_string(),
    })
}

/// The first column of each row, sorted.
pub(crate) fn sorted_texts(rows: &[impl LedgerRow]) -> Result<Vec<String>, DatabaseError> {
    let mut texts = texts(rows)?;
    texts.sort_unstable();
    Ok(texts)
}

/// Reads a row of `rev_log`.
pub(crate) fn log_entry(row: &impl LedgerRow) -> Result<LogEntry, DatabaseError> {
    let read = || -> Result<LogEntry, Error> {
        let count = |index| {
            row.number(index)
                .map(|n| u64::try_from(n).unwrap_or_default())
        };
        Ok(LogEntry {
            sequence: row.number(0)?,
            run: row.text(1)?,
            action: row.text(2)?,
            revision: row.text(3)?,
            outcome: row.text(4)?,
            plan: row.text(5)?,
            statement: count(6)?,
            error: row.text(7)?,
            started: row.text(8)?,
            elapsed_ms: count(9)?,
            operator: row.text(10)?,
            version: row.text(11)?,
        })
    };
    read().map_err(|e| damaged(&e))
}

/// A ledger whose rows are not what this program writes.
pub(crate) fn damaged(error: &Error) -> DatabaseError {
    DatabaseError::Damaged {
        message: error
            .as_database_error()
            .map_or_else(|| error.to_string(), |fault| fault.message().to_owned()),
    }
}

/// Whether the ledger's tables are there: all of them, or none.
pub(crate) fn has_all(
    ledger: &ledger::Ledger,
    found: &[impl LedgerRow],
) -> Result<bool, DatabaseError> {
    let found: Vec<String> = found
        .iter()
        .map(|row| row.text(0))
        .collect::<Result<_, _>>()
        .map_err(|e| damaged(&e))?;
    let tables = ledger.tables();
    match tables.iter().find(|table| !found.contains(table)) {
        Some(missing) if !found.is_empty() => Err(DatabaseError::Damaged {
            message: format!("its table `{missing}` is missing"),
        }),
        missing => Ok(missing.is_none()),
    }
}
