//! Databases made and dropped, for programs.

use serde::Serialize;

use super::error::Error;
use super::words::Dialect;

/// What `rev create` and `rev drop` answer.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Changes {
    /// Each database that was named, in the order of names.
    pub(crate) databases: Vec<Changed>,
}

/// What became of one database.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Changed {
    pub(crate) database: String,
    pub(crate) dialect: Dialect,
    pub(crate) change: Change,
    /// Why something that should have been done was not: all of it, or the schemas of a
    /// database that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Error>,
}

/// What became of one database of `rev reset` before it was upgraded.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Renewed {
    pub(crate) database: String,
    /// Whether it was there, and was dropped.
    pub(crate) dropped: bool,
    /// Whether it was made.
    pub(crate) created: bool,
    /// Why it was not dropped, or not made again, and so has no lane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Error>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Created,
    Dropped,
    /// Nothing: it was there already, or was not there, or could not be changed.
    None,
}
