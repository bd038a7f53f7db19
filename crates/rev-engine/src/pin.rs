//! Pins: lanes as they were approved, to be run exactly so or not at all.
//!
//! A pinned lane says where its database stood, and of every step all that runs
//! and all that the ledger gets. The executor plans a pinned job not from a
//! target, but from these steps, on the state that it reads under the lock. A lane
//! may stand at its start, or anywhere its own steps lead; what stands beyond the
//! start must be what the log says that this very plan did.

mod change;
mod follow;

use std::collections::BTreeSet;
use std::sync::Arc;

use rev_core::plan::{self, Action, Wait};
use rev_core::state::Standing;
use rev_core::{
    Applied, Binding, Digest, Goal, NodeSet, RevisionId, ScriptError, Step, TransactionMode, digest,
};

use crate::prepare::Prepared;

pub use change::Change;
pub(crate) use follow::follow;
pub use follow::{Left, left};

/// A pinned lane, and the name of the plan that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// What the log knows the plan by.
    pub plan: Digest,
    /// The lane.
    pub lane: PinnedLane,
}

/// A lane as it was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedLane {
    /// What was asked for.
    pub goal: Goal,
    /// Whether it works beside revisions that only the ledger knows.
    pub beside: bool,
    /// The database, as it was bound.
    pub binding: Binding,
    /// Where it stood.
    pub from: Place,
    /// Where it is led.
    pub to: Place,
    /// What to do, in order.
    pub steps: Vec<PinnedStep>,
}

/// A state of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its heads, ascending.
    pub heads: Vec<RevisionId>,
    /// All that is applied, and what ran: see [`plan::contents`].
    pub contents: Digest,
}

/// A step as it was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedStep {
    /// What to do.
    pub action: Action,
    /// With which revision.
    pub revision: RevisionId,
    /// What the revision is, for people; it may change.
    pub message: String,
    /// What the ledger says that it stands on: ids, and `database@id`; sorted.
    pub stands_on: Vec<String>,
    /// How the statements are committed.
    pub transaction: TransactionMode,
    /// Of the script that runs.
    pub digest: Digest,
    /// Of the way up that the ledger gets, or had.
    pub upgrade: Digest,
    /// Of the way down that the ledger gets, or had.
    pub downgrade: Digest,
    /// The revisions whose work a shortcut does, ascending; else empty.
    pub replaces: Vec<RevisionId>,
    /// What it waits for on other lanes; planned anew when it runs.
    pub waits: Vec<Wait>,
    /// What runs, in order.
    pub statements: Vec<String>,
}

impl PinnedLane {
    /// Pins a lane that was planned on a standing.
    ///
    /// # Errors
    ///
    /// [`ScriptError`], where a script cannot be told.
    pub fn of(
        prepared: &Prepared,
        standing: &Standing,
        goal: Goal,
        beside: bool,
    ) -> Result<Self, ScriptError> {
        let lane = &prepared.lane;
        let binding = &*lane.database;
        let from = standing.state.set();
        let to = after(standing, &lane.steps);
        let works = prepared.works.iter().zip(&prepared.waits);
        let steps = lane.steps.iter().zip(works);
        Ok(Self {
            goal,
            beside,
            binding: binding.clone(),
            from: Place {
                heads: lane.from.clone(),
                contents: plan::contents(binding, standing, from)?,
            },
            to: Place {
                heads: lane.to.clone(),
                contents: plan::contents(binding, standing, &to)?,
            },
            steps: steps
                .map(|(step, (work, waits))| PinnedStep {
                    waits: waits.clone(),
                    statements: work.statements.iter().map(|it| it.text.clone()).collect(),
                    ..PinnedStep::of(step)
                })
                .collect(),
        })
    }
}

impl PinnedStep {
    /// The step without its statements and waits.
    fn of(step: &Step) -> Self {
        Self {
            action: step.action,
            revision: step.revision.id.clone(),
            message: step.revision.message.clone(),
            stands_on: stands_on(&step.rows),
            transaction: step.transaction,
            digest: step.digest,
            upgrade: together(&step.rows, |row| row.upgrade_digest),
            downgrade: together(&step.rows, |row| row.downgrade_digest),
            replaces: step.replaces.clone(),
            waits: Vec::new(),
            statements: Vec::new(),
        }
    }

    /// The revisions that are applied, or not any more, after the step.
    fn revisions(&self) -> impl Iterator<Item = &RevisionId> {
        let alone = self.replaces.is_empty().then_some(&self.revision);
        self.replaces.iter().chain(alone)
    }
}

/// What these rows stand on outside themselves.
fn stands_on(rows: &[Applied]) -> Vec<String> {
    let own: BTreeSet<&RevisionId> = rows.iter().map(|row| &row.revision).collect();
    let below = rows.iter().flat_map(|row| {
        let within = row.parents.iter().chain(&row.dependencies);
        let within = within.filter(|id| !own.contains(id));
        let within = within.map(ToString::to_string);
        within.chain(row.needs.iter().map(ToString::to_string))
    });
    below.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The digest that a row has, or one of those of all rows.
fn together(rows: &[Applied], of: impl Fn(&Applied) -> Digest) -> Digest {
    match rows {
        [only] => of(only),
        rows => {
            let rows: Vec<(&str, Digest)> = rows
                .iter()
                .map(|row| (row.revision.as_str(), of(row)))
                .collect();
            digest::contents(&rows)
        }
    }
}

/// What is applied after these steps.
fn after(standing: &Standing, steps: &[Arc<Step>]) -> NodeSet {
    let mut set = standing.state.set().clone();
    for step in steps {
        let nodes = step.revisions();
        for node in nodes.filter_map(|id| standing.graph.find(id.as_str())) {
            if step.action.applies() {
                set.insert(node);
            } else {
                set.remove(node);
            }
        }
    }
    set
}
