//! Planning one lane: which moves, and the steps that make them.

use std::cmp::Reverse;
use std::sync::Arc;

use super::step::{Steps, Ways};
use super::{Action, Goal, Lane, Move, PlanError, Source, Through, choose};
use crate::graph::Hop;
use crate::revision::ScriptError;
use crate::state::Standing;
use crate::{Binding, Graph, Node, NodeSet, RevisionId, ShortcutId};

/// The moves from `from` to `to`, in the order to make them.
///
/// Both must be closed in `graph`; then every set on the way is. All members of
/// a shortcut to go through must move, and go its way. Empty when the ends are
/// equal. Linear in the revisions and edges that are walked: those of the two
/// ends that the other lacks, and the neighbours of these.
#[must_use]
pub fn moves(graph: &Graph, from: &NodeSet, to: &NodeSet, through: &Through) -> Vec<Move> {
    let shared = from.intersection(to);
    let heads = |set: &NodeSet| graph.maximal(&set.difference(&shared));
    let down = graph.hops(&heads(from), &shared, &through.down);
    let up = graph.hops(&heads(to), &shared, &through.up);
    let is_in = |set: &NodeSet, hop: &Hop| match hop {
        Hop::Revision(node) => set.contains(*node),
        Hop::Shortcut(_) => true,
    };
    let mut down: Vec<Hop> = down.into_iter().rev().collect();
    let mut up = up;
    if !graph.crossings().is_empty() {
        up.sort_by_cached_key(|&hop| graph.shared_place(hop));
        down.sort_by_cached_key(|&hop| Reverse(graph.shared_place(hop)));
    }
    let down = down.into_iter().filter(|hop| is_in(from, hop));
    let up = up.into_iter().filter(|hop| is_in(to, hop));
    down.map(|hop| Move { up: false, hop })
        .chain(up.map(|hop| Move { up: true, hop }))
        .collect()
}

/// Plans one lane: the shortest way from where `standing` is to `destination`,
/// with its scripts. With `Goal::Stamp` nothing runs, and each revision goes by
/// itself. Where a step is in flight already, `within` names it: no shortcut
/// around it is taken, so that the plan still has that step.
///
/// # Errors
///
/// [`PlanError`].
pub fn lane(
    binding: &Arc<Binding>,
    standing: &Standing,
    goal: Goal,
    destination: &NodeSet,
    within: Option<&RevisionId>,
) -> Result<Lane, PlanError> {
    let mut steps = Steps::default();
    lane_with(binding, standing, goal, destination, within, &mut steps)
}

/// The same, where some steps may have been made before.
///
/// # Errors
///
/// [`PlanError`].
pub fn lane_with(
    binding: &Arc<Binding>,
    standing: &Standing,
    goal: Goal,
    destination: &NodeSet,
    within: Option<&RevisionId>,
    steps: &mut Steps,
) -> Result<Lane, PlanError> {
    let (graph, from) = (&standing.graph, standing.state.set());
    let through = match goal {
        Goal::Upgrade | Goal::Downgrade | Goal::Switch => {
            through(binding, standing, destination, within)?
        }
        Goal::Stamp | Goal::Accept | Goal::Redo => Through::default(),
    };
    let moves = moves(graph, from, destination, &through);
    let ways = Ways::new(binding, standing);
    lane_of(binding, &ways, goal, destination, moves, steps)
}

/// The shortcuts that make the way to `destination` shortest.
fn through(
    binding: &Binding,
    standing: &Standing,
    destination: &NodeSet,
    within: Option<&RevisionId>,
) -> Result<Through, ScriptError> {
    let (graph, from) = (&standing.graph, standing.state.set());
    let barred: Vec<ShortcutId> = match within {
        Some(id) => around(graph, id.as_str()),
        None => Vec::new(),
    };
    let ways = Ways::new(binding, standing);
    let choose = |moving: &NodeSet, up: bool| {
        choose(
            graph,
            moving,
            |node| ways.cost(node, up),
            |id, alone| match barred.contains(&id) {
                true => Ok(None),
                false => ways.cost_through(id, up, alone),
            },
        )
    };
    Ok(Through {
        down: choose(&from.difference(destination), false)?,
        up: choose(&destination.difference(from), true)?,
    })
}

/// The shortcuts around a revision or a shortcut, itself left out.
fn around(graph: &Graph, id: &str) -> Vec<ShortcutId> {
    let first = match (graph.find_shortcut(id), graph.find(id)) {
        (Some(shortcut), _) => graph.shortcut(shortcut).outer,
        (None, Some(node)) => graph.innermost_shortcut(node),
        (None, None) => None,
    };
    graph.around(first).collect()
}

/// Plans to bring the ledger's rows and the files of these revisions together
/// again, as far as they are applied and differ: [`Goal::Accept`] writes their
/// rows anew and runs nothing; [`Goal::Redo`] takes down what ran and brings up
/// what the files have now, and with it what stands on that, if it is named too.
///
/// # Errors
///
/// [`PlanError`].
pub fn mend(
    binding: &Arc<Binding>,
    standing: &Standing,
    goal: Goal,
    nodes: &[Node],
) -> Result<Lane, PlanError> {
    let (graph, state) = (&standing.graph, standing.state.set());
    let ways = Ways::new(binding, standing);
    let mut chosen = NodeSet::default();
    let mut same = NodeSet::default();
    let mut foreign = Vec::new();
    for &node in nodes.iter().filter(|node| state.contains(**node)) {
        let is_altered = standing.drift.altered.contains(graph.id(node));
        if graph.is_foreign(node) && !(goal == Goal::Accept && is_altered) {
            foreign.push(node);
        } else if differs(&ways, standing, goal, node)? {
            chosen.insert(node);
        } else {
            same.insert(node);
        }
    }
    if goal == Goal::Redo {
        // What stands on it has to be done again with it, where that is asked for.
        let above = graph.descendants(chosen.iter());
        chosen.extend(same.intersection(&above).iter());
    }
    if !foreign.is_empty() {
        return Err(PlanError::NoFile {
            revisions: graph.ids(foreign),
        });
    }
    let moves = match goal {
        Goal::Redo => {
            let without = state.difference(&chosen);
            check_free(graph, &chosen, &without)?;
            let alone = Through::default();
            let down = moves(graph, state, &without, &alone);
            [down, moves(graph, &without, state, &alone)].concat()
        }
        _ => {
            let both = |node| [false, true].map(|up| (up, Hop::Revision(node)));
            let moves = chosen.iter().flat_map(both);
            moves.map(|(up, hop)| Move { up, hop }).collect()
        }
    };
    let mut steps = Steps::default();
    lane_of(binding, &ways, goal, state, moves, &mut steps)
}

/// Whether a revision's row is not what its file would leave: for [`Goal::Redo`],
/// whether another script ran.
fn differs(
    ways: &Ways<'_>,
    standing: &Standing,
    goal: Goal,
    node: Node,
) -> Result<bool, ScriptError> {
    let Some(stored) = standing.state.row(node) else {
        return Ok(false);
    };
    let file = ways.expected_row(node, Some(stored))?;
    Ok(match goal {
        Goal::Redo => stored.upgrade_digest != file.upgrade_digest,
        _ => *stored != file,
    })
}

/// What is done again may have nothing on it that stays.
fn check_free(graph: &Graph, chosen: &NodeSet, rest: &NodeSet) -> Result<(), PlanError> {
    let stands_on = |&node: &Node| {
        let below = graph.below(node);
        below.into_iter().any(|below| chosen.contains(below))
    };
    let above: Vec<Node> = rest.iter().filter(stands_on).collect();
    match above.is_empty() {
        true => Ok(()),
        false => Err(PlanError::StoodUpon {
            revisions: graph.ids(chosen.iter()),
            above: graph.ids(above),
        }),
    }
}

pub(super) fn lane_of(
    binding: &Arc<Binding>,
    ways: &Ways<'_>,
    goal: Goal,
    destination: &NodeSet,
    moves: Vec<Move>,
    known: &mut Steps,
) -> Result<Lane, PlanError> {
    let graph = ways.graph();
    let from = ways.standing.state.set();
    let mut steps = Vec::with_capacity(moves.len());
    let (mut stuck, mut stored, mut altered) = (Vec::new(), Vec::new(), Vec::new());
    for step in moves {
        let (step, is_stuck) = known.step(ways, goal, step)?;
        let is_stored = step.action == Action::Downgrade && step.source == Source::Ledger;
        if is_stored && ways.standing.drift.altered.contains(&step.revision.id) {
            altered.push(step.revision.id.clone());
        }
        if is_stuck {
            stuck.push(step.revision.id.clone());
            if step.source == Source::Ledger {
                stored.push(step.revision.id.clone());
            }
        }
        steps.push(step);
    }
    if !altered.is_empty() {
        return Err(PlanError::Altered { revisions: altered });
    }
    if !stuck.is_empty() {
        return Err(PlanError::NoWayDown {
            revisions: stuck,
            stored,
        });
    }
    Ok(Lane {
        database: binding.clone(),
        from: graph.ids(graph.maximal(from)),
        to: graph.ids(graph.maximal(destination)),
        to_digest: graph.state_digest(destination),
        steps: steps.into(),
    })
}
