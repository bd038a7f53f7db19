//! Bindings: a database as the graph sees it.
//!
//! No URL and no connection: only what decides which scripts concern it.

use crate::{DatabaseName, Dialect, Label, Quoting, Spelling};

/// A database's name, dialect and place among groups and branches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Its name in `rev.yaml`.
    pub name: DatabaseName,
    /// Which scripts of a dialect map it takes.
    pub dialect: Dialect,
    /// The groups that it is in.
    pub groups: Vec<DatabaseName>,
    /// Whether it takes a revision's top-level scripts.
    pub shared: bool,
    /// The branches it lives on; empty: the whole graph.
    pub follow: Vec<Label>,
    /// How its server reads quoted text: as `rev.yaml` says, until the server itself has.
    pub quoting: Quoting,
}

impl Binding {
    /// A database that takes top-level scripts, is in no group and follows the
    /// whole graph.
    #[must_use]
    pub fn new(name: DatabaseName, dialect: Dialect) -> Self {
        Self {
            name,
            dialect,
            groups: Vec::new(),
            shared: true,
            follow: Vec::new(),
            quoting: dialect.quoting(),
        }
    }

    /// How its scripts are spelt.
    #[must_use]
    pub fn spelling(&self) -> Spelling {
        Spelling {
            dialect: self.dialect,
            quoting: self.quoting,
        }
    }
}
