//! One session with a PostgreSQL server, or with a pooler before it.

use std::time::Duration;

use futures_util::StreamExt as _;
use rev_core::{Dialect, Quoting};
use rev_engine::failure::DatabaseError;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Either, Executor as _};

use super::error::{from_sqlx, has_code, is_broken, on_connect};
use super::place::{Place, RUN_SETTING};
use super::remark::Remarks;
use super::witness::{Known, STARTED, Witness};
use crate::kind::{self, Wanted};
use crate::rows::LedgerRow as _;
use crate::silence::{Heard, Silence, attend, goodbye};

/// A session, and what it said of itself when it began.
#[derive(Debug)]
pub(super) struct Connection {
    inner: PgConnection,
    place: Place,
    /// How long it may be silent; zero while it begins, which has a limit of its own.
    silence_timeout: Duration,
    /// Why it was given up, if it was: nothing of it will ever be answered.
    pub(super) dead: Option<Silence>,
    /// Its process on the server.
    pub(super) process: String,
    /// When it began.
    pub(super) started: String,
    /// Whether the next transaction may be on another session.
    pub(super) is_pooled: bool,
    /// Names the database, whichever way it is reached.
    pub(super) database: String,
    /// Where unqualified names lead.
    pub(super) schema: Option<String>,
    /// Whether it follows another server and cannot be written.
    pub(super) is_standby: bool,
    /// Whether its transactions are read-only unless they ask for more.
    pub(super) is_read_only: bool,
    /// How it reads quoted text, by `standard_conforming_strings`.
    pub(super) quoting: Quoting,
    /// Whether the database has publications or subscriptions.
    pub(super) is_replicated: bool,
    /// What the server remarked since they were last taken.
    pub(super) remarks: Remarks,
}

/// How far a text of several statements came.
#[derive(Debug)]
pub(super) struct Cut {
    /// How many of its statements were done.
    pub(super) done: usize,
    pub(super) error: sqlx::Error,
}

impl Connection {
    /// Begins a session.
    pub(super) async fn open(place: &Place) -> Result<Self, DatabaseError> {
        within_reach(place, Self::begin(place)).await
    }

    /// A pooler begins its server's sessions by packets of its own. So a setting
    /// that came with our packet is missing from the session behind it, or the
    /// pooler has refused to pass it on; no timing or luck is in this.
    async fn begin(place: &Place) -> Result<Self, DatabaseError> {
        let (inner, is_refused) = match place.marked().connect().await {
            Ok(inner) => (inner, false),
            Err(error) if has_code(&error, "08P01") => {
                let inner = place.plain().connect().await;
                (inner.map_err(|e| on_connect(&e, place))?, true)
            }
            Err(error) => return Err(told_apart(on_connect(&error, place), place).await),
        };
        let mut connection = Self {
            inner,
            place: place.clone(),
            silence_timeout: Duration::ZERO,
            dead: None,
            process: String::new(),
            started: String::new(),
            is_pooled: is_refused,
            database: String::new(),
            schema: None,
            is_standby: false,
            is_replicated: false,
            is_read_only: false,
            quoting: Dialect::Postgres.quoting(),
            remarks: Remarks::default(),
        };
        let facts = connection.rows(&facts()).await?;
        let row = facts.first().ok_or_else(|| DatabaseError::Connect {
            message: format!("{place} answers no query"),
        })?;
        let text = |index| row.text(index).map_err(|e| from_sqlx(&e));
        connection.process = text(0)?;
        connection.started = text(1)?;
        connection.database = text(2)?;
        connection.schema = row.maybe_text(3).map_err(|e| from_sqlx(&e))?;
        connection.is_standby = text(4)? == "t";
        connection.is_pooled |= text(5)? == "f";
        connection.is_read_only = text(6)? == "on";
        connection.is_replicated = text(7)? == "t";
        connection.quoting.backslash = text(8)? == "off";
        connection.silence_timeout = place.silence_timeout;
        Ok(connection)
    }

    /// The rows of one statement.
    pub(super) async fn rows(&mut self, text: &str) -> Result<Vec<PgRow>, DatabaseError> {
        let mut sets = self.sets(text).await.map_err(|cut| from_sqlx(&cut.error))?;
        Ok(sets.pop().unwrap_or_default())
    }

    /// The rows of each of several statements.
    pub(super) async fn sets(&mut self, text: &str) -> Result<Vec<Vec<PgRow>>, Cut> {
        if let Some(silence) = self.dead {
            return Err(Cut::silent(silence));
        }
        let witness = Witness::of(
            &self.place,
            &Known {
                process: &self.process,
                started: &self.started,
                is_pooled: self.is_pooled,
            },
        );
        let (remarks, limit, heard) =
            (self.remarks.clone(), self.silence_timeout, Heard::default());
        let running = remarks.gather(self.receive(text, &heard));
        match attend(running, limit, text.len(), &heard, || witness.look()).await {
            Ok(answer) => answer,
            Err(silence) => {
                self.dead = Some(silence);
                Err(Cut::silent(silence))
            }
        }
    }

    async fn receive(&mut self, text: &str, heard: &Heard) -> Result<Vec<Vec<PgRow>>, Cut> {
        let mut sets = Vec::new();
        let mut rows = Vec::new();
        let mut stream = self
            .inner
            .fetch_many(sqlx::raw_sql(AssertSqlSafe(text.to_owned())));
        while let Some(item) = stream.next().await {
            heard.more();
            match item {
                Ok(Either::Right(row)) => rows.push(row),
                Ok(Either::Left(_)) => sets.push(std::mem::take(&mut rows)),
                Err(error) => {
                    return Err(Cut {
                        done: sets.len(),
                        error,
                    });
                }
            }
        }
        Ok(sets)
    }

    /// The server's version, as `server_version_num` says it: 150004.
    pub(super) fn version(&self) -> u32 {
        self.inner.server_version_num().unwrap_or_default()
    }

    /// Ends the session.
    pub(super) async fn close(self) {
        if self.dead.is_none() {
            goodbye(self.inner.close()).await;
        }
    }
}

impl Cut {
    fn silent(silence: Silence) -> Self {
        Self {
            done: 0,
            error: silence.into_error(),
        }
    }

    /// Whether the session is of no more use.
    pub(super) fn is_broken(&self) -> bool {
        is_broken(&self.error)
    }
}

/// Begins a session, with all that is asked and set for it, in the time that this may take.
pub(super) async fn within_reach<T>(
    place: &Place,
    beginning: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    let begun = tokio::time::timeout(place.patience(), beginning).await;
    begun.unwrap_or_else(|_| {
        Err(DatabaseError::Connect {
            message: format!("{place}: no answer within {} s", place.patience().as_secs()),
        })
    })
}

/// The failure; of a server that does not speak as PostgreSQL does, with its name.
async fn told_apart(error: DatabaseError, place: &Place) -> DatabaseError {
    match (&error, place.address()) {
        (DatabaseError::NotOfItsKind { .. }, Some(address)) => {
            kind::named(error, place, address, Wanted::Postgres).await
        }
        _ => error,
    }
}

/// Settings, by `SET` or `SET LOCAL`, under which the server does not end a session for
/// being idle, whatever is the default of the role, the database or the server: the
/// guard's session is idle while a statement runs, and a transaction is idle while its
/// run waits for another database.
pub(super) fn endless(set: &str, version: u32) -> String {
    let since = [
        (0, "idle_in_transaction_session_timeout"),
        (140_000, "idle_session_timeout"),
        (170_000, "transaction_timeout"),
    ];
    let known = since.iter().filter(|(first, _)| version >= *first);
    known
        .map(|(_, setting)| format!("{set} {setting} = 0;\n"))
        .collect()
}

/// Process, start, database, schema, whether it is a standby, whether our packet
/// began it, whether it may only read, whether it publishes or subscribes.
fn facts() -> String {
    format!(
        "SELECT pg_catalog.pg_backend_pid()::text, \
         coalesce((SELECT {STARTED} FROM pg_catalog.pg_stat_activity \
                   WHERE pid = pg_catalog.pg_backend_pid()), ''), \
         (SELECT CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') \
                 THEN (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) \
                 ELSE pg_catalog.pg_postmaster_start_time()::text END) \
         || '/' || (SELECT oid::text FROM pg_catalog.pg_database \
                    WHERE datname = pg_catalog.current_database()), \
         pg_catalog.current_schema()::text, \
         CASE WHEN pg_catalog.pg_is_in_recovery() THEN 't' ELSE 'f' END, \
         CASE WHEN pg_catalog.current_setting('{RUN_SETTING}', true) IS NULL \
              THEN 'f' ELSE 't' END, \
         pg_catalog.current_setting('default_transaction_read_only'), \
         CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_publication) \
                OR EXISTS (SELECT FROM pg_catalog.pg_subscription_rel) \
              THEN 't' ELSE 'f' END, \
         pg_catalog.current_setting('standard_conforming_strings')"
    )
}
