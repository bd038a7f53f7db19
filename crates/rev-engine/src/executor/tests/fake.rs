//! A database in memory, with faults at the places where real ones have them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use rev_core::{Applied, Binding, DatabaseName, Dialect, Goal, Point, RevisionId};
use rev_sql::effect::{self, Description, Object};
use rev_sql::ledger::Mending;
use rev_sql::reach::Neighbours;
use rev_sql::sample;
use rev_sql::split::Statement;

use crate::clock::Clock;
use crate::database::{
    Batch, Commit, Database, Decision, Group, Guard, Holder, Ledger, LogEntry, Mark, Sent, Sighting,
};
use crate::event::{Event, Pulse, Stop};
use crate::failure::{DatabaseError, StatementFailure, StepError};
use crate::journal::Session;
use crate::outcome::{End, Outcome};
use crate::pin::Pin;
use crate::request::{Commitment, Job, Request};

/// What a database holds: what a commit changes, and a rollback does not.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    ledger: Ledger,
    ran: Vec<String>,
    log: Vec<LogEntry>,
}

type CommitFault = Box<dyn FnOnce(&mut Contents) -> Option<Result<Commit, StepError>> + Send>;
type LockEvent = Box<dyn FnOnce(&mut Contents) + Send>;

/// How many databases are open, now and at most.
#[derive(Default)]
pub(super) struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    pub(super) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
struct Inside {
    identity: String,
    /// Whether it was reached and not closed since.
    is_open: bool,
    gauge: Arc<Gauge>,
    /// Whether nobody answers any more once its lock is asked for.
    goes_away: bool,
    contents: Contents,
    failures: usize,
    locks_taken: usize,
    is_held: bool,
    other_holder: Option<(usize, Holder)>,
    at_lock: Option<LockEvent>,
    at_commit: VecDeque<CommitFault>,
    /// Whether the guard is lost, a look each.
    guard_losses: VecDeque<bool>,
    fail_statement: Option<usize>,
    fail_text: Option<(String, usize)>,
    /// Whether a step that goes by statement was entered and not left.
    is_entered: bool,
    /// How many statements a transaction holds.
    most: Option<usize>,
    /// How long what is in flight ever was, in bytes.
    longest_note: usize,
}

/// A database that several runs may reach.
#[derive(Clone)]
pub(super) struct World {
    name: DatabaseName,
    dialect: Dialect,
    inside: Arc<Mutex<Inside>>,
}

impl World {
    pub(super) fn new(name: &str) -> Self {
        Self::of(name, Dialect::Sqlite)
    }

    pub(super) fn of(name: &str, dialect: Dialect) -> Self {
        let inside = Inside {
            identity: name.to_owned(),
            ..Inside::default()
        };
        Self {
            name: DatabaseName::new(name).expect("a name"),
            dialect,
            inside: Arc::new(Mutex::new(inside)),
        }
    }

    /// Counts this one among those that are open.
    pub(super) fn counted_by(self, gauge: &Arc<Gauge>) -> Self {
        self.inside().gauge = gauge.clone();
        self
    }

    pub(super) fn goes_away_at_lock(&self) {
        self.inside().goes_away = true;
    }

    /// Lets others work meanwhile, as whoever asks a server does.
    async fn reach(&self) {
        self.inside().open();
        tokio::task::yield_now().await;
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside
            .lock()
            .expect("no test panics while it holds this")
    }

    pub(super) fn job(&self, point: &str) -> Job {
        Job {
            binding: Arc::new(Binding::new(self.name.clone(), self.dialect)),
            pin: None,
            watched: false,
            points: vec![Point::parse(point).expect("a point")],
            database: Box::new(self.clone()),
        }
    }

    /// A job that runs these very steps.
    pub(super) fn pinned_job(&self, pin: &Arc<Pin>) -> Job {
        Job {
            points: Vec::new(),
            pin: Some(pin.clone()),
            ..self.job("head")
        }
    }

    /// The ledger's rows.
    pub(super) fn rows(&self) -> Vec<Applied> {
        self.inside().contents.ledger.rows.clone()
    }

    /// Lets the statement with this number, over all that stand, fail once.
    pub(super) fn fail_statement(&self, number: usize) {
        self.inside().fail_statement = Some(number);
    }

    /// Lets this statement fail once, which must have this number then.
    pub(super) fn fail_text(&self, text: &str, number: usize) {
        self.inside().fail_text = Some((text.to_owned(), number));
    }

    /// Refuses a transaction of more statements than these.
    pub(super) fn hold_at_most(&self, most: usize) {
        self.inside().most = Some(most);
    }

    /// How long what was in flight ever was, in bytes.
    pub(super) fn longest_note(&self) -> usize {
        self.inside().longest_note
    }

    /// What the ledger says is in flight.
    pub(super) fn in_flight(&self) -> Option<String> {
        self.inside().contents.ledger.in_flight.clone()
    }

    /// Does something at the next commit that has no such event yet, and may
    /// answer it.
    pub(super) fn at_commit(
        &self,
        fault: impl FnOnce(&mut Contents) -> Option<Result<Commit, StepError>> + Send + 'static,
    ) {
        self.inside().at_commit.push_back(Box::new(fault));
    }

    /// Does something just before the guard is given.
    pub(super) fn at_lock(&self, event: impl FnOnce(&mut Contents) + Send + 'static) {
        self.inside().at_lock = Some(Box::new(event));
    }

    /// Lets the guard be lost before the batch with this number, from 0.
    pub(super) fn lose_guard_before(&self, batch: usize) {
        let losses = (0..=batch).map(|number| number == batch);
        self.inside().guard_losses = losses.collect();
    }

    /// Lets another run hold the guard for so many tries.
    pub(super) fn hold_for(&self, tries: usize, operator: &str) {
        let holder = Holder {
            operator: operator.to_owned(),
            ..Holder::default()
        };
        self.inside().other_holder = Some((tries, holder));
    }

    pub(super) fn is_the_same_as(&self, other: &World) {
        let identity = other.inside().identity.clone();
        self.inside().identity = identity;
    }

    /// Takes over what another one holds.
    pub(super) fn become_like(&self, other: &World) {
        let contents = other.contents();
        self.inside().contents = contents;
    }

    /// A job of a database that no target names.
    pub(super) fn watched_job(&self) -> Job {
        Job {
            watched: true,
            points: Vec::new(),
            ..self.job("head")
        }
    }

    pub(super) fn contents(&self) -> Contents {
        self.inside().contents.clone()
    }

    /// Whether a step that goes by statement was entered and not left.
    pub(super) fn is_entered(&self) -> bool {
        self.inside().is_entered
    }

    /// The statements that stand, in order.
    pub(super) fn ran(&self) -> Vec<String> {
        self.inside().contents.ran.clone()
    }

    /// What the log says, oldest first.
    pub(super) fn log(&self) -> Vec<LogEntry> {
        self.inside().contents.log.clone()
    }

    /// The revisions that are applied, ascending.
    pub(super) fn applied(&self) -> Vec<String> {
        let rows = &self.inside().contents.ledger.rows;
        let mut ids: Vec<String> = rows.iter().map(|row| row.revision.to_string()).collect();
        ids.sort();
        ids
    }

    pub(super) fn generation(&self) -> u64 {
        self.inside().contents.ledger.generation
    }

    pub(super) fn failures(&self) -> usize {
        self.inside().failures
    }

    pub(super) fn locks_taken(&self) -> usize {
        self.inside().locks_taken
    }

    pub(super) fn is_held(&self) -> bool {
        self.inside().is_held
    }

    pub(super) fn holder(&self) -> Option<Holder> {
        let inside = self.inside();
        inside
            .other_holder
            .as_ref()
            .map(|(_, holder)| holder.clone())
    }
}

impl Inside {
    fn open(&mut self) {
        if !std::mem::replace(&mut self.is_open, true) {
            let now = self.gauge.now.fetch_add(1, Ordering::Relaxed) + 1;
            self.gauge.most.fetch_max(now, Ordering::Relaxed);
        }
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.gauge.now.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn try_lock(&mut self) -> Guard {
        if let Some((tries, holder)) = &mut self.other_holder
            && *tries > 0
        {
            *tries -= 1;
            return Guard::Held(Some(holder.clone()));
        }
        if let Some(event) = self.at_lock.take() {
            event(&mut self.contents);
        }
        self.locks_taken += 1;
        self.is_held = true;
        Guard::Taken
    }

    fn commit(&mut self, batch: &Batch, pulse: &Pulse<'_>) -> Result<Commit, StepError> {
        if let Some(fault) = self.at_commit.pop_front()
            && let Some(answer) = fault(&mut self.contents)
        {
            return answer;
        }
        if self.contents.ledger.generation != batch.generation {
            return Ok(Commit::Lost);
        }
        self.refuse_too_many(batch.steps.iter().map(|work| work.statements.len()).sum())?;
        let mut next = self.contents.clone();
        for (step, work) in batch.steps.iter().enumerate() {
            for Sent { number, statement } in batch.group(step).each() {
                if pulse.stop.is_requested() {
                    return Ok(Commit::Stopped);
                }
                if self.fails(number, statement, next.ran.len()) {
                    let failure = Box::new(failure(number, statement));
                    return Err(StepError::Statement { step, failure });
                }
                next.ran.push(statement.text.clone());
            }
            let rows = &mut next.ledger.rows;
            let count = rows.len();
            rows.retain(|row| work.rows.iter().all(|it| it.revision != row.revision));
            let was_applied = rows.len() < count;
            assert_ne!(was_applied, work.action.applies(), "a step is done twice");
            if work.action.applies() {
                rows.extend(work.rows.iter().cloned());
            }
        }
        next.log.extend(batch.steps.iter().map(|work| LogEntry {
            action: work.action.name().to_owned(),
            revision: work.revision.to_string(),
            outcome: "done".to_owned(),
            plan: batch.plan.to_string(),
            operator: batch.operator.clone(),
            run: batch.run.clone(),
            ..LogEntry::default()
        }));
        next.ledger.generation += 1;
        next.ledger.in_flight.clone_from(&batch.in_flight);
        self.contents = next;
        Ok(Commit::Done(self.contents.ledger.generation))
    }

    /// Whether a statement that so many stand before is to fail.
    fn fails(&mut self, number: usize, statement: &Statement, stand: usize) -> bool {
        let by_count = self.fail_statement.take_if(|it| *it == stand).is_some();
        let by_text = self.fail_text.take_if(|(text, _)| *text == statement.text);
        if let Some((_, expected)) = &by_text {
            assert_eq!(number, *expected, "{}", statement.text);
        }
        by_count || by_text.is_some()
    }

    fn refuse_too_many(&self, statements: usize) -> Result<(), StepError> {
        match self.most {
            Some(most) if statements > most => Err(StepError::Database(DatabaseError::Other {
                message: "the transaction is too large".to_owned(),
            })),
            _ => Ok(()),
        }
    }

    fn mark(&mut self, mark: &Mark) -> Commit {
        let length = mark.in_flight.as_ref().map_or(0, String::len);
        self.longest_note = self.longest_note.max(length);
        let ledger = &mut self.contents.ledger;
        if ledger.generation != mark.generation {
            return Commit::Lost;
        }
        ledger.generation += 1;
        ledger.in_flight.clone_from(&mark.in_flight);
        Commit::Done(ledger.generation)
    }

    fn send(&mut self, sent: Sent<'_>) -> Result<(), StepError> {
        if self.fails(sent.number, sent.statement, self.contents.ran.len()) {
            let failure = Box::new(failure(sent.number, sent.statement));
            return Err(StepError::Statement { step: 0, failure });
        }
        self.contents.ran.push(sent.statement.text.clone());
        Ok(())
    }
}

fn failure(number: usize, statement: &Statement) -> StatementFailure {
    StatementFailure {
        number,
        statement: statement.text.clone(),
        piece: statement.piece,
        offset: statement.offset,
        code: None,
        message: "it was told to fail".to_owned(),
        detail: None,
        hint: None,
        context: None,
        is_undone: true,
    }
}

#[async_trait]
impl Database for World {
    async fn identity(&mut self) -> Result<String, DatabaseError> {
        self.reach().await;
        Ok(self.inside().identity.clone())
    }

    async fn try_lock(&mut self, _: &Holder) -> Result<Guard, DatabaseError> {
        self.reach().await;
        if self.inside().goes_away {
            let message = "nobody answers".to_owned();
            return Err(DatabaseError::Connect { message });
        }
        Ok(self.inside().try_lock())
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        Ok(self.inside().other_holder.clone().map(|(_, holder)| holder))
    }

    async fn holds_guard(&mut self) -> Result<bool, DatabaseError> {
        let mut inside = self.inside();
        if inside.guard_losses.pop_front().unwrap_or_default() {
            inside.is_held = false;
        }
        Ok(inside.is_held)
    }

    async fn unlock(&mut self) -> Result<(), DatabaseError> {
        let mut inside = self.inside();
        inside.is_held = false;
        inside.close();
        Ok(())
    }

    async fn read(&mut self) -> Result<Ledger, DatabaseError> {
        self.reach().await;
        Ok(self.contents().ledger)
    }

    async fn schema(&mut self) -> Result<Vec<String>, DatabaseError> {
        Ok(Vec::new())
    }

    async fn inspect(&mut self) -> Result<rev_sql::schema::Schema, DatabaseError> {
        Ok(rev_sql::schema::Schema::default())
    }

    async fn tables(&mut self) -> Result<Vec<sample::Table>, DatabaseError> {
        Ok(Vec::new())
    }

    async fn mend(&mut self, mending: &Mending, generation: u64) -> Result<(), DatabaseError> {
        let _ = (mending, generation);
        Ok(())
    }

    async fn done(&mut self) -> Result<Vec<(String, String)>, DatabaseError> {
        Ok(Vec::new())
    }

    async fn ask(&mut self, _: &str) -> Result<Vec<String>, DatabaseError> {
        Ok(Vec::new())
    }

    async fn log(&mut self) -> Result<Vec<LogEntry>, DatabaseError> {
        Ok(self.contents().log)
    }

    async fn commit(&mut self, batch: &Batch, pulse: &mut Pulse<'_>) -> Result<Commit, StepError> {
        self.reach().await;
        let result = self.inside().commit(batch, pulse);
        if result.is_ok() {
            // Other lanes get their turn meanwhile, as with a real one.
            tokio::task::yield_now().await;
        }
        result
    }

    async fn neighbours(&mut self) -> Result<Neighbours, DatabaseError> {
        Ok(Neighbours::default())
    }

    async fn holds_together(&mut self, statements: &[Statement]) -> Result<bool, DatabaseError> {
        Ok(self.holds_each(statements).await?.iter().all(|held| *held))
    }

    async fn holds_each(&mut self, statements: &[Statement]) -> Result<Vec<bool>, DatabaseError> {
        let alone = |statement: &Statement| {
            statement.text.contains("untransacted")
                || effect::needs_to_be_alone(&statement.text, self.dialect)
        };
        let held = statements.iter().map(|statement| !alone(statement));
        Ok(held.collect())
    }

    async fn mark(&mut self, mark: &Mark) -> Result<Commit, DatabaseError> {
        Ok(self.inside().mark(mark))
    }

    async fn enter(&mut self, _: &[Statement], _: usize, _: &Stop) -> Result<(), DatabaseError> {
        self.inside().is_entered = true;
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), StepError> {
        self.inside().is_entered = false;
        Ok(())
    }

    async fn run_with_mark(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        _: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        let mut inside = self.inside();
        inside.refuse_too_many(group.statements.len())?;
        let before = inside.contents.clone();
        let commit = inside.mark(mark);
        if let Commit::Done(_) = commit {
            for sent in group.each() {
                if let Err(error) = inside.send(sent) {
                    inside.contents = before;
                    return Err(error);
                }
            }
        }
        Ok(commit)
    }

    async fn run_alone(&mut self, sent: Sent<'_>, _: &mut Pulse<'_>) -> Result<(), StepError> {
        self.inside().send(sent)
    }

    async fn describe(&mut self, objects: &[Object]) -> Result<Vec<Description>, DatabaseError> {
        Ok(vec![Description::default(); objects.len()])
    }

    async fn session(&mut self) -> Result<Session, DatabaseError> {
        Ok(Session::default())
    }

    async fn find_session(&mut self, _: &Session) -> Result<Sighting, DatabaseError> {
        Ok(Sighting::Gone)
    }

    async fn end_session(&mut self, _: &Session) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn check_two_phase(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn is_prepared(&mut self, _: &str) -> Result<bool, DatabaseError> {
        Ok(false)
    }

    async fn conclude(&mut self, _: &str, _: Decision) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn note(&mut self, _: &LogEntry) {
        self.inside().failures += 1;
    }
}

/// A clock that goes on by a millisecond each time it is asked.
#[derive(Default)]
pub(super) struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now(&self) -> String {
        "2026-11-23T09:00:00.000Z".to_owned()
    }

    fn elapsed_ms(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

pub(super) fn request(goal: Goal) -> Request {
    Request {
        goal,
        beside: false,
        keep_going: false,
        commitment: Commitment::Step,
        ends_sessions: false,
        alone: false,
        unseen: Vec::new(),
        jobs: 8,
        lock_wait: None,
        operator: "tester@here".to_owned(),
        version: "0".to_owned(),
        run: "test".to_owned(),
    }
}

/// How each lane ended, a line each.
pub(super) fn summary(outcome: &Outcome) -> String {
    let words = |ids: &[RevisionId]| {
        let words: Vec<&str> = ids.iter().map(RevisionId::as_str).collect();
        words.join(" ")
    };
    let lanes = outcome.lanes.iter().map(|lane| {
        let end = match &lane.end {
            End::Done => "done".to_owned(),
            End::Nothing => "nothing".to_owned(),
            End::HeldBack => "held back".to_owned(),
            End::Stopped => "stopped".to_owned(),
            End::Undecided(_) => "undecided".to_owned(),
            End::Refused(refusal) => format!("refused ({})", refusal.code()),
            End::Failed { revision, .. } => format!("failed at {revision}"),
        };
        let heads = lane.heads.as_deref().map_or("?".to_owned(), words);
        let (done, left) = (words(&lane.done), words(&lane.not_begun));
        format!(
            "{}: {end}; did [{done}]; left [{left}]; at [{heads}]",
            lane.database
        )
    });
    lanes.collect::<Vec<_>>().join("\n")
}

/// An event in a few words.
pub(super) fn word(event: &Event) -> String {
    match event {
        Event::Planned { steps, .. } => format!("planned {steps}"),
        Event::StepStarted {
            number,
            of,
            revision,
            ..
        } => format!("start {number}/{of} {revision}"),
        Event::StepDone {
            number,
            of,
            revision,
            ..
        } => format!("done {number}/{of} {revision}"),
        Event::LaneDone { heads, .. } => format!("lane done {}", heads.join(" ")),
        other => format!("{other:?}"),
    }
}
