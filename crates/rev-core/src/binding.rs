//! Bindings: a database as the graph sees it.
//!
//! No URL and no connection: only what decides which scripts concern it.

use std::collections::BTreeSet;

use crate::{DatabaseName, Dialect, Graph, Label, Quoting, Spelling};

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

/// What decides which scripts concern a database: those of one kind go the same
/// ways in a graph.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kind {
    spelling: Spelling,
    shared: bool,
    follow: Vec<Label>,
    /// Its own name and its groups, as far as a revision names them.
    names: BTreeSet<DatabaseName>,
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

    /// Of which kind the database is in a graph.
    #[must_use]
    pub fn kind(&self, graph: &Graph) -> Kind {
        let names = self.groups.iter().chain([&self.name]);
        let is_named = |name: &&DatabaseName| graph.addressees().contains(*name);
        Kind {
            spelling: self.spelling(),
            shared: self.shared,
            follow: self.follow.clone(),
            names: names.filter(is_named).cloned().collect(),
        }
    }
}
