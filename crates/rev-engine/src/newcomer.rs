//! A database that joins late: it has no ledger yet, and takes revisions that others had long before.
//!
//! Revisions are shared unless an entry of theirs or `shared: false` says otherwise, so whoever
//! binds one more database gives it the whole history. That may be meant, as for one more
//! tenant, or not at all, as for a database of another kind; so it is said once. Where all
//! databases are new nobody came late.

use rev_core::state::Standing;
use rev_core::{Binding, Revision};

use crate::database::Work;
use crate::prepare::Prepared;

/// How many shared revisions with work a database takes that others have applied. Of one whose
/// ledger was written before nobody asks: what is empty now was brought there by somebody.
#[must_use]
pub fn shared_before<'a>(
    binding: &Binding,
    standing: &Standing,
    prepared: &Prepared,
    others: impl Iterator<Item = &'a Standing> + Clone,
) -> usize {
    let is_applied = |id: &str, other: &Standing| {
        let node = other.graph.find(id);
        node.is_some_and(|node| other.state.set().contains(node))
    };
    let is_shared = |work: &&std::sync::Arc<Work>| {
        let id = work.revision.as_str();
        let node = standing.graph.find(id);
        let is_top = node.is_some_and(|it| takes_top(standing.graph.revision(it), binding));
        is_top && !work.statements.is_empty()
    };
    let taken = prepared.works.iter().filter(is_shared);
    let mut taken = taken.map(|work| work.revision.as_str()).collect::<Vec<_>>();
    taken.retain(|id| others.clone().any(|other| is_applied(id, other)));
    taken.len()
}

/// Whether a database gets a revision's script from its top level.
fn takes_top(revision: &Revision, binding: &Binding) -> bool {
    let entries = &revision.scripts.databases;
    let mut names = std::iter::once(&binding.name).chain(&binding.groups);
    revision.scripts.top.upgrade.is_some() && !names.any(|name| entries.contains_key(name))
}
