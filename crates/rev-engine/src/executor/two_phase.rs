//! All lanes or none, by two-phase commit.
//!
//! Who takes part is written into every ledger first, so that whoever finds one
//! of them knows all of them. Then every lane prepares its transaction. The
//! commit of the first lane is the decision: once it stands the others follow,
//! however long that takes; as long as it does not, all of them can go back. A
//! run that is cut off in between is concluded by `repair`, which reads the
//! decision there.

use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::run::{Decided, Lane, Run};
use crate::boundary;
use crate::database::{Batch, Commit, Decision, Mark};
use crate::event::Event;
use crate::failure::{DatabaseError, StepError};
use crate::journal::{InFlight, Participant, Participants};
use crate::outcome::{End, Refusal};

impl Run<'_> {
    /// Runs every lane with work in one transaction each, and all of these
    /// together.
    pub(super) async fn run_together(&self, lanes: &mut [Lane]) {
        for lane in lanes.iter_mut().filter(|lane| lane.has_nothing_to_do()) {
            lane.end = Some(End::Nothing);
        }
        let mut lanes: Vec<&mut Lane> = lanes
            .iter_mut()
            .filter(|lane| !lane.has_nothing_to_do())
            .collect();
        lanes.sort_by(|a, b| a.job.binding.name.cmp(&b.job.binding.name));
        let participants = match self.participants(&mut lanes).await {
            Ok(participants) => participants,
            Err(error) => return refuse_all(&mut lanes, &error),
        };
        if self.announce(&mut lanes, &participants).await
            && self.prepare_all(&mut lanes, &participants).await
        {
            self.conclude_all(&mut lanes, &participants).await;
        }
    }

    async fn participants(&self, lanes: &mut [&mut Lane]) -> Result<Participants, DatabaseError> {
        let mut members = Vec::with_capacity(lanes.len());
        for (number, lane) in (1..).zip(lanes) {
            members.push(Participant {
                database: lane.job.binding.name.to_string(),
                identity: lane.job.database.identity().await?,
                transaction: format!("rev-{}-{number}", self.request.run),
            });
        }
        Ok(Participants {
            run: self.request.run.clone(),
            operator: self.request.operator.clone(),
            started: self.clock.now(),
            members,
        })
    }

    /// Writes the participants into every ledger; where that fails, takes them
    /// out again. Says whether it was done.
    async fn announce(&self, lanes: &mut [&mut Lane], participants: &Participants) -> bool {
        let text = InFlight::TwoPhase(participants.clone()).to_json();
        for index in 0..lanes.len() {
            boundary::reach();
            if let Err(error) = set_mark(lanes[index], Some(text.clone())).await {
                withdraw(&mut lanes[..index]).await;
                hold_back(lanes);
                self.fail_lane(lanes[index], error).await;
                return false;
            }
        }
        true
    }

    /// Lets every lane do its work and prepare it; where one fails, undoes all.
    /// Says whether all are prepared.
    async fn prepare_all(&self, lanes: &mut [&mut Lane], participants: &Participants) -> bool {
        let names = participants
            .members
            .iter()
            .map(|member| &member.transaction);
        let work = lanes.iter_mut().zip(names);
        let results: Vec<Option<StepError>> =
            stream::iter(work.map(|(lane, name)| self.prepare_lane(lane, name)))
                .buffered(self.request.jobs.max(1))
                .collect()
                .await;
        if results.iter().all(Option::is_none) && !self.stop.is_requested() {
            return true;
        }
        for (lane, member) in lanes.iter_mut().zip(&participants.members) {
            let undone = lane
                .job
                .database
                .conclude(&member.transaction, Decision::RollBack);
            if undone.await.is_err() {
                lane.end = Some(End::Undecided(Box::new(participants.clone())));
            }
        }
        withdraw(lanes).await;
        for (lane, error) in lanes.iter_mut().zip(results) {
            match error {
                Some(error) if lane.end.is_none() => self.fail_lane(lane, error).await,
                _ if lane.end.is_some() => {}
                _ if self.stop.is_requested() => lane.end = Some(End::Stopped),
                _ => lane.end = Some(End::HeldBack),
            }
        }
        false
    }

    /// The error, if it could not be prepared.
    async fn prepare_lane(&self, lane: &mut Lane, transaction: &str) -> Option<StepError> {
        let decided = lane.decided.take()?;
        self.tell_plan(lane, &decided);
        let batch = Batch {
            prepare: Some(transaction.to_owned()),
            ..self.batch(&decided)
        };
        let of = decided.prepared.works.len();
        for (number, work) in (1..).zip(decided.prepared.works.iter()) {
            self.tell_start(lane, &decided, work, number, of);
        }
        lane.decided = Some(decided);
        if self.is_halted() {
            return Some(lost());
        }
        match self.commit_patiently(lane, &batch).await {
            Ok(Commit::Prepared) => {
                self.tell(Event::Prepared {
                    database: lane.job.binding.name.to_string(),
                });
                None
            }
            Ok(Commit::Stopped) => None,
            Ok(Commit::Done(_) | Commit::Lost | Commit::Held) => Some(lost()),
            Err(error) => {
                self.halted.store(true, Ordering::SeqCst);
                Some(error)
            }
        }
    }

    /// Commits the first lane, which decides, and then the others.
    async fn conclude_all(&self, lanes: &mut [&mut Lane], participants: &Participants) {
        let mut is_decided = true;
        for (lane, member) in lanes.iter_mut().zip(&participants.members) {
            let is_first = *member == participants.members[0];
            if !is_decided || !self.conclude_lane(lane, member).await {
                lane.end = Some(End::Undecided(Box::new(participants.clone())));
                is_decided = is_decided && !is_first;
            }
        }
    }

    /// Says whether the lane's transaction is known to stand.
    async fn conclude_lane(&self, lane: &mut Lane, member: &Participant) -> bool {
        boundary::reach();
        let database = &mut lane.job.database;
        let commit = database.conclude(&member.transaction, Decision::Commit);
        if commit.await.is_err() {
            return false;
        }
        boundary::reach();
        if let Some(mut decided) = lane.decided.take() {
            let generation = decided.generation + 1;
            self.advance(lane, &mut decided, generation);
            self.tell_done(lane, &decided);
            lane.decided = Some(decided);
        }
        lane.end = Some(End::Done);
        true
    }

    async fn fail_lane(&self, lane: &mut Lane, error: StepError) {
        let Some(decided) = lane.decided.take() else {
            return;
        };
        lane.end = Some(self.fail(lane, &decided, error).await);
        lane.decided = Some(decided);
    }
}

/// Moves the generation of a lane's ledger on, with what is in flight there now.
async fn set_mark(lane: &mut Lane, in_flight: Option<String>) -> Result<(), StepError> {
    let Some(Decided { generation, .. }) = &mut lane.decided else {
        return Ok(());
    };
    let mark = Mark {
        generation: *generation,
        in_flight,
    };
    match lane.job.database.mark(&mark).await? {
        Commit::Done(next) => {
            *generation = next;
            Ok(())
        }
        _ => Err(lost()),
    }
}

/// Takes the participants out of the ledgers. Where that fails they stay, and
/// `repair` takes them out: nothing was decided.
async fn withdraw(lanes: &mut [&mut Lane]) {
    for lane in lanes.iter_mut().filter(|lane| lane.end.is_none()) {
        let _ = set_mark(lane, None).await;
    }
}

fn hold_back(lanes: &mut [&mut Lane]) {
    for lane in lanes {
        lane.end = Some(End::HeldBack);
    }
}

fn refuse_all(lanes: &mut [&mut Lane], error: &DatabaseError) {
    for lane in lanes {
        lane.end = Some(End::Refused(Refusal::Database(error.clone())));
    }
}

fn lost() -> StepError {
    StepError::Database(DatabaseError::Other {
        message: "another run was first, and all databases were to change together".to_owned(),
    })
}
