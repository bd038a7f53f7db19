//! What became of snapshots, for programs: `rev snapshot`.

use serde::Serialize;

/// All snapshots that were looked at.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Snapshots {
    /// By name; those that `rev.yaml` no longer names come last.
    pub(crate) snapshots: Vec<Snapshot>,
}

/// A snapshot and its file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Snapshot {
    /// Its name in `rev.yaml`.
    pub(crate) snapshot: String,
    /// Its file, relative to the project.
    pub(crate) path: String,
    /// What was found.
    pub(crate) found: Found,
    /// Whether the file was written or removed.
    pub(crate) written: bool,
    /// The file against the plan, as a unified diff.
    pub(crate) diff: Option<String>,
}

/// How a file stands to its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Found {
    /// It has the plan's text.
    Same,
    /// It has another text.
    Different,
    /// There is no file.
    Missing,
    /// There is a file, and `rev.yaml` does not name it.
    Orphaned,
}
