//! Running one lane: batch after batch, each all or nothing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rev_core::{RevisionId, Step};

use super::{Decided, Lane, Run};
use crate::database::{Batch, Commit, DatabaseError, LogEntry, StepError, Work};
use crate::event::{Event, Pulse};
use crate::outcome::End;

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
        if decided.prepared.works.is_empty() {
            lane.end = Some(End::Nothing);
            lane.decided = Some(decided);
            return;
        }
        self.tell_plan(lane, &decided);
        let end = self.run_batches(lane, &mut decided).await;
        if let End::Done = end {
            self.tell(Event::LaneDone {
                database: lane.job.binding.name.to_string(),
                steps: lane.done.len(),
                heads: decided.heads().iter().map(ToString::to_string).collect(),
            });
        }
        lane.end = Some(end);
        lane.decided = Some(decided);
    }

    fn tell_plan(&self, lane: &Lane, decided: &Decided) {
        let works = &decided.prepared.works;
        self.tell(Event::Planned {
            database: lane.job.binding.name.to_string(),
            steps: works.len(),
            with_work: works
                .iter()
                .filter(|work| !work.statements.is_empty())
                .count(),
            unknown: decided.standing.drift.unknown.len(),
        });
    }

    async fn run_batches(&self, lane: &mut Lane, decided: &mut Decided) -> End {
        let mut replans = 0;
        while decided.at < decided.prepared.works.len() {
            if self.stop.is_requested() {
                return End::Stopped;
            }
            if self.is_halted() {
                return End::HeldBack;
            }
            let went = match self.run_batch(lane, decided).await {
                Ok(Commit::Done(generation)) => {
                    self.advance(lane, decided, generation);
                    Went::On
                }
                Ok(Commit::Stopped | Commit::Prepared) => Went::Ended(Box::new(End::Stopped)),
                Ok(Commit::Lost) if replans < REPLANS => {
                    replans += 1;
                    self.replan(lane, decided).await
                }
                Ok(Commit::Lost) => {
                    Went::Ended(Box::new(self.fail(lane, decided, contended()).await))
                }
                Err(error) => Went::Ended(Box::new(self.fail(lane, decided, error).await)),
            };
            if let Went::Ended(end) = went {
                return *end;
            }
        }
        End::Done
    }

    /// Another run was first: acts on what it left. Steps that stand by now count
    /// as done, whoever did them: it may have been this run, with a commit whose
    /// answer was lost.
    async fn replan(&self, lane: &mut Lane, decided: &mut Decided) -> Went {
        match self.read_and_prepare(lane).await {
            Ok(now) => {
                lane.done.extend(decided.standing_in(&now));
                let first = std::mem::replace(decided, now);
                match lane.is_relative() {
                    true => Went::Ended(Box::new(End::Refused(lane.moved(&first)))),
                    false => Went::On,
                }
            }
            Err(refusal) => Went::Ended(Box::new(End::Refused(refusal))),
        }
    }

    /// Runs the works up to the end of the batch at hand, again where the
    /// database was locked.
    async fn run_batch(&self, lane: &mut Lane, decided: &Decided) -> Result<Commit, StepError> {
        let steps = decided.batch();
        let of = decided.prepared.works.len();
        for (index, work) in steps.iter().enumerate() {
            self.tell_start(lane, decided, work, decided.at + index + 1, of);
        }
        let batch = self.batch(decided);
        for attempt in 1.. {
            match self.commit(lane, &batch).await {
                Err(StepError::Database(DatabaseError::Busy { .. }))
                    if attempt < ATTEMPTS && !self.stop.is_requested() =>
                {
                    self.tell(Event::Retrying {
                        database: lane.job.binding.name.to_string(),
                        revision: steps[0].row.revision.to_string(),
                        attempt: attempt + 1,
                    });
                    tokio::time::sleep(self.pause(attempt)).await;
                }
                result => return result,
            }
        }
        unreachable!("the last attempt's result is returned")
    }

    /// Doubles with each attempt, and differs between runs that began together.
    fn pause(&self, attempt: u32) -> Duration {
        let base = FIRST_PAUSE_MS << attempt;
        let run: u64 = self.request.run.bytes().map(u64::from).sum();
        let jitter = (run.wrapping_mul(2_654_435_761) ^ self.clock.elapsed_ms()) % base;
        Duration::from_millis(base / 2 + jitter)
    }

    async fn commit(&self, lane: &mut Lane, batch: &Batch) -> Result<Commit, StepError> {
        let database = lane.job.binding.name.to_string();
        let revision = batch.steps[0].row.revision.to_string();
        let mut alive = |statement, elapsed_ms| {
            self.tell(Event::StillRunning {
                database: database.clone(),
                revision: revision.clone(),
                statement,
                elapsed_ms,
            });
        };
        let mut pulse = Pulse {
            stop: self.stop.clone(),
            alive: &mut alive,
        };
        lane.job.database.commit(batch, &mut pulse).await
    }

    fn batch(&self, decided: &Decided) -> Batch {
        Batch {
            generation: decided.generation,
            steps: decided.batch().to_vec(),
            plan: decided.digest,
            run: self.request.run.clone(),
            operator: self.request.operator.clone(),
            version: self.request.version.clone(),
            started: self.clock.now(),
            elapsed_ms: 0,
            prepare: None,
        }
    }

    fn tell_start(&self, lane: &Lane, decided: &Decided, work: &Work, number: usize, of: usize) {
        let step = &decided.prepared.lane.steps[number - 1];
        self.tell(Event::StepStarted {
            database: lane.job.binding.name.to_string(),
            number,
            of,
            action: work.action.name(),
            revision: work.row.revision.to_string(),
            message: step.revision.message.clone(),
            statements: work.statements.len(),
            from_ledger: step.source == rev_core::plan::Source::Ledger,
        });
    }

    fn advance(&self, lane: &mut Lane, decided: &mut Decided, generation: u64) {
        let of = decided.prepared.works.len();
        let steps = decided.batch().len();
        for number in decided.at + 1..=decided.at + steps {
            let step = &decided.prepared.lane.steps[number - 1];
            let id = step.revision.id.clone();
            let node = decided.standing.graph.find(id.as_str());
            let node = node.expect("a step's revision is in the lane's graph");
            if step.action.applies() {
                decided.applied.insert(node);
            } else {
                decided.applied.remove(node);
            }
            self.tell(Event::StepDone {
                database: lane.job.binding.name.to_string(),
                number,
                of,
                action: step.action.name(),
                revision: id.to_string(),
                message: step.revision.message.clone(),
                empty: step.is_empty(),
            });
            lane.done.push(id);
        }
        decided.at += steps;
        decided.generation = generation;
    }

    async fn fail(&self, lane: &mut Lane, decided: &Decided, error: StepError) -> End {
        if !self.request.keep_going {
            self.halted.store(true, Ordering::SeqCst);
        }
        let in_batch = match &error {
            StepError::Statement { step, .. } | StepError::ForeignKeys { step, .. } => *step,
            StepError::Database(_) => 0,
        };
        let number = decided.at + in_batch + 1;
        let work = &decided.prepared.works[number - 1];
        let failure = match &error {
            StepError::Statement { failure, .. } => Some((**failure).clone()),
            _ => None,
        };
        let entry = LogEntry {
            run: self.request.run.clone(),
            action: work.action.name().to_owned(),
            revision: work.row.revision.to_string(),
            outcome: "failed".to_owned(),
            plan: decided.digest.to_string(),
            statement: failure.as_ref().map_or(0, |f| f.number as u64),
            error: error.to_string(),
            started: self.clock.now(),
            operator: self.request.operator.clone(),
            version: self.request.version.clone(),
            ..LogEntry::default()
        };
        lane.job.database.note_failure(&entry).await;
        let of = decided.prepared.works.len();
        self.tell(Event::StepFailed {
            database: lane.job.binding.name.to_string(),
            number,
            of,
            action: work.action.name(),
            revision: work.row.revision.to_string(),
            failure,
            error: error.to_string(),
        });
        let step = &decided.prepared.lane.steps[number - 1];
        End::Failed {
            revision: work.row.revision.clone(),
            number,
            of,
            action: work.action.name(),
            statements: work.statements.len(),
            from_ledger: step.source == rev_core::plan::Source::Ledger,
            error,
        }
    }
}

fn contended() -> StepError {
    StepError::Database(DatabaseError::Other {
        message: format!("other runs were first {REPLANS} times"),
    })
}

impl Decided {
    /// The works that commit together next: one that runs something, or all
    /// neighbours that run nothing.
    fn batch(&self) -> &[Work] {
        let rest = &self.prepared.works[self.at..];
        let empty = rest
            .iter()
            .take_while(|work| work.statements.is_empty())
            .count();
        &rest[..empty.max(1)]
    }

    /// The revisions of the steps left that `now` has nothing more to do for, in
    /// order.
    fn standing_in(&self, now: &Decided) -> Vec<RevisionId> {
        let stands = |step: &&Step| {
            let id = step.revision.id.as_str();
            let node = now.standing.graph.find(id);
            step.action.applies() == node.is_some_and(|node| now.applied.contains(node))
        };
        let left = self.prepared.lane.steps[self.at..].iter();
        left.filter(stands)
            .map(|step| step.revision.id.clone())
            .collect()
    }
}
