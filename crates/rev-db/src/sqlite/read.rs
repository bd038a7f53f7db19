//! Reading a ledger and its log, in such a manner that nothing is left behind.

use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rev_core::Dialect;
use rev_engine::database::{Ledger, LogEntry};
use rev_engine::failure::{DatabaseError, Part};
use rev_sql::schema::{Stored, sentences};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _};

use super::error::from_sqlx;
use super::{Sqlite, run};
use crate::rows::{self, LedgerRow as _, State};

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

/// What reading through a connection comes to.
pub(super) type Reading<'a, T> = BoxFuture<'a, Result<T, DatabaseError>>;

impl Sqlite {
    pub(super) async fn read_ledger(&mut self) -> Result<Ledger, DatabaseError> {
        self.look(|sqlite, connection| sqlite.read_through(connection).boxed())
            .await
    }

    pub(super) async fn read_log(&mut self) -> Result<Vec<LogEntry>, DatabaseError> {
        self.look(|sqlite, connection| sqlite.log_through(connection).boxed())
            .await
    }

    pub(super) async fn read_schema(&mut self) -> Result<Vec<String>, DatabaseError> {
        self.look(|sqlite, connection| sqlite.schema_through(connection).boxed())
            .await
    }

    /// The first column of what a query gives.
    pub(super) async fn answer(&mut self, question: String) -> Result<Vec<String>, DatabaseError> {
        let question: Arc<str> = question.into();
        self.look(move |sqlite, connection| {
            sqlite.answer_through(question.clone(), connection).boxed()
        })
        .await
    }

    async fn answer_through(
        &self,
        question: Arc<str>,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<String>, DatabaseError> {
        let found = sqlx::raw_sql(AssertSqlSafe(question.to_string()))
            .fetch_all(connection)
            .await
            .map_err(|e| from_sqlx(&self.place.path, &e))?;
        rows::texts(&found)
    }

    /// Reads through a connection of the fitting manner, in another one where
    /// that cannot be relied on; where there is no file there is nothing.
    pub(super) async fn look<T: Default>(
        &mut self,
        read: impl for<'a> Fn(&'a Sqlite, &'a mut SqliteConnection) -> Reading<'a, T>,
    ) -> Result<T, DatabaseError> {
        if self.settings.is_throw_away
            && let Some(mut writer) = self.writer.take()
        {
            // Nobody else has it open, so nobody is disturbed.
            let result = read(self, &mut writer).await;
            // A snapshot for reading ends here; where there is none this fails, and may.
            let _ = run(&mut writer, "ROLLBACK").await;
            self.writer = Some(writer);
            return result;
        }
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
        let state = read_state(connection, &self.ledger.select_state(), &self.place.path).await?;
        let rows = sqlx::raw_sql(AssertSqlSafe(self.ledger.select_rows()))
            .fetch_all(&mut *connection)
            .await
            .map_err(|e| rows::damaged(&e))?;
        Ok(Ledger {
            generation: state.generation,
            rows: rows.iter().map(rows::applied).collect::<Result<_, _>>()?,
            in_flight: state.in_flight,
        })
    }

    pub(super) async fn read_dump(&mut self) -> Result<Vec<String>, DatabaseError> {
        self.look(|sqlite, connection| sqlite.dump_through(connection).boxed())
            .await
    }

    async fn dump_through(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<String>, DatabaseError> {
        let text = rev_sql::schema::select_sqlite_dump(&self.ledger);
        let found = sqlx::raw_sql(AssertSqlSafe(text))
            .fetch_all(connection)
            .await
            .map_err(|e| from_sqlx(&self.place.path, &e))?;
        rows::texts(&found)
    }

    async fn schema_through(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<String>, DatabaseError> {
        let text = rev_sql::schema::select(Dialect::Sqlite, &self.ledger);
        let found = sqlx::raw_sql(AssertSqlSafe(text))
            .fetch_all(connection)
            .await
            .map_err(|e| from_sqlx(&self.place.path, &e))?;
        let stored = |row: &SqliteRow| {
            Ok(Stored {
                kind: row.text(0)?,
                name: row.text(1)?,
                text: row.text(2)?,
            })
        };
        let stored = found.iter().map(stored).collect::<Result<Vec<_>, _>>();
        let stored = stored.map_err(|e| from_sqlx(&self.place.path, &e))?;
        Ok(sentences(&stored))
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
            .map_err(|e| rows::damaged(&e))?;
        rows.iter().map(rows::log_entry).collect()
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
        rows::has_all(&self.ledger, &rows)
    }

    pub(super) async fn read_state(&mut self) -> Result<State, DatabaseError> {
        let (sql, path) = (self.ledger.select_state(), self.place.path.clone());
        read_state(self.connection(), &sql, &path).await
    }
}

/// Reads `rev_state`, whose format is one known here.
async fn read_state(
    connection: &mut SqliteConnection,
    sql: &str,
    path: &Path,
) -> Result<State, DatabaseError> {
    let row = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .fetch_optional(connection)
        .await
        .map_err(|e| match from_sqlx(path, &e) {
            DatabaseError::Other { message } => DatabaseError::damaged(Part::Other, message),
            other => other,
        })?
        .ok_or_else(rows::no_state)?;
    rows::state(&row)
}
