//! What was done to begin the histories of databases, for programs.

use serde::Serialize;

use super::Dialect;
use super::error::Finding;

/// What `rev adopt` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Adoption {
    /// Whether this is what would be done, and nothing was.
    pub(crate) dry_run: bool,
    pub(crate) databases: Vec<Adopted>,
    /// The revision that was written for histories to begin with; null: none was needed.
    pub(crate) revision: Option<String>,
    /// The files that were written or changed, in order; the name of the revision's is not
    /// known before.
    pub(crate) files: Vec<String>,
    /// What is left: where models, revisions and databases differ.
    pub(crate) findings: Vec<Finding>,
}

/// What became of one database.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Adopted {
    pub(crate) database: String,
    pub(crate) dialect: Dialect,
    pub(crate) course: Course,
    /// The heads that its ledger names now, ascending.
    pub(crate) heads: Vec<String>,
}

/// How a database was found, and what that leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Course {
    /// Its history begins with the new revision.
    Begun,
    /// It is what revisions give that were there, and is recorded to stand on them.
    Recorded,
    /// It has a history already.
    Known,
    /// It holds nothing.
    Empty,
}
