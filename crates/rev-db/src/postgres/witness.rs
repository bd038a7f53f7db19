//! What a second session says of one that has not answered for a while.

use rev_core::Dialect;
use rev_sql::ledger;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use super::error::account;
use super::place::Place;
use crate::rows::LedgerRow as _;
use crate::silence::{REACH, Seen, goodbye};

/// When a session began, as every session says it: time zone and style of dates are those of
/// whoever asks, and a script may change their defaults.
pub(super) const STARTED: &str =
    "pg_catalog.to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";

/// What is known of a session that may have to be asked after.
pub(super) struct Known<'a> {
    /// Its process on the server.
    pub(super) process: &'a str,
    /// When it began, as `STARTED` says it.
    pub(super) started: &'a str,
    /// Whether a pooler stands before the server.
    pub(super) is_pooled: bool,
}

/// Who asks after a session.
#[derive(Debug)]
pub(super) struct Witness {
    place: Place,
    question: String,
    is_pooled: bool,
}

impl Witness {
    /// For a session that was begun there.
    pub(super) fn of(place: &Place, session: &Known<'_>) -> Self {
        let text = |text: &str| ledger::text(text, Dialect::Postgres);
        let name = text(&place.session_name);
        let question = if session.is_pooled {
            // No process is ours for longer than a transaction. A pooler that passes our name
            // on tells it to us, too; of one that does not nothing is known.
            format!(
                "SELECT CASE WHEN pg_catalog.current_setting('application_name') <> {name} THEN 'unknown' \
                 WHEN EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE application_name = {name} \
                   AND datname = pg_catalog.current_database() AND state <> 'idle' \
                   AND state NOT LIKE 'idle in%' AND pid <> pg_catalog.pg_backend_pid()) \
                 THEN 'at work' ELSE 'idle' END"
            )
        } else {
            // A standby that answers instead knows nothing of its primary's sessions.
            format!(
                "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'unknown' \
                 ELSE coalesce((SELECT CASE WHEN state LIKE 'idle%' THEN 'idle' \
                     WHEN state IS NULL OR state = 'disabled' THEN 'unknown' ELSE 'at work' END \
                   FROM pg_catalog.pg_stat_activity WHERE pid::text = {} AND {STARTED} = {}), \
                   'idle') END",
                text(session.process),
                text(session.started)
            )
        };
        Self {
            place: place.clone(),
            question,
            is_pooled: session.is_pooled,
        }
    }

    /// Asks, by a session of its own; `None`: no answer.
    pub(super) async fn look(&self) -> Option<Seen> {
        let asking = self.ask(self.place.plain(), &self.question);
        if !self.is_pooled {
            return asking.await;
        }
        // A pooler lets us in and keeps us waiting where its server is silent, but also where
        // all its sessions of this database are taken, perhaps by the very one that we ask
        // after. Another database has sessions of its own.
        let beside = async {
            tokio::time::sleep(REACH.min(self.place.silence_timeout) / 2).await;
            self.ask(self.place.beside(), "SELECT 'unknown'").await
        };
        tokio::select! {
            biased;
            // One that turns us away has not answered for its server.
            Some(seen) = asking => Some(seen),
            seen = beside => seen,
        }
    }

    async fn ask(&self, way: PgConnectOptions, question: &str) -> Option<Seen> {
        let mut session = match way.connect().await {
            Ok(session) => session,
            Err(error) => return of_error(&error),
        };
        let question = sqlx::raw_sql(AssertSqlSafe(question.to_owned()));
        let row = session.fetch_one(question).await;
        goodbye(session.close()).await;
        let read = |row: &PgRow| row.text(0).ok();
        match row {
            Err(error) => of_error(&error),
            Ok(row) => Some(Seen::of_word(read(&row).as_deref())),
        }
    }
}

/// What the server has worded, such as that it has no place left, it lives to say. A pooler
/// words what it cannot reach, and a server that is about to stop or start has no session
/// of ours.
fn of_error(error: &sqlx::Error) -> Option<Seen> {
    let code = account(error)?.code();
    let is_gone = code.starts_with("08") || code.starts_with("57P");
    (!is_gone).then_some(Seen::Unknown)
}
