//! What went wrong, for programs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The answer of any command that was refused or failed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Failed {
    pub(crate) error: Error,
}

/// What went wrong: first, and if there is more than one thing, all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Error {
    #[serde(flatten)]
    first: Finding,
    /// All that went wrong, where that is more than one thing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Finding {
    /// A stable word.
    pub(crate) code: String,
    /// A sentence for people, which may change.
    pub(crate) message: String,
    /// The file that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    /// What it comes from, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hints: Vec<String>,
    /// Facts: which ones depends on the code.
    #[serde(flatten)]
    pub(crate) facts: Map<String, Value>,
}

impl Error {
    /// Of these findings, if there are any.
    pub(crate) fn of(findings: Vec<Finding>) -> Option<Self> {
        let first = findings.first()?.clone();
        let errors = match findings.len() {
            1 => Vec::new(),
            _ => findings,
        };
        Some(Self { first, errors })
    }

    /// The first thing, for people.
    pub(crate) fn message(&self) -> &str {
        &self.first.message
    }
}
