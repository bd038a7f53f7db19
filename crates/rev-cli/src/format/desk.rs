//! What `rev wait` and `rev doctor` answer, for programs.

use serde::Serialize;

/// What `rev wait` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Reached {
    /// The databases, in the order of names.
    pub(crate) reached: Vec<String>,
}

/// What `rev doctor` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Checks {
    /// All that was looked at.
    pub(crate) checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Check {
    /// Such as `program`, `project` or `database db1`.
    pub(crate) check: String,
    pub(crate) verdict: Verdict,
    /// A sentence for people, which may change.
    pub(crate) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) hints: Vec<String>,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Verdict {
    Ok,
    Warning,
    Error,
}
