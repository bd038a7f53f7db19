//! Schemas compared and written down, and what was found wrong, for programs.

use serde::Serialize;

use super::error::Finding;
use super::words::Dialect;

/// What `rev diff` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Diffs {
    /// Each database that was compared, also where nothing differs.
    pub(crate) databases: Vec<DatabaseDiff>,
}

/// What differs on one database.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DatabaseDiff {
    pub(crate) database: String,
    pub(crate) dialect: Dialect,
    /// A sentence for each difference; none: nothing differs.
    pub(crate) changes: Vec<String>,
    /// What is lost on the way up.
    pub(crate) destructive: Vec<String>,
    /// What is lost on the way down.
    pub(crate) destructive_down: Vec<String>,
    /// What a person should decide on the way up.
    pub(crate) decide: Vec<String>,
    /// The script that would be written.
    pub(crate) upgrade: String,
    /// The way back.
    pub(crate) downgrade: String,
}

/// What `rev dump` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Dumps {
    pub(crate) databases: Vec<Dump>,
}

/// The schema of one database.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Dump {
    pub(crate) database: String,
    pub(crate) dialect: Dialect,
    /// The SQL that makes it.
    pub(crate) schema: String,
}

/// What `rev check` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Findings {
    /// All that is wrong; none: nothing is.
    pub(crate) findings: Vec<Finding>,
}
