//! Revisions for programs: `rev heads`, `branches`, `history`, `graph`, `show`.

use std::collections::BTreeMap;

use rev_core::{Entry, Script};
use serde::Serialize;

use super::Transaction;

/// A revision, as the graph has it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Revision {
    /// Its id.
    pub(crate) revision: String,
    /// Its parents, ascending; empty: a base.
    pub(crate) down_revision: Vec<String>,
    /// What it depends on: ids, and `database@id` across databases.
    pub(crate) depends_on: Vec<String>,
    /// The branches that start here.
    pub(crate) branch_labels: Vec<String>,
    /// What the change is.
    pub(crate) message: String,
    /// When it was written, as written.
    pub(crate) created: Option<String>,
    /// Whether it has no child.
    pub(crate) is_head: bool,
    /// Its file, relative to the project; `null`: it has none in this checkout.
    pub(crate) path: Option<String>,
}

/// `rev heads`: the revisions without a child.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Heads {
    /// Ascending by id.
    pub(crate) heads: Vec<Revision>,
}

/// `rev history`, `rev graph`: revisions, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct History {
    pub(crate) revisions: Vec<Revision>,
}

/// `rev branches`: labels, and where history forks.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Branches {
    /// By label.
    pub(crate) branches: Vec<Branch>,
    /// By id.
    pub(crate) branch_points: Vec<BranchPoint>,
}

/// A line of descent with a name.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Branch {
    pub(crate) label: String,
    /// Where it starts.
    pub(crate) revision: String,
    /// The heads that descend from there.
    pub(crate) heads: Vec<String>,
}

/// A revision with more than one child.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BranchPoint {
    pub(crate) revision: String,
    pub(crate) children: Vec<String>,
}

/// `rev show`: revisions with their scripts.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Shown {
    /// None for `base`.
    pub(crate) revisions: Vec<ShownRevision>,
}

/// A revision or a shortcut, with its scripts.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum ShownRevision {
    /// A revision.
    Revision {
        #[serde(flatten)]
        revision: Revision,
        /// Whether it says on purpose that there is no way down.
        irreversible: bool,
        /// Whether it says on purpose that its way down loses rows.
        loses_data: bool,
        /// By database or group; `*`: everywhere else.
        scripts: BTreeMap<String, Scripts>,
    },
    /// A revision that does the work of others in one step.
    Shortcut {
        /// Its id.
        revision: String,
        /// Its parents, as written.
        down_revision: Vec<String>,
        /// What it is.
        message: String,
        /// The revisions whose work it does, ascending.
        replaces: Vec<String>,
        /// Whether it says on purpose that there is no way down.
        irreversible: bool,
        /// Whether it says on purpose that its way down loses rows.
        loses_data: bool,
        /// By database or group; `*`: everywhere else.
        scripts: BTreeMap<String, Scripts>,
    },
}

/// What a revision does to one database or group.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Scripts {
    /// The way up.
    upgrade: Option<Sql>,
    /// The way down.
    downgrade: Option<Sql>,
    transaction: Transaction,
}

/// A script, in pieces of one or more statements.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Sql {
    /// The same for every dialect.
    Any(Vec<String>),
    /// By dialect; `null`: nothing is to do there.
    ByDialect(BTreeMap<String, Option<Vec<String>>>),
}

impl From<&Entry> for Scripts {
    fn from(entry: &Entry) -> Self {
        Self {
            upgrade: entry.upgrade.as_ref().map(Sql::from),
            downgrade: entry.downgrade.as_ref().map(Sql::from),
            transaction: entry.transaction.into(),
        }
    }
}

impl From<&Script> for Sql {
    fn from(script: &Script) -> Self {
        match script {
            Script::Any(sql) => Sql::Any(sql.0.clone()),
            Script::ByDialect(map) => {
                let texts = map.iter().map(|(dialect, sql)| {
                    let sql = sql.as_ref().map(|sql| sql.0.clone());
                    (dialect.name().to_owned(), sql)
                });
                Sql::ByDialect(texts.collect())
            }
        }
    }
}
