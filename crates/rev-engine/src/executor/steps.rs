//! Running one step statement by statement, with its journal.
//!
//! Statements that can share a transaction with their mark do, and neighbours that
//! can share it with one another do so in groups. Any other statement is noted
//! before it is sent; that it is done is noted with whatever is written next. So at
//! every instant the ledger says what stands, or which one statement is in doubt.
//!
//! Each commit costs the server a write of its logs, so what can stand in one does:
//! the last group commits with the step's ledger row, and the note of the statement
//! that comes next, be it the next step's first one, with what comes before it.

use rev_core::TransactionMode;
use rev_sql::effect::{self, Effect, Object, Reading, Trace, Verb};
use rev_sql::split::Statement;

use super::lane::{end_of, start_of};
use super::resume;
use super::run::{Decided, Lane, Noted, Ran, Resume, Run};
use crate::boundary;
use crate::database::{Batch, Commit, Group, Mark, Sent, Work};
use crate::event::{Event, Sign};
use crate::failure::{DatabaseError, StepError};
use crate::journal::{Executed, InFlight, Intent, StepInFlight};
use crate::request::Commitment;

/// How many statements share a transaction at most: what a stop undoes of a group
/// is done again, and its locks are held as long.
const MOST: usize = 1000;
/// How long the texts of a group are at most, in bytes: clusters bound what a
/// transaction may write.
const LONGEST: usize = 1 << 20;

/// How many tables that are to be made are asked for at once.
const FORESEEN: usize = 32;

/// A step on its way.
struct Going {
    step: StepInFlight,
    generation: u64,
    /// Whether the ledger does not know yet what `step` says.
    is_unwritten: bool,
    /// What became of the statement that is noted, where it was sent with its note.
    sent: Option<Ran>,
    /// Whether statements may share a transaction with one another: `transaction:
    /// none` promises that each is committed by itself.
    groups: bool,
    /// How many do at most.
    most: usize,
    ahead: Ahead,
}

/// What is known of the statements to come.
#[derive(Default)]
struct Ahead {
    /// The first that it is about, from 0.
    from: usize,
    /// Of each whether a transaction holds it together with its mark.
    held: Vec<bool>,
}

/// How a move went, where it did not fail.
enum Moved {
    On,
    Lost,
    Stopped,
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
        let noted = decided.noted.as_ref();
        let sent = noted.and_then(|noted| noted.sent.as_ref());
        let begun = sent.map_or_else(|| self.clock.elapsed_ms(), |ran| ran.begun);
        decided.in_flight = decided.resume.as_ref().map(|resume| resume.step.clone());
        let stand = decided.resume.as_ref().map_or(0, |it| it.step.done.len());
        let database = &mut lane.job.database;
        database.enter(&work.statements, stand, self.stop).await?;
        let result = self.run_entered(lane, decided, &work, begun).await;
        if !matches!(result, Ok(Commit::Done(_))) {
            // Its end was not reached, which is told already; whoever goes on must not meet
            // what was set for this step.
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
        let result = self.go_to_the_end(lane, decided, work, &mut going, begun);
        let result = result.await;
        if going.is_unwritten
            && !matches!(result, Ok(Commit::Lost | Commit::Held | Commit::Done(_)))
        {
            // Should this fail too, the note from before still stands, and who
            // comes next finds out what this run knew.
            let _ = self.write_down(lane, &mut going).await;
        }
        decided.generation = going.generation;
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
        let mode = decided.prepared.lane.steps[decided.at].transaction;
        let (step, is_stale, sent) = match decided.noted.take() {
            Some(Noted {
                step,
                sent: Some(sent),
            }) => (step, false, Some(sent)),
            noted => {
                let step = self.begun(lane, work).await?;
                match noted {
                    // A session that a script had touched is another one by now.
                    Some(noted) if noted.step.session != step.session => (step, true, None),
                    Some(noted) => (noted.step, false, None),
                    None => (step, false, None),
                }
            }
        };
        let mut going = Going {
            step,
            generation: decided.generation,
            is_unwritten: is_stale,
            sent,
            groups: mode == TransactionMode::Step,
            most: MOST,
            ahead: Ahead::default(),
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

    /// A step of which nothing stands yet.
    async fn begun(&self, lane: &mut Lane, work: &Work) -> Result<StepInFlight, DatabaseError> {
        Ok(StepInFlight {
            revision: work.revision.clone(),
            action: work.action,
            done: Executed::default(),
            next: None,
            session: Box::new(lane.job.database.session().await?),
            run: self.request.run.clone(),
            operator: self.request.operator.clone(),
            started: self.clock.now(),
        })
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

    /// Sends what is left of the statements, and writes the step's ledger row with
    /// the last ones that a transaction holds.
    async fn go_to_the_end(
        &self,
        lane: &mut Lane,
        decided: &mut Decided,
        work: &Work,
        going: &mut Going,
        begun: u64,
    ) -> Result<Commit, StepError> {
        loop {
            let commit = self.go(lane, work, going).await?;
            if !matches!(commit, Commit::Done(_)) {
                return Ok(commit);
            }
            lane.job.database.leave().await?;
            let stand = going.step.done.len();
            let noted = self.note_next(lane, decided).await;
            decided.generation = going.generation;
            let mut batch = self.rest(decided, work, stand, begun);
            let note = noted.as_ref().map(|step| InFlight::Step(step.clone()));
            batch.in_flight = note.map(|note| note.to_json());
            let (result, sent) = match &noted {
                Some(_) => self.commit_and_send(lane, decided, &batch).await,
                None => (self.commit_patiently(lane, &batch).await, None),
            };
            let noted = noted.map(|step| Noted { step, sent });
            if going.shrinks(work.statements.len() - stand, &result) {
                continue;
            }
            if let Ok(Commit::Done(generation)) = result {
                going.generation = generation;
                decided.noted = noted;
            }
            return result;
        }
    }

    /// The next step with its first statement noted, where that one goes alone and
    /// nothing comes between: then it is noted with the end of this step.
    async fn note_next(&self, lane: &mut Lane, decided: &Decided) -> Option<StepInFlight> {
        let next = decided.at + 1;
        let work = decided.prepared.works.get(next)?.clone();
        let waits = !decided.prepared.waits[next].is_empty();
        let ends = self.stop.is_requested() || self.is_halted();
        let statement = work.statements.first()?;
        let is_apart = waits || ends || self.request.commitment != Commitment::Step;
        if is_apart || !self.goes_alone(lane, statement) {
            return None;
        }
        // Where this fails the step is noted by itself, and fails there.
        let mut step = self.begun(lane, &work).await.ok()?;
        self.foresee(lane, decided, next).await.ok()?;
        step.next = Some(self.intent(lane, statement).await.ok()?);
        Some(step)
    }

    /// Asks at once for what the steps from this one on make, as long as each makes one table.
    async fn foresee(
        &self,
        lane: &mut Lane,
        decided: &Decided,
        from: usize,
    ) -> Result<(), DatabaseError> {
        if !lane.job.database.can_foresee().await {
            return Ok(());
        }
        let dialect = lane.job.binding.dialect;
        let works = decided.prepared.works[from..].iter().take(FORESEEN);
        let objects = works.map_while(|work| match &work.statements[..] {
            [statement] => effect::made_table(&statement.text, dialect),
            _ => None,
        });
        let objects: Vec<Object> = objects.collect();
        lane.job.database.foresee(&objects).await
    }

    /// Commits the end of a step together with the note of the next step's first statement, and
    /// sends that one along where the server can. Again where the commit met a lock.
    async fn commit_and_send(
        &self,
        lane: &mut Lane,
        decided: &Decided,
        batch: &Batch,
    ) -> (Result<Commit, StepError>, Option<Ran>) {
        let works = &decided.prepared.works;
        let (number, of) = (decided.at + 1, works.len());
        let (step, next) = (&decided.prepared.lane.steps[decided.at], &works[number]);
        let sent = Sent {
            number: 1,
            statement: &next.statements[0],
        };
        for attempt in 1.. {
            // Asked each time: a lock may have been waited for since.
            if !self.may_send_along(lane, decided).await {
                break;
            }
            boundary::reach();
            let end = end_of(lane, step, number, of);
            let start = start_of(lane, decided, next, number + 1, of);
            let mut told = Some((end, start, self.statement_started(lane, next, 1)));
            let mut signs_of_end = self.signs(lane, &step.revision.id);
            let mut signs_of_next = self.signs(lane, &next.revision);
            let mut begun = self.clock.elapsed_ms();
            let name = &lane.job.binding.name;
            let mut tell = |sign| match (sign, told.take()) {
                (Sign::Stands, Some((end, start, statement))) => {
                    begun = self.clock.elapsed_ms();
                    self.board.tell_step(name, step);
                    for event in [end, start, statement] {
                        self.tell(event);
                    }
                }
                (sign, None) => signs_of_next(sign),
                (sign, untold) => {
                    told = untold;
                    signs_of_end(sign);
                }
            };
            let mut pulse = self.pulse(&mut tell);
            let sending = lane.job.database.commit_and_send(batch, sent, &mut pulse);
            let (result, sent) = sending.await;
            boundary::reach();
            if !self.waits_after(&result, attempt) {
                return (result, sent.map(|result| Ran { begun, result }));
            }
            self.wait_for_locks(lane, &batch.steps[0].revision, attempt)
                .await;
        }
        (self.commit_patiently(lane, batch).await, None)
    }

    /// Whether the next step's first statement may go to the server with the end of this step:
    /// nothing may come between the two any more, not even a lost guard.
    async fn may_send_along(&self, lane: &mut Lane, decided: &Decided) -> bool {
        let next = &decided.prepared.works[decided.at + 1].statements[0];
        let is_understood = match effect::of(&next.text, lane.job.binding.dialect) {
            // Some answer with rows that say how they went: `ALTER TABLE t ANALYZE PARTITION p`.
            Effect::Object(change) => change.verb != Verb::Alter(None),
            _ => false,
        };
        let ends = self.stop.is_requested() || self.is_halted();
        // Where this cannot be asked the loop over the batches asks again, and fails there.
        is_understood && !ends && lane.job.database.holds_guard().await.unwrap_or(false)
    }

    fn statement_started(&self, lane: &Lane, work: &Work, number: usize) -> Event {
        Event::StatementStarted {
            database: lane.job.binding.name.to_string(),
            revision: work.revision.to_string(),
            statement: number,
            of: work.statements.len(),
        }
    }

    /// Takes back what was noted of a step that is not begun any more. Should this
    /// fail, who comes next finds that nothing of it was done.
    pub(super) async fn withdraw(&self, lane: &mut Lane, decided: &mut Decided) {
        // What was sent is not withdrawn: it has run.
        if decided
            .noted
            .take_if(|noted| noted.sent.is_none())
            .is_none()
        {
            return;
        }
        let mark = Mark {
            generation: decided.generation,
            in_flight: None,
        };
        if let Ok(Commit::Done(generation)) = lane.job.database.mark(&mark).await {
            decided.generation = generation;
        }
    }

    /// Sends what is left of the statements; but the last ones, where a transaction
    /// holds them, are left for the one with the step's ledger row.
    async fn go(
        &self,
        lane: &mut Lane,
        work: &Work,
        going: &mut Going,
    ) -> Result<Commit, StepError> {
        let of = work.statements.len();
        loop {
            let stand = going.step.done.len();
            if stand == of {
                return Ok(Commit::Done(going.generation));
            }
            if going.sent.is_none() && self.stop.is_requested() {
                // What was noted was not sent.
                going.is_unwritten |= going.step.next.take().is_some();
                return Ok(Commit::Stopped);
            }
            let count = self.held_next(lane, work, going).await?;
            if going.sent.is_none() {
                self.tell(self.statement_started(lane, work, stand + 1));
            }
            if going.groups && count > 0 && stand + count == of {
                return Ok(Commit::Done(going.generation));
            }
            let result = self.send_patiently(lane, work, going, count).await;
            if going.shrinks(count, &result) {
                continue;
            }
            match result? {
                Moved::On => {}
                Moved::Lost => return Ok(Commit::Lost),
                Moved::Stopped => return Ok(Commit::Stopped),
            }
        }
    }

    /// How many of the next statements share a transaction with their mark; 0: the
    /// next one goes alone.
    async fn held_next(
        &self,
        lane: &mut Lane,
        work: &Work,
        going: &mut Going,
    ) -> Result<usize, StepError> {
        let stand = going.step.done.len();
        if going.step.next.is_some() {
            return Ok(0);
        }
        if !going.ahead.knows(stand) {
            going.ahead = Ahead {
                from: stand,
                held: self
                    .look_ahead(lane, &work.statements[stand..], going)
                    .await?,
            };
        }
        Ok(going.ahead.held(stand).min(going.most))
    }

    /// Of some of the next statements whether a transaction holds each: of those that
    /// only change rows, or of the next one.
    async fn look_ahead(
        &self,
        lane: &mut Lane,
        rest: &[Statement],
        going: &Going,
    ) -> Result<Vec<bool>, StepError> {
        let dialect = lane.job.binding.dialect;
        let mut bytes = 0;
        let joins = |statement: &&Statement| {
            bytes += statement.text.len();
            bytes <= LONGEST && effect::is_plain_rows(&statement.text, dialect)
        };
        let most = if going.groups { MOST } else { 0 };
        let count = rest.iter().take(most).take_while(joins).count();
        if count > 0 {
            return Ok(lane.job.database.holds_each(&rest[..count]).await?);
        }
        let next = &rest[..1];
        let may_commit = effect::may_commit(&next[0].text, dialect);
        let is_held = !may_commit && lane.job.database.holds_together(next).await?;
        Ok(vec![is_held])
    }

    /// Sends the next statements together, or the next one alone where there are none;
    /// again where they met a lock.
    async fn send_patiently(
        &self,
        lane: &mut Lane,
        work: &Work,
        going: &mut Going,
        count: usize,
    ) -> Result<Moved, StepError> {
        for attempt in 1.. {
            let result = if count > 0 {
                self.send_with_mark(lane, work, going, count).await
            } else {
                self.send_alone(lane, work, going).await
            };
            let is_clear = going.step.next.is_none();
            if !is_clear || !self.waits_after(&result, attempt) {
                return result;
            }
            self.wait_for_locks(lane, &going.step.revision, attempt)
                .await;
        }
        unreachable!("the last attempt's result is returned")
    }

    /// Sends statements with their mark, and with the note of the one after them.
    async fn send_with_mark(
        &self,
        lane: &mut Lane,
        work: &Work,
        going: &mut Going,
        count: usize,
    ) -> Result<Moved, StepError> {
        let stand = going.step.done.len();
        let end = stand + count;
        let group = Group {
            first: stand + 1,
            statements: &work.statements[stand..end],
        };
        let mut after = going.step.clone();
        for statement in group.statements {
            after.done.push(&statement.text);
        }
        let next = work.statements.get(end);
        if let Some(next) = next.filter(|next| going.groups && self.goes_alone(lane, next)) {
            after.next = Some(self.intent(lane, next).await?);
        }
        let mark = Mark {
            generation: going.generation,
            in_flight: Some(InFlight::Step(after.clone()).to_json()),
        };
        boundary::reach();
        let mut signs = self.signs(lane, &after.revision);
        let mut pulse = self.pulse(&mut *signs);
        let commit = lane.job.database.run_with_mark(group, &mark, &mut pulse);
        let commit = commit.await?;
        boundary::reach();
        match commit {
            Commit::Done(generation) => {
                going.generation = generation;
                going.step = after;
                going.is_unwritten = false;
                Ok(Moved::On)
            }
            Commit::Stopped => Ok(Moved::Stopped),
            Commit::Lost | Commit::Held | Commit::Prepared => Ok(Moved::Lost),
        }
    }

    /// Whether a statement can share no transaction, as far as its text tells.
    fn goes_alone(&self, lane: &Lane, statement: &Statement) -> bool {
        let dialect = lane.job.binding.dialect;
        effect::needs_to_be_alone(&statement.text, dialect)
            || effect::may_commit(&statement.text, dialect)
    }

    /// A statement, with what the catalogue says of its objects.
    async fn intent(
        &self,
        lane: &mut Lane,
        statement: &Statement,
    ) -> Result<Intent, DatabaseError> {
        let text = &statement.text;
        let before = match effect::of(text, lane.job.binding.dialect) {
            Effect::Object(change) => lane.job.database.describe(&change.objects()).await?,
            _ => Vec::new(),
        };
        Ok(Intent {
            statement: text.clone(),
            before,
        })
    }

    async fn send_alone(
        &self,
        lane: &mut Lane,
        work: &Work,
        going: &mut Going,
    ) -> Result<Moved, StepError> {
        let stand = going.step.done.len();
        let statement = &work.statements[stand];
        if going.step.next.is_none() {
            going.step.next = Some(self.intent(lane, statement).await?);
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
        }
        let sent = Sent {
            number: stand + 1,
            statement,
        };
        let result = match going.sent.take() {
            Some(ran) => ran.result,
            None => {
                boundary::reach();
                let mut signs = self.signs(lane, &going.step.revision);
                let mut pulse = self.pulse(&mut *signs);
                let result = lane.job.database.run_alone(sent, &mut pulse).await;
                boundary::reach();
                result
            }
        };
        match result {
            Ok(()) => {
                going.step.next = None;
                going.step.done.push(&statement.text);
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
            error if matches!(error.database(), Some(DatabaseError::Lost { .. })) => return,
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

    /// Makes groups smaller where one was refused as a whole, and says whether that is
    /// worth another attempt: servers and clusters bound what a transaction may hold.
    fn shrinks<T>(&mut self, count: usize, result: &Result<T, StepError>) -> bool {
        let is_refused = matches!(
            result,
            Err(StepError::Database(DatabaseError::Other { .. }))
        );
        let shrinks = is_refused && count > 1;
        if shrinks {
            self.most = count / 2;
        }
        shrinks
    }
}

impl Ahead {
    fn knows(&self, at: usize) -> bool {
        (self.from..self.from + self.held.len()).contains(&at)
    }

    /// How many statements from this one on are held.
    fn held(&self, at: usize) -> usize {
        let rest = &self.held[at - self.from..];
        rest.iter().take_while(|held| **held).count()
    }
}
