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

mod lane;
mod retrace;
mod shortest;
mod step;
mod waits;

use std::sync::Arc;

use crate::digest::Digest;
use crate::graph::Hop;
use crate::revision::{ScriptError, TransactionMode};
use crate::state::Applied;
use crate::{Binding, Revision, RevisionId, ShortcutId, Sql};

pub use lane::{lane, lane_with, mend, moves};
pub use retrace::{contents, retrace};
pub use shortest::{Cost, choose};
pub use step::Steps;
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
