//! Deciding: what each lane is to do, on the state that was read.

use std::sync::Arc;

use rev_core::{Binding, Digest, Standing, Step, TransactionMode, digest};
use rev_sql::isolation;

use super::resume;
use super::run::{Aim, Certainty, Decided, Lane, Run};
use crate::database::Database;
use crate::event::Event;
use crate::failure::DatabaseError;
use crate::journal::InFlight;
use crate::outcome::{End, Refusal};
use crate::pin;
use crate::prepare::plan_of_one;
use crate::prepare::{Prepared, as_read, prepare_step};
use crate::request::{Commitment, Request};

impl Run<'_> {
    pub(super) async fn decide_lane(&self, lane: &mut Lane) {
        match self.read_and_prepare(lane, Certainty::Passing).await {
            Ok(decided) => {
                lane.decided = Some(decided);
                self.tell_caution(lane).await;
            }
            Err(refusal) => lane.end = Some(End::Refused(refusal)),
        }
    }

    /// Tells what is odd about where the ledger lies. That this cannot be asked is no
    /// reason to run nothing.
    async fn tell_caution(&self, lane: &mut Lane) {
        if let Ok(Some(message)) = lane.job.database.caution().await {
            self.tell(Event::Caution {
                database: lane.job.binding.name.to_string(),
                message,
            });
        }
    }

    /// Reads a database and plans its lane on what it has. A pinned lane also reads
    /// the log; where that tells of something else than the ledger did, another run
    /// may just have been at work between the two, so both are read again.
    pub(super) async fn read_once(
        &self,
        lane: &mut Lane,
        certainty: Certainty,
    ) -> Result<Decided, Refusal> {
        let database = &mut *lane.job.database;
        lane.job.binding = as_read(lane.job.binding.clone(), database.quoting());
        let binding = &lane.job.binding;
        let (ledger, standing, in_flight, mut prepared) = loop {
            let ledger = database.read().await?;
            let standing = Standing::read(self.checkout, binding, &ledger.rows)?;
            let in_flight = ledger.in_flight.as_deref().map(InFlight::from_json);
            let in_flight = in_flight.transpose()?;
            let planned = match (&self.aim, &in_flight, &lane.job.pin) {
                (Aim::StepInFlight, Some(InFlight::Step(step)), _) => {
                    prepare_step(binding, &standing, step)
                }
                (_, _, Some(pin)) => pin::follow(database, binding, &standing, pin).await,
                _ if lane.job.watched => Prepared::nothing(binding, &standing),
                _ => {
                    let step = in_flight.as_ref().and_then(InFlight::step);
                    let Request { goal, beside, .. } = *self.request;
                    let (planner, points) = (&self.planner, &lane.job.points);
                    planner.prepare(binding, &standing, goal, points, beside, step)
                }
            };
            let is_stale = matches!(planned, Err(Refusal::Stale { .. }));
            if !is_stale || database.read().await?.generation == ledger.generation {
                break (ledger, standing, in_flight, planned?);
            }
        };
        prepared.check_runnable()?;
        if self.request.alone && !prepared.works.is_empty() {
            prepared.check_reach(&database.neighbours().await?)?;
        }
        check_session(database, &prepared).await?;
        self.check_commitment(database, &prepared).await?;
        let digest = match (&self.aim, &lane.job.pin, &prepared.lane.steps[..]) {
            (Aim::StepInFlight, _, [step]) => plan_of_one(step.action, &step.revision.id),
            (_, Some(pin), _) => pin.plan,
            _ => digest_of(&prepared.lane),
        };
        let is_half_done = in_flight.is_some();
        let is_cut_off =
            is_half_done && certainty == Certainty::Passing && database.holder().await?.is_none();
        let resume = match (in_flight, certainty) {
            (Some(in_flight), Certainty::Final) => {
                if lane.job.pin.is_some() {
                    check_next(binding, &prepared, &in_flight)?;
                }
                let resume = resume::resume(database, binding, &mut prepared, in_flight);
                Some(resume.await?)
            }
            _ => None,
        };
        Ok(Decided {
            generation: ledger.generation,
            resume,
            is_half_done,
            is_cut_off,
            noted: None,
            in_flight: None,
            in_doubt: 0,
            applied: standing.state.set().clone(),
            standing,
            digest,
            prepared,
            at: 0,
        })
    }

    /// All that commits together must be something that a transaction holds.
    async fn check_commitment(
        &self,
        database: &mut dyn Database,
        prepared: &Prepared,
    ) -> Result<(), Refusal> {
        if self.request.commitment == Commitment::Step || prepared.works.is_empty() {
            return Ok(());
        }
        if self.request.commitment == Commitment::Run {
            database.check_two_phase().await?;
        }
        let dialect = prepared.lane.database.dialect;
        let mut chosen = None;
        for (step, work) in prepared.lane.steps.iter().zip(prepared.works.iter()) {
            let reason = if step.transaction == TransactionMode::None && !work.statements.is_empty()
            {
                "it says `transaction: none`"
            } else if !database.holds_together(&work.statements).await? {
                "a statement of it commits by itself on this engine"
            } else {
                let own = isolation::chosen(&work.statements, dialect);
                if own.is_none() || chosen.is_none() || own == chosen {
                    chosen = own.or(chosen);
                    continue;
                }
                "it chooses another isolation level than a step before it"
            };
            return Err(Refusal::NotAtomic {
                revision: step.revision.id.clone(),
                reason,
            });
        }
        Ok(())
    }

    /// Reads and plans once more, now that nobody else writes.
    pub(super) async fn decide_again(&self, lanes: &mut [Lane]) {
        for lane in lanes.iter_mut().filter(|lane| lane.is_locked()) {
            let Some(first) = lane.decided.take() else {
                continue;
            };
            let result = match self.outlive(lane).await {
                Ok(()) => self.read_and_prepare(lane, Certainty::Final).await,
                Err(refusal) => Err(refusal),
            };
            match result {
                Ok(now) if lane.is_relative() && now.generation != first.generation => {
                    lane.end = Some(End::Refused(lane.moved(&first)));
                }
                Ok(now) => lane.decided = Some(now),
                Err(refusal) => lane.end = Some(End::Refused(refusal)),
            }
        }
    }
}

/// What is half done must be the next step of a pinned lane, whose order is fixed.
fn check_next(binding: &Binding, prepared: &Prepared, in_flight: &InFlight) -> Result<(), Refusal> {
    let Some(step) = in_flight.step() else {
        return Ok(());
    };
    let next = prepared.lane.steps.first();
    let is_it = |next: &Step| next.revision.id == step.revision && next.action == step.action;
    match next.is_none_or(|next| is_it(next)) {
        true => Ok(()),
        false => Err(Refusal::HalfDone {
            database: binding.name.clone(),
            step: Box::new(step.clone()),
        }),
    }
}

/// A step that goes statement by statement asks for a session of its own.
async fn check_session(database: &mut dyn Database, prepared: &Prepared) -> Result<(), Refusal> {
    let by_itself =
        |step: &&Arc<Step>| step.transaction == TransactionMode::None && !step.is_empty();
    let Some(step) = prepared.lane.steps.iter().find(by_itself) else {
        return Ok(());
    };
    match database.session().await {
        Ok(_) => Ok(()),
        Err(DatabaseError::Pooled) => Err(Refusal::Pooled {
            revision: step.revision.id.clone(),
        }),
        Err(error) => Err(error.into()),
    }
}

fn digest_of(lane: &rev_core::Lane) -> Digest {
    let steps = lane.steps.iter();
    digest::plan(
        lane.database.name.as_str(),
        lane.database.dialect,
        steps.map(|step| (step.action.name(), step.revision.id.as_str(), step.digest)),
    )
}
