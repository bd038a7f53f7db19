//! Real SQLite files, written and read around the program under test.

use std::fmt::Write as _;
use std::future::Future;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, ValueRef as _};

use crate::engine::Engine;
pub use crate::memory::Memory;
use crate::server::Server;
use crate::session::{self, runtime};

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
    try_query(path, sql).expect("the test's query runs")
}

/// The same, or why not.
///
/// # Errors
///
/// The driver's.
pub fn try_query(path: &Path, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    block_on(async {
        let mut connection = open(path, false).await;
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut connection)
            .await;
        connection.close().await?;
        Ok(rows?.iter().map(line).collect())
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
    let runtime = runtime();
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
    session::block_on(future)
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
