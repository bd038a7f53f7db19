//! What was proven of revisions, for programs.

use serde::Serialize;

use super::error::Finding;

/// A line of what `rev test` answers: one as each test ends, in a stated order, and a last one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum TestLine {
    /// A test has ended.
    Test(Box<Trial>),
    /// All have.
    End(Totals),
}

/// What came of all tests.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Totals {
    /// The version of this format.
    pub(crate) format: u32,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// How many throw-away databases were made.
    pub(crate) databases_made: usize,
}

/// One thing that was to be proven.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Trial {
    pub(crate) database: String,
    /// What is to be proven, in a word.
    pub(crate) kind: String,
    /// None where all of a database's revisions are meant.
    pub(crate) revision: Option<String>,
    pub(crate) message: String,
    pub(crate) result: TrialResult,
    pub(crate) elapsed_ms: u64,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// What could not be tried, though it passed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) remarks: Vec<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Finding>,
}

/// How it went.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum TrialResult {
    Passed,
    Failed,
    Skipped,
}
