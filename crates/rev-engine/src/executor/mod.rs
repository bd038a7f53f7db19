//! The executor: looks at all lanes, then runs them, some at a time.
//!
//! Looking ends before doing begins. All lanes are read and planned; if one is
//! refused, none is touched. Then each component (`component`: mostly one lane) is
//! opened when its turn comes: its databases are locked, in the order of names so
//! that two runs cannot wait for each other, read and planned again, since a run
//! that waited acts on what the winner left, and closed when it is done. Lanes run
//! concurrently in one task; a database's own work goes on elsewhere.
//!
//! The lock is courtesy. What makes it right is the compare-and-set of the
//! generation inside each batch: who loses it reads and plans again.

mod across;
mod component;
mod decide;
mod lane;
mod look;
pub(crate) mod resume;
mod steps;
#[cfg(test)]
mod tests;
mod two_phase;
mod verdict;
mod wait;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future;
use rev_core::plan::Wait;
use rev_core::{Binding, DatabaseName, Digest, Goal, Graph, NodeSet, Point, RevisionId, Standing};

use crate::clock::Clock;
use crate::database::StepError;
use crate::event::{Event, Stop};
use crate::journal::StepInFlight;
use crate::newcomer;
use crate::outcome::{End, HalfDone, LaneOutcome, Outcome, Refusal};
use crate::planner::Planner;
use crate::prepare::Prepared;
use crate::request::{Job, Request};
use across::Board;
use look::AtOnce;
use resume::Resume;

/// Runs a request to its end and gives every lock back.
pub async fn run(
    request: &Request,
    checkout: &Arc<Graph>,
    jobs: Vec<Job>,
    clock: &dyn Clock,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Outcome {
    carry_out(request, checkout, jobs, clock, stop, tell, Aim::Goal).await
}

pub(crate) async fn carry_out(
    request: &Request,
    checkout: &Arc<Graph>,
    jobs: Vec<Job>,
    clock: &dyn Clock,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
    aim: Aim,
) -> Outcome {
    let run = Run {
        request,
        checkout,
        clock,
        stop,
        tell: Mutex::new(tell),
        aim,
        board: Board::new(request.jobs),
        planner: Planner::new(checkout),
        halted: AtomicBool::new(false),
        bindings: jobs.iter().map(|job| job.binding.clone()).collect(),
        stays_open: jobs.iter().filter(|job| !job.watched).count() <= request.jobs.max(1),
        identities: Mutex::default(),
    };
    let mut lanes: Vec<Lane> = (0..).zip(jobs).map(Lane::new).collect();
    run.carry_out(&mut lanes).await;
    lanes.sort_by_key(|lane| lane.place);
    let mut outcomes = Vec::with_capacity(lanes.len());
    for mut lane in lanes {
        // What the run did stands already; a lock that is not given back here
        // goes with the process.
        let _ = lane.job.database.unlock().await;
        // What was only looked at is told where it was not to be looked at.
        if !lane.job.watched || lane.is_refused() {
            outcomes.push(lane.into_outcome());
        }
    }
    Outcome { lanes: outcomes }
}

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
struct Run<'a> {
    request: &'a Request,
    checkout: &'a Arc<Graph>,
    clock: &'a dyn Clock,
    stop: &'a Stop,
    tell: Mutex<&'a mut (dyn FnMut(Event) + Send)>,
    aim: Aim,
    /// What lanes tell each other.
    board: Board,
    planner: Planner,
    /// A lane has failed, and the others are to begin nothing new.
    halted: AtomicBool,
    /// Every database of the run.
    bindings: Vec<Arc<Binding>>,
    /// Whether a database may stay open once it was looked at: no more of them were asked for
    /// than may be open at once.
    stays_open: bool,
    /// The databases that were looked at, by identity.
    identities: Mutex<BTreeMap<String, DatabaseName>>,
}

/// One database on its way.
struct Lane {
    /// Which one of those that were asked for, from 0.
    place: usize,
    job: Job,
    /// Names the database, once that was asked and until it was compared with the others.
    identity: Option<String>,
    decided: Option<Decided>,
    done: Vec<RevisionId>,
    end: Option<End>,
    /// Whether another lane depends on it, or it on another one.
    is_read: bool,
    /// Whether it was to be looked at, and could not be.
    is_unseen: bool,
    /// What its steps wait for, by revision and whether that comes up.
    waits: BTreeMap<(RevisionId, bool), Vec<Wait>>,
}

/// Whether what is read can still be moved by another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// It can: a step in flight may be one that goes on well.
    Passing,
    /// The guard is ours, and no session is at work.
    Final,
}

/// What was decided for a lane, on the state that was read.
struct Decided {
    generation: u64,
    /// What is left of a step that an earlier run has begun.
    resume: Option<Resume>,
    /// The step at hand, where its first statement was noted with the end of the one
    /// before it.
    noted: Option<Noted>,
    /// Whether the ledger told of something half done when it was read.
    is_half_done: bool,
    /// Whether nobody was at work on that.
    is_cut_off: bool,
    /// The step that is half done, as far as this run knows.
    in_flight: Option<StepInFlight>,
    /// How many of the next steps nobody knows to stand or not: the connection broke.
    in_doubt: usize,
    standing: Standing,
    /// What is applied now, as the steps go on.
    applied: NodeSet,
    prepared: Prepared,
    /// Of the plan.
    digest: Digest,
    /// How many of the works are done.
    at: usize,
}

/// A step whose first statement was noted with the end of the step before it.
struct Noted {
    step: StepInFlight,
    /// What became of that statement, where it was sent along, too. Then the end of the one
    /// step and the beginning of the other are told already.
    sent: Option<Ran>,
}

/// What became of a statement that was sent along.
struct Ran {
    /// When the commit before it stood, so that it began: milliseconds of the clock.
    begun: u64,
    result: Result<(), StepError>,
}

impl Run<'_> {
    fn tell(&self, event: Event) {
        let mut tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
        (*tell)(event);
    }

    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::SeqCst)
    }

    async fn carry_out(&self, lanes: &mut Vec<Lane>) {
        if let Aim::Verdict { is_applied } = self.aim {
            self.identify(lanes).await;
            for lane in lanes.iter_mut().filter(|lane| lane.end.is_none()) {
                lane.end = Some(self.pronounce(lane, is_applied).await);
            }
            return;
        }
        self.look(lanes, AtOnce::Jobs, |lane| !lane.job.watched)
            .await;
        self.look_at_others(lanes, AtOnce::Jobs).await;
        if lanes.iter().any(Lane::is_refused) || !lanes.iter().any(Lane::has_work) {
            return;
        }
        self.tell_newcomers(lanes);
        *lanes = self.run_components(std::mem::take(lanes)).await;
    }

    /// Tells of databases that begin with what others have had for long.
    fn tell_newcomers(&self, lanes: &[Lane]) {
        if self.request.goal != Goal::Upgrade {
            return;
        }
        let is_new = |it: &&Decided| it.generation == 0;
        // Whoever has no ledger has nothing that others could be late for.
        let others = lanes.iter().filter_map(|lane| lane.decided.as_ref());
        let others = others.filter(|it| !is_new(it)).map(|it| &it.standing);
        for lane in lanes.iter().filter(|lane| !lane.job.watched) {
            let Some(own) = lane.decided.as_ref().filter(is_new) else {
                continue;
            };
            let binding = &lane.job.binding;
            let (standing, prepared) = (&own.standing, &own.prepared);
            let shared = newcomer::shared_before(binding, standing, prepared, others.clone());
            if shared > 0 {
                self.tell(Event::JoinsLate {
                    database: binding.name.to_string(),
                    shared,
                });
            }
        }
    }

    async fn run_lanes(&self, lanes: &mut [Lane]) {
        future::join_all(lanes.iter_mut().map(|lane| self.run_lane(lane))).await;
    }
}

impl Lane {
    fn new((place, job): (usize, Job)) -> Self {
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
    fn is_relative(&self) -> bool {
        let is_relative = |point: &Point| matches!(point.offset(), Some(("" | "current", _)));
        self.job.points.iter().any(is_relative)
    }

    /// Where its target led when it was `first` read.
    fn moved(&self, first: &Decided) -> Refusal {
        Refusal::Moved {
            database: self.job.binding.name.clone(),
            heads: first.prepared.lane.to.clone(),
        }
    }

    fn is_refused(&self) -> bool {
        matches!(self.end, Some(End::Refused(_)))
    }

    /// Whether nobody else may move its database meanwhile.
    fn is_locked(&self) -> bool {
        self.is_read || self.has_work()
    }

    fn has_work(&self) -> bool {
        !self.job.watched && !self.has_nothing_to_do()
    }

    /// What is half done is something to do, if only to say so.
    fn has_nothing_to_do(&self) -> bool {
        let decided = self.decided.as_ref();
        decided.is_some_and(|it| it.prepared.works.is_empty() && !it.is_half_done)
    }

    /// Whether a run has left something half done there.
    fn is_cut_off(&self) -> bool {
        self.decided.as_ref().is_some_and(|it| it.is_cut_off)
    }

    fn into_outcome(self) -> LaneOutcome {
        let nothing = self.has_nothing_to_do() && self.done.is_empty();
        let mut decided = self.decided;
        let dialect = self.job.binding.dialect;
        let half_done = decided.as_mut().and_then(|decided| {
            let step = decided.in_flight.take()?;
            let work = decided.prepared.works.get(decided.at)?;
            Some(HalfDone {
                lost: resume::lost(dialect, &work.statements, step.done.len()),
                statements: Some(work.statements.len()),
                step,
            })
        });
        let left = decided.iter().flat_map(|decided| {
            let works = &decided.prepared.works[decided.at..];
            works.iter().map(|work| work.revision.clone())
        });
        let mut in_doubt: Vec<RevisionId> = left.collect();
        let not_begun = in_doubt.split_off(decided.as_ref().map_or(0, |it| it.in_doubt));
        LaneOutcome {
            database: self.job.binding.name.clone(),
            done: self.done,
            heads: decided
                .as_ref()
                .filter(|_| in_doubt.is_empty())
                .map(Decided::heads),
            in_doubt,
            not_begun,
            last: decided.as_ref().map_or_else(Vec::new, Decided::heads),
            unknown: decided.as_ref().map_or_else(Vec::new, Decided::unknown),
            half_done,
            end: self
                .end
                .unwrap_or(if nothing { End::Nothing } else { End::HeldBack }),
        }
    }
}

impl Decided {
    /// Whether the first statement of the step at hand was sent with the end of the one before.
    fn is_sent(&self) -> bool {
        self.noted
            .as_ref()
            .is_some_and(|noted| noted.sent.is_some())
    }

    /// The applied revisions that only the ledger knows, and that are still there.
    fn unknown(&self) -> Vec<RevisionId> {
        let graph = &self.standing.graph;
        let is_left = |id: &&RevisionId| {
            let nodes = graph.lookup(id.as_str());
            nodes.iter().any(|node| self.applied.contains(*node))
        };
        let unknown = self.standing.drift.unknown.iter();
        unknown.filter(is_left).cloned().collect()
    }

    fn heads(&self) -> Vec<RevisionId> {
        let graph = &self.standing.graph;
        graph.ids(graph.maximal(&self.applied))
    }
}
