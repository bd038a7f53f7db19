//! The guard, and the sessions that runs leave behind.
//!
//! The guard is a named lock of a connection of its own, so a kill frees it at
//! once. On a cluster such locks are each node's own: there a run has a lease, too
//! (`cluster`).

use std::time::Instant;

use rev_core::Dialect;
use rev_engine::database::{Guard, Holder, Sighting};
use rev_engine::failure::DatabaseError;
use rev_engine::journal::Session;
use rev_sql::ledger;
use sqlx::mysql::MySqlRow;

use super::Mysql;
use super::connection::{Connection, within_reach};
use super::error::from_sqlx;
use crate::rows::LedgerRow as _;
use crate::silence::Silence;
use crate::writing::is_fresh;

/// How often somebody looks whether a session that was ended is gone.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

impl Mysql {
    pub(super) async fn try_guard(&mut self) -> Result<Guard, DatabaseError> {
        let name = self.guard_name().await?;
        if self.work().await?.is_read_only {
            return Err(DatabaseError::ReadOnly {
                message: "the server's sessions begin with `transaction_read_only`: switch that \
                          off there, or use a server that takes writes"
                    .to_owned(),
            });
        }
        if let Some(mut work) = self.work.take_if(|_| !self.given_up.is_empty()) {
            let place = self.place.clone();
            let ended = within_reach(&place, self.end_given_up(&mut work)).await;
            self.work = Some(work);
            ended?;
        }
        if self.guard.is_none() {
            self.guard = Some(Connection::open(&self.place, &self.settings.run).await?);
        }
        let guard = self.guard.as_mut().expect("it was begun just now");
        match try_lock(guard, &name).await {
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

    /// Whether the guard's session still lives and has its lock, and the lease is still ours
    /// where one was taken.
    pub(super) async fn has_guard(&mut self) -> Result<bool, DatabaseError> {
        if self.has_lost_lease() {
            return Ok(false);
        }
        if is_fresh(self.guard_seen) {
            return Ok(true);
        }
        let name = self.guard_name().await?;
        let Some(guard) = &mut self.guard else {
            return Ok(false);
        };
        let question = format!("SELECT CAST(IS_USED_LOCK({name}) = CONNECTION_ID() AS CHAR)");
        let is_held = guard.rows(&question).await.is_ok_and(|rows| {
            let held = rows.first().and_then(|row| row.text(0).ok());
            held.as_deref() == Some("1")
        });
        match is_held {
            true => self.guard_seen = Some(Instant::now()),
            false => self.lose_guard(),
        }
        Ok(is_held && self.keeps_lease().await?)
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
            id: session.id.clone(),
            started: String::new(),
            tag: session.tag.clone(),
            node: None,
        });
    }

    /// Ends the sessions that were given up, so that what they did is decided, and nobody
    /// waits for what they hold.
    pub(super) async fn end_given_up(
        &mut self,
        connection: &mut Connection,
    ) -> Result<(), DatabaseError> {
        for session in &self.given_up {
            while session_on(connection, session).await?.is_some() {
                // It may be gone between the two.
                let _ = connection.rows(&format!("KILL {}", session.id)).await;
                tokio::time::sleep(PAUSE).await;
            }
        }
        self.given_up.clear();
        Ok(())
    }

    pub(super) async fn guard_holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        let name = self.guard_name().await?;
        holder(self.work().await?, &name).await
    }

    /// Lock names are the whole server's, and have 64 characters at most.
    async fn guard_name(&mut self) -> Result<String, DatabaseError> {
        let database = self.work().await?.database.clone();
        let whole = format!("{database}#{}", self.ledger.state_name());
        let digest = rev_core::digest::statement(&whole).to_string();
        Ok(ledger::text(
            &format!("rev:{}", &digest[..32]),
            Dialect::Mysql,
        ))
    }

    /// What a session is doing, if it still lives.
    pub(super) async fn look_for(&mut self, session: &Session) -> Result<Sighting, DatabaseError> {
        self.work().await?;
        let own = self.member.as_ref().map(|member| &member.node);
        if let Some(node) = &session.node
            && Some(node) != own
        {
            return self.look_elsewhere(session, node).await;
        }
        let doing = session_on(self.work().await?, session).await?;
        Ok(doing.map_or(Sighting::Gone, Sighting::AtWork))
    }

    pub(super) async fn terminate(&mut self, session: &Session) -> Result<(), DatabaseError> {
        while let Sighting::AtWork(_) = self.look_for(session).await? {
            // It may be gone between the two.
            let _ = self
                .work()
                .await?
                .rows(&format!("KILL {}", session.id))
                .await;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// What a session of this connection's server is doing, if it still lives.
pub(super) async fn session_on(
    server: &mut Connection,
    session: &Session,
) -> Result<Option<String>, DatabaseError> {
    let text = |text: &str| ledger::text(text, Dialect::Mysql);
    let question = format!(
        "SELECT CONCAT(COMMAND, ' for ', TIME, ' s', \
         COALESCE(CONCAT(': `', LEFT(INFO, 60), '`'), '')) \
         FROM information_schema.PROCESSLIST \
         WHERE ID = {} AND IS_USED_LOCK({}) = ID",
        text(&session.id),
        text(&session.tag)
    );
    let rows = server.rows(&question).await?;
    rows.first()
        .map(|row| row.text(0))
        .transpose()
        .map_err(|e| from_sqlx(&e))
}

async fn try_lock(guard: &mut Connection, name: &str) -> Result<Guard, DatabaseError> {
    let rows = guard
        .rows(&format!("SELECT CAST(GET_LOCK({name}, 0) AS CHAR)"))
        .await?;
    let taken = rows.first().and_then(|row| row.text(0).ok());
    if taken.as_deref() == Some("1") {
        return Ok(Guard::Taken);
    }
    Ok(Guard::Held(holder(guard, name).await?))
}

/// Who has the lock of this name.
async fn holder(session: &mut Connection, name: &str) -> Result<Option<Holder>, DatabaseError> {
    let rows = session
        .rows(&format!(
            "SELECT CONCAT(USER, '@', HOST), CAST(ID AS SIGNED), \
             DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL TIME SECOND, '%Y-%m-%dT%H:%i:%sZ') \
             FROM information_schema.PROCESSLIST WHERE ID = IS_USED_LOCK({name})"
        ))
        .await?;
    Ok(rows.first().and_then(read))
}

fn read(row: &MySqlRow) -> Option<Holder> {
    Some(Holder {
        operator: row.text(0).ok()?,
        process: row.number(1).ok()?.try_into().ok()?,
        since: row.text(2).ok()?,
        node: None,
    })
}
