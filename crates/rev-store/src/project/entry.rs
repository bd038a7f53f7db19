//! Which part of a revision a database takes.

use rev_core::{Binding, DatabaseName, Revision};

/// The name of the entry under `databases` that a database takes: its own, else
/// that of the first group with one; `None`: the top level.
#[must_use]
pub fn chosen_entry<'a>(revision: &'a Revision, binding: &Binding) -> Option<&'a DatabaseName> {
    let entries = &revision.scripts.databases;
    std::iter::once(&binding.name)
        .chain(&binding.groups)
        .find_map(|name| entries.get_key_value(name))
        .map(|(name, _)| name)
}
