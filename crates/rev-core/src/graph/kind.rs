//! Which databases go the same ways in a graph.

use std::collections::BTreeSet;

use super::Graph;
use crate::{Binding, DatabaseName, Label, Spelling};

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

impl Graph {
    /// Of which kind a database is here.
    #[must_use]
    pub fn kind(&self, binding: &Binding) -> Kind {
        let names = binding.groups.iter().chain([&binding.name]);
        let is_named = |name: &&DatabaseName| self.addressees().contains(*name);
        Kind {
            spelling: binding.spelling(),
            shared: binding.shared,
            follow: binding.follow.clone(),
            names: names.filter(is_named).cloned().collect(),
        }
    }
}
