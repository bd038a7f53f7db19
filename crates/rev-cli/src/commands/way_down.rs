//! Ways down that cannot run, told of right after the way up has.
//!
//! What was applied keeps its downgrade in the ledger. One that holds nothing but the skeleton's
//! comment, or cannot be parted into statements, is of no use on the day it is needed; `rev check`
//! finds it, and not everybody runs that before an upgrade.

use std::collections::BTreeMap;

use rev_core::Binding;
use rev_engine::outcome::Outcome;
use rev_sql::split::split;

use crate::session::{Selection, Session};
use crate::terminal::few;

/// Warns of revisions that this run has applied and nobody can take down.
pub(super) fn warn(outcome: &Outcome, selection: &Selection, session: &Session) {
    if session.terminal.is_json() {
        return;
    }
    let mut useless: BTreeMap<&str, &'static str> = BTreeMap::new();
    for lane in &outcome.lanes {
        let binding = selection.iter().find(|(it, _)| it.name == lane.database);
        let Some((binding, _)) = binding else {
            continue;
        };
        for id in &lane.done {
            if let Some(why) = fault(id.as_str(), binding, session) {
                useless.insert(id.as_str(), why);
            }
        }
    }
    for why in [EMPTY, UNREADABLE] {
        let ids = useless.iter().filter(|(_, it)| **it == why);
        let ids: Vec<String> = ids.map(|(id, _)| format!("`{id}`")).collect();
        if !ids.is_empty() {
            session.terminal.warn(format_args!(
                "{why} of {}: no downgrade will pass there; `rev check` says more",
                few(&ids, ", ")
            ));
        }
    }
}

const EMPTY: &str = "no statement is in the downgrade script";
const UNREADABLE: &str = "no statements can be read out of the downgrade script";

fn fault(id: &str, binding: &Binding, session: &Session) -> Option<&'static str> {
    let graph = session.graph();
    let work = graph.revision(graph.find(id)?).work(binding).ok()?;
    let script = work.downgrade?;
    match split(script, binding.spelling(), work.transaction) {
        Ok(statements) if statements.is_empty() => Some(EMPTY),
        Ok(_) => None,
        Err(_) => Some(UNREADABLE),
    }
}
