//! Reading a ledger and its log, in such a manner that nothing is left behind.

use std::path::Path;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rev_engine::database::{DatabaseError, Ledger, LogEntry};
use rev_sql::ledger::{self, StoredRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::error::from_sqlx;
use super::{Sqlite, run};

/// How a file is opened to be read.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// As if nobody could write it: makes no file beside it, and takes no lock.
    Alone,
    /// Beside others that may write it.
    Shared,
    /// With leave to undo what a killed writer has left.
    Mending,
}

impl Manner {
    fn of(self, options: SqliteConnectOptions) -> SqliteConnectOptions {
        match self {
            Manner::Alone => options.read_only(true).immutable(true),
            Manner::Shared => options.read_only(true),
            Manner::Mending => options,
        }
    }
}

/// Reads something through a connection that is open.
type Reading<T> =
    for<'a> fn(&'a Sqlite, &'a mut SqliteConnection) -> BoxFuture<'a, Result<T, DatabaseError>>;

impl Sqlite {
    pub(super) async fn read_ledger(&self) -> Result<Ledger, DatabaseError> {
        self.look(|sqlite, connection| sqlite.read_through(connection).boxed())
            .await
    }

    pub(super) async fn read_log(&self) -> Result<Vec<LogEntry>, DatabaseError> {
        self.look(|sqlite, connection| sqlite.log_through(connection).boxed())
            .await
    }

    /// Reads through a connection of the fitting manner, in another one where
    /// that cannot be relied on; where there is no file there is nothing.
    async fn look<T: Default>(&self, read: Reading<T>) -> Result<T, DatabaseError> {
        let mut manner = match self.place.exists()? {
            true if self.place.is_quiet_wal() => Manner::Alone,
            true => Manner::Shared,
            false => return Ok(T::default()),
        };
        loop {
            let mut connection = self.connect(manner.of(self.options())).await?;
            let result = read(self, &mut connection).await;
            let _ = connection.close().await;
            match self.other_manner(manner, result.as_ref().err()) {
                Some(other) => manner = other,
                None => return result,
            }
        }
    }

    /// How to read again, where reading in this manner cannot be relied on.
    fn other_manner(&self, manner: Manner, error: Option<&DatabaseError>) -> Option<Manner> {
        match manner {
            // Someone has opened the file meanwhile.
            Manner::Alone if self.place.has_wal() => Some(Manner::Shared),
            // A writer was killed, and what it left half done is still to be
            // undone, which only a connection that may write can do.
            Manner::Shared if self.place.can_write => {
                matches!(error, Some(DatabaseError::ReadOnly { .. })).then_some(Manner::Mending)
            }
            _ => None,
        }
    }

    async fn read_through(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Ledger, DatabaseError> {
        let failed = |e: sqlx::Error| from_sqlx(&self.place.path, &e);
        // One snapshot for all tables.
        run(connection, "BEGIN").await.map_err(failed)?;
        if !self.has_tables(connection).await? {
            return Ok(Ledger::default());
        }
        let (_, generation) =
            read_state(connection, &self.ledger.select_state(), &self.place.path).await?;
        let rows = sqlx::raw_sql(AssertSqlSafe(self.ledger.select_rows()))
            .fetch_all(&mut *connection)
            .await
            .map_err(|e| damaged(&e))?;
        let rows = rows
            .iter()
            .map(|row| {
                let row = stored_row(row).map_err(|e| damaged(&e))?;
                row.read().map_err(|e| DatabaseError::Damaged {
                    message: e.to_string(),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Ledger { generation, rows })
    }

    async fn log_through(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<LogEntry>, DatabaseError> {
        if !self.has_tables(connection).await? {
            return Ok(Vec::new());
        }
        let rows = sqlx::raw_sql(AssertSqlSafe(self.ledger.select_log()))
            .fetch_all(connection)
            .await
            .map_err(|e| damaged(&e))?;
        rows.iter()
            .map(|row| log_entry(row).map_err(|e| damaged(&e)))
            .collect()
    }

    /// Whether the ledger's tables are there: all of them, or none.
    pub(super) async fn has_tables(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<bool, DatabaseError> {
        let rows = sqlx::raw_sql(AssertSqlSafe(self.ledger.select_tables()))
            .fetch_all(connection)
            .await
            .map_err(|e| from_sqlx(&self.place.path, &e))?;
        let found: Vec<String> = rows
            .iter()
            .map(|row| row.try_get_unchecked(0))
            .collect::<Result<_, _>>()
            .map_err(|e| damaged(&e))?;
        let tables = self.ledger.tables();
        match tables.iter().find(|table| !found.contains(table)) {
            Some(missing) if !found.is_empty() => Err(DatabaseError::Damaged {
                message: format!("its table `{missing}` is missing"),
            }),
            missing => Ok(missing.is_none()),
        }
    }
}

/// The format, which is one known here, and the generation.
pub(super) async fn read_state(
    connection: &mut SqliteConnection,
    sql: &str,
    path: &Path,
) -> Result<(i64, u64), DatabaseError> {
    let row = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .fetch_optional(connection)
        .await
        .map_err(|e| match from_sqlx(path, &e) {
            DatabaseError::Other { message } => DatabaseError::Damaged { message },
            other => other,
        })?
        .ok_or_else(|| DatabaseError::Damaged {
            message: "its state has no row".to_owned(),
        })?;
    let format: i64 = row.try_get_unchecked(0).map_err(|e| damaged(&e))?;
    let generation: i64 = row.try_get_unchecked(1).map_err(|e| damaged(&e))?;
    if format > ledger::FORMAT {
        return Err(DatabaseError::NewerLedger {
            found: format,
            known: ledger::FORMAT,
        });
    }
    let generation = u64::try_from(generation).map_err(|_| DatabaseError::Damaged {
        message: format!("its generation is {generation}"),
    })?;
    Ok((format, generation))
}

fn damaged(error: &sqlx::Error) -> DatabaseError {
    DatabaseError::Damaged {
        message: error
            .as_database_error()
            .map_or_else(|| error.to_string(), |fault| fault.message().to_owned()),
    }
}

fn stored_row(row: &SqliteRow) -> Result<StoredRow, sqlx::Error> {
    Ok(StoredRow {
        revision: row.try_get_unchecked(0)?,
        parents: row.try_get_unchecked(1)?,
        dependencies: row.try_get_unchecked(2)?,
        message: row.try_get_unchecked(3)?,
        upgrade_digest: row.try_get_unchecked(4)?,
        downgrade_digest: row.try_get_unchecked(5)?,
        revision_digest: row.try_get_unchecked(6)?,
        downgrade: row.try_get_unchecked(7)?,
        transaction_mode: row.try_get_unchecked(8)?,
    })
}

fn log_entry(row: &SqliteRow) -> Result<LogEntry, sqlx::Error> {
    let number = |index: usize| -> Result<u64, sqlx::Error> {
        let value: i64 = row.try_get_unchecked(index)?;
        Ok(u64::try_from(value).unwrap_or_default())
    };
    Ok(LogEntry {
        sequence: row.try_get_unchecked(0)?,
        run: row.try_get_unchecked(1)?,
        action: row.try_get_unchecked(2)?,
        revision: row.try_get_unchecked(3)?,
        outcome: row.try_get_unchecked(4)?,
        plan: row.try_get_unchecked(5)?,
        statement: number(6)?,
        error: row.try_get_unchecked(7)?,
        started: row.try_get_unchecked(8)?,
        elapsed_ms: number(9)?,
        operator: row.try_get_unchecked(10)?,
        version: row.try_get_unchecked(11)?,
    })
}
