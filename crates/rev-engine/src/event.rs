//! Events: all that a run tells while it goes on.
//!
//! They own their data and serialise, so text, JSON lines and later reports
//! read the same stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;

use crate::failure::StatementFailure;

/// What a step takes away for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loss {
    /// `upgrade` or `downgrade`.
    pub action: &'static str,
    /// The revision.
    pub revision: String,
    /// Such as "drops table `hero`".
    pub what: String,
}

/// Something that happened, on one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Event {
    /// Another run holds the database's lock; said once.
    Waiting {
        /// The database.
        database: String,
        /// Who holds it, if that is known.
        holder: Option<String>,
        /// The node of a cluster that it is on, where that is another one than ours.
        node: Option<String>,
        /// Since when, if that is known.
        since: Option<String>,
    },
    /// The lane waits for another one of the run; said once a step.
    WaitingFor {
        /// The database.
        database: String,
        /// The revision that is to come or go next.
        revision: String,
        /// The other database.
        on: String,
        /// The revision there.
        needed: String,
        /// `applied` or `gone`.
        until: &'static str,
    },
    /// Another database cannot be asked whether it needs what the lane takes down.
    Unseen {
        /// The database that cannot be asked.
        database: String,
        /// Why.
        message: String,
    },
    /// Databases that depend on each other, or commit together, are open at once, though they
    /// are more than the run's jobs.
    OpenTogether {
        /// The first of the databases.
        database: String,
        /// How many they are.
        databases: usize,
        /// How many of them work at once.
        jobs: usize,
    },
    /// The lane is planned.
    Planned {
        /// The database.
        database: String,
        /// How many steps it has.
        steps: usize,
        /// How many of these run something.
        with_work: usize,
        /// How many applied revisions only the ledger knows.
        unknown: usize,
        /// What the steps take away for good, as far as their text says so.
        losses: Vec<Loss>,
    },
    /// A step begins.
    StepStarted {
        /// The database.
        database: String,
        /// Which step, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// `upgrade`, `downgrade`, `stamp` or `unstamp`.
        action: &'static str,
        /// The revision.
        revision: String,
        /// Its message.
        message: String,
        /// How many statements it has.
        statements: usize,
        /// Whether the script is the ledger's, not the file's.
        from_ledger: bool,
    },
    /// A statement still runs.
    StillRunning {
        /// The database.
        database: String,
        /// The revision.
        revision: String,
        /// Which statement, from 1.
        statement: usize,
        /// For how long so far.
        elapsed_ms: u64,
    },
    /// The server remarked something that is no error, such as a notice.
    Remark {
        /// The database.
        database: String,
        /// The revision.
        revision: String,
        /// Which statement, from 1.
        statement: usize,
        /// What it said.
        message: String,
    },
    /// An empty database takes shared revisions that others have applied long before.
    JoinsLate {
        /// The database.
        database: String,
        /// How many such revisions.
        shared: usize,
    },
    /// Something that a person should know of where the ledger lies.
    Caution {
        /// The database.
        database: String,
        /// What it is.
        message: String,
    },
    /// A step that an earlier run has left half done is gone on with.
    Resuming {
        /// The database.
        database: String,
        /// The revision.
        revision: String,
        /// How many of its statements stand already.
        stand: usize,
        /// How many it has.
        statements: usize,
    },
    /// The session of a killed run is still at work, and is waited for.
    Orphan {
        /// The database.
        database: String,
        /// The revision.
        revision: String,
        /// What it does.
        doing: String,
    },
    /// A statement begins, in a step that goes statement by statement.
    StatementStarted {
        /// The database.
        database: String,
        /// The revision.
        revision: String,
        /// Which statement, from 1.
        statement: usize,
        /// Of how many.
        of: usize,
    },
    /// A lane is prepared for the decision of a two-phase run.
    Prepared {
        /// The database.
        database: String,
    },
    /// A step is committed.
    StepDone {
        /// The database.
        database: String,
        /// Which step, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// `upgrade`, `downgrade`, `stamp` or `unstamp`.
        action: &'static str,
        /// The revision.
        revision: String,
        /// Its message.
        message: String,
        /// Whether it ran nothing.
        empty: bool,
    },
    /// A step is tried again, since the database was locked.
    Retrying {
        /// The database.
        database: String,
        /// The revision.
        revision: String,
        /// The attempt that follows, from 2.
        attempt: u32,
    },
    /// A step failed; nothing of it stands.
    StepFailed {
        /// The database.
        database: String,
        /// Which step, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// `upgrade`, `downgrade`, `stamp` or `unstamp`.
        action: &'static str,
        /// The revision.
        revision: String,
        /// The statement that failed, if one did.
        failure: Option<StatementFailure>,
        /// Why.
        error: String,
    },
    /// The lane has nothing more to do.
    LaneDone {
        /// The database.
        database: String,
        /// How many steps were committed.
        steps: usize,
        /// The heads now, ascending.
        heads: Vec<String>,
    },
}

/// A request to stop, shared with a run and with its statements.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicU8>);

impl Stop {
    /// Asks once more: first to stop after the statement at hand, then to abort
    /// it. Says how often that was asked.
    pub fn request(&self) -> u8 {
        self.0.fetch_add(1, Ordering::SeqCst).saturating_add(1)
    }

    /// Whether to begin nothing new.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    /// Whether to abort what runs.
    #[must_use]
    pub fn is_abort(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 1
    }
}

/// What a running statement shows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// The commit in front of the statement stands; the statement runs.
    Stands,
    /// It still runs.
    Alive {
        /// Which statement, from 1.
        statement: usize,
        /// For how long so far.
        elapsed_ms: u64,
    },
    /// The server remarked something that is no error, such as a notice.
    Remark {
        /// Which statement, from 1.
        statement: usize,
        /// What it said.
        message: String,
    },
}

/// The ties between a run and its running statements.
pub struct Pulse<'a> {
    /// To be asked before each statement.
    pub stop: Stop,
    /// To be told what a statement shows of itself.
    pub tell: &'a mut (dyn FnMut(Sign) + Send),
}
