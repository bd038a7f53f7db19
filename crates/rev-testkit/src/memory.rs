//! SQLite in memory.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};

use crate::session::runtime;

/// A database in memory, gone when dropped.
#[derive(Debug)]
pub struct Memory {
    runtime: tokio::runtime::Runtime,
    connection: SqliteConnection,
}

impl Memory {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// Where SQLite refuses.
    #[must_use]
    pub fn new() -> Self {
        let runtime = runtime();
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .disable_statement_logging();
        let connection = runtime.block_on(options.connect());
        Self {
            runtime,
            connection: connection.expect("a database in memory opens"),
        }
    }

    /// Runs SQL.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn execute(&mut self, sql: &str) -> Result<(), String> {
        let running = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection);
        let done = self.runtime.block_on(running);
        done.map(drop).map_err(|error| error.to_string())
    }

    /// The rows of a query, all of it as text.
    ///
    /// # Panics
    ///
    /// Where the query fails.
    pub fn rows(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        let fetching = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.connection);
        let rows = self.runtime.block_on(fetching);
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let text = |row: &SqliteRow, index| row.try_get_unchecked(index).expect("a text");
        rows.iter()
            .map(|row| (0..row.len()).map(|index| text(row, index)).collect())
            .collect()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}
