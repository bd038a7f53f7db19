//! How a request ended.

use rev_core::plan::WaitError;
use rev_core::resolve::ResolveError;
use rev_core::revision::ScriptError;
use rev_core::state::{Drift, StateError};
use rev_core::{DatabaseName, Digest, PlanError, RevisionId};
use rev_sql::effect::Lost;
use rev_sql::reach::Reach;
use rev_sql::split::SplitError;

use crate::database::Holder;
use crate::failure::{DatabaseError, StepError};
use crate::journal::{Changed, Node, Participants, StepInFlight};
use crate::pin::Change;

/// What became of every lane.
#[derive(Debug)]
pub struct Outcome {
    /// A lane a database, in the order asked for.
    pub lanes: Vec<LaneOutcome>,
}

/// What became of one lane.
#[derive(Debug)]
pub struct LaneOutcome {
    /// The database.
    pub database: DatabaseName,
    /// The revisions of the steps that stand, in order.
    pub done: Vec<RevisionId>,
    /// The revisions of the steps that nobody knows to stand or not, since nobody answers
    /// any more, in order.
    pub in_doubt: Vec<RevisionId>,
    /// The revisions of the steps that were not begun or were undone, in order.
    pub not_begun: Vec<RevisionId>,
    /// The heads now, ascending; `None`: not known.
    pub heads: Option<Vec<RevisionId>>,
    /// The heads when they were last known, ascending.
    pub last: Vec<RevisionId>,
    /// The applied revisions that only the ledger knows.
    pub unknown: Vec<RevisionId>,
    /// The step that is half done: what stands of it, and what does not.
    pub half_done: Option<HalfDone>,
    /// How it ended.
    pub end: End,
}

/// A step of which some statements stand and others do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfDone {
    /// What the journal says.
    pub step: StepInFlight,
    /// How many statements its script has; `None`: nobody here has the script.
    pub statements: Option<usize>,
    /// What the statements that stand left in a session that is gone, if the rest cannot
    /// do without: no run goes on with the step then.
    pub lost: Option<Lost>,
}

/// How a lane ended.
#[derive(Debug)]
pub enum End {
    /// All is done.
    Done,
    /// Nothing was to do.
    Nothing,
    /// It was not begun, or not gone on with, for another lane's sake.
    HeldBack,
    /// It was stopped on request.
    Stopped,
    /// It is prepared, and its two-phase run was cut off before or at the
    /// decision: `repair` reads it and carries it out.
    Undecided(Box<Participants>),
    /// It was refused before anything was touched.
    Refused(Refusal),
    /// A step failed.
    Failed {
        /// The revision.
        revision: RevisionId,
        /// Which step, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// `upgrade`, `downgrade`, `stamp` or `unstamp`.
        action: &'static str,
        /// How many statements the step has.
        statements: usize,
        /// Whether the script is the ledger's, not the file's.
        from_ledger: bool,
        /// Why.
        error: StepError,
    },
}

impl Outcome {
    /// Whether anything was changed on any database, as far as is known.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        let is_changed = |lane: &LaneOutcome| {
            let half_done = lane.half_done.is_some() && !matches!(lane.end, End::Nothing);
            !(lane.done.is_empty() && lane.in_doubt.is_empty())
                || half_done
                || matches!(lane.end, End::Undecided(_))
        };
        self.lanes.iter().any(is_changed)
    }

    /// Whether every lane did all that was asked.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let complete = |lane: &LaneOutcome| matches!(lane.end, End::Done | End::Nothing);
        self.lanes.iter().all(complete)
    }
}

/// What a ledger is stamped with so that it forgets revisions, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgetting {
    /// First: the revision that all of them stand on; `None`: base.
    pub below: Option<RevisionId>,
    /// Then: the heads of what is left.
    pub heads: Vec<RevisionId>,
}

/// Why a lane is not run; nothing was touched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The target means nothing there.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The ledger makes no state.
    #[error(transparent)]
    State(#[from] StateError),
    /// Scripts that cannot be told.
    #[error("{} cannot be chosen", match errors.len() { 1 => "a script".to_owned(), n => format!("{n} scripts") })]
    Scripts {
        /// All of them.
        errors: Vec<ScriptError>,
    },
    /// There is no way.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A script that cannot be split into statements.
    #[error("{action} script of revision `{revision}`: {error}")]
    Split {
        /// The revision.
        revision: RevisionId,
        /// `upgrade` or `downgrade`.
        action: &'static str,
        /// Why.
        error: SplitError,
    },
    /// A script that a throw-away database is not told.
    #[error(
        "the {action} script of revision `{revision}` is not run on a throw-away database: {reach}"
    )]
    Reaches {
        /// The revision.
        revision: RevisionId,
        /// `upgrade` or `downgrade`.
        action: &'static str,
        /// The piece of the script, counted from 0.
        piece: usize,
        /// Where in it, in bytes.
        offset: usize,
        /// What it reaches.
        reach: Reach,
    },
    /// A script that holds no statement.
    #[error("the {action} script of revision `{revision}` holds no statement")]
    Unwritten {
        /// The revision.
        revision: RevisionId,
        /// `upgrade` or `downgrade`.
        action: &'static str,
    },
    /// The files and the ledger disagree about what is applied.
    #[error("the files and the ledger of `{database}` disagree")]
    Drift {
        /// The database.
        database: DatabaseName,
        /// In what.
        drift: Box<Drift>,
        /// The heads of what is left without the revisions that have gaps below
        /// them, and without what stands on these.
        sound: Vec<RevisionId>,
        /// The heads that stand on what is missing, of those that this checkout has.
        unsound: Vec<RevisionId>,
        /// The edited revisions that cannot be done again: there is no way down.
        for_good: Vec<RevisionId>,
    },
    /// There is work to do beside revisions that no file here has.
    #[error("`{database}` holds {} that this checkout lacks", match unknown.len() { 1 => "a revision".to_owned(), n => format!("{n} revisions") })]
    Beside {
        /// The database.
        database: DatabaseName,
        /// The revisions.
        unknown: Vec<RevisionId>,
        /// How the ledger could forget them, if in two steps.
        forgetting: Option<Forgetting>,
    },
    /// Lanes that do not go together with what other databases have.
    #[error(transparent)]
    Across(#[from] WaitError),
    /// A database that must be looked at, and has no URL.
    #[error("`{database}` depends on what `{on}` has, which cannot be looked at")]
    OutOfSight {
        /// The database of the lane.
        database: DatabaseName,
        /// The other one.
        on: DatabaseName,
    },
    /// A lane that came to depend on a database, which this run has in hand apart from it.
    #[error("another run has moved `{database}` meanwhile, and it depends on `{on}` now")]
    DependsSince {
        /// The database of the lane.
        database: DatabaseName,
        /// The other one.
        on: DatabaseName,
    },
    /// Two lanes on one ledger.
    #[error("`{first}` and `{second}` are the same database")]
    SameDatabase {
        /// The one.
        first: DatabaseName,
        /// The other.
        second: DatabaseName,
    },
    /// Another run holds the lock and the time to wait is over.
    #[error("another run holds the lock")]
    Locked {
        /// Who, if that is known.
        holder: Option<Holder>,
    },
    /// A relative target, and a state that moved while waiting.
    #[error("`{database}` moved while this run waited for it")]
    Moved {
        /// The database.
        database: DatabaseName,
        /// Where the target led when first seen: the heads.
        heads: Vec<RevisionId>,
    },
    /// A plan that was approved, and what it was approved on is no longer so.
    #[error("the plan does not fit `{database}` any more")]
    Stale {
        /// The database.
        database: DatabaseName,
        /// The plan.
        plan: Digest,
        /// All that has changed.
        changes: Vec<Change>,
    },
    /// A step that must run statement by statement, and a pooler between.
    #[error(
        "revision `{revision}` runs statement by statement, which asks for a session of its own"
    )]
    Pooled {
        /// The revision.
        revision: RevisionId,
    },
    /// All was to commit together, and a step cannot be held by a transaction.
    #[error("revision `{revision}` cannot share a transaction with other steps: {reason}")]
    NotAtomic {
        /// The revision.
        revision: RevisionId,
        /// Why.
        reason: &'static str,
    },
    /// Another step is half done there, and this command does not go on with it.
    #[error("the {} of revision `{}` is half done on `{database}`", step.action.name(), step.revision)]
    HalfDone {
        /// The database.
        database: DatabaseName,
        /// The step.
        step: Box<StepInFlight>,
    },
    /// A step is half done of a revision that neither the files nor the ledger have.
    #[error(
        "the {} of revision `{}` is half done on `{database}`, and this checkout does not have it",
        step.action.name(),
        step.revision
    )]
    StepWithoutFile {
        /// The database.
        database: DatabaseName,
        /// The step.
        step: Box<StepInFlight>,
    },
    /// The step at hand was cut off, and nobody but a person can know whether its
    /// last statement took effect.
    #[error(
        "nobody saw whether statement {} of revision `{}` took effect on `{database}`: {reason}",
        step.done.len() + 1,
        step.revision
    )]
    InDoubt {
        /// The database.
        database: DatabaseName,
        /// The step.
        step: Box<StepInFlight>,
        /// Why it cannot be told.
        reason: String,
        /// What the catalogue said before and says now, a line a difference.
        differences: Vec<String>,
    },
    /// Statements stand that left something in a session that is gone, and that cannot be
    /// made again.
    #[error(
        "the {} of revision `{}` cannot be gone on with on `{database}`: the {} of statement {} is gone with its session",
        step.action.name(),
        step.revision,
        lost.what,
        lost.statement
    )]
    SessionGone {
        /// The database.
        database: DatabaseName,
        /// The step.
        step: Box<StepInFlight>,
        /// What is gone.
        lost: Lost,
    },
    /// A statement that stands was edited since it ran.
    #[error(
        "{changed} of revision `{}` already ran on `{database}`, and is another one now",
        step.revision
    )]
    ExecutedChanged {
        /// The database.
        database: DatabaseName,
        /// The step.
        step: Box<StepInFlight>,
        /// Which.
        changed: Changed,
    },
    /// The session of a killed run is still at work, and the time to wait is over.
    #[error("a session that an earlier run has left behind is still at work: {doing}")]
    Orphan {
        /// The step that it works on.
        step: Box<StepInFlight>,
        /// What it does.
        doing: String,
    },
    /// A step is half done that a session on another node of the cluster may still be at
    /// work on, and only that node can tell.
    #[error(
        "statement {} of revision `{}` was sent to {}, which cannot be asked from here whether it \
         is still at work on it",
        step.done.len() + 1,
        step.revision,
        node.name
    )]
    OutOfReach {
        /// The step.
        step: Box<StepInFlight>,
        /// The node.
        node: Node,
    },
    /// A two-phase run was cut off.
    #[error("a two-phase run was cut off, and is to be concluded first")]
    TwoPhaseOpen {
        /// Who takes part in it.
        participants: Box<Participants>,
    },
    /// The database could not be asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Refusal {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Resolve(error) => error.code(),
            Refusal::State(_) => "damaged_ledger",
            Refusal::Scripts { .. } => "unclear_script",
            Refusal::Plan(PlanError::NoWayDown { .. }) => "no_way_down",
            Refusal::Plan(PlanError::StoodUpon { .. }) => "stood_upon",
            Refusal::Plan(PlanError::NoFile { .. }) => "no_file",
            Refusal::Plan(PlanError::Altered { .. }) => "altered_ledger",
            Refusal::Plan(PlanError::Script(_)) => "unclear_script",
            Refusal::Split { .. } => "bad_script",
            Refusal::Reaches { .. } => "reaches_beyond",
            Refusal::Unwritten { .. } => "unwritten_script",
            Refusal::Drift { .. } => "drift",
            Refusal::Beside { .. } => "unknown_revisions",
            Refusal::Across(WaitError::Missing { .. }) => "needs_another",
            Refusal::Across(WaitError::Needed { .. }) => "needed_by_another",
            Refusal::Across(WaitError::Ring { .. }) => "ring_of_waits",
            Refusal::Across(WaitError::Script(_)) => "unclear_script",
            Refusal::OutOfSight { .. } => "out_of_sight",
            Refusal::DependsSince { .. } => "depends_since",
            Refusal::SameDatabase { .. } => "same_database",
            Refusal::Locked { .. } => "locked",
            Refusal::Moved { .. } => "moved",
            Refusal::Stale { .. } => "stale_plan",
            Refusal::Pooled { .. } => "pooled",
            Refusal::NotAtomic { .. } => "not_atomic",
            Refusal::HalfDone { .. } => "half_done",
            Refusal::StepWithoutFile { .. } => "half_done_without_file",
            Refusal::InDoubt { .. } => "in_doubt",
            Refusal::SessionGone { .. } => "session_gone",
            Refusal::ExecutedChanged { .. } => "executed_changed",
            Refusal::Orphan { .. } => "orphan_session",
            Refusal::OutOfReach { .. } => "out_of_reach",
            Refusal::TwoPhaseOpen { .. } => "two_phase_open",
            Refusal::Database(error) => error.code(),
        }
    }
}
