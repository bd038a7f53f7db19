//! What the engine asks of a database.
//!
//! One physical database and ledger. Reading never writes, not even the
//! ledger's tables. Every write opens with the compare-and-set of the
//! generation, and stands only if it was still the expected one. There are two
//! ways to run a step. A [`Batch`] is all or nothing: its statements, its ledger
//! rows, its log rows and the new generation commit together. Where no
//! transaction can hold a step's statements they are sent one at a time, or in
//! groups that one can hold, and the journal in the ledger says which stand: the
//! driver carries out each such move, the executor decides on it.

use std::sync::Arc;

use async_trait::async_trait;
use rev_core::plan::Action;
use rev_core::{Applied, Dialect, Digest, Quoting, RevisionId};
use rev_sql::effect::{Description, Object};
use rev_sql::isolation;
use rev_sql::ledger::Mending;
use rev_sql::reach::Neighbours;
use rev_sql::sample;
use rev_sql::schema::Schema;
use rev_sql::split::Statement;

use crate::event::{Pulse, Stop};
use crate::failure::{DatabaseError, StepError};
use crate::journal::{Node, Session};

/// A database, through its ledger.
#[async_trait]
pub trait Database: Send {
    /// Reaches the database, and names it and its ledger: two lanes with the same
    /// identity are one database, whatever their URLs.
    async fn identity(&mut self) -> Result<String, DatabaseError>;

    /// Takes the guard of this database, or says who has it. Does not wait. Behind a pooler
    /// it is each transaction that takes it, which may end as [`Commit::Held`]: here it is
    /// only looked at.
    async fn try_lock(&mut self, holder: &Holder) -> Result<Guard, DatabaseError>;

    /// Who has the guard of this database, if anybody has: takes and creates
    /// nothing. Behind a pooler a run has it for as long as a transaction of its own lasts.
    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError>;

    /// Whether the guard is still ours: a server may have ended the session that holds
    /// it. Where it is not, [`Database::try_lock`] takes it again. Asks the server once a
    /// second at most, so it may be called before every step.
    async fn holds_guard(&mut self) -> Result<bool, DatabaseError>;

    /// Ends the session that works, where there is one, until it is needed again; the guard
    /// stays.
    async fn rest(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    /// Gives the guard back, and closes the database until it is needed again.
    async fn unlock(&mut self) -> Result<(), DatabaseError>;

    /// Reads the ledger. Writes nothing and creates nothing.
    async fn read(&mut self) -> Result<Ledger, DatabaseError>;

    /// How the server reads quoted text, once it was reached; `None`: it was not asked, or all
    /// servers of the dialect read alike.
    fn quoting(&self) -> Option<Quoting> {
        None
    }

    /// Makes a damaged ledger one that can be read, with this generation; changes nothing
    /// else.
    async fn mend(&mut self, mending: &Mending, generation: u64) -> Result<(), DatabaseError>;

    /// The actions that the log has as done, and their revisions, oldest first; none where
    /// the log is missing, too.
    async fn done(&mut self) -> Result<Vec<(String, String)>, DatabaseError>;

    /// What a person should know of where the ledger lies, as a sentence: that it is
    /// replicated without the schema, for one. `None`: nothing. Only reads.
    async fn caution(&mut self) -> Result<Option<String>, DatabaseError> {
        Ok(None)
    }

    /// Reads the log, oldest first. Writes nothing and creates nothing.
    async fn log(&mut self) -> Result<Vec<LogEntry>, DatabaseError>;

    /// What the catalogue holds, a sentence an object or part, sorted; without the
    /// ledger and what is the engine's own. Equal schemas give equal answers.
    async fn schema(&mut self) -> Result<Vec<String>, DatabaseError>;

    /// The tables, as far as rows for them can be invented; without the ledger.
    async fn tables(&mut self) -> Result<Vec<sample::Table>, DatabaseError>;

    /// What a query answers: the first column of each row, as texts.
    async fn ask(&mut self, question: &str) -> Result<Vec<String>, DatabaseError>;

    /// The statements that made the schema, without the ledger, as the engine keeps
    /// them; `None`: it keeps none.
    async fn dump(&mut self) -> Result<Option<Vec<String>>, DatabaseError> {
        Ok(None)
    }

    /// The schema as values that can be compared, without the ledger and what is the
    /// engine's own or an extension's.
    async fn inspect(&mut self) -> Result<Schema, DatabaseError>;

    /// What a script on this database could reach beside it, where it is a throw-away
    /// one: the other databases that a statement can name.
    async fn neighbours(&mut self) -> Result<Neighbours, DatabaseError>;

    /// Whether a transaction holds these statements together, so that all of
    /// them are undone if one fails. Runs nothing.
    async fn holds_together(&mut self, statements: &[Statement]) -> Result<bool, DatabaseError>;

    /// Which of these statements, that only change rows, a transaction holds together
    /// with a mark and with one another: one answer a statement. Runs nothing.
    async fn holds_each(&mut self, statements: &[Statement]) -> Result<Vec<bool>, DatabaseError>;

    /// Carries a batch out, all or nothing. With [`Batch::prepare`] it is left
    /// prepared instead of committed.
    async fn commit(&mut self, batch: &Batch, pulse: &mut Pulse<'_>) -> Result<Commit, StepError>;

    /// Carries a batch out, and sends the statement that it has noted along with it, where one
    /// round trip can hold both. That one runs only once the batch stands, which is told as
    /// [`Sign::Stands`](crate::event::Sign::Stands). What became of it is the second answer;
    /// `None`: it was not sent, and [`Database::run_alone`] is to send it.
    async fn commit_and_send(
        &mut self,
        batch: &Batch,
        _next: Sent<'_>,
        pulse: &mut Pulse<'_>,
    ) -> (Result<Commit, StepError>, Option<Result<(), StepError>>) {
        (self.commit(batch, pulse).await, None)
    }

    /// Moves the generation on and writes down what is in flight from now on,
    /// making the ledger if it is missing.
    async fn mark(&mut self, mark: &Mark) -> Result<Commit, DatabaseError>;

    /// Begins a step that goes by statement, of which the first `stand` stand already: sets
    /// what holds for all of it, such as foreign keys that are off around a rebuild on
    /// SQLite. Ends with [`Database::leave`], whatever became of the step.
    async fn enter(
        &mut self,
        _statements: &[Statement],
        _stand: usize,
        _stop: &Stop,
    ) -> Result<(), DatabaseError> {
        Ok(())
    }

    /// Ends what [`Database::enter`] began, and checks what no single statement shows.
    /// An error is the whole step's: its statements stand.
    async fn leave(&mut self) -> Result<(), StepError> {
        Ok(())
    }

    /// Runs a group of statements and sets the mark, all or nothing.
    async fn run_with_mark(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError>;

    /// Runs one statement by itself, outside any transaction. On a stop that asks
    /// for it the statement is cancelled, which is an error like any other.
    async fn run_alone(&mut self, sent: Sent<'_>, pulse: &mut Pulse<'_>) -> Result<(), StepError>;

    /// What the catalogue says of these objects, in the same order.
    async fn describe(&mut self, objects: &[Object]) -> Result<Vec<Description>, DatabaseError>;

    /// Whether [`Database::foresee`] would spare [`Database::describe`] a question now.
    async fn can_foresee(&mut self) -> bool {
        false
    }

    /// Asks at once which of these objects are there, which the next statements are to make:
    /// [`Database::describe`] may answer by that for a moment.
    async fn foresee(&mut self, _objects: &[Object]) -> Result<(), DatabaseError> {
        Ok(())
    }

    /// The server session that [`Database::run_alone`] and the transactions use.
    async fn session(&mut self) -> Result<Session, DatabaseError>;

    /// Whether a session still lives: a killed client is not a stopped statement. Id,
    /// start and tag must all match.
    async fn find_session(&mut self, session: &Session) -> Result<Sighting, DatabaseError>;

    /// Ends a session, if it still lives, and what it runs.
    async fn end_session(&mut self, session: &Session) -> Result<(), DatabaseError>;

    /// Whether a transaction can be prepared here and committed later.
    ///
    /// The error is [`DatabaseError::NoTwoPhase`] where it cannot.
    async fn check_two_phase(&mut self) -> Result<(), DatabaseError>;

    /// Whether the transaction of this name is prepared and not yet concluded.
    async fn is_prepared(&mut self, transaction: &str) -> Result<bool, DatabaseError>;

    /// Commits or rolls back a prepared transaction. One that is not there any
    /// more is no error: it is concluded.
    async fn conclude(
        &mut self,
        transaction: &str,
        decision: Decision,
    ) -> Result<(), DatabaseError>;

    /// Appends to the log, if there is a log. Never fails loudly: what is noted,
    /// such as a failure, is what the user must see.
    async fn note(&mut self, entry: &LogEntry);
}

/// A statement as it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// Which of its step, from 1.
    pub number: usize,
    /// What it says.
    pub statement: &'a Statement,
}

/// Statements next to one another, as they are sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Group<'a> {
    /// Which of its step the first one is, from 1.
    pub first: usize,
    /// What they say.
    pub statements: &'a [Statement],
}

impl<'a> Group<'a> {
    /// Each of them.
    pub fn each(self) -> impl Iterator<Item = Sent<'a>> {
        let numbered = (self.first..).zip(self.statements);
        numbered.map(|(number, statement)| Sent { number, statement })
    }
}

/// Runs a statement that counts for nothing: nobody is told of it, or stops it.
///
/// # Errors
///
/// As [`Database::run_alone`].
pub async fn run_in_silence(database: &mut dyn Database, sent: Sent<'_>) -> Result<(), StepError> {
    let mut silence = |_| {};
    let mut pulse = Pulse {
        stop: Stop::default(),
        tell: &mut silence,
    };
    database.run_alone(sent, &mut pulse).await
}

/// A move of the journal.
#[derive(Debug, Clone)]
pub struct Mark {
    /// What the generation must be.
    pub generation: u64,
    /// What is in flight from now on, as JSON; `None`: nothing.
    pub in_flight: Option<String>,
}

/// How a prepared transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It stands.
    Commit,
    /// It never was.
    RollBack,
}

/// Who holds, or wants, the guard of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holder {
    /// `user@host`.
    pub operator: String,
    /// The process id.
    pub process: u32,
    /// Since when, as RFC 3339 in UTC.
    pub since: String,
    /// The node of a cluster where it is, where that is not ours.
    pub node: Option<Node>,
}

/// What can be seen of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// It is gone, and what it ran with it.
    Gone,
    /// It lives, and does this, in a few words.
    AtWork(String),
    /// It was on this node of a cluster, which alone can tell, and cannot be asked.
    OutOfSight(Node),
}

/// Whether the guard was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// It is ours now.
    Taken,
    /// Another run has it.
    Held(Option<Holder>),
}

/// What a ledger holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Counts the batches that were ever committed; 0: there is no ledger yet.
    pub generation: u64,
    /// A row an applied revision, in no stated order.
    pub rows: Vec<Applied>,
    /// What is in flight, as JSON: see [`crate::journal::InFlight`].
    pub in_flight: Option<String>,
}

/// Steps that commit together, and what is written down with them.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What the generation must be.
    pub generation: u64,
    /// What to do: one step with statements, or several without.
    pub steps: Vec<Arc<Work>>,
    /// How many statements of the first step stand already: those that are here
    /// come after them.
    pub stand: usize,
    /// What is in flight once it stands, as JSON; `None`: nothing.
    pub in_flight: Option<String>,
    /// Of the plan that this is part of.
    pub plan: Digest,
    /// Names the run.
    pub run: String,
    /// Who runs it.
    pub operator: String,
    /// The program's version.
    pub version: String,
    /// When the batch began, as RFC 3339 in UTC.
    pub started: String,
    /// How long its steps took before this batch, in milliseconds: of a step whose
    /// statements ran one at a time, only its rows are written here.
    pub elapsed_ms: u64,
    /// The name to prepare the transaction under; `None`: it commits.
    pub prepare: Option<String>,
}

/// One step, ready to run.
#[derive(Debug, Clone)]
pub struct Work {
    /// What it does.
    pub action: Action,
    /// With which revision.
    pub revision: RevisionId,
    /// What runs, in order.
    pub statements: Vec<Statement>,
    /// The ledger rows to write, or to delete.
    pub rows: Vec<Applied>,
}

impl Work {
    /// What it takes away for good, as far as its text says so.
    #[must_use]
    pub fn losses(&self, dialect: Dialect) -> Vec<String> {
        let texts: Vec<&str> = self.statements.iter().map(|it| it.text.as_str()).collect();
        rev_sql::losses(&texts, dialect)
    }
}

impl Batch {
    /// The statements of a step, by its place in the batch.
    #[must_use]
    pub fn group(&self, step: usize) -> Group<'_> {
        let stand = if step == 0 { self.stand } else { 0 };
        Group {
            first: stand + 1,
            statements: &self.steps[step].statements,
        }
    }
}

impl Batch {
    /// What its scripts ask to be sent before anything else, by the place of the step: see
    /// [`isolation::first`]. Of a later step only what it chooses: what it locks or sets may be
    /// made by an earlier one, and is none of that one's business.
    #[must_use]
    pub fn first(&self, dialect: Dialect) -> Vec<(usize, Sent<'_>)> {
        let steps = self.steps.iter().enumerate();
        let first = steps.flat_map(|(step, work)| {
            let group = self.group(step);
            let places = if step == 0 {
                isolation::first(&work.statements, dialect)
            } else {
                isolation::choices(&work.statements, dialect)
            };
            let places = places.into_iter();
            places.filter_map(move |at| Some((step, group.each().nth(at)?)))
        });
        first.collect()
    }
}

impl Work {
    /// The same without its first statements, which stand already.
    pub(crate) fn without(&self, stand: usize) -> Self {
        Self {
            action: self.action,
            revision: self.revision.clone(),
            statements: self.statements[stand..].to_vec(),
            rows: self.rows.clone(),
        }
    }
}

/// How a batch ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// It stands, and this is the new generation.
    Done(u64),
    /// Another run was there first; nothing was done.
    Lost,
    /// Another run has the guard, which behind a pooler the transaction takes for itself;
    /// nothing was done. [`Database::try_lock`] says when it is free.
    Held,
    /// It was stopped on request; nothing was done.
    Stopped,
    /// It is prepared, and stands once it is concluded.
    Prepared,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogEntry {
    /// Its number, ascending; 0 for one not yet written.
    pub sequence: i64,
    /// Names the run.
    pub run: String,
    /// `upgrade`, `downgrade`, `stamp`, `unstamp`.
    pub action: String,
    /// The revision.
    pub revision: String,
    /// `done`, `failed`, or what `repair` was told: `applied`, `not applied`.
    pub outcome: String,
    /// Of the plan, in hex.
    pub plan: String,
    /// The statement that failed, from 1; 0: none.
    pub statement: u64,
    /// Why it failed, or nothing.
    pub error: String,
    /// When it began, as RFC 3339 in UTC.
    pub started: String,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Who ran it.
    pub operator: String,
    /// The program's version.
    pub version: String,
}
