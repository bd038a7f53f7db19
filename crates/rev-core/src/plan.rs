//! Plans: the steps that take a database from one state to another.
//!
//! A state is closed under what its revisions stand on. Downgrades come first,
//! children before parents; then upgrades, parents before children. Their order
//! is one stated total order: depth-first post-order from the heads, ids
//! ascending at each choice, redundant edges left out; downgrades in reverse,
//! from the heads that are left. Every state on the way is closed, so a run may
//! stop after any step and go on later. A plan takes down nothing that both
//! ends share and brings up nothing that neither holds, so it has exactly as
//! many steps as the ends have revisions of their own.
//!
//! A plan is a value: no URL, no connection, no clock. A shortcut (a revision
//! that does the work of several) will be one more kind of edge between states
//! and replace a run of moves here; nothing else needs to know.

use std::sync::Arc;

use crate::digest::{self, Digest};
use crate::revision::{ScriptError, TransactionMode};
use crate::state::{Applied, Standing};
use crate::{Binding, Graph, Node, NodeSet, Revision, RevisionId, Sql};

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

/// One revision, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Whether it is brought up.
    pub up: bool,
    /// The revision.
    pub node: Node,
}

/// The moves from `from` to `to`, in the order to make them.
///
/// Both must be closed in `graph`; then every set on the way is. Empty when
/// they are equal. Linear in the revisions and edges that are walked: those of
/// the two ends that the other lacks, and the neighbours of these.
#[must_use]
pub fn moves(graph: &Graph, from: &NodeSet, to: &NodeSet) -> Vec<Move> {
    let shared = from.intersection(to);
    let down = graph.post_order(&graph.maximal(&from.difference(&shared)), &shared);
    let up = graph.post_order(&graph.maximal(&to.difference(&shared)), &shared);
    let down = down.into_iter().rev().filter(|&node| from.contains(node));
    let up = up.into_iter().filter(|&node| to.contains(node));
    down.map(|node| Move { up: false, node })
        .chain(up.map(|node| Move { up: true, node }))
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
    /// What to do, in order.
    pub steps: Vec<Step>,
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
    /// The row that the ledger gets, or had.
    pub row: Applied,
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

/// Plans one lane: the steps from where `standing` is to `destination`, with
/// their scripts. With `Goal::Stamp` nothing runs.
///
/// # Errors
///
/// [`PlanError`].
pub fn lane(
    binding: &Arc<Binding>,
    standing: &Standing,
    goal: Goal,
    destination: &NodeSet,
) -> Result<Lane, PlanError> {
    let moves = moves(&standing.graph, standing.state.set(), destination);
    lane_of(binding, standing, goal, destination, moves)
}

/// Plans to bring the ledger's rows and the files of these revisions together
/// again, as far as they are applied and differ: [`Goal::Accept`] writes their
/// rows anew and runs nothing; [`Goal::Redo`] takes down what ran and brings up
/// what the files have now.
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
    let mut chosen = NodeSet::default();
    let mut foreign = Vec::new();
    for &node in nodes.iter().filter(|node| state.contains(**node)) {
        if graph.is_foreign(node) {
            foreign.push(node);
        } else if differs(binding, standing, goal, node)? {
            chosen.insert(node);
        }
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
            [moves(graph, state, &without), moves(graph, &without, state)].concat()
        }
        _ => {
            let both = |node| [false, true].map(|up| Move { up, node });
            chosen.iter().flat_map(both).collect()
        }
    };
    lane_of(binding, standing, goal, state, moves)
}

/// Whether a revision's row is not what its file would leave: for [`Goal::Redo`],
/// whether another script ran.
fn differs(
    binding: &Binding,
    standing: &Standing,
    goal: Goal,
    node: Node,
) -> Result<bool, ScriptError> {
    let file = row_of(binding, &standing.graph, node)?.row;
    let stored = standing.state.row(node);
    Ok(stored.is_some_and(|stored| match goal {
        Goal::Redo => stored.upgrade_digest != file.upgrade_digest,
        _ => *stored != file,
    }))
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
    standing: &Standing,
    goal: Goal,
    destination: &NodeSet,
    moves: Vec<Move>,
) -> Result<Lane, PlanError> {
    let graph = &standing.graph;
    let from = standing.state.set();
    let steps = moves
        .into_iter()
        .map(|step| self::step(binding, standing, goal, step))
        .collect::<Result<Vec<Step>, PlanError>>()?;
    let stuck: Vec<RevisionId> = steps
        .iter()
        .filter(|step| step.action == Action::Downgrade && step.is_empty())
        .filter(|step| step.row.did_work())
        .map(|step| step.revision.id.clone())
        .collect();
    if !stuck.is_empty() {
        return Err(PlanError::NoWayDown { revisions: stuck });
    }
    let heads = graph.maximal(destination);
    let lineages: Vec<Digest> = heads.iter().map(|&head| graph.lineage(head)).collect();
    Ok(Lane {
        database: binding.clone(),
        from: graph.ids(graph.maximal(from)),
        to: graph.ids(heads),
        to_digest: digest::state(&lineages),
        steps,
    })
}

fn step(
    binding: &Binding,
    standing: &Standing,
    goal: Goal,
    Move { up, node }: Move,
) -> Result<Step, PlanError> {
    let action = match (matches!(goal, Goal::Stamp | Goal::Accept), up) {
        (false, true) => Action::Upgrade,
        (false, false) => Action::Downgrade,
        (true, true) => Action::Stamp,
        (true, false) => Action::Unstamp,
    };
    let graph = &standing.graph;
    let file = row_of(binding, graph, node)?;
    // What is applied counts for the way down; the way up is the file's.
    let stored = standing.state.row(node).filter(|_| !up);
    let (row, source) = match stored {
        // The file's way down undoes what ran only if its way up is what ran.
        Some(stored)
            if graph.is_foreign(node) || stored.upgrade_digest != file.row.upgrade_digest =>
        {
            (stored.clone(), Source::Ledger)
        }
        _ => (file.row, Source::File),
    };
    let script = match action {
        Action::Upgrade => file.upgrade,
        Action::Downgrade => row.downgrade.clone(),
        Action::Stamp | Action::Unstamp => None,
    };
    Ok(Step {
        action,
        revision: graph.revision(node).clone(),
        digest: digest::script(script.as_ref()),
        script,
        transaction: row.transaction,
        source,
        row,
    })
}

struct FileRow {
    row: Applied,
    upgrade: Option<Sql>,
}

/// The ledger row that applying a revision's file would leave.
fn row_of(binding: &Binding, graph: &Graph, node: Node) -> Result<FileRow, ScriptError> {
    let revision = graph.revision(node);
    let work = revision.work(binding)?;
    Ok(FileRow {
        row: Applied {
            revision: revision.id.clone(),
            parents: graph.ids(graph.parents(node)),
            dependencies: graph.ids(graph.dependencies(node)),
            message: revision.message.clone(),
            upgrade_digest: digest::script(work.upgrade),
            downgrade_digest: digest::script(work.downgrade),
            revision_digest: graph.digest(node),
            downgrade: work.downgrade.cloned(),
            transaction: work.transaction,
        },
        upgrade: work.upgrade.cloned(),
    })
}
