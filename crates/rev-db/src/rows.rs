//! The ledger's rows, read alike from every driver.

use rev_core::Applied;
use rev_engine::database::{Database, LogEntry};
use rev_engine::failure::{DatabaseError, Part};
use rev_sql::ledger::{self, Ledger, StoredRow};
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
    let state = |e: Error| DatabaseError::damaged(Part::State, words(&e));
    let found = row.number(0).map_err(state)?;
    if found > ledger::FORMAT {
        return Err(DatabaseError::NewerLedger {
            found,
            known: ledger::FORMAT,
        });
    }
    if found < 1 {
        let message = "its format is none that a run has left";
        return Err(DatabaseError::damaged(Part::State, message));
    }
    let generation = row.number(1).map_err(state)?;
    if !(0..=ledger::LAST_GENERATION).contains(&generation) {
        let message = "its generation is none that a run has left";
        return Err(DatabaseError::damaged(Part::State, message));
    }
    Ok(State {
        generation: generation.unsigned_abs(),
        in_flight: row.maybe_text(2).map_err(|e| {
            let message = format!("what is in flight cannot be read: {}", words(&e));
            DatabaseError::damaged(Part::InFlight, message)
        })?,
    })
}

/// Reads a row of `rev_ledger`.
pub(crate) fn applied(row: &impl LedgerRow) -> Result<Applied, DatabaseError> {
    stored(row)?.read().map_err(|error| {
        let part = Part::Row {
            revision: error.revision.clone(),
            column: error.column,
        };
        DatabaseError::damaged(part, error)
    })
}

fn stored(row: &impl LedgerRow) -> Result<StoredRow, DatabaseError> {
    let revision = row.text(0).map_err(|e| damaged(&e))?;
    let unread = |column: &'static str| {
        let revision = revision.clone();
        move |e: Error| {
            let message = format!(
                "the row of revision `{revision}` cannot be read: its `{column}`: {}",
                words(&e)
            );
            DatabaseError::damaged(Part::Row { revision, column }, message)
        }
    };
    let text = |index, column| row.text(index).map_err(unread(column));
    let maybe = |index, column| row.maybe_text(index).map_err(unread(column));
    Ok(StoredRow {
        parents: text(1, "parents")?,
        dependencies: text(2, "dependencies")?,
        message: text(3, "message")?,
        upgrade_digest: text(4, "upgrade_digest")?,
        downgrade_digest: text(5, "downgrade_digest")?,
        revision_digest: text(6, "revision_digest")?,
        downgrade: maybe(7, "downgrade")?,
        transaction_mode: text(8, "transaction_mode")?,
        through: maybe(9, "through")?,
        revision: revision.clone(),
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
    DatabaseError::damaged(Part::Other, words(error))
}

/// What a driver says of what it cannot read.
fn words(error: &Error) -> String {
    let fault = error.as_database_error();
    fault.map_or_else(|| error.to_string(), |fault| fault.message().to_owned())
}

/// The actions that the log has as done, and their revisions; none where there is no log.
pub(crate) async fn done(
    database: &mut dyn Database,
    ledger: &Ledger,
) -> Result<Vec<(String, String)>, DatabaseError> {
    let tables = database.ask(&ledger.select_tables()).await?;
    if !tables.contains(&ledger.log_table()) {
        return Ok(Vec::new());
    }
    let actions = database.ask(&ledger.select_done("action")).await?;
    let revisions = database.ask(&ledger.select_done("revision")).await?;
    Ok(actions.into_iter().zip(revisions).collect())
}

/// A state that has lost its row.
pub(crate) fn no_state() -> DatabaseError {
    DatabaseError::damaged(Part::State, "its state has no row")
}

/// Tables that are missing beside others.
pub(crate) fn missing(tables: Vec<String>) -> DatabaseError {
    let names: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    let message = match &names[..] {
        [name] => format!("its table {name} is missing"),
        names => format!("its tables {} are missing", names.join(" and ")),
    };
    DatabaseError::damaged(Part::Tables(tables), message)
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
    let mut lost = ledger.tables().to_vec();
    lost.retain(|table| !found.contains(table));
    match lost.is_empty() {
        false if !found.is_empty() => Err(missing(lost)),
        has_all => Ok(has_all),
    }
}
