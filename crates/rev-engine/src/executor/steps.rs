//! Running one step statement by statement, with its journal.
//!
//! A statement that can share a transaction with its mark does. Any other is
//! noted before it is sent; that it is done is noted with whatever is written
//! next. So at every instant the ledger says what stands, or which one statement
//! is in doubt.

use rev_sql::effect::{self, Effect, Reading, Trace};
use rev_sql::split::Statement;

use super::resume::{self, Resume};
use super::{Decided, Lane, Run};
use crate::boundary;
use crate::database::{Commit, DatabaseError, Mark, Sent, StepError, Work};
use crate::event::Event;
use crate::journal::{Executed, InFlight, Intent, StepInFlight};

/// A step on its way.
struct Going {
    step: StepInFlight,
    generation: u64,
    /// Whether the ledger does not know yet what `step` says.
    is_unwritten: bool,
}

/// How a move went, where it did not fail.
enum Moved {
    On,
    Lost,
}

impl Run<'_> {
    /// Runs the step at hand, from where it was left. Whatever happens,
    /// `decided.in_flight` says afterwards what is in flight.
    pub(super) async fn run_by_statement(
        &self,
        lane: &mut Lane,
        decided: &mut Decided,
    ) -> Result<Commit, StepError> {
        let work = decided.prepared.works[decided.at].clone();
        let begun = self.clock.elapsed_ms();
        decided.in_flight = decided.resume.as_ref().map(|resume| resume.step.clone());
        let stand = decided.resume.as_ref().map_or(0, |it| it.step.done.len());
        let database = &mut lane.job.database;
        database.enter(&work.statements, stand, self.stop).await?;
        let result = self.run_entered(lane, decided, &work, begun).await;
        if result.is_err() {
            // What failed is told; the next step must not meet what was set for this one.
            let _ = lane.job.database.leave().await;
        }
        result
    }

    async fn run_entered(
        &self,
        lane: &mut Lane,
        decided: &mut Decided,
        work: &Work,
        begun: u64,
    ) -> Result<Commit, StepError> {
        let mut going = self.begin(lane, decided, work).await?;
        let result = match self.go(lane, work, &mut going).await {
            Ok(Commit::Done(generation)) => {
                let left = lane.job.database.leave().await;
                left.map(|()| Commit::Done(generation))
            }
            other => other,
        };
        if going.is_unwritten && !matches!(result, Ok(Commit::Lost | Commit::Done(_))) {
            // Should this fail too, the note from before still stands, and who
            // comes next finds out what this run knew.
            let _ = self.write_down(lane, &mut going).await;
        }
        decided.generation = going.generation;
        let result = match result {
            Ok(Commit::Done(_)) => {
                let batch = self.rows_alone(decided, work, begun);
                self.commit_patiently(lane, &batch).await
            }
            other => other,
        };
        decided.in_flight = match result {
            Ok(Commit::Done(_)) => None,
            _ => going.in_flight(),
        };
        result
    }

    async fn begin(
        &self,
        lane: &mut Lane,
        decided: &mut Decided,
        work: &Work,
    ) -> Result<Going, StepError> {
        let session = lane.job.database.session().await?;
        let mut going = Going {
            step: StepInFlight {
                revision: work.revision.clone(),
                action: work.action,
                done: Executed::default(),
                next: None,
                session: session.clone(),
                run: self.request.run.clone(),
                operator: self.request.operator.clone(),
                started: self.clock.now(),
            },
            generation: decided.generation,
            is_unwritten: false,
        };
        let Some(Resume { step, remnant }) = decided.resume.take() else {
            return Ok(going);
        };
        self.tell(Event::Resuming {
            database: lane.job.binding.name.to_string(),
            revision: step.revision.to_string(),
            stand: step.done.len(),
            statements: work.statements.len(),
        });
        going.step.done = step.done;
        going.is_unwritten = true;
        let stand = going.step.done.len();
        if let Some(removal) = remnant {
            self.remove(lane, &removal, &work.statements[stand], stand + 1)
                .await?;
        }
        for (number, statement) in (1..).zip(&work.statements[..stand]) {
            let trace = effect::trace(&statement.text, lane.job.binding.dialect);
            if trace == Some(Trace::Settings) {
                self.run_again(lane, Sent { number, statement }).await?;
            }
        }
        Ok(going)
    }

    /// Removes what a statement has left behind.
    async fn remove(
        &self,
        lane: &mut Lane,
        removal: &str,
        of: &Statement,
        number: usize,
    ) -> Result<(), StepError> {
        let statement = &Statement {
            text: removal.to_owned(),
            ..of.clone()
        };
        self.run_again(lane, Sent { number, statement }).await
    }

    /// Runs a statement that is not counted, since it stands already.
    async fn run_again(&self, lane: &mut Lane, sent: Sent<'_>) -> Result<(), StepError> {
        let mut silence = |_| {};
        let mut pulse = self.pulse(&mut silence);
        lane.job.database.run_alone(sent, &mut pulse).await
    }

    /// Sends what is left of the statements.
    async fn go(
        &self,
        lane: &mut Lane,
        work: &Work,
        going: &mut Going,
    ) -> Result<Commit, StepError> {
        let of = work.statements.len();
        let stand = going.step.done.len();
        for (index, statement) in work.statements.iter().enumerate().skip(stand) {
            if self.stop.is_requested() {
                return Ok(Commit::Stopped);
            }
            let number = index + 1;
            self.tell(Event::StatementStarted {
                database: lane.job.binding.name.to_string(),
                revision: work.revision.to_string(),
                statement: number,
                of,
            });
            let sent = Sent { number, statement };
            if let Moved::Lost = self.send_patiently(lane, going, sent).await? {
                return Ok(Commit::Lost);
            }
        }
        Ok(Commit::Done(going.generation))
    }

    /// Sends a statement, again where it met a lock.
    async fn send_patiently(
        &self,
        lane: &mut Lane,
        going: &mut Going,
        sent: Sent<'_>,
    ) -> Result<Moved, StepError> {
        for attempt in 1.. {
            let result = self.send(lane, going, sent).await;
            let is_clear = going.step.next.is_none();
            if !is_clear || !self.waits_after(&result, attempt) {
                return result;
            }
            self.wait_for_locks(lane, &going.step.revision, attempt)
                .await;
        }
        unreachable!("the last attempt's result is returned")
    }

    async fn send(
        &self,
        lane: &mut Lane,
        going: &mut Going,
        sent: Sent<'_>,
    ) -> Result<Moved, StepError> {
        let statements = std::slice::from_ref(sent.statement);
        let may_commit = effect::may_commit(&sent.statement.text, lane.job.binding.dialect);
        match !may_commit && lane.job.database.holds_together(statements).await? {
            true => self.send_with_mark(lane, going, sent).await,
            false => self.send_alone(lane, going, sent).await,
        }
    }

    async fn send_with_mark(
        &self,
        lane: &mut Lane,
        going: &mut Going,
        sent: Sent<'_>,
    ) -> Result<Moved, StepError> {
        let mut after = going.step.clone();
        after.done.push(&sent.statement.text);
        let mark = Mark {
            generation: going.generation,
            in_flight: Some(InFlight::Step(after.clone()).to_json()),
        };
        boundary::reach();
        let mut signs = self.signs(lane, &after.revision);
        let mut pulse = self.pulse(&mut *signs);
        let commit = lane.job.database.run_with_mark(sent, &mark, &mut pulse);
        let commit = commit.await?;
        boundary::reach();
        let Commit::Done(generation) = commit else {
            return Ok(Moved::Lost);
        };
        going.generation = generation;
        going.step = after;
        going.is_unwritten = false;
        Ok(Moved::On)
    }

    async fn send_alone(
        &self,
        lane: &mut Lane,
        going: &mut Going,
        sent: Sent<'_>,
    ) -> Result<Moved, StepError> {
        let text = &sent.statement.text;
        let before = match effect::of(text, lane.job.binding.dialect) {
            Effect::Object(change) => lane.job.database.describe(&change.objects()).await?,
            _ => Vec::new(),
        };
        going.step.next = Some(Intent {
            statement: text.clone(),
            before,
        });
        going.is_unwritten = true;
        boundary::reach();
        match self.write_down(lane, going).await {
            Ok(Moved::On) => {}
            // Nothing was sent, so nothing is in doubt.
            other => {
                going.step.next = None;
                return other;
            }
        }
        boundary::reach();
        let mut signs = self.signs(lane, &going.step.revision);
        let mut pulse = self.pulse(&mut *signs);
        let result = lane.job.database.run_alone(sent, &mut pulse).await;
        boundary::reach();
        match result {
            Ok(()) => {
                going.step.next = None;
                going.step.done.push(text);
                going.is_unwritten = true;
                Ok(Moved::On)
            }
            Err(error) => {
                self.look_after(lane, going, sent, &error).await;
                Err(error)
            }
        }
    }

    /// Finds out whether a statement that failed has left something. While that
    /// is not known it stays in doubt.
    async fn look_after(
        &self,
        lane: &mut Lane,
        going: &mut Going,
        sent: Sent<'_>,
        error: &StepError,
    ) {
        let Some(intent) = &going.step.next else {
            return;
        };
        let is_undone = match error {
            StepError::Statement { failure, .. } if failure.is_undone => true,
            StepError::Database(DatabaseError::Lost { .. }) => return,
            _ => match self.leaves_nothing(lane, intent, sent).await {
                Ok(nothing) => nothing,
                Err(_) => return,
            },
        };
        if is_undone {
            going.step.next = None;
            going.is_unwritten = true;
        }
    }

    /// Whether nothing is left of a statement that failed; an index that it left
    /// unusable is removed first.
    async fn leaves_nothing(
        &self,
        lane: &mut Lane,
        intent: &Intent,
        sent: Sent<'_>,
    ) -> Result<bool, StepError> {
        let dialect = lane.job.binding.dialect;
        match effect::of(&intent.statement, dialect) {
            Effect::Object(_) => {}
            // Its session ends with this run.
            Effect::Session => return Ok(true),
            _ => return Ok(false),
        }
        let (reading, now) = resume::read(&mut *lane.job.database, intent, dialect).await?;
        match reading {
            _ if now == intent.before => Ok(true),
            Reading::NotDone => Ok(true),
            Reading::Remnant(removal) => {
                self.remove(lane, &removal, sent.statement, sent.number)
                    .await?;
                Ok(true)
            }
            Reading::Done | Reading::Unclear(_) => Ok(false),
        }
    }

    /// Writes the journal down: nothing, where nothing stands nor is in doubt.
    async fn write_down(&self, lane: &mut Lane, going: &mut Going) -> Result<Moved, StepError> {
        let mark = Mark {
            generation: going.generation,
            in_flight: going.in_flight().map(|step| InFlight::Step(step).to_json()),
        };
        for attempt in 1.. {
            let result = lane.job.database.mark(&mark).await;
            let result = result.map_err(StepError::Database);
            if self.waits_after(&result, attempt) {
                self.wait_for_locks(lane, &going.step.revision, attempt)
                    .await;
                continue;
            }
            let Commit::Done(generation) = result? else {
                return Ok(Moved::Lost);
            };
            going.generation = generation;
            going.is_unwritten = false;
            return Ok(Moved::On);
        }
        unreachable!("the last attempt's result is returned")
    }
}

impl Going {
    fn in_flight(&self) -> Option<StepInFlight> {
        let is_begun = !self.step.done.is_empty() || self.step.next.is_some();
        is_begun.then(|| self.step.clone())
    }
}
