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
mod board;
mod component;
mod decide;
mod lane;
mod look;
pub(crate) mod resume;
mod run;
mod steps;
#[cfg(test)]
mod tests;
mod two_phase;
mod verdict;
mod wait;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use futures_util::future;
use rev_core::{Goal, Graph, RevisionId};

use crate::clock::Clock;
use crate::event::{Event, Stop};
use crate::newcomer;
use crate::outcome::{End, HalfDone, LaneOutcome, Outcome};
use crate::planner::Planner;
use crate::request::{Job, Request};
use board::Board;
use look::AtOnce;
pub(crate) use run::Aim;
use run::{Decided, Lane, Run};

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

impl Run<'_> {
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
