//! The guard, and the sessions that runs leave behind.

use std::time::Instant;

use rev_core::Dialect;
use rev_engine::database::{Guard, Holder, Sighting};
use rev_engine::failure::DatabaseError;
use rev_engine::journal::Session;
use rev_sql::ledger::{self, Ledger};
use sqlx::postgres::PgRow;

use super::Postgres;
use super::connection::{Connection, endless, within_reach};
use super::error::from_sqlx;
use super::witness::STARTED;
use crate::rows::LedgerRow as _;
use crate::silence::Silence;
use crate::writing::is_fresh;

/// How often somebody looks whether a session that was ended is gone.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// The number of the advisory lock of this ledger in this database; even, so
/// that the one beside it is free for making the tables.
fn key(database: &str, ledger: &Ledger) -> i64 {
    let name = format!("revgraph {database}#{}", ledger.state_name());
    let digest = rev_core::digest::statement(&name).to_string();
    let number = u64::from_str_radix(&digest[..16], 16).unwrap_or_default();
    (number & !1).cast_signed()
}

impl Postgres {
    /// The number of the advisory lock that guards this ledger.
    pub(super) async fn key(&mut self) -> Result<i64, DatabaseError> {
        let database = self.work().await?.database.clone();
        Ok(key(&database, &self.ledger))
    }

    /// Takes the lock of its own session. Behind a pooler each transaction takes
    /// it for itself.
    pub(super) async fn try_guard(&mut self) -> Result<Guard, DatabaseError> {
        let key = self.key().await?;
        let work = self.work().await?;
        if work.is_standby {
            return Err(DatabaseError::ReadOnly {
                message: "its server follows another one: use that one's URL".to_owned(),
            });
        }
        if work.is_read_only {
            return Err(DatabaseError::ReadOnly {
                message: "`default_transaction_read_only` is on for its role, its database or \
                          its server: switch it off there, or say \
                          `options=-cdefault_transaction_read_only%3Doff` in the URL"
                    .to_owned(),
            });
        }
        if work.is_pooled {
            let held = holder(work, key).await?;
            return Ok(held.map_or(Guard::Taken, Guard::Held));
        }
        if let Some(mut work) = self.work.take_if(|_| !self.given_up.is_empty()) {
            let place = self.place.clone();
            let ended = within_reach(&place, self.end_given_up(&mut work)).await;
            self.work = Some(work);
            ended?;
        }
        if self.guard.is_none() {
            let mut guard = Connection::open(&self.place).await?;
            guard.rows(&endless("SET", guard.version())).await?;
            self.guard = Some(guard);
        }
        let guard = self.guard.as_mut().expect("it was begun just now");
        match try_lock(guard, key).await {
            Ok(held) => {
                self.guard_seen = Some(Instant::now());
                Ok(held)
            }
            Err(error) => {
                self.lose_guard();
                Err(error)
            }
        }
    }

    /// Whether the guard's session still lives: its lock lives as long. Behind a pooler
    /// each transaction takes the guard for itself.
    pub(super) async fn has_guard(&mut self) -> Result<bool, DatabaseError> {
        if is_fresh(self.guard_seen) || self.work().await?.is_pooled {
            return Ok(true);
        }
        let Some(guard) = &mut self.guard else {
            return Ok(false);
        };
        let is_held = guard.rows("SELECT 1").await.is_ok();
        match is_held {
            true => self.guard_seen = Some(Instant::now()),
            false => self.lose_guard(),
        }
        Ok(is_held)
    }

    /// The guard's session is of no more use.
    fn lose_guard(&mut self) {
        if let Some(guard) = self.guard.take() {
            self.give_up(&guard);
        }
    }

    /// Remembers a session that has not answered: its server may not know that nobody
    /// listens, and keeps its locks and its transaction until then.
    pub(super) fn give_up(&mut self, session: &Connection) {
        let Some(silence) = session.dead else {
            return;
        };
        if let Silence::Nobody(_) = silence {
            self.unreachable = Some((Instant::now(), from_sqlx(&silence.into_error())));
        }
        self.given_up.push(Session {
            id: session.process.clone(),
            started: session.started.clone(),
            tag: self.place.session_name.clone(),
            node: None,
        });
    }

    /// Ends the sessions that were given up, so that what they did is decided, and nobody
    /// waits for what they hold. Behind a pooler that is whoever has our guard by our name.
    pub(super) async fn end_given_up(
        &mut self,
        session: &mut Connection,
    ) -> Result<(), DatabaseError> {
        if self.given_up.is_empty() {
            return Ok(());
        }
        let which = if session.is_pooled {
            let key = key(&session.database, &self.ledger);
            format!(
                "application_name = {} AND pid IN (SELECT pid FROM pg_catalog.pg_locks \
                 WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
                 AND ((classid::bigint << 32) | objid::bigint) = {key})",
                ledger::text(&self.place.session_name, Dialect::Postgres)
            )
        } else {
            let each: Vec<String> = self.given_up.iter().map(is_it).collect();
            format!("({})", each.join(") OR ("))
        };
        let text = format!(
            "SELECT pg_catalog.pg_terminate_backend(pid)::text \
             FROM pg_catalog.pg_stat_activity WHERE {which}"
        );
        session.rows(&text).await?;
        // One that is told to end is gone a moment later.
        let left = format!("SELECT pid::text FROM pg_catalog.pg_stat_activity WHERE {which}");
        while !session.rows(&left).await?.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
        self.given_up.clear();
        Ok(())
    }

    pub(super) async fn guard_holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        let key = self.key().await?;
        Ok(holder(self.work().await?, key).await?.flatten())
    }

    /// What a session is doing, if it still lives.
    pub(super) async fn look_for(&mut self, session: &Session) -> Result<Sighting, DatabaseError> {
        let text = format!(
            "SELECT CASE WHEN state = 'active' THEN 'it runs `' || left(query, 60) || '`' \
                    ELSE 'it is ' || coalesce(state, 'there') END \
             FROM pg_catalog.pg_stat_activity WHERE {}",
            is_it(session)
        );
        let rows = self.work().await?.rows(&text).await?;
        let doing = rows.first().map(|row| row.text(0)).transpose();
        let doing = doing.map_err(|e| from_sqlx(&e))?;
        Ok(doing.map_or(Sighting::Gone, Sighting::AtWork))
    }

    pub(super) async fn terminate(&mut self, session: &Session) -> Result<(), DatabaseError> {
        let text = format!(
            "SELECT pg_catalog.pg_terminate_backend(pid)::text \
             FROM pg_catalog.pg_stat_activity WHERE {}",
            is_it(session)
        );
        self.work().await?.rows(&text).await.map(drop)
    }
}

/// Process numbers come back, so start and name must match too.
fn is_it(session: &Session) -> String {
    let text = |text: &str| ledger::text(text, Dialect::Postgres);
    format!(
        "pid::text = {} AND {STARTED} = {} AND application_name = {}",
        text(&session.id),
        text(&session.started),
        text(&session.tag)
    )
}

async fn try_lock(guard: &mut Connection, key: i64) -> Result<Guard, DatabaseError> {
    let rows = guard
        .rows(&format!(
            "SELECT pg_catalog.pg_try_advisory_lock({key})::text"
        ))
        .await?;
    let taken = rows.first().and_then(|row| row.text(0).ok());
    if taken.as_deref() == Some("true") {
        return Ok(Guard::Taken);
    }
    Ok(Guard::Held(holder(guard, key).await?.flatten()))
}

/// Who has the lock of this number, and since when: for as long as its session lasts, or
/// behind a pooler its transaction. `None`: nobody; `Some(None)`: nobody knows who.
async fn holder(
    session: &mut Connection,
    key: i64,
) -> Result<Option<Option<Holder>>, DatabaseError> {
    // A lock number is stored as two halves.
    let rows = session
        .rows(&format!(
            "SELECT a.application_name, a.pid::bigint, \
             to_char(coalesce(a.xact_start, a.backend_start) AT TIME ZONE 'UTC', \
                     'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database \
                               WHERE datname = pg_catalog.current_database()) \
             AND ((l.classid::bigint << 32) | l.objid::bigint) = {key}"
        ))
        .await?;
    let read = |row: &PgRow| {
        Some(Holder {
            operator: operator(&row.text(0).ok()?),
            process: row.number(1).ok()?.try_into().ok()?,
            since: row.text(2).ok()?,
            node: None,
        })
    };
    Ok(rows.first().map(read))
}

/// Who works there, by the name of a session: `rev RUN OPERATOR`.
fn operator(name: &str) -> String {
    let mut words = name.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some("rev"), Some(_), Some(operator)) => operator.to_owned(),
        _ => name.to_owned(),
    }
}
