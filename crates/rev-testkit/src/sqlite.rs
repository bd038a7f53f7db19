//! Real SQLite files, written and read around the program under test.

use std::fmt::Write as _;
use std::future::Future;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, ValueRef as _};

use crate::scratch::Engine;
use crate::server::Server;

/// Runs SQL on a file, which is made if it is missing.
///
/// # Panics
///
/// Where the file cannot be opened or the SQL fails.
pub fn execute(path: &Path, sql: &str) {
    try_execute(path, sql).expect("the test's SQL runs");
}

/// The same, or why not.
///
/// # Errors
///
/// The driver's.
pub fn try_execute(path: &Path, sql: &str) -> Result<(), sqlx::Error> {
    block_on(async {
        let mut connection = open(path, true).await;
        let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await;
        connection.close().await?;
        done.map(drop)
    })
}

/// The rows of a query, a line each, columns parted by `|`. May write, since
/// only a writer can undo what a killed one has left half done.
///
/// # Panics
///
/// Where the file cannot be read or the query fails.
#[must_use]
pub fn query(path: &Path, sql: &str) -> Vec<String> {
    block_on(async {
        let mut connection = open(path, false).await;
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut connection)
            .await
            .expect("the test's query runs");
        connection.close().await.expect("the file closes");
        rows.iter().map(line).collect()
    })
}

/// Whether somebody lets nobody read a file just now.
#[must_use]
pub fn is_locked(path: &Path) -> bool {
    block_on(async {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let options = options.busy_timeout(std::time::Duration::ZERO);
        let Ok(mut connection) = options.connect().await else {
            return false;
        };
        let read = sqlx::raw_sql("SELECT count(*) FROM sqlite_schema")
            .fetch_all(&mut connection)
            .await;
        read.is_err_and(|error| error.to_string().contains("is locked"))
    })
}

/// The whole schema and every row of every table, but for the tables whose
/// names begin with `except`; sorted, so that equal contents give equal texts.
///
/// # Panics
///
/// Where the file cannot be read.
#[must_use]
pub fn dump(path: &Path, except: &str) -> String {
    let mut text = String::new();
    let tables = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    let is_excepted = |name: &str| !except.is_empty() && name.starts_with(except);
    for row in query(path, schema) {
        if !row.split('|').any(is_excepted) {
            let _ = writeln!(text, "{row}");
        }
    }
    for table in query(path, tables) {
        let name = table.split('|').next().unwrap_or_default();
        if is_excepted(name) {
            continue;
        }
        let mut rows = query(path, &format!("SELECT * FROM \"{name}\""));
        rows.sort();
        for row in rows {
            let _ = writeln!(text, "{name}: {row}");
        }
    }
    text
}

/// A connection that holds a lock until it is dropped.
#[derive(Debug)]
pub struct Held {
    runtime: tokio::runtime::Runtime,
    connection: Option<SqliteConnection>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = self.runtime.block_on(connection.close());
        }
    }
}

/// Runs SQL that takes a lock, and keeps its connection open.
///
/// # Panics
///
/// Where the file cannot be opened or the SQL fails.
#[must_use]
pub fn hold(path: &Path, sql: &str) -> Held {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let connection = runtime.block_on(async {
        let mut connection = open(path, false).await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .expect("the test's SQL runs");
        connection
    });
    Held {
        runtime,
        connection: Some(connection),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Server::at(Engine::Sqlite, "").record();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(future)
}

async fn open(path: &Path, create: bool) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .connect()
        .await
        .expect("the file opens")
}

fn line(row: &SqliteRow) -> String {
    let value = |index: usize| {
        let raw = row.try_get_raw(index).expect("the column is there");
        if raw.is_null() {
            return "NULL".to_owned();
        }
        row.try_get_unchecked::<String, _>(index)
            .expect("SQLite gives any value as text")
    };
    let columns: Vec<String> = (0..row.columns().len()).map(value).collect();
    columns.join("|")
}

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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime is built");
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
