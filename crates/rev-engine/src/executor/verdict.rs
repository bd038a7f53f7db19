//! Writing down what a person says of a step that is half done.

use std::sync::Arc;

use rev_core::Standing;

use super::run::{Lane, Run};
use super::wait::Waited;
use crate::database::{Batch, Commit, LogEntry, Mark, Work};
use crate::failure::{DatabaseError, StepError};
use crate::journal::{InFlight, StepInFlight};
use crate::outcome::{End, Refusal};
use crate::prepare::{plan_of_one, prepare_step};

impl Run<'_> {
    /// Settles the statement in doubt; where none is in doubt, the step. Runs
    /// nothing.
    pub(super) async fn pronounce(&self, lane: &mut Lane, is_applied: bool) -> End {
        match self.take_guard(&mut lane.job).await {
            Ok(Waited::Taken) => {}
            Ok(Waited::Stopped) => return End::Stopped,
            Err(refusal) => return End::Refused(refusal),
        }
        if let Err(refusal) = self.outlive(lane).await {
            return End::Refused(refusal);
        }
        match self.write_verdict(lane, is_applied).await {
            Ok(end) => end,
            Err(refusal) => End::Refused(refusal),
        }
    }

    async fn write_verdict(&self, lane: &mut Lane, is_applied: bool) -> Result<End, Refusal> {
        let ledger = lane.job.database.read().await?;
        let step = match ledger
            .in_flight
            .as_deref()
            .map(InFlight::from_json)
            .transpose()?
        {
            None => return Ok(End::Nothing),
            Some(InFlight::TwoPhase(participants)) => {
                return Err(Refusal::TwoPhaseOpen {
                    participants: Box::new(participants),
                });
            }
            Some(InFlight::Step(step)) => step,
        };
        let generation = ledger.generation;
        let commit = match (&step.next, is_applied) {
            (None, true) => {
                let binding = &lane.job.binding;
                let standing = Standing::read(self.checkout, binding, &ledger.rows)?;
                let prepared = prepare_step(binding, &standing, &step)?;
                let batch = self.verdict_batch(&step, &prepared.works, generation);
                let mut silence = |_| {};
                let mut pulse = self.pulse(&mut silence);
                let commit = lane.job.database.commit(&batch, &mut pulse).await;
                commit.map_err(StepError::into_database_error)?
            }
            _ => {
                let in_flight =
                    settled(&step, is_applied).map(|step| InFlight::Step(step).to_json());
                let mark = Mark {
                    generation,
                    in_flight,
                };
                lane.job.database.mark(&mark).await?
            }
        };
        if !matches!(commit, Commit::Done(_)) {
            return Err(Refusal::Database(DatabaseError::Other {
                message: "another run wrote to the ledger meanwhile".to_owned(),
            }));
        }
        lane.job
            .database
            .note(&self.verdict_entry(&step, is_applied))
            .await;
        Ok(End::Done)
    }

    fn verdict_batch(&self, step: &StepInFlight, works: &[Arc<Work>], generation: u64) -> Batch {
        Batch {
            generation,
            steps: works
                .iter()
                .map(|work| Arc::new(work.without(work.statements.len())))
                .collect(),
            stand: step.done.len(),
            in_flight: None,
            plan: plan_of_one(step.action, &step.revision),
            run: self.request.run.clone(),
            operator: self.request.operator.clone(),
            version: self.request.version.clone(),
            started: step.started.clone(),
            elapsed_ms: 0,
            prepare: None,
        }
    }

    fn verdict_entry(&self, step: &StepInFlight, is_applied: bool) -> LogEntry {
        LogEntry {
            run: self.request.run.clone(),
            action: "repair".to_owned(),
            revision: step.revision.to_string(),
            outcome: if is_applied { "applied" } else { "not applied" }.to_owned(),
            statement: step.next.as_ref().map_or(0, |_| step.done.len() as u64 + 1),
            started: self.clock.now(),
            operator: self.request.operator.clone(),
            version: self.request.version.clone(),
            ..LogEntry::default()
        }
    }
}

/// What is in flight once a person has said what became of it; `None`: nothing.
fn settled(step: &StepInFlight, is_applied: bool) -> Option<StepInFlight> {
    let mut step = step.clone();
    let intent = step.next.take()?;
    if is_applied {
        step.done.push(&intent.statement);
    }
    (!step.done.is_empty()).then_some(step)
}
