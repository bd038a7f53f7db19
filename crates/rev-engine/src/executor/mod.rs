//! The executor: decides for all lanes, then runs them side by side.
//!
//! Deciding ends before doing begins. All lanes are read and planned; if one is
//! refused, none is touched. Then every database with work is locked, in the
//! order of names so that two runs cannot wait for each other, and read and
//! planned again: a run that waited acts on what the winner left. Lanes run
//! concurrently in one task; a database's own work goes on elsewhere.
//!
//! The lock is courtesy. What makes it right is the compare-and-set of the
//! generation inside each batch: who loses it reads and plans again.

mod across;
mod decide;
mod lane;
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
use rev_core::plan::{Action, Wait};
use rev_core::{DatabaseName, Digest, Graph, NodeSet, Point, RevisionId, Standing, digest};

use crate::clock::Clock;
use crate::event::{Event, Stop};
use crate::journal::StepInFlight;
use crate::outcome::{End, HalfDone, LaneOutcome, Outcome, Refusal};
use crate::planner::Planner;
use crate::prepare::Prepared;
use crate::request::{Commitment, Job, Request};
use across::Board;
use resume::Resume;
use wait::Waited;

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
    };
    let mut lanes: Vec<Lane> = jobs.into_iter().map(Lane::new).collect();
    run.carry_out(&mut lanes).await;
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
}

/// One database on its way.
struct Lane {
    job: Job,
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
    /// before it, and was not sent yet.
    noted: Option<StepInFlight>,
    /// Whether the ledger told of something half done when it was read.
    is_half_done: bool,
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

impl Run<'_> {
    fn tell(&self, event: Event) {
        let mut tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
        (*tell)(event);
    }

    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::SeqCst)
    }

    async fn carry_out(&self, lanes: &mut Vec<Lane>) {
        self.refuse_same_databases(lanes.iter_mut().filter(|lane| !lane.job.watched))
            .await;
        if let Aim::Verdict { is_applied } = self.aim {
            for lane in lanes.iter_mut().filter(|lane| lane.end.is_none()) {
                lane.end = Some(self.pronounce(lane, is_applied).await);
            }
            return;
        }
        self.decide(lanes).await;
        self.look_at_others(lanes).await;
        let has_work = |lane: &Lane| !lane.job.watched && !lane.has_nothing_to_do();
        if lanes.iter().any(Lane::is_refused) || !lanes.iter().any(has_work) {
            return;
        }
        loop {
            self.lock(lanes).await;
            if lanes.iter().any(|lane| lane.end.is_some()) {
                return;
            }
            self.decide_again(lanes).await;
            if lanes.iter().any(Lane::is_refused) {
                return;
            }
            // What another run has left meanwhile may depend on more databases.
            // They cannot be locked beside these: only in the order of names do no
            // two runs wait for each other.
            if !self.look_at_others(lanes).await {
                break;
            }
            if lanes.iter().any(Lane::is_refused) {
                return;
            }
            for lane in lanes.iter_mut() {
                let _ = lane.job.database.unlock().await;
            }
        }
        self.link(lanes);
        if lanes.iter().any(Lane::is_refused) {
            return;
        }
        // What is only looked at stays locked to the end.
        let looked_at: Vec<Lane> = lanes.extract_if(.., |lane| lane.job.watched).collect();
        self.board
            .begin(lanes.iter().map(|lane| &lane.job.binding.name));
        match self.request.commitment {
            Commitment::Run => self.run_together(lanes).await,
            Commitment::Step | Commitment::Lane => self.run_lanes(lanes).await,
        }
        lanes.extend(looked_at);
    }

    async fn refuse_same_databases<'l>(&self, lanes: impl Iterator<Item = &'l mut Lane>) {
        let mut seen: BTreeMap<String, DatabaseName> = BTreeMap::new();
        let mut lanes: Vec<&mut Lane> = lanes.collect();
        let identities = lanes.iter_mut().map(|lane| lane.job.database.identity());
        let identities = future::join_all(identities).await;
        for (lane, identity) in lanes.iter_mut().zip(identities) {
            let name = lane.job.binding.name.clone();
            let refusal = match identity {
                Err(error) => Refusal::Database(error),
                Ok(identity) => match seen.get(&identity) {
                    None => {
                        seen.insert(identity, name);
                        continue;
                    }
                    Some(first) => Refusal::SameDatabase {
                        first: first.clone(),
                        second: name,
                    },
                },
            };
            lane.end = Some(End::Refused(refusal));
        }
    }

    /// Locks every database with work, and every one that another one depends on,
    /// in the order of names.
    async fn lock(&self, lanes: &mut [Lane]) {
        let mut order: Vec<&mut Lane> = lanes.iter_mut().collect();
        order.retain(|lane| lane.is_locked());
        order.sort_by(|a, b| a.job.binding.name.cmp(&b.job.binding.name));
        for lane in order {
            match self.take_guard(&mut lane.job).await {
                Ok(Waited::Taken) => {}
                Ok(Waited::Stopped) => {
                    lane.end = Some(End::Stopped);
                    return;
                }
                Err(refusal) => {
                    lane.end = Some(End::Refused(refusal));
                    return;
                }
            }
        }
    }

    async fn run_lanes(&self, lanes: &mut [Lane]) {
        future::join_all(lanes.iter_mut().map(|lane| self.run_lane(lane))).await;
    }
}

/// The digest of a plan that is not one: a step that `repair` finishes by itself.
pub(crate) fn plan_of_one(action: Action, revision: &RevisionId) -> Digest {
    digest::statement(&format!("{} {revision}", action.name()))
}

impl Lane {
    fn new(job: Job) -> Self {
        Self {
            job,
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
        self.is_read || (!self.job.watched && !self.has_nothing_to_do())
    }

    /// What is half done is something to do, if only to say so.
    fn has_nothing_to_do(&self) -> bool {
        let decided = self.decided.as_ref();
        decided.is_some_and(|it| it.prepared.works.is_empty() && !it.is_half_done)
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
