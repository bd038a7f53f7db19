//! How a database is treated.

use std::time::Duration;

use rev_core::SearchPath;
use rev_sql::session::Terms;

/// How to treat one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the ledger's tables begin with: `rev_`.
    pub ledger_prefix: String,
    /// PostgreSQL's search path, whose first schema holds the ledger; `None`: the server's.
    pub schema: Option<SearchPath>,
    /// How long one statement may wait for the database's own locks.
    pub lock_timeout: Duration,
    /// How long one statement may run; zero: without end.
    pub statement_timeout: Duration,
    /// How long a server may be silent while an answer is awaited, to a second session too;
    /// zero: without end.
    pub silence_timeout: Duration,
    /// Who runs this: `user@host`. Servers show it to whoever waits.
    pub operator: String,
    /// Names this run, unlike any other: what its sessions are known by.
    pub run: String,
    /// Whether a loss of power may spoil it: then nothing waits for the disk.
    pub is_throw_away: bool,
}

impl Settings {
    /// What sessions are set to.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            schema: self.schema.clone(),
            lock_timeout: self.lock_timeout,
            statement_timeout: self.statement_timeout,
        }
    }

    /// How a server is treated, where what is done there is none of the project's own work.
    pub(crate) fn of_server(&self) -> Self {
        Self {
            schema: None,
            statement_timeout: Duration::ZERO,
            ..self.clone()
        }
    }
}
