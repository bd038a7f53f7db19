//! SQLite: one file, one connection, one guard file beside it.
//!
//! A batch is one `BEGIN IMMEDIATE … COMMIT` that opens with the compare-and-set
//! of the generation, so a crash at any instant leaves it whole or not at all.
//! Nothing is left to a dropped transaction: every way out that is not a commit
//! rolls back first. Reading uses a read-only connection, which creates no file.

mod error;
mod existence;
mod foreign_keys;
mod guard;
mod inspect;
mod place;
mod read;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rev_core::{DatabaseUrl, Dialect};
use rev_engine::boundary;
use rev_engine::database::{
    Batch, Commit, Database, Decision, Group, Guard, Holder, Ledger, LogEntry, Mark, Sent,
    Sighting, Work,
};
use rev_engine::event::{Pulse, Stop};
use rev_engine::failure::{DatabaseError, StepError};
use rev_engine::journal::Session;
use rev_sql::effect::{Description, Object, needs_to_be_alone, touches_session};
use rev_sql::ledger::{self, Mending};
use rev_sql::reach::Neighbours;
use rev_sql::sample;
use rev_sql::schema::Schema;
use rev_sql::split::{Statement, rebuilds_tables, rebuilt_tables};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::Settings;
use crate::rows;
use crate::writing::{check_names, failure_of, log_row, rows_of, unsaid, watch};
use error::{from_sqlx, is_foreign_key, is_interrupt};
use foreign_keys::Found;
use guard::{GuardFile, guard_path};
use place::Place;

/// How many virtual-machine steps SQLite makes between two looks at the clock
/// and the stop request.
const STEPS_BETWEEN_LOOKS: i32 = 4096;

/// How many rows the thread that reads may be ahead. A schema of 1,000 tables has 20,000
/// columns, each a row; with the driver's own 50 the two threads wait for each other all along.
const ROWS_AT_ONCE: usize = 4096;

/// A SQLite file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    place: Place,
    ledger: ledger::Ledger,
    settings: Settings,
    guard: GuardFile,
    writer: Option<SqliteConnection>,
    /// Whether the ledger's tables are known to exist.
    has_ledger: bool,
    deadline: Deadline,
    /// Whether a script has left something in the connection that writes.
    is_touched: bool,
    /// What foreign keys looked like before the step that goes by statement and
    /// rebuilds tables, while it lasts.
    relaxed: Option<Found>,
}

/// When the statement at hand has run long enough, in milliseconds since this
/// value was made; 0: never.
#[derive(Debug, Clone)]
struct Deadline {
    origin: Instant,
    at_ms: Arc<AtomicU64>,
}

impl Deadline {
    fn new() -> Self {
        Self {
            origin: Instant::now(),
            at_ms: Arc::default(),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn set(&self, timeout: Duration) {
        let timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let at = if timeout == 0 {
            0
        } else {
            self.now_ms().saturating_add(timeout)
        };
        self.at_ms.store(at, Ordering::Relaxed);
    }

    fn has_passed(&self) -> bool {
        let at = self.at_ms.load(Ordering::Relaxed);
        at > 0 && self.now_ms() >= at
    }
}

impl Sqlite {
    pub(crate) fn new(url: &DatabaseUrl, settings: &Settings) -> Result<Self, DatabaseError> {
        let place = Place::of_url(url)?;
        Ok(Self {
            guard: GuardFile::default(),
            ledger: ledger::Ledger::new(&settings.ledger_prefix, Dialect::Sqlite),
            settings: settings.clone(),
            writer: None,
            has_ledger: false,
            deadline: Deadline::new(),
            is_touched: false,
            relaxed: None,
            place,
        })
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.place.path)
            .busy_timeout(self.settings.lock_timeout)
            .row_buffer_size(ROWS_AT_ONCE)
            .disable_statement_logging()
    }

    fn writing_options(&self) -> SqliteConnectOptions {
        let options = self.options().create_if_missing(self.place.can_make);
        match self.settings.is_throw_away {
            true => options.synchronous(SqliteSynchronous::Off),
            false => options,
        }
    }

    async fn connect(
        &self,
        options: SqliteConnectOptions,
    ) -> Result<SqliteConnection, DatabaseError> {
        let connection = options.connect().await;
        connection.map_err(|e| from_sqlx(&self.place.path, &e))
    }

    /// The connection that writes, opened and its ledger made at first use.
    async fn open_writer(&mut self, stop: &Stop) -> Result<(), DatabaseError> {
        if self.writer.is_some() {
            return Ok(());
        }
        if !self.place.exists()? && self.place.can_make {
            self.place.make_folder()?;
        }
        self.check_writable()?;
        let mut connection = self.connect(self.writing_options()).await?;
        let (stop, deadline) = (stop.clone(), self.deadline.clone());
        connection
            .lock_handle()
            .await
            .map_err(|e| from_sqlx(&self.place.path, &e))?
            .set_progress_handler(STEPS_BETWEEN_LOOKS, move || {
                !stop.is_abort() && !deadline.has_passed()
            });
        self.writer = Some(connection);
        Ok(())
    }

    fn check_writable(&self) -> Result<(), DatabaseError> {
        if self.place.can_write {
            return Ok(());
        }
        Err(DatabaseError::ReadOnly {
            message: "its URL says that it is only read".to_owned(),
        })
    }

    async fn run(&mut self, sql: &str) -> Result<u64, DatabaseError> {
        let path = self.place.path.clone();
        run(self.connection(), sql)
            .await
            .map_err(|e| from_sqlx(&path, &e))
    }

    /// Closes the connection that writes, and what was set in it goes.
    async fn close_writer(&mut self) -> Result<(), DatabaseError> {
        let Some(connection) = self.writer.take() else {
            return Ok(());
        };
        let closed = connection.close().await;
        closed.map_err(|e| from_sqlx(&self.place.path, &e))
    }

    /// The foreign keys that lead nowhere.
    async fn violations(&mut self) -> Result<Found, DatabaseError> {
        let path = self.place.path.clone();
        let found = foreign_keys::violations(self.connection()).await;
        found.map_err(|e| from_sqlx(&path, &e))
    }

    fn connection(&mut self) -> &mut SqliteConnection {
        self.writer
            .as_mut()
            .expect("a batch opens the writer first")
    }

    async fn commit_batch(
        &mut self,
        batch: &Batch,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.open_writer(&pulse.stop).await?;
        let rebuilds = batch
            .steps
            .iter()
            .any(|work| rebuilds_tables(&work.statements));
        if rebuilds {
            // Inside a transaction this pragma does nothing, silently.
            self.run("PRAGMA foreign_keys = OFF").await?;
        }
        let mut result = self.transact(batch, rebuilds, pulse).await;
        if result.is_err() && pulse.stop.is_abort() {
            // What an abort interrupts need not be a statement of the script.
            result = Ok(Commit::Stopped);
        }
        if !matches!(result, Ok(Commit::Done(_))) {
            // Where SQLite has rolled back by itself this fails, and may.
            let _ = self.run("ROLLBACK").await;
            // A script may have turned it on, and this is not rolled back.
            let _ = self.run("PRAGMA legacy_alter_table = OFF").await;
        }
        if rebuilds && self.run("PRAGMA foreign_keys = ON").await.is_err() {
            // The result is what it is; a new connection has it on again.
            self.writer = None;
        }
        // What has failed is noted first, for which there must be a connection.
        if self.is_touched && result.is_ok() {
            self.end_writer().await;
        }
        result
    }

    /// What a script has left in its connection the next step must not meet.
    fn note_touch<'a>(&mut self, mut statements: impl Iterator<Item = &'a Statement>) {
        self.is_touched |= statements.any(|it| touches_session(&it.text, Dialect::Sqlite));
    }

    async fn end_writer(&mut self) {
        self.is_touched = false;
        // It is of no more use, whatever SQLite says.
        let _ = self.close_writer().await;
    }

    async fn transact(
        &mut self,
        batch: &Batch,
        rebuilds: bool,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.run("BEGIN IMMEDIATE").await?;
        self.make_ledger().await?;
        let mark = self
            .ledger
            .mark(batch.generation, batch.in_flight.as_deref());
        if self.run(&mark).await? != 1 {
            return Ok(Commit::Lost);
        }
        for (index, work) in batch.steps.iter().enumerate() {
            if let Some(stopped) = self.carry_out(batch, index, work, rebuilds, pulse).await? {
                return Ok(stopped);
            }
        }
        self.conclude(batch).await?;
        self.has_ledger = true;
        // A commit counts only when what it wrote can be read back.
        let state = self.read_state().await?;
        if state.generation <= batch.generation {
            return Err(DatabaseError::Other {
                message: "the commit was reported as done, yet nothing of it stands".to_owned(),
            }
            .into());
        }
        Ok(Commit::Done(batch.generation + 1))
    }

    /// Commits. A key that was deferred and leads nowhere shows only now.
    async fn conclude(&mut self, batch: &Batch) -> Result<(), StepError> {
        let path = self.place.path.clone();
        boundary::reach();
        let Err(error) = run(self.connection(), "COMMIT").await else {
            return Ok(());
        };
        if !is_foreign_key(&error) {
            return Err(from_sqlx(&path, &error).into());
        }
        let found = self.violations().await?;
        Err(StepError::ForeignKeys {
            step: batch.steps.len() - 1,
            violations: found.new_ones(&Found::default()),
        })
    }

    /// One step of a batch: its statements, its ledger row, its log row.
    async fn carry_out(
        &mut self,
        batch: &Batch,
        index: usize,
        work: &Work,
        rebuilds: bool,
        pulse: &mut Pulse<'_>,
    ) -> Result<Option<Commit>, StepError> {
        let begun = Instant::now();
        let before = match rebuilds {
            true => self.violations().await?,
            false => Found::default(),
        };
        for sent in batch.group(index).each() {
            if pulse.stop.is_requested() {
                return Ok(Some(Commit::Stopped));
            }
            self.run_statement(index, sent, pulse).await?;
        }
        if rebuilds {
            let violations = self.violations().await?.new_ones(&before);
            if !violations.is_empty() {
                return Err(StepError::ForeignKeys {
                    step: index,
                    violations,
                });
            }
        }
        let rows = rows_of(&self.ledger, batch, work, Some(begun));
        self.run(&rows).await?;
        Ok(None)
    }

    /// Runs one statement of a script, telling that it lives.
    async fn run_statement(
        &mut self,
        step: usize,
        sent: Sent<'_>,
        pulse: &mut Pulse<'_>,
    ) -> Result<(), StepError> {
        check_names(&self.ledger, step, sent)?;
        self.note_touch([sent.statement].into_iter());
        self.deadline.set(self.settings.statement_timeout);
        let connection = self
            .writer
            .as_mut()
            .expect("whoever writes opens the writer first");
        let running = run(connection, &sent.statement.text);
        // The progress handler aborts it.
        let result = watch(running, sent.number, pulse, || async {}).await;
        self.deadline.set(Duration::ZERO);
        match result {
            Ok(_) => Ok(()),
            Err(error) => Err(self.statement_error(step, sent, &error)),
        }
    }

    fn statement_error(&self, step: usize, sent: Sent<'_>, error: &sqlx::Error) -> StepError {
        let mapped = from_sqlx(&self.place.path, error);
        let Some(fault) = error.as_database_error() else {
            return StepError::of_statement(step, unsaid(sent, &mapped), mapped);
        };
        let mut failure = failure_of(sent);
        failure.is_undone = true;
        failure.code = fault.code().map(std::borrow::Cow::into_owned);
        failure.offset += error::place_in(&sent.statement.text, fault.message());
        failure.message = match is_interrupt(error) {
            true => "the statement ran longer than its timeout".to_owned(),
            false => fault.message().to_owned(),
        };
        StepError::of_statement(step, failure, mapped)
    }

    /// Makes the ledger's tables if they are missing, within the transaction.
    async fn make_ledger(&mut self) -> Result<(), DatabaseError> {
        if self.has_ledger {
            return Ok(());
        }
        let mut writer = self.writer.take().expect("a batch opens the writer first");
        let found = self.has_tables(&mut writer).await;
        self.writer = Some(writer);
        if found? {
            self.has_ledger = true;
            return self.read_state().await.map(drop);
        }
        let create = self.ledger.create();
        let made = self.run(&create).await;
        made.map(drop).map_err(DatabaseError::while_making_ledger)
    }

    async fn append_failure(&mut self, entry: &LogEntry) -> Result<(), DatabaseError> {
        if !self.has_ledger || self.writer.is_none() {
            return Ok(());
        }
        let text = log_row(&self.ledger, entry);
        self.run(&text).await.map(drop)
    }

    /// Foreign keys are off around a whole rebuild: with them on, `DROP TABLE` deletes the
    /// rows that refer to the table. Of a step that goes on here the first statements may
    /// have left references to what they dropped, which are no old violations.
    async fn relax(
        &mut self,
        statements: &[Statement],
        stand: usize,
        stop: &Stop,
    ) -> Result<(), DatabaseError> {
        self.open_writer(stop).await?;
        self.run("PRAGMA foreign_keys = OFF").await?;
        let found = self.violations().await?;
        self.relaxed = Some(match stand {
            0 => found,
            _ => found.without(&rebuilt_tables(&statements[..stand])),
        });
        Ok(())
    }

    /// Looks for new violations, and goes on with a new connection: what a script set in
    /// the old one goes with it.
    async fn restrain(&mut self) -> Result<(), StepError> {
        let Some(before) = self.relaxed.take() else {
            return Ok(());
        };
        if self.writer.is_none() {
            return Ok(());
        }
        let found = self.violations().await;
        self.close_writer().await?;
        let violations = found?.new_ones(&before);
        if violations.is_empty() {
            return Ok(());
        }
        Err(StepError::ForeignKeys {
            step: 0,
            violations,
        })
    }

    /// Some statements, if there are any, and the mark: all or nothing.
    async fn mark_with(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.open_writer(&pulse.stop).await?;
        let result = self.transact_mark(group, mark, pulse).await;
        if !matches!(result, Ok(Commit::Done(_))) {
            let _ = self.run("ROLLBACK").await;
        }
        result
    }

    async fn transact_mark(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.run("BEGIN IMMEDIATE").await?;
        self.make_ledger().await?;
        let text = self.ledger.mark(mark.generation, mark.in_flight.as_deref());
        if self.run(&text).await? != 1 {
            return Ok(Commit::Lost);
        }
        for sent in group.each() {
            self.run_statement(0, sent, pulse).await?;
        }
        boundary::reach();
        self.run("COMMIT").await?;
        self.has_ledger = true;
        Ok(Commit::Done(mark.generation + 1))
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn identity(&mut self) -> Result<String, DatabaseError> {
        Ok(format!(
            "{}#{}",
            self.whereabouts(),
            self.ledger.state_table()
        ))
    }

    async fn try_lock(&mut self, holder: &Holder) -> Result<Guard, DatabaseError> {
        self.check_writable()?;
        if !self.place.exists()? {
            self.place.make_folder()?;
        }
        let guard = guard_path(&self.place.whole_path(), &self.settings.ledger_prefix);
        self.guard.try_take(&guard, holder)
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        let path = self.place.whole_path();
        Ok(GuardFile::holder(&guard_path(
            &path,
            &self.settings.ledger_prefix,
        )))
    }

    /// The system's lock is held for as long as its file is open.
    async fn holds_guard(&mut self) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    async fn rest(&mut self) -> Result<(), DatabaseError> {
        self.close_writer().await
    }

    async fn unlock(&mut self) -> Result<(), DatabaseError> {
        self.close_writer().await?;
        self.guard.give_back();
        Ok(())
    }

    async fn read(&mut self) -> Result<Ledger, DatabaseError> {
        self.read_ledger().await
    }

    async fn log(&mut self) -> Result<Vec<LogEntry>, DatabaseError> {
        self.read_log().await
    }

    async fn schema(&mut self) -> Result<Vec<String>, DatabaseError> {
        self.read_schema().await
    }

    async fn tables(&mut self) -> Result<Vec<sample::Table>, DatabaseError> {
        let question = sample::select(Dialect::Sqlite, &self.ledger);
        Ok(sample::tables(&self.answer(question).await?))
    }

    async fn mend(&mut self, mending: &Mending, generation: u64) -> Result<(), DatabaseError> {
        self.open_writer(&Stop::default()).await?;
        self.run("BEGIN IMMEDIATE").await?;
        for text in self.ledger.mend(mending, generation) {
            if let Err(error) = self.run(&text).await {
                let _ = self.run("ROLLBACK").await;
                return Err(error);
            }
        }
        self.run("COMMIT").await?;
        self.has_ledger = false;
        Ok(())
    }

    async fn done(&mut self) -> Result<Vec<(String, String)>, DatabaseError> {
        let ledger = self.ledger.clone();
        rows::done(self, &ledger).await
    }

    async fn ask(&mut self, question: &str) -> Result<Vec<String>, DatabaseError> {
        self.answer(question.to_owned()).await
    }

    async fn dump(&mut self) -> Result<Option<Vec<String>>, DatabaseError> {
        self.read_dump().await.map(Some)
    }

    async fn inspect(&mut self) -> Result<Schema, DatabaseError> {
        self.inspect_schema().await
    }

    /// No name leads into another one.
    async fn neighbours(&mut self) -> Result<Neighbours, DatabaseError> {
        Ok(Neighbours::default())
    }

    async fn holds_together(&mut self, statements: &[Statement]) -> Result<bool, DatabaseError> {
        let alone = |statement: &Statement| needs_to_be_alone(&statement.text, Dialect::Sqlite);
        Ok(!statements.iter().any(alone))
    }

    async fn holds_each(&mut self, statements: &[Statement]) -> Result<Vec<bool>, DatabaseError> {
        let alone = |statement: &Statement| needs_to_be_alone(&statement.text, Dialect::Sqlite);
        let held = statements.iter().map(|statement| !alone(statement));
        Ok(held.collect())
    }

    async fn commit(&mut self, batch: &Batch, pulse: &mut Pulse<'_>) -> Result<Commit, StepError> {
        self.commit_batch(batch, pulse).await
    }

    async fn mark(&mut self, mark: &Mark) -> Result<Commit, DatabaseError> {
        let mut pulse = Pulse {
            stop: Stop::default(),
            tell: &mut |_| {},
        };
        let commit = self.mark_with(Group::default(), mark, &mut pulse).await;
        commit.map_err(StepError::into_database_error)
    }

    async fn enter(
        &mut self,
        statements: &[Statement],
        stand: usize,
        stop: &Stop,
    ) -> Result<(), DatabaseError> {
        if rebuilds_tables(statements) {
            self.relax(statements, stand, stop).await?;
        }
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), StepError> {
        self.restrain().await
    }

    async fn run_with_mark(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.mark_with(group, mark, pulse).await
    }

    async fn run_alone(&mut self, sent: Sent<'_>, pulse: &mut Pulse<'_>) -> Result<(), StepError> {
        self.open_writer(&pulse.stop).await?;
        self.run_statement(0, sent, pulse).await
    }

    /// What runs alone here changes no object: nothing is ever asked.
    async fn describe(&mut self, objects: &[Object]) -> Result<Vec<Description>, DatabaseError> {
        Ok(vec![Description::default(); objects.len()])
    }

    async fn session(&mut self) -> Result<Session, DatabaseError> {
        Ok(Session {
            id: std::process::id().to_string(),
            started: String::new(),
            tag: self.settings.run.clone(),
            node: None,
        })
    }

    /// There is no server, so a session ends with its process, and whoever holds
    /// the guard knows that the other process is gone.
    async fn find_session(&mut self, _: &Session) -> Result<Sighting, DatabaseError> {
        Ok(Sighting::Gone)
    }

    async fn end_session(&mut self, _: &Session) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn check_two_phase(&mut self) -> Result<(), DatabaseError> {
        Err(no_two_phase())
    }

    async fn is_prepared(&mut self, _: &str) -> Result<bool, DatabaseError> {
        Ok(false)
    }

    async fn conclude(&mut self, _: &str, _: Decision) -> Result<(), DatabaseError> {
        Err(no_two_phase())
    }

    async fn note(&mut self, entry: &LogEntry) {
        // The failure itself is what the user must see.
        let _ = self.append_failure(entry).await;
        if self.is_touched {
            self.end_writer().await;
        }
    }
}

async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<u64, sqlx::Error> {
    let result = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await?;
    Ok(result.rows_affected())
}

fn no_two_phase() -> DatabaseError {
    DatabaseError::NoTwoPhase {
        message: "SQLite has no two-phase commit".to_owned(),
    }
}
