//! Planning again what was planned before: these very steps, not the shortest
//! way to some destination.

use std::sync::Arc;

use super::lane::lane_of;
use super::step::Ways;
use super::{Action, Goal, Lane, Move, PlanError, Steps};
use crate::digest::{self, Digest};
use crate::graph::Hop;
use crate::revision::ScriptError;
use crate::state::Standing;
use crate::{Binding, Node, NodeSet, RevisionId};

/// Plans steps that were planned before, in their order. They must still lead
/// from closed state to closed state, which holds where the revisions stand on
/// what they stood on then.
///
/// # Errors
///
/// [`PlanError::NoFile`] with all revisions that neither files nor ledger have;
/// [`PlanError`].
pub fn retrace<'a>(
    binding: &Arc<Binding>,
    standing: &Standing,
    goal: Goal,
    steps: impl IntoIterator<Item = (Action, &'a RevisionId)>,
) -> Result<Lane, PlanError> {
    let graph = &standing.graph;
    let mut destination = standing.state.set().clone();
    let mut moves = Vec::new();
    let mut gone = Vec::new();
    for (action, id) in steps {
        let up = action.applies();
        let (hop, nodes) = match (graph.find_shortcut(id.as_str()), graph.find(id.as_str())) {
            (Some(shortcut), _) => (Hop::Shortcut(shortcut), graph.members(shortcut)),
            (None, Some(node)) => (Hop::Revision(node), vec![node]),
            (None, None) => {
                gone.push(id.clone());
                continue;
            }
        };
        moves.push(Move { up, hop });
        match up {
            true => destination.extend(nodes),
            false => nodes.into_iter().for_each(|node| {
                destination.remove(node);
            }),
        }
    }
    if !gone.is_empty() {
        return Err(PlanError::NoFile { revisions: gone });
    }
    let ways = Ways::new(binding, standing);
    lane_of(
        binding,
        &ways,
        goal,
        &destination,
        moves,
        &mut Steps::default(),
    )
}

/// The digest of what a database has, or would have, of these revisions: each
/// with the upgrade that ran, or would run, there. What went through a shortcut
/// counts like what went by itself, and what files say of other databases, or of
/// the way down, counts for nothing.
///
/// # Errors
///
/// [`ScriptError`], where a script cannot be told.
pub fn contents(
    binding: &Binding,
    standing: &Standing,
    set: &NodeSet,
) -> Result<Digest, ScriptError> {
    let mut rows = Vec::with_capacity(set.len());
    for node in set.iter() {
        rows.push((
            standing.graph.id(node).as_str(),
            ran(binding, standing, node)?,
        ));
    }
    Ok(digest::contents(&rows))
}

fn ran(binding: &Binding, standing: &Standing, node: Node) -> Result<Digest, ScriptError> {
    let graph = &standing.graph;
    let revision = graph.revision(node);
    match standing.state.row(node) {
        Some(row)
            if graph.is_foreign(node)
                || row.through.as_ref().is_none_or(|id| *id == revision.id) =>
        {
            Ok(row.upgrade_digest)
        }
        _ => Ok(digest::script(revision.work(binding)?.upgrade)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::graph;
    use crate::{DatabaseName, Dialect, State};

    fn binding() -> Arc<Binding> {
        let name = DatabaseName::new("db1").expect("a name");
        Arc::new(Binding::new(name, Dialect::Sqlite))
    }

    fn standing(notation: &str, heads: &str) -> Standing {
        let graph = graph(notation);
        let nodes = heads.split_whitespace();
        let nodes: Vec<Node> = nodes.map(|id| graph.find(id).expect("a node")).collect();
        Standing {
            state: State::of_heads(&graph, nodes),
            graph,
            drift: crate::Drift::default(),
        }
    }

    const HISTORY: &str = "
        a: !
        b: a !
        c: a !
        d: b c !
    ";

    fn again(heads: &str, steps: &[(Action, &str)]) -> String {
        let ids: Vec<(Action, RevisionId)> = steps
            .iter()
            .map(|(action, id)| (*action, RevisionId::new(id).expect("an id")))
            .collect();
        let steps = ids.iter().map(|(action, id)| (*action, id));
        match retrace(&binding(), &standing(HISTORY, heads), Goal::Switch, steps) {
            Ok(lane) => {
                let steps = lane.steps.iter();
                let steps =
                    steps.map(|step| format!("{} {}", step.action.name(), step.revision.id));
                let to: Vec<&str> = lane.to.iter().map(AsRef::as_ref).collect();
                format!(
                    "{}; at {}",
                    steps.collect::<Vec<_>>().join(", "),
                    to.join(" ")
                )
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn steps_keep_their_order_whatever_the_planner_would_do() {
        let steps = [(Action::Upgrade, "c"), (Action::Upgrade, "b")];
        assert_eq!(again("a", &steps), "upgrade c, upgrade b; at b c");
        let steps = [(Action::Downgrade, "b"), (Action::Upgrade, "c")];
        assert_eq!(again("b", &steps), "downgrade b, upgrade c; at c");
    }

    #[test]
    fn every_revision_that_is_gone_is_named() {
        let steps = [
            (Action::Upgrade, "x"),
            (Action::Upgrade, "b"),
            (Action::Upgrade, "y"),
        ];
        assert_eq!(again("a", &steps), "no file of this checkout has `x`, `y`");
    }

    #[test]
    fn contents_tell_sets_and_upgrades_apart() {
        let of = |notation: &str, heads: &str| {
            let standing = standing(notation, heads);
            contents(&binding(), &standing, standing.state.set()).expect("scripts")
        };
        assert_ne!(of(HISTORY, "b"), of(HISTORY, "c"));
        assert_eq!(of(HISTORY, "b"), of("a: !\nb: a !\n", "b"));
        assert_ne!(of(HISTORY, "b"), of("a: !\nb: a\n", "b"));
    }
}
