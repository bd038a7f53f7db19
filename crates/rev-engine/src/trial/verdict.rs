//! What comes of trials: values that own all there is to tell.

use rev_core::{DatabaseName, ResolveError, RevisionId};
use rev_sql::schema::Difference;

use crate::failure::DatabaseError;
use crate::outcome::{End, LaneOutcome};
use crate::proof::Unproven;

/// What came of all trials.
#[derive(Debug)]
pub struct Report {
    /// A verdict a trial, in their order.
    pub verdicts: Vec<Verdict>,
    /// How many databases were made.
    pub made: usize,
    /// Why databases stay that were to be taken away.
    pub stayed: Vec<DatabaseError>,
}

/// What is told while trials go on.
#[derive(Debug, Clone)]
pub enum News {
    /// A trial begins.
    Begun(Subject),
    /// A trial has ended.
    Ended(Verdict),
}

/// What came of one trial.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Its place among all trials, from 0.
    pub number: usize,
    /// What was tried.
    pub subject: Subject,
    /// How it went.
    pub judgement: Judgement,
    /// What could not be tried.
    pub remarks: Vec<Remark>,
    /// How long it took.
    pub elapsed_ms: u64,
}

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// For which database.
    pub database: DatabaseName,
    /// What it is.
    pub kind: Kind,
    /// The revision, merge or shortcut; `None` for a head.
    pub revision: Option<RevisionId>,
    /// Its message.
    pub message: String,
}

/// What a trial is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// That an upgrade knows where to go.
    Head,
    /// A revision: up, down, up again.
    Revision,
    /// A merge: its sides in every order.
    Merge,
    /// A shortcut, against what it replaces.
    Shortcut,
}

impl Kind {
    /// The word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Head => "head",
            Kind::Revision => "revision",
            Kind::Merge => "merge",
            Kind::Shortcut => "shortcut",
        }
    }
}

/// How a trial went.
#[derive(Debug, Clone)]
pub enum Judgement {
    /// All was as it must be.
    Passed,
    /// It was not tried, or not to its end, for a reason.
    Skipped(Skip),
    /// Something was not as it must be. (Shared: verdicts are told and kept.)
    Failed(std::sync::Arc<Fault>),
}

impl Judgement {
    /// Whether others can be tried that stand on it.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Judgement::Passed => true,
            Judgement::Skipped(_) | Judgement::Failed(_) => false,
        }
    }
}

impl From<Fault> for Judgement {
    fn from(fault: Fault) -> Self {
        Judgement::Failed(fault.into())
    }
}

/// Why something is not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// It stands on one that failed.
    StandsOn(RevisionId),
    /// The run was stopped.
    Stopped,
}

/// At which moment of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// On the way to where it begins.
    Before,
    /// The first way up.
    Upgrade,
    /// The way down.
    Downgrade,
    /// The second way up.
    UpgradeAgain,
    /// The sides of a merge, in this order of their ends.
    Order(Vec<RevisionId>),
}

impl Moment {
    /// What goes on then, as a phrase.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Moment::Before => "the way to where the trial begins",
            Moment::Upgrade => "the upgrade",
            Moment::Downgrade => "the downgrade",
            Moment::UpgradeAgain => "the second upgrade",
            Moment::Order(_) => "another order of the sides",
        }
    }
}

/// What was not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An upgrade does not know where to go.
    #[error(transparent)]
    Head(ResolveError),
    /// A step failed, or was refused.
    #[error("{} fails{}", .0.name(), reason(.1))]
    Run(Moment, Box<LaneOutcome>),
    /// The schema is another one than it must be.
    #[error("{} leaves another schema than it must", .0.name())]
    Schema(Moment, Difference),
    /// A table has not the rows that it had before the way up and down.
    #[error("the downgrade does not bring back all rows of `{table}`")]
    Rows {
        /// The table.
        table: String,
        /// The rows that it lacks.
        missing: Vec<String>,
        /// The rows that it has besides.
        extra: Vec<String>,
    },
    /// Two orders of a merge's sides give two schemas.
    #[error("the order of the sides {second:?} gives another schema than {first:?}")]
    Order {
        /// The order in which the schema is due.
        first: Vec<RevisionId>,
        /// The one in which it is another.
        second: Vec<RevisionId>,
        /// What the second gives less and more.
        difference: Difference,
    },
    /// A shortcut is not what it replaces.
    #[error(transparent)]
    Shortcut(Unproven),
    /// A throw-away database could not be made, reached or asked.
    #[error(transparent)]
    Database(DatabaseError),
}

impl Fault {
    /// What is missing and what there is besides, where that is what is wrong.
    #[must_use]
    pub fn difference(&self) -> (&[String], &[String]) {
        match self {
            Fault::Schema(_, difference)
            | Fault::Order { difference, .. }
            | Fault::Shortcut(Unproven::Differs { difference, .. }) => {
                (&difference.missing, &difference.extra)
            }
            Fault::Rows { missing, extra, .. } => (missing, extra),
            _ => (&[], &[]),
        }
    }
}

/// Why a lane ended that was to go on.
fn reason(lane: &LaneOutcome) -> String {
    match &lane.end {
        End::Failed {
            revision, error, ..
        } => format!(": `{revision}`: {error}"),
        End::Refused(refusal) => format!(": {refusal}"),
        _ => String::new(),
    }
}

/// What could not be tried, and what is no fault but worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Its way up ran, and there is no way down.
    OnlyUp {
        /// Whether it says so on purpose.
        is_irreversible: bool,
    },
    /// No row could be invented for a table.
    NoSample {
        /// The table.
        table: String,
        /// Why.
        reason: String,
    },
    /// A script fails on invented rows and runs without: whether rows are kept is
    /// not known.
    SampleRefused {
        /// Which script.
        moment: Moment,
        /// What the database said.
        reason: String,
    },
    /// The way down has left rows that were not there before the way up.
    RowsLeft {
        /// The table.
        table: String,
        /// The rows.
        rows: Vec<String>,
    },
    /// Not all orders of a merge's sides were tried.
    OrdersLeftOut {
        /// How many were.
        tried: usize,
        /// How many were not.
        left_out: usize,
    },
}
