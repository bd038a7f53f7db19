//! What a run and its lanes hold, and what can be told of that without doing anything.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rev_core::plan::Wait;
use rev_core::{Binding, DatabaseName, Digest, Graph, NodeSet, Point, RevisionId, Standing};

use super::board::Board;
use crate::clock::Clock;
use crate::event::{Event, Stop};
use crate::failure::StepError;
use crate::journal::StepInFlight;
use crate::outcome::{End, Refusal};
use crate::planner::Planner;
use crate::prepare::Prepared;
use crate::request::{Job, Request};

/// What the lanes of a run are after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// What the request says.
    Goal,
    /// The end of the step in flight, and no more.
    StepInFlight,
    /// What a person says of the step in flight, written down.
    Verdict {
        /// Whether what is in doubt took effect.
        is_applied: bool,
    },
}

/// What all lanes of a run share.
pub(super) struct Run<'a> {
    pub(super) request: &'a Request,
    pub(super) checkout: &'a Arc<Graph>,
    pub(super) clock: &'a dyn Clock,
    pub(super) stop: &'a Stop,
    pub(super) tell: Mutex<&'a mut (dyn FnMut(Event) + Send)>,
    pub(super) aim: Aim,
    /// What lanes tell each other.
    pub(super) board: Board,
    pub(super) planner: Planner,
    /// A lane has failed, and the others are to begin nothing new.
    pub(super) halted: AtomicBool,
    /// Every database of the run.
    pub(super) bindings: Vec<Arc<Binding>>,
    /// Whether a database may stay open once it was looked at: no more of them were asked for
    /// than may be open at once.
    pub(super) stays_open: bool,
    /// The databases that were looked at, by identity.
    pub(super) identities: Mutex<BTreeMap<String, DatabaseName>>,
}

/// One database on its way.
pub(super) struct Lane {
    /// Which one of those that were asked for, from 0.
    pub(super) place: usize,
    pub(super) job: Job,
    /// Names the database, once that was asked and until it was compared with the others.
    pub(super) identity: Option<String>,
    pub(super) decided: Option<Decided>,
    pub(super) done: Vec<RevisionId>,
    pub(super) end: Option<End>,
    /// Whether another lane depends on it, or it on another one.
    pub(super) is_read: bool,
    /// Whether it was to be looked at, and could not be.
    pub(super) is_unseen: bool,
    /// What its steps wait for, by revision and whether that comes up.
    pub(super) waits: BTreeMap<(RevisionId, bool), Vec<Wait>>,
}

/// Whether what is read can still be moved by another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certainty {
    /// It can: a step in flight may be one that goes on well.
    Passing,
    /// The guard is ours, and no session is at work.
    Final,
}

/// What was decided for a lane, on the state that was read.
pub(super) struct Decided {
    pub(super) generation: u64,
    /// What is left of a step that an earlier run has begun.
    pub(super) resume: Option<Resume>,
    /// The step at hand, where its first statement was noted with the end of the one
    /// before it.
    pub(super) noted: Option<Noted>,
    /// Whether the ledger told of something half done when it was read.
    pub(super) is_half_done: bool,
    /// Whether nobody was at work on that.
    pub(super) is_cut_off: bool,
    /// The step that is half done, as far as this run knows.
    pub(super) in_flight: Option<StepInFlight>,
    /// How many of the next steps nobody knows to stand or not: the connection broke.
    pub(super) in_doubt: usize,
    pub(super) standing: Standing,
    /// What is applied now, as the steps go on.
    pub(super) applied: NodeSet,
    pub(super) prepared: Prepared,
    /// Of the plan.
    pub(super) digest: Digest,
    /// How many of the works are done.
    pub(super) at: usize,
}

/// A step whose first statement was noted with the end of the step before it.
pub(super) struct Noted {
    pub(super) step: StepInFlight,
    /// What became of that statement, where it was sent along, too. Then the end of the one
    /// step and the beginning of the other are told already.
    pub(super) sent: Option<Ran>,
}

/// What became of a statement that was sent along.
pub(super) struct Ran {
    /// When the commit before it stood, so that it began: milliseconds of the clock.
    pub(super) begun: u64,
    pub(super) result: Result<(), StepError>,
}

/// What is left of a step that was begun.
#[derive(Debug, Clone)]
pub(crate) struct Resume {
    /// The step, with nothing in doubt any more.
    pub(crate) step: StepInFlight,
    /// What must be removed before the next statement is sent.
    pub(crate) remnant: Option<String>,
}

impl Run<'_> {
    pub(super) fn tell(&self, event: Event) {
        let mut tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
        (*tell)(event);
    }

    pub(super) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::SeqCst)
    }
}

impl Lane {
    pub(super) fn new((place, job): (usize, Job)) -> Self {
        Self {
            place,
            job,
            identity: None,
            decided: None,
            done: Vec::new(),
            end: None,
            is_read: false,
            is_unseen: false,
            waits: BTreeMap::new(),
        }
    }

    /// Whether its target means another place once the state has moved.
    pub(super) fn is_relative(&self) -> bool {
        let is_relative = |point: &Point| matches!(point.offset(), Some(("" | "current", _)));
        self.job.points.iter().any(is_relative)
    }

    /// Where its target led when it was `first` read.
    pub(super) fn moved(&self, first: &Decided) -> Refusal {
        Refusal::Moved {
            database: self.job.binding.name.clone(),
            heads: first.prepared.lane.to.clone(),
        }
    }

    pub(super) fn is_refused(&self) -> bool {
        matches!(self.end, Some(End::Refused(_)))
    }

    /// Whether nobody else may move its database meanwhile.
    pub(super) fn is_locked(&self) -> bool {
        self.is_read || self.has_work()
    }

    pub(super) fn has_work(&self) -> bool {
        !self.job.watched && !self.has_nothing_to_do()
    }

    /// What is half done is something to do, if only to say so.
    pub(super) fn has_nothing_to_do(&self) -> bool {
        let decided = self.decided.as_ref();
        decided.is_some_and(|it| it.prepared.works.is_empty() && !it.is_half_done)
    }

    /// Whether a run has left something half done there.
    pub(super) fn is_cut_off(&self) -> bool {
        self.decided.as_ref().is_some_and(|it| it.is_cut_off)
    }
}

impl Decided {
    /// Whether the first statement of the step at hand was sent with the end of the one before.
    pub(super) fn is_sent(&self) -> bool {
        self.noted
            .as_ref()
            .is_some_and(|noted| noted.sent.is_some())
    }

    /// The applied revisions that only the ledger knows, and that are still there.
    pub(super) fn unknown(&self) -> Vec<RevisionId> {
        let graph = &self.standing.graph;
        let is_left = |id: &&RevisionId| {
            let nodes = graph.lookup(id.as_str());
            nodes.iter().any(|node| self.applied.contains(*node))
        };
        let unknown = self.standing.drift.unknown.iter();
        unknown.filter(is_left).cloned().collect()
    }

    pub(super) fn heads(&self) -> Vec<RevisionId> {
        let graph = &self.standing.graph;
        graph.ids(graph.maximal(&self.applied))
    }
}
