//! Sessions with servers, for one text or for many.

use std::future::Future;

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ColumnIndex, Connection as _, Decode, Row};

/// Runs SQL on a PostgreSQL database.
///
/// # Errors
///
/// The driver's.
pub fn postgres(url: &str, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut connection)
            .await?;
        connection.close().await?;
        Ok(rows.iter().map(line).collect())
    })
}

/// A session that stays open, also after an error, for tests that would else log in
/// thousands of times.
#[derive(Debug)]
pub struct Session<C> {
    runtime: tokio::runtime::Runtime,
    connection: C,
}

/// A session with a PostgreSQL server.
pub type PostgresSession = Session<PgConnection>;

/// A session with a MySQL or MariaDB server.
pub type MysqlSession = Session<MySqlConnection>;

impl<C> Session<C>
where
    C: sqlx::Connection,
    for<'c> &'c mut C: sqlx::Executor<'c, Database = C::Database>,
    usize: ColumnIndex<<C::Database as sqlx::Database>::Row>,
    Option<String>: for<'r> Decode<'r, C::Database>,
{
    /// Begins a session.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let runtime = runtime();
        let connection = runtime.block_on(C::connect(url));
        Self {
            runtime,
            connection: connection.expect("the server answers"),
        }
    }

    /// The rows of one or several statements, a line each, columns parted by `|`.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub fn query(&mut self, sql: &str) -> Result<Vec<String>, sqlx::Error> {
        let running = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let rows = running.fetch_all(&mut self.connection);
        let rows = self.runtime.block_on(rows)?;
        Ok(rows.iter().map(line).collect())
    }
}

/// Runs SQL on a MySQL or MariaDB database.
///
/// # Errors
///
/// The driver's.
pub fn mysql(url: &str, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    block_on(async {
        let mut connection = MySqlConnection::connect(url).await?;
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut connection)
            .await?;
        connection.close().await?;
        Ok(rows.iter().map(line).collect())
    })
}

fn line<R>(row: &R) -> String
where
    R: Row,
    usize: ColumnIndex<R>,
    Option<String>: for<'r> Decode<'r, R::Database>,
{
    let columns = 0..row.len();
    let texts: Vec<String> = columns
        .map(|index| {
            let text: Option<String> = row.try_get_unchecked(index).unwrap_or_default();
            text.unwrap_or_else(|| "NULL".to_owned())
        })
        .collect();
    texts.join("|")
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
