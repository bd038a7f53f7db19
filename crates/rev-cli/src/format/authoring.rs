//! What the commands that write files answer, for programs.

use serde::Serialize;

/// What `rev init` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Made {
    /// The files that were made or added to, in the order of their writing.
    pub(crate) files: Vec<String>,
}

/// What `rev revision`, `merge` and `squash` answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Written {
    /// A file that was written.
    Revision {
        /// Its id.
        revision: String,
        /// Its parents; none: it is a base.
        down_revision: Vec<String>,
        path: String,
    },
    /// Nothing was to be written: the models declare what is there.
    Nothing {
        /// Always `null`.
        revision: (),
    },
}

/// What `rev squash --finish` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Finished {
    /// The files that were removed, ascending.
    pub(crate) removed: Vec<String>,
}

/// What `rev rebase` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Moved {
    /// The first revision of the branch.
    pub(crate) revision: String,
    /// What it stood on.
    pub(crate) from: Vec<String>,
    /// What it stands on.
    pub(crate) onto: Vec<String>,
    /// How many revisions moved; 0: they stood there already.
    pub(crate) moved: usize,
}

/// What `rev edit` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Edited {
    /// The file that was open.
    pub(crate) path: String,
}
