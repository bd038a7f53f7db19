//! One session with a MySQL or MariaDB server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use rev_core::{Dialect, Quoting};
use rev_engine::failure::DatabaseError;
use rev_sql::ledger;
use rev_sql::session::MYSQL_BEGINNING;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Either, Executor as _};

use super::capabilities::Capabilities;
use super::error::{from_sqlx, on_connect};
use super::place::Place;
use super::witness::Witness;
use crate::kind::{self, Wanted};
use crate::rows::LedgerRow as _;
use crate::silence::{Heard, REACH, Silence, attend, goodbye};

/// A session, and what it said of itself when it began.
#[derive(Debug)]
pub(super) struct Connection {
    inner: MySqlConnection,
    place: Place,
    /// How long it may be silent; zero while it begins, which has a limit of its own.
    silence_timeout: Duration,
    /// Why it was given up, if it was: nothing of it will ever be answered.
    pub(super) dead: Option<Silence>,
    /// Its number on the server.
    pub(super) id: String,
    /// The lock that it holds for as long as it lives, under a name of its own:
    /// who holds it is this very session, though numbers may come back.
    pub(super) tag: String,
    /// Names the server, whichever way it is reached.
    pub(super) server: String,
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
        within_reach(place, Self::begin(place, run)).await
    }

    async fn begin(place: &Place, run: &str) -> Result<Self, DatabaseError> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let inner = match place.options().connect().await {
            Ok(inner) => inner,
            Err(error) => {
                let error = on_connect(&error, place);
                return Err(match error {
                    DatabaseError::NotOfItsKind { .. } => told_apart(error, place).await,
                    _ => error,
                });
            }
        };
        let mut connection = Self {
            inner,
            place: place.clone(),
            silence_timeout: Duration::ZERO,
            dead: None,
            server: String::new(),
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
        connection.server = text(2)?;
        connection.identity = format!("{}/{}", connection.server, connection.database);
        connection.capabilities = Capabilities::of(&text(4)?, &text(5)?);
        connection.quoting = rev_sql::split::quoting_of_mode(&text(7)?);
        connection.silence_timeout = place.silence_timeout;
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
        if let Some(silence) = self.dead {
            return Err(silence.into_error());
        }
        let (witness, limit) = (Witness::of(&self.place, self), self.silence_timeout);
        let heard = Heard::default();
        let running = self.receive(text, &heard);
        let waited = attend(running, limit, text.len(), &heard, || witness.look()).await;
        waited.unwrap_or_else(|silence| {
            self.dead = Some(silence);
            Err(silence.into_error())
        })
    }

    async fn receive(&mut self, text: &str, heard: &Heard) -> Result<Vec<Set>, sqlx::Error> {
        let mut sets = Vec::new();
        let mut rows = Vec::new();
        let mut stream = self
            .inner
            .fetch_many(sqlx::raw_sql(AssertSqlSafe(text.to_owned())));
        while let Some(item) = stream.next().await {
            heard.more();
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
    pub(super) async fn run(&mut self, text: &str, tell: impl FnMut(usize)) -> Result<usize, Cut> {
        let silent = |silence: Silence| Cut {
            answers: 0,
            error: silence.into_error(),
        };
        if let Some(silence) = self.dead {
            return Err(silent(silence));
        }
        let (witness, limit) = (Witness::of(&self.place, self), self.silence_timeout);
        let heard = Heard::default();
        let running = self.count(text, &heard, tell);
        let waited = attend(running, limit, text.len(), &heard, || witness.look()).await;
        waited.unwrap_or_else(|silence| {
            self.dead = Some(silence);
            Err(silent(silence))
        })
    }

    async fn count(
        &mut self,
        text: &str,
        heard: &Heard,
        mut tell: impl FnMut(usize),
    ) -> Result<usize, Cut> {
        let mut answers = 0;
        let mut stream = self
            .inner
            .fetch_many(sqlx::raw_sql(AssertSqlSafe(text.to_owned())));
        while let Some(item) = stream.next().await {
            heard.more();
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
        if self.dead.is_none() {
            goodbye(self.inner.close()).await;
        }
    }
}

/// Begins a session, with all that is asked and set for it, in the time that this may take.
pub(super) async fn within_reach<T>(
    place: &Place,
    beginning: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    let begun = tokio::time::timeout(REACH, beginning).await;
    if let Ok(begun) = begun {
        return begun;
    }
    // A server of another kind, which waits for us to speak, is as silent as none.
    let message = format!("{place}: no answer within {} s", REACH.as_secs());
    Err(told_apart(DatabaseError::Connect { message }, place).await)
}

/// The failure, with the name of what answers there in the place of MySQL.
async fn told_apart(error: DatabaseError, place: &Place) -> DatabaseError {
    match place.address() {
        Some(address) => kind::named(error, place, address, Wanted::Mysql).await,
        None => error,
    }
}
