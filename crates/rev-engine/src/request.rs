//! What is asked of the engine.

use std::sync::Arc;
use std::time::Duration;

use rev_core::{Binding, Goal, Point};

use crate::database::Database;
use crate::pin::Pin;

/// One action on several databases.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do.
    pub goal: Goal,
    /// Whether to work beside revisions that only the ledger knows.
    pub beside: bool,
    /// Whether the other lanes go on when one has failed.
    pub keep_going: bool,
    /// What commits together.
    pub commitment: Commitment,
    /// Whether a session that a killed run has left at work is ended, instead of
    /// waited for.
    pub ends_sessions: bool,
    /// Whether the databases are throw-away ones. What revisions need of other databases
    /// counts for nothing there, and no script may reach beyond its own.
    pub alone: bool,
    /// Databases that cannot be looked at: a lane that depends on one of them, or
    /// that one of them may depend on, is refused. Where a dialect is not known,
    /// one for each that it may be.
    pub unseen: Vec<Arc<Binding>>,
    /// How many lanes run at once; at least one.
    pub jobs: usize,
    /// How long to wait for another run's lock; `None`: as long as it lives.
    pub lock_wait: Option<Duration>,
    /// Who runs it: `user@host`.
    pub operator: String,
    /// The program's version.
    pub version: String,
    /// Names this run in logs; unlike any other.
    pub run: String,
}

impl Request {
    /// How a throw-away database is brought somewhere: step by step, by itself.
    #[must_use]
    pub fn on_throw_away(operator: String, version: String, run: String) -> Self {
        Self {
            goal: Goal::Switch,
            beside: false,
            keep_going: false,
            commitment: Commitment::Step,
            ends_sessions: false,
            alone: true,
            unseen: Vec::new(),
            jobs: 1,
            lock_wait: None,
            operator,
            version,
            run,
        }
    }
}

/// What commits together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Commitment {
    /// Each step by itself.
    #[default]
    Step,
    /// All steps of a lane.
    Lane,
    /// All steps of all lanes, by two-phase commit.
    Run,
}

/// One database's part in a request.
pub struct Job {
    /// The database.
    pub binding: Arc<Binding>,
    /// Where it is to go.
    pub points: Vec<Point>,
    /// The steps that were approved, instead of points: these or none.
    pub pin: Option<Arc<Pin>>,
    /// Whether it goes nowhere, and is only looked at if others depend on it.
    pub watched: bool,
    /// The way to reach it.
    pub database: Box<dyn Database>,
}
