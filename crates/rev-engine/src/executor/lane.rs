//! Running one lane: batch after batch, each all or nothing, or statement by
//! statement.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rev_core::{Dialect, RevisionId, Step, TransactionMode};
use rev_sql::isolation;
use rev_sql::split::Statement;

use super::board::Slot;
use super::run::{Certainty, Decided, Lane, Run};
use super::wait::Waited;
use crate::boundary;
use crate::database::{Batch, Commit, LogEntry, Work};
use crate::event::{Event, Loss, Pulse, Sign};
use crate::failure::{DatabaseError, StatementFailure, StepError};
use crate::outcome::End;
use crate::request::Commitment;

/// How often a batch is begun before a locked database counts as a failure.
const ATTEMPTS: u32 = 5;
/// How often a lane is planned again because another run was first.
const REPLANS: u32 = 100;
/// The pause before the second attempt; it doubles with each further one.
const FIRST_PAUSE_MS: u64 = 50;

enum Went {
    On,
    Ended(Box<End>),
}

impl Run<'_> {
    pub(super) async fn run_lane(&self, lane: &mut Lane) {
        let Some(mut decided) = lane.decided.take() else {
            return;
        };
        let name = lane.job.binding.name.clone();
        if decided.prepared.works.is_empty() {
            self.tell_done(lane, &decided);
            lane.end = Some(End::Nothing);
            lane.decided = Some(decided);
            self.board.tell_end(&name);
            return;
        }
        let slot = self.board.slot().await;
        self.tell_plan(lane, &decided);
        let mut end = self.run_batches(lane, &mut decided, slot).await;
        self.withdraw(lane, &mut decided).await;
        self.board.tell_end(&name);
        if matches!(end, End::Done) && lane.done.is_empty() {
            // Another run has done all of it.
            end = End::Nothing;
        }
        if let End::Done = end {
            self.tell_done(lane, &decided);
        }
        lane.end = Some(end);
        lane.decided = Some(decided);
    }

    pub(super) fn tell_done(&self, lane: &Lane, decided: &Decided) {
        self.tell(Event::LaneDone {
            database: lane.job.binding.name.to_string(),
            steps: lane.done.len(),
            heads: decided.heads().iter().map(ToString::to_string).collect(),
        });
    }

    pub(super) fn tell_plan(&self, lane: &Lane, decided: &Decided) {
        let works = &decided.prepared.works;
        let dialect = lane.job.binding.dialect;
        self.tell(Event::Planned {
            database: lane.job.binding.name.to_string(),
            steps: works.len(),
            with_work: works
                .iter()
                .filter(|work| !work.statements.is_empty())
                .count(),
            unknown: decided.standing.drift.unknown.len(),
            losses: works
                .iter()
                .flat_map(|work| losses(work, dialect))
                .collect(),
        });
    }

    async fn run_batches<'s>(
        &'s self,
        lane: &mut Lane,
        decided: &mut Decided,
        mut slot: Slot<'s>,
    ) -> End {
        let mut replans = 0;
        while decided.at < decided.prepared.works.len() {
            // What was sent was looked into before, and is what runs already.
            if !decided.is_sent() {
                if self.stop.is_requested() {
                    return End::Stopped;
                }
                if self.is_halted() {
                    return End::HeldBack;
                }
                if let Some(end) = self.wait_for_others(lane, decided, &mut slot).await {
                    return end;
                }
                if let Went::Ended(end) = self.keep_guard(lane, decided).await {
                    return *end;
                }
                if decided.at >= decided.prepared.works.len() {
                    break;
                }
            }
            let went = match self.run_batch(lane, decided).await {
                Ok(Commit::Done(generation)) => {
                    self.advance(lane, decided, generation);
                    Went::On
                }
                Ok(Commit::Stopped | Commit::Prepared) => Went::Ended(Box::new(End::Stopped)),
                Ok(Commit::Held) => self.regain_guard(lane, decided).await,
                Ok(Commit::Lost) if replans < REPLANS => {
                    replans += 1;
                    // On a cluster it may have taken the guard over.
                    self.regain_guard(lane, decided).await
                }
                Ok(Commit::Lost) => {
                    Went::Ended(Box::new(self.fail(lane, decided, contended()).await))
                }
                Err(error) => self.face(lane, decided, error).await,
            };
            if let Went::Ended(end) = went {
                return *end;
            }
        }
        End::Done
    }

    /// Makes sure of the guard before a batch. Where it was lost meanwhile, another run may
    /// have moved the database. What was noted and not sent is taken back first: who finds
    /// it with our session alive would wait for us, as we wait for the guard.
    async fn keep_guard(&self, lane: &mut Lane, decided: &mut Decided) -> Went {
        match lane.job.database.holds_guard().await {
            Ok(true) => Went::On,
            Ok(false) => {
                self.withdraw(lane, decided).await;
                self.regain_guard(lane, decided).await
            }
            Err(error) => Went::Ended(Box::new(End::Refused(error.into()))),
        }
    }

    /// Waits for whoever has the guard, and acts on what that run left.
    async fn regain_guard(&self, lane: &mut Lane, decided: &mut Decided) -> Went {
        match self.take_guard(&mut lane.job).await {
            Ok(Waited::Taken) => self.replan(lane, decided).await,
            Ok(Waited::Stopped) => Went::Ended(Box::new(End::Stopped)),
            Err(refusal) => Went::Ended(Box::new(End::Refused(refusal))),
        }
    }

    /// A batch failed. Where the connection broke, what it did may stand all the
    /// same: then the lane goes on.
    async fn face(&self, lane: &mut Lane, decided: &mut Decided, error: StepError) -> Went {
        if let Some(DatabaseError::Lost { .. }) = error.database()
            && decided.in_flight.is_none()
        {
            match self.read_and_prepare(lane, Certainty::Final).await {
                Ok(mut now) if !decided.standing_in(&now).is_empty() => {
                    self.claim(lane, decided.standing_in(&now)).await;
                    self.link_again(lane, decided, &mut now);
                    *decided = now;
                    return Went::On;
                }
                Ok(_) => {}
                Err(_) => decided.in_doubt = decided.batch(self.request.commitment).len(),
            }
        }
        Went::Ended(Box::new(self.fail(lane, decided, error).await))
    }

    /// Another run was first, or may have been: acts on what it left.
    async fn replan(&self, lane: &mut Lane, decided: &mut Decided) -> Went {
        let result = match self.outlive(lane).await {
            Ok(()) => self.read_and_prepare(lane, Certainty::Final).await,
            Err(refusal) => Err(refusal),
        };
        match result {
            Ok(now) if now.generation == decided.generation => Went::On,
            Ok(mut now) => {
                self.claim(lane, decided.standing_in(&now)).await;
                self.link_again(lane, decided, &mut now);
                let first = std::mem::replace(decided, now);
                match lane.is_relative() {
                    true => Went::Ended(Box::new(End::Refused(lane.moved(&first)))),
                    false => Went::On,
                }
            }
            Err(refusal) => Went::Ended(Box::new(End::Refused(refusal))),
        }
    }

    /// Counts those of the steps that stand by now as done by this run which its log names:
    /// commits whose answer was lost. The others are another run's.
    async fn claim(&self, lane: &mut Lane, standing: Vec<Arc<Step>>) {
        if standing.is_empty() {
            return;
        }
        // A log that cannot be read names nothing, and then nothing is claimed.
        let log = lane.job.database.log().await.unwrap_or_default();
        let is_ours = |entry: &&LogEntry| entry.run == self.request.run && entry.outcome == "done";
        // A revision that is done again goes down and comes up.
        let ours: BTreeSet<(&str, &str)> = log
            .iter()
            .filter(is_ours)
            .map(|entry| (entry.action.as_str(), entry.revision.as_str()))
            .collect();
        let is_claimed = |step: &&Arc<Step>| {
            let key = (step.action.name(), step.revision.id.as_str());
            ours.contains(&key)
        };
        let claimed = standing.iter().filter(is_claimed);
        lane.done
            .extend(claimed.map(|step| step.revision.id.clone()));
    }

    /// Runs the works up to the end of the batch at hand.
    async fn run_batch(&self, lane: &mut Lane, decided: &mut Decided) -> Result<Commit, StepError> {
        let steps = decided.batch(self.request.commitment);
        let of = decided.prepared.works.len();
        let told = usize::from(decided.is_sent());
        for (index, work) in steps.iter().enumerate().skip(told) {
            self.tell_start(lane, decided, work, decided.at + index + 1, of);
        }
        let is_begun = decided.resume.is_some() || decided.noted.is_some();
        if is_begun || self.goes_by_statement(lane, decided).await? {
            return self.run_by_statement(lane, decided).await;
        }
        let batch = self.batch(decided);
        self.commit_patiently(lane, &batch).await
    }

    /// Whether the step at hand cannot be one transaction, or does not want to.
    async fn goes_by_statement(
        &self,
        lane: &mut Lane,
        decided: &Decided,
    ) -> Result<bool, StepError> {
        let statements = &decided.prepared.works[decided.at].statements;
        if statements.is_empty() || self.request.commitment != Commitment::Step {
            return Ok(false);
        }
        let step = &decided.prepared.lane.steps[decided.at];
        if step.transaction == TransactionMode::None {
            return Ok(true);
        }
        if lane.job.database.holds_together(statements).await? {
            return Ok(false);
        }
        match isolation::is_for_one(statements, lane.job.binding.dialect) {
            Some(at) => Err(chosen_for_nothing(at, &statements[at])),
            None => Ok(true),
        }
    }

    /// Commits a batch, again where it met a lock.
    pub(super) async fn commit_patiently(
        &self,
        lane: &mut Lane,
        batch: &Batch,
    ) -> Result<Commit, StepError> {
        let revision = &batch.steps[0].revision;
        for attempt in 1.. {
            boundary::reach();
            let mut signs = self.signs(lane, revision);
            let mut pulse = self.pulse(&mut *signs);
            let result = lane.job.database.commit(batch, &mut pulse).await;
            boundary::reach();
            if !self.waits_after(&result, attempt) {
                return result;
            }
            self.wait_for_locks(lane, revision, attempt).await;
        }
        unreachable!("the last attempt's result is returned")
    }

    /// Whether something met a lock and is worth another attempt.
    pub(super) fn waits_after<T>(&self, result: &Result<T, StepError>, attempt: u32) -> bool {
        let error = result.as_ref().err().and_then(StepError::database);
        let is_busy = matches!(error, Some(DatabaseError::Busy { .. }));
        is_busy && attempt < ATTEMPTS && !self.stop.is_requested()
    }

    /// Pauses before the next attempt.
    pub(super) async fn wait_for_locks(&self, lane: &Lane, revision: &RevisionId, attempt: u32) {
        self.tell(Event::Retrying {
            database: lane.job.binding.name.to_string(),
            revision: revision.to_string(),
            attempt: attempt + 1,
        });
        tokio::time::sleep(self.pause(attempt)).await;
    }

    /// Doubles with each attempt, and differs between runs that began together.
    fn pause(&self, attempt: u32) -> Duration {
        let base = FIRST_PAUSE_MS << attempt;
        let run: u64 = self.request.run.bytes().map(u64::from).sum();
        let jitter = (run.wrapping_mul(2_654_435_761) ^ self.clock.elapsed_ms()) % base;
        Duration::from_millis(base / 2 + jitter)
    }

    /// Tells what the statements of this revision show of themselves.
    pub(super) fn signs<'run>(
        &'run self,
        lane: &Lane,
        revision: &RevisionId,
    ) -> Box<dyn FnMut(Sign) + Send + 'run> {
        let database = lane.job.binding.name.to_string();
        let revision = revision.to_string();
        Box::new(move |sign| {
            let (database, revision) = (database.clone(), revision.clone());
            self.tell(match sign {
                // Whoever sends several things at once tells of them.
                Sign::Stands => return,
                Sign::Alive {
                    statement,
                    elapsed_ms,
                } => Event::StillRunning {
                    database,
                    revision,
                    statement,
                    elapsed_ms,
                },
                Sign::Remark { statement, message } => Event::Remark {
                    database,
                    revision,
                    statement,
                    message,
                },
            });
        })
    }

    pub(super) fn pulse<'p>(&self, tell: &'p mut (dyn FnMut(Sign) + Send)) -> Pulse<'p> {
        Pulse {
            stop: self.stop.clone(),
            tell,
        }
    }

    /// The end of a step whose first statements stand already.
    pub(super) fn rest(&self, decided: &Decided, work: &Work, stand: usize, begun: u64) -> Batch {
        Batch {
            steps: vec![Arc::new(work.without(stand))],
            stand,
            elapsed_ms: self.clock.elapsed_ms().saturating_sub(begun),
            ..self.batch(decided)
        }
    }

    pub(super) fn batch(&self, decided: &Decided) -> Batch {
        Batch {
            generation: decided.generation,
            steps: decided.batch(self.request.commitment).to_vec(),
            stand: 0,
            in_flight: None,
            plan: decided.digest,
            run: self.request.run.clone(),
            operator: self.request.operator.clone(),
            version: self.request.version.clone(),
            started: self.clock.now(),
            elapsed_ms: 0,
            prepare: None,
        }
    }

    pub(super) fn tell_start(
        &self,
        lane: &Lane,
        decided: &Decided,
        work: &Work,
        number: usize,
        of: usize,
    ) {
        self.tell(start_of(lane, decided, work, number, of));
    }

    pub(super) fn advance(&self, lane: &mut Lane, decided: &mut Decided, generation: u64) {
        let of = decided.prepared.works.len();
        let steps = decided.batch(self.request.commitment).len();
        let is_told = decided.is_sent();
        for number in decided.at + 1..=decided.at + steps {
            let step = &decided.prepared.lane.steps[number - 1];
            let id = step.revision.id.clone();
            for revision in step.revisions() {
                let node = decided.standing.graph.find(revision.as_str());
                let node = node.expect("a step's revisions are in the lane's graph");
                if step.action.applies() {
                    decided.applied.insert(node);
                } else {
                    decided.applied.remove(node);
                }
            }
            if !is_told {
                self.board.tell_step(&lane.job.binding.name, step);
                self.tell(end_of(lane, step, number, of));
            }
            lane.done.push(id);
        }
        decided.at += steps;
        decided.generation = generation;
    }

    pub(super) async fn fail(&self, lane: &mut Lane, decided: &Decided, error: StepError) -> End {
        if !self.request.keep_going {
            self.halted.store(true, Ordering::SeqCst);
        }
        let in_batch = match &error {
            StepError::Statement { step, .. }
            | StepError::Hindered { step, .. }
            | StepError::ForeignKeys { step, .. } => *step,
            StepError::Database(_) => 0,
        };
        let number = decided.at + in_batch + 1;
        let work = &decided.prepared.works[number - 1];
        let failure = error.statement().cloned();
        let entry = LogEntry {
            run: self.request.run.clone(),
            action: work.action.name().to_owned(),
            revision: work.revision.to_string(),
            outcome: "failed".to_owned(),
            plan: decided.digest.to_string(),
            statement: failure.as_ref().map_or(0, |f| f.number as u64),
            error: error.to_string(),
            started: self.clock.now(),
            operator: self.request.operator.clone(),
            version: self.request.version.clone(),
            ..LogEntry::default()
        };
        lane.job.database.note(&entry).await;
        let of = decided.prepared.works.len();
        self.tell(Event::StepFailed {
            database: lane.job.binding.name.to_string(),
            number,
            of,
            action: work.action.name(),
            revision: work.revision.to_string(),
            failure,
            error: error.to_string(),
        });
        let step = &decided.prepared.lane.steps[number - 1];
        End::Failed {
            revision: work.revision.clone(),
            number,
            of,
            action: work.action.name(),
            statements: work.statements.len(),
            from_ledger: step.source == rev_core::plan::Source::Ledger,
            error,
        }
    }
}

pub(super) fn start_of(
    lane: &Lane,
    decided: &Decided,
    work: &Work,
    number: usize,
    of: usize,
) -> Event {
    let step = &decided.prepared.lane.steps[number - 1];
    Event::StepStarted {
        database: lane.job.binding.name.to_string(),
        number,
        of,
        action: work.action.name(),
        revision: work.revision.to_string(),
        message: step.revision.message.clone(),
        statements: work.statements.len(),
        from_ledger: step.source == rev_core::plan::Source::Ledger,
    }
}

pub(super) fn end_of(lane: &Lane, step: &Step, number: usize, of: usize) -> Event {
    Event::StepDone {
        database: lane.job.binding.name.to_string(),
        number,
        of,
        action: step.action.name(),
        revision: step.revision.id.to_string(),
        message: step.revision.message.clone(),
        empty: step.is_empty(),
    }
}

fn contended() -> StepError {
    StepError::Database(DatabaseError::Other {
        message: format!("other runs were first {REPLANS} times"),
    })
}

impl Decided {
    /// The works that commit together next: one that runs something, or all
    /// neighbours that run nothing; or all that are left.
    pub(super) fn batch(&self, commitment: Commitment) -> &[Arc<Work>] {
        let rest = &self.prepared.works[self.at..];
        if commitment != Commitment::Step {
            return rest;
        }
        // A step that waits for another lane begins a batch of its own.
        let waits = &self.prepared.waits[self.at..];
        let empty = rest
            .iter()
            .zip(waits)
            .enumerate()
            .take_while(|(place, (work, waits))| {
                work.statements.is_empty() && (*place == 0 || waits.is_empty())
            })
            .count();
        &rest[..empty.max(1)]
    }

    /// The steps left that `now` has nothing more to do for, in order.
    pub(super) fn standing_in(&self, now: &Decided) -> Vec<Arc<Step>> {
        let graph = &now.standing.graph;
        let is_applied = |id: &RevisionId| {
            let node = graph.find(id.as_str());
            node.is_some_and(|node| now.applied.contains(node))
        };
        let stands = |step: &&Arc<Step>| {
            let applies = step.action.applies();
            step.revisions().all(|id| is_applied(id) == applies)
        };
        let left = self.prepared.lane.steps[self.at..].iter();
        left.filter(stands).cloned().collect()
    }
}

/// The failure of a script that chooses the level of a transaction which, as the server says,
/// cannot hold it: a table of it has no transactions.
fn chosen_for_nothing(at: usize, statement: &Statement) -> StepError {
    StepError::Statement {
        step: 0,
        failure: Box::new(StatementFailure {
            number: at + 1,
            statement: statement.text.clone(),
            piece: statement.piece,
            offset: statement.offset,
            code: None,
            message:
                "it chooses for one transaction, and none holds this script: a table of it has no \
                      transactions"
                    .to_owned(),
            detail: None,
            hint: Some(
                "take it out, or choose for the session: `SET SESSION TRANSACTION …`".to_owned(),
            ),
            context: None,
            is_undone: true,
        }),
    }
}

/// What a step takes away for good.
fn losses(work: &Work, dialect: Dialect) -> Vec<Loss> {
    let loss = |what| Loss {
        action: work.action.name(),
        revision: work.revision.to_string(),
        what,
    };
    work.losses(dialect).into_iter().map(loss).collect()
}
