//! One session with a MySQL or MariaDB server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use rev_core::{Dialect, Quoting};
use rev_engine::database::DatabaseError;
use rev_sql::ledger;
use rev_sql::session::MYSQL_BEGINNING;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Either, Executor as _};

use super::capabilities::Capabilities;
use super::error::{from_sqlx, on_connect};
use super::place::Place;
use crate::rows::LedgerRow as _;

/// How long reaching a server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A session, and what it said of itself when it began.
#[derive(Debug)]
pub(super) struct Connection {
    inner: MySqlConnection,
    /// Its number on the server.
    pub(super) id: String,
    /// The lock that it holds for as long as it lives, under a name of its own:
    /// who holds it is this very session, though numbers may come back.
    pub(super) tag: String,
    /// Names the server and the database, whichever way they are reached.
    pub(super) identity: String,
    /// The database.
    pub(super) database: String,
    /// What its server can do.
    pub(super) capabilities: Capabilities,
    /// How it reads quoted text, by its `sql_mode`.
    pub(super) quoting: Quoting,
    /// Whether its transactions are read-only unless they ask for more.
    pub(super) is_read_only: bool,
}

/// What one statement of several gave.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) rows: Vec<MySqlRow>,
}

/// Where an error cut several statements off.
#[derive(Debug)]
pub(super) struct Cut {
    /// How many answers there were before.
    pub(super) answers: usize,
    pub(super) error: sqlx::Error,
}

impl Connection {
    /// Begins a session of this run.
    pub(super) async fn open(place: &Place, run: &str) -> Result<Self, DatabaseError> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let connect = place.options().connect();
        let inner = match tokio::time::timeout(PATIENCE, connect).await {
            Ok(inner) => inner.map_err(|e| on_connect(&e, place))?,
            Err(_) => {
                return Err(DatabaseError::Connect {
                    message: format!("{place}: no answer within {} s", PATIENCE.as_secs()),
                });
            }
        };
        let mut connection = Self {
            inner,
            id: String::new(),
            tag: format!("rev:{run}:{}", NUMBER.fetch_add(1, Ordering::Relaxed)),
            identity: String::new(),
            database: String::new(),
            capabilities: Capabilities::default(),
            is_read_only: false,
            quoting: Dialect::Mysql.quoting(),
        };
        let tag = ledger::text(&connection.tag, Dialect::Mysql);
        let rows = connection
            .rows(&format!(
                "{MYSQL_BEGINNING};\n\
                 SELECT CAST(CONNECTION_ID() AS CHAR), DATABASE(), \
                 CONCAT(@@hostname, ':', @@port, ':', @@datadir), \
                 CAST(GET_LOCK({tag}, 0) AS CHAR), VERSION(), @@version_comment, \
                 CAST(/*!50720 @@transaction_read_only */ /*M! @@tx_read_only */ AS CHAR), \
                 @@sql_mode"
            ))
            .await?;
        let row = rows.first().ok_or_else(|| DatabaseError::Connect {
            message: format!("{place} answers no query"),
        })?;
        let text = |index| row.text(index).map_err(|e| from_sqlx(&e));
        connection.id = text(0)?;
        connection.database = text(1)?;
        connection.is_read_only = matches!(text(6)?.as_str(), "1" | "ON");
        connection.identity = format!("{}/{}", text(2)?, connection.database);
        connection.capabilities = Capabilities::of(&text(4)?, &text(5)?);
        connection.quoting = rev_sql::split::quoting_of_mode(&text(7)?);
        Ok(connection)
    }

    /// The rows of one statement.
    pub(super) async fn rows(&mut self, text: &str) -> Result<Vec<MySqlRow>, DatabaseError> {
        let mut sets = self.sets(text).await.map_err(|e| from_sqlx(&e))?;
        Ok(sets.pop().unwrap_or_default().rows)
    }

    /// What each of several statements gave; none is sent after one that failed.
    /// Nothing is prepared: not every statement can be.
    pub(super) async fn sets(&mut self, text: &str) -> Result<Vec<Set>, sqlx::Error> {
        let mut sets = Vec::new();
        let mut rows = Vec::new();
        let mut stream = self
            .inner
            .fetch_many(sqlx::raw_sql(AssertSqlSafe(text.to_owned())));
        while let Some(item) = stream.next().await {
            match item? {
                Either::Right(row) => rows.push(row),
                Either::Left(_) => sets.push(Set {
                    rows: std::mem::take(&mut rows),
                }),
            }
        }
        Ok(sets)
    }

    /// Runs several statements and keeps no rows: how many answers they gave. Tells
    /// how many there are by now after each.
    pub(super) async fn run(
        &mut self,
        text: &str,
        mut tell: impl FnMut(usize),
    ) -> Result<usize, Cut> {
        let mut answers = 0;
        let mut stream = self
            .inner
            .fetch_many(sqlx::raw_sql(AssertSqlSafe(text.to_owned())));
        while let Some(item) = stream.next().await {
            match item {
                Ok(Either::Right(_)) => {}
                Ok(Either::Left(_)) => {
                    answers += 1;
                    tell(answers);
                }
                Err(error) => return Err(Cut { answers, error }),
            }
        }
        Ok(answers)
    }

    /// Ends the session.
    pub(super) async fn close(self) {
        // It is of no more use, whatever the server says.
        let _ = self.inner.close().await;
    }
}
