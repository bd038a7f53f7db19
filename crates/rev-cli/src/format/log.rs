//! What was done to databases, for programs: `rev log`.

use serde::Serialize;

use super::status::Unread;

/// The log of databases.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Log {
    /// By database, oldest first.
    pub(crate) log: Vec<LogLine>,
    /// Databases that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unread: Vec<Unread>,
}

/// One line of a log.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LogLine {
    pub(crate) database: String,
    /// Its number there, ascending.
    pub(crate) sequence: i64,
    /// The run: lines of one run have the same.
    pub(crate) run: String,
    /// `upgrade`, `downgrade`, `stamp`, `unstamp` or `repair`.
    pub(crate) action: String,
    pub(crate) revision: String,
    /// What the revision is; `null`: neither files nor ledger have it.
    pub(crate) message: Option<String>,
    /// `done`, `failed`, or what `repair` was told: `applied`, `not applied`.
    pub(crate) outcome: String,
    /// The digest of the plan; of a saved one, its own. `null`: of none.
    pub(crate) plan: Option<String>,
    /// The statement that failed or was in doubt, from 1.
    pub(crate) statement: Option<u64>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// RFC 3339, in UTC.
    pub(crate) started: String,
    pub(crate) elapsed_ms: u64,
    /// `user@host`.
    pub(crate) operator: String,
    /// The version of rev.
    pub(crate) version: String,
}
