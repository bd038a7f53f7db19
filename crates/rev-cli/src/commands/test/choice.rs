//! Which revisions are to be proven for which databases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rev_core::{Binding, DatabaseName, RevisionId};

use crate::commands::range;
use crate::diagnostic::Failure;
use crate::session::Session;

/// The ids that were named; nothing named means all.
pub(super) struct Chosen(Option<BTreeMap<DatabaseName, BTreeSet<RevisionId>>>);

impl Chosen {
    pub(super) fn has(&self, binding: &Binding, id: &RevisionId) -> bool {
        let Some(by_database) = &self.0 else {
            return true;
        };
        by_database
            .get(&binding.name)
            .is_some_and(|ids| ids.contains(id))
    }
}

/// Reads the words: `[DATABASE@]` and a point, a range or a label.
pub(super) fn read(
    session: &Session,
    words: &[String],
    bindings: &[Arc<Binding>],
) -> Result<Chosen, Failure> {
    if words.is_empty() {
        return Ok(Chosen(None));
    }
    let mut chosen: BTreeMap<DatabaseName, BTreeSet<RevisionId>> = BTreeMap::new();
    for word in words {
        let (selector, rest) = session.split_selector(word);
        let names = match selector {
            Some(selector) => session.names(&[selector.to_owned()])?,
            None => bindings
                .iter()
                .map(|binding| binding.name.clone())
                .collect(),
        };
        for name in names {
            let ids = named(session, selector.map(|_| &name), rest)?;
            chosen.entry(name).or_default().extend(ids);
        }
    }
    Ok(Chosen(Some(chosen)))
}

/// A shortcut is named by its id, and does not mean what that leads to.
fn named(
    session: &Session,
    database: Option<&DatabaseName>,
    text: &str,
) -> Result<Vec<RevisionId>, Failure> {
    let graph = session.graph();
    if let Some(shortcut) = graph.find_shortcut(text) {
        return Ok(vec![graph.shortcut(shortcut).revision.id.clone()]);
    }
    let binding = database.map(|name| session.binding(name)).transpose()?;
    let set = range::named(session, binding.as_deref(), text)?;
    Ok(graph.ids(set.iter()))
}
