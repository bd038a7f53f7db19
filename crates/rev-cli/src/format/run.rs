//! How a run ended, for programs: `rev upgrade`, `downgrade`, `switch`, `stamp`,
//! `apply`. What goes on meanwhile is a line of JSON an event, on stderr.

use serde::Serialize;

use super::Direction;
use super::error::Error;
use super::existence::Renewed;

/// How a run ended.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Outcome {
    /// What went wrong; left out: nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Error>,
    /// Whether anything was changed on any database.
    pub(crate) changed: bool,
    /// Of `rev reset`: what became of each database before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reset: Vec<Renewed>,
    /// A lane a database.
    pub(crate) lanes: Vec<LaneOutcome>,
}

/// What became of one database.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LaneOutcome {
    pub(crate) database: String,
    pub(crate) end: End,
    /// The revisions of the steps that stand, in order.
    pub(crate) done: Vec<String>,
    /// The revisions of the steps that nobody knows to stand or not, in order.
    pub(crate) in_doubt: Vec<String>,
    /// The revisions of the steps that were not begun or were undone, in order.
    pub(crate) not_begun: Vec<String>,
    /// The heads now, ascending; `null`: not known.
    pub(crate) heads: Option<Vec<String>>,
    /// The applied revisions that this checkout lacks.
    pub(crate) unknown: Vec<String>,
    /// The step of which some statements stand and others do not.
    pub(crate) half_done: Option<HalfDone>,
    pub(crate) error: Option<Error>,
    /// The file of its schema, where one was to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dump: Option<Kept>,
}

/// What became of the file that a schema is kept in.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Kept {
    /// As `dump:` names it.
    pub(crate) path: String,
    /// Why it was not written; left out: it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// How a lane ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum End {
    /// All is done.
    Done,
    /// Nothing was to do.
    Nothing,
    /// It was not begun, or not gone on with, for another lane's sake.
    HeldBack,
    /// It was stopped on request.
    Stopped,
    /// Its two-phase run was cut off at the decision.
    Undecided,
    /// It was refused.
    Refused,
    /// A step failed.
    Failed,
}

/// A step of which some statements stand and others do not.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HalfDone {
    pub(crate) revision: String,
    pub(crate) action: Direction,
    /// How many statements it has; null where nobody here has its script.
    pub(crate) statements: Option<usize>,
    /// How many of them stand.
    pub(crate) done: usize,
    /// The statement of which nobody knows whether it took effect.
    pub(crate) in_doubt: Option<String>,
    pub(crate) run: String,
    pub(crate) operator: String,
    /// RFC 3339, in UTC.
    pub(crate) started: String,
}
