//! Plans: the steps that take a database from one state to another.
//!
//! A state is closed under what its revisions stand on. Downgrades come first,
//! children before parents; then upgrades, parents before children. Their order
//! is one stated total order: depth-first post-order from the heads, ids
//! ascending at each choice, redundant edges left out; downgrades in reverse,
//! from the heads that are left. Where revisions depend on other databases, all
//! lanes follow one order instead, so that none waits in a ring. Every state on
//! the way is closed, so a run may stop after any step and go on later. A plan
//! takes down nothing that both ends share and brings up nothing that neither
//! holds, and no plan of which that is true is shorter: see [`choose`].
//!
//! A plan is a value: no URL, no connection, no clock.

mod retrace;
mod shortest;
mod step;
mod waits;

use std::cmp::Reverse;
use std::sync::Arc;

use crate::digest::Digest;
use crate::graph::Hop;
use crate::revision::{ScriptError, TransactionMode};
use crate::state::{Applied, Standing};
use crate::{Binding, Graph, Node, NodeSet, Revision, RevisionId, ShortcutId, Sql};

pub use retrace::{contents, retrace};
pub use shortest::{Cost, choose};
pub(crate) use step::ShortcutDigests;
pub use step::Steps;
use step::Ways;
pub use waits::{Until, View, Wait, WaitError, concerned, is_needed_by, waits};

/// What the user wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// Apply what is missing; take nothing away.
    Upgrade,
    /// Take down what stands above a point.
    Downgrade,
    /// Make the state exactly the ancestry of a point.
    Switch,
    /// Change the ledger alone.
    Stamp,
    /// Take what the files say of applied revisions for what was applied.
    Accept,
    /// Take applied revisions down as they were, and up as their files have them.
    Redo,
}

impl Goal {
    /// The word used on the command line, in plans and in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Goal::Upgrade => "upgrade",
            Goal::Downgrade => "downgrade",
            Goal::Switch => "switch",
            Goal::Stamp => "stamp",
            Goal::Accept => "accept",
            Goal::Redo => "redo",
        }
    }
}

/// What one step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Run the way up and record the revision.
    Upgrade,
    /// Run the way down and forget the revision.
    Downgrade,
    /// Record the revision, running nothing.
    Stamp,
    /// Forget the revision, running nothing.
    Unstamp,
}

impl Action {
    /// The word used in plans and in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Action::Upgrade => "upgrade",
            Action::Downgrade => "downgrade",
            Action::Stamp => "stamp",
            Action::Unstamp => "unstamp",
        }
    }

    /// Whether the revision is applied after the step.
    #[must_use]
    pub const fn applies(self) -> bool {
        matches!(self, Action::Upgrade | Action::Stamp)
    }

    /// Whether the step runs the revision's scripts.
    #[must_use]
    pub const fn runs(self) -> bool {
        matches!(self, Action::Upgrade | Action::Downgrade)
    }
}

/// One hop, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Whether it is brought up.
    pub up: bool,
    /// What moves.
    pub hop: Hop,
}

/// The shortcuts that a plan takes, each way none within another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Through {
    /// On the way down.
    pub down: Vec<ShortcutId>,
    /// On the way up.
    pub up: Vec<ShortcutId>,
}

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

/// What will be done to several databases.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What was asked for.
    pub goal: Goal,
    /// A lane a database.
    pub lanes: Vec<Lane>,
}

/// What will be done to one database.
#[derive(Debug, Clone)]
pub struct Lane {
    /// The database.
    pub database: Arc<Binding>,
    /// The heads of the state that the plan starts from, ascending.
    pub from: Vec<RevisionId>,
    /// The heads of the state that it ends in, ascending.
    pub to: Vec<RevisionId>,
    /// Names the set of revisions that it ends in, with all their scripts.
    pub to_digest: Digest,
    /// What to do, in order; shared by databases that go the same way.
    pub steps: Arc<[Arc<Step>]>,
}

/// One revision, one way, on one database.
#[derive(Debug, Clone)]
pub struct Step {
    /// What to do.
    pub action: Action,
    /// With which revision.
    pub revision: Arc<Revision>,
    /// What runs; `None`: nothing has to.
    pub script: Option<Sql>,
    /// Of `script`.
    pub digest: Digest,
    /// How the statements are committed.
    pub transaction: TransactionMode,
    /// Where the downgrade comes from.
    pub source: Source,
    /// The rows that the ledger gets, or had: one, but for a shortcut and for
    /// what has replaced others for good.
    pub rows: Vec<Applied>,
    /// The revisions whose work a shortcut does, ascending; else empty.
    pub replaces: Vec<RevisionId>,
}

/// Where the script of a downgrade comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The revision's file.
    File,
    /// The ledger: the revision has no file, or its upgrade is not the one that ran.
    Ledger,
}

impl Step {
    /// Whether the step runs nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.script.is_none()
    }

    /// The revisions that are applied, or not any more, after the step.
    pub fn revisions(&self) -> impl Iterator<Item = &RevisionId> {
        let alone = self.replaces.is_empty().then_some(&self.revision.id);
        self.replaces.iter().chain(alone)
    }
}

impl Lane {
    /// What the steps cost.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let steps = self.steps.iter();
        steps
            .map(|step| Cost::step(!step.is_empty()))
            .fold(Cost::default(), |sum, step| sum + step)
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Revisions in the way that did something and cannot be taken down: all of
    /// them, in the order of the plan.
    #[error("there is no way down from {}", quoted(revisions))]
    NoWayDown {
        /// The revisions.
        revisions: Vec<RevisionId>,
        /// Those of them whose way down is the ledger's, which has none.
        stored: Vec<RevisionId>,
    },
    /// Revisions that are to be done again, though others stand on them.
    #[error(
        "{} cannot be done again while {} on it",
        quoted(revisions),
        standing_on(above)
    )]
    StoodUpon {
        /// The revisions.
        revisions: Vec<RevisionId>,
        /// What is applied and stands on them.
        above: Vec<RevisionId>,
    },
    /// Revisions that have no file in this checkout.
    #[error("no file of this checkout has {}", quoted(revisions))]
    NoFile {
        /// The revisions.
        revisions: Vec<RevisionId>,
    },
    /// Revisions in the way whose way down would be the stored one, which is not what was
    /// stored.
    #[error(
        "the stored way down of {} was changed in the ledger",
        quoted(revisions)
    )]
    Altered {
        /// The revisions.
        revisions: Vec<RevisionId>,
    },
    /// A revision whose script for this database cannot be told.
    #[error(transparent)]
    Script(#[from] ScriptError),
}

fn standing_on(ids: &[RevisionId]) -> String {
    let verb = if ids.len() == 1 { "stands" } else { "stand" };
    format!("{} {verb}", quoted(ids))
}

fn quoted(ids: &[RevisionId]) -> String {
    let words: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    words.join(", ")
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

fn lane_of(
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
