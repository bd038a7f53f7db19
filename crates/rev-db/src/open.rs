//! From a URL to a [`Database`].

use std::time::Duration;

use rev_core::{DatabaseUrl, Dialect, SearchPath};
use rev_engine::database::{Database, DatabaseError};
use rev_sql::session::Terms;

use crate::mysql::Mysql;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

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
}

/// The schema or database that holds the ledger, as far as settings and URL name it.
#[must_use]
pub fn named_schema(
    url: Option<&DatabaseUrl>,
    dialect: Dialect,
    settings: &Settings,
) -> Option<String> {
    match dialect {
        Dialect::Sqlite => None,
        Dialect::Postgres => {
            let path = settings.schema.as_ref()?;
            Some(path.first().to_owned())
        }
        Dialect::Mysql => Mysql::new(url?, settings).ok()?.name(),
    }
}

/// Makes ready to reach the database at `url`. Opens nothing yet: a missing
/// file is created by the first write and by nothing else.
///
/// # Errors
///
/// [`DatabaseError::Url`], where it asks for what cannot be.
pub fn open(url: &DatabaseUrl, settings: &Settings) -> Result<Box<dyn Database>, DatabaseError> {
    match url.dialect() {
        Dialect::Sqlite => Ok(Box::new(Sqlite::new(url, settings)?)),
        Dialect::Postgres => Ok(Box::new(Postgres::new(url, settings)?)),
        Dialect::Mysql => Ok(Box::new(Mysql::new(url, settings)?)),
    }
}
