//! What a second session says of one that has not answered for a while.

use rev_core::Dialect;
use rev_sql::ledger;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use super::connection::Connection;
use super::error::number;
use super::place::Place;
use crate::rows::LedgerRow as _;
use crate::silence::{Seen, goodbye};

/// Who asks after a session.
#[derive(Debug)]
pub(super) struct Witness {
    place: Place,
    question: String,
}

impl Witness {
    /// For a session that was begun there. Another server than its own, as a balancer may
    /// choose, knows nothing of it; and a script may release the lock that it is known by.
    pub(super) fn of(place: &Place, session: &Connection) -> Self {
        let text = |text: &str| ledger::text(text, Dialect::Mysql);
        let question = format!(
            "SELECT CASE WHEN CONCAT(@@hostname, ':', @@port, ':', @@datadir) <> {} THEN 'unknown' \
             ELSE COALESCE((SELECT CASE WHEN COMMAND = 'Sleep' THEN 'idle' \
                 WHEN IS_USED_LOCK({}) = ID THEN 'at work' ELSE 'unknown' END \
               FROM information_schema.PROCESSLIST WHERE ID = {}), 'idle') END",
            text(&session.server),
            text(&session.tag),
            session.id
        );
        Self {
            place: place.clone(),
            question,
        }
    }

    /// Asks, by a session of its own; `None`: no answer.
    pub(super) async fn look(&self) -> Option<Seen> {
        let mut session = match self.place.options().connect().await {
            Ok(session) => session,
            Err(error) => return of_error(&error),
        };
        let question = sqlx::raw_sql(AssertSqlSafe(self.question.clone()));
        let row = session.fetch_one(question).await;
        goodbye(session.close()).await;
        let read = |row: &MySqlRow| row.text(0).ok();
        match row {
            Err(error) => of_error(&error),
            Ok(row) => Some(Seen::of_word(read(&row).as_deref())),
        }
    }
}

/// What the server has worded, such as that it has no place left, it lives to say; but one
/// that shuts down keeps no session of ours.
fn of_error(error: &sqlx::Error) -> Option<Seen> {
    let is_worded = !matches!(number(error), 0 | 1053);
    is_worded.then_some(Seen::Unknown)
}
