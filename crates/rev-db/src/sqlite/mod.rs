//! SQLite: one file, one connection, one guard file beside it.
//!
//! A batch is one `BEGIN IMMEDIATE … COMMIT` that opens with the compare-and-set
//! of the generation, so a crash at any instant leaves it whole or not at all.
//! Nothing is left to a dropped transaction: every way out that is not a commit
//! rolls back first. Reading uses a read-only connection, which creates no file.

mod error;
mod foreign_keys;
mod guard;
mod place;
mod read;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rev_engine::database::{
    Batch, Commit, Database, DatabaseError, Guard, Holder, Ledger, LogEntry, StatementFailure,
    StepError, Work,
};
use rev_engine::event::{Pulse, Stop};
use rev_sql::ledger::{self, LogLine};
use rev_sql::split::{Statement, rebuilds_tables};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::Settings;
use error::{from_sqlx, is_foreign_key, is_interrupt};
use guard::{GuardFile, guard_path};
use place::Place;
use read::read_state;

/// How many virtual-machine steps SQLite makes between two looks at the clock
/// and the stop request.
const STEPS_BETWEEN_LOOKS: i32 = 4096;

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
    pub(crate) fn new(url: &str, settings: &Settings) -> Result<Self, DatabaseError> {
        let place = Place::of_url(url)?;
        Ok(Self {
            guard: GuardFile::default(),
            ledger: ledger::Ledger::new(&settings.ledger_prefix),
            settings: settings.clone(),
            writer: None,
            has_ledger: false,
            deadline: Deadline::new(),
            place,
        })
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.place.path)
            .busy_timeout(self.settings.lock_timeout)
            .disable_statement_logging()
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
        let options = self.options().create_if_missing(self.place.can_make);
        let mut connection = self.connect(options).await?;
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
        }
        if rebuilds && self.run("PRAGMA foreign_keys = ON").await.is_err() {
            // The result is what it is; a new connection has it on again.
            self.writer = None;
        }
        result
    }

    async fn transact(
        &mut self,
        batch: &Batch,
        rebuilds: bool,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.run("BEGIN IMMEDIATE").await?;
        self.make_ledger().await?;
        if self.run(&self.ledger.advance(batch.generation)).await? != 1 {
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
        let (_, generation) = self.read_state().await?;
        if generation <= batch.generation {
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
        let Err(error) = run(self.connection(), "COMMIT").await else {
            return Ok(());
        };
        if !is_foreign_key(&error) {
            return Err(from_sqlx(&path, &error).into());
        }
        let found = foreign_keys::violations(self.connection()).await;
        let found = found.map_err(|e| from_sqlx(&path, &e))?;
        Err(StepError::ForeignKeys {
            step: batch.steps.len() - 1,
            violations: found.new_ones(&foreign_keys::Found::default()),
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
        let path = self.place.path.clone();
        let before = match rebuilds {
            true => foreign_keys::violations(self.connection()).await,
            false => Ok(foreign_keys::Found::default()),
        }
        .map_err(|e| from_sqlx(&path, &e))?;
        for (number, statement) in work.statements.iter().enumerate() {
            if pulse.stop.is_requested() {
                return Ok(Some(Commit::Stopped));
            }
            if let Some(table) = self.ledger.named_in(&statement.text) {
                let message = format!("a script may not name the ledger's table `{table}`");
                return Err(refused(index, number, statement, message, None));
            }
            if let Err(error) = self.run_statement(number + 1, statement, pulse).await {
                return Err(self.statement_error(index, number, statement, &error));
            }
        }
        if rebuilds {
            let after = foreign_keys::violations(self.connection()).await;
            let after = after.map_err(|e| from_sqlx(&path, &e))?;
            let violations = after.new_ones(&before);
            if !violations.is_empty() {
                return Err(StepError::ForeignKeys {
                    step: index,
                    violations,
                });
            }
        }
        self.write_down(batch, work, begun).await?;
        Ok(None)
    }

    async fn write_down(
        &mut self,
        batch: &Batch,
        work: &Work,
        begun: Instant,
    ) -> Result<(), DatabaseError> {
        let plan = batch.plan.to_string();
        let line = LogLine {
            run: &batch.run,
            action: work.action.name(),
            revision: work.row.revision.as_str(),
            outcome: "done",
            plan: &plan,
            statement: 0,
            error: "",
            started: &batch.started,
            elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            operator: &batch.operator,
            version: &batch.version,
        };
        let row = if work.action.applies() {
            self.ledger.insert_row(&work.row, &line)
        } else {
            self.ledger.delete_row(&work.row.revision)
        };
        let text = format!("{row}\n{}", self.ledger.insert_log(&line));
        self.run(&text).await.map(drop)
    }

    /// Runs one statement, telling every second that it lives.
    async fn run_statement(
        &mut self,
        number: usize,
        statement: &Statement,
        pulse: &mut Pulse<'_>,
    ) -> Result<(), sqlx::Error> {
        self.deadline.set(self.settings.statement_timeout);
        let begun = Instant::now();
        let connection = self
            .writer
            .as_mut()
            .expect("a batch opens the writer first");
        let mut running = std::pin::pin!(run(connection, &statement.text));
        let result = loop {
            let second = tokio::time::sleep(Duration::from_secs(1));
            tokio::select! {
                biased;
                result = &mut running => break result,
                () = second => {
                    let elapsed = begun.elapsed().as_millis();
                    (pulse.alive)(number, u64::try_from(elapsed).unwrap_or(u64::MAX));
                }
            }
        };
        self.deadline.set(Duration::ZERO);
        result.map(drop)
    }

    fn statement_error(
        &self,
        step: usize,
        number: usize,
        statement: &Statement,
        error: &sqlx::Error,
    ) -> StepError {
        let Some(fault) = error.as_database_error() else {
            return from_sqlx(&self.place.path, error).into();
        };
        let mapped = from_sqlx(&self.place.path, error);
        if matches!(
            mapped,
            DatabaseError::Busy { .. } | DatabaseError::ReadOnly { .. }
        ) {
            return mapped.into();
        }
        let message = if is_interrupt(error) {
            "the statement ran longer than its timeout".to_owned()
        } else {
            fault.message().to_owned()
        };
        let code = fault.code().map(std::borrow::Cow::into_owned);
        refused(step, number, statement, message, code)
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
        self.run(&create).await.map(drop)
    }

    async fn read_state(&mut self) -> Result<(i64, u64), DatabaseError> {
        let (sql, path) = (self.ledger.select_state(), self.place.path.clone());
        read_state(self.connection(), &sql, &path).await
    }

    async fn append_failure(&mut self, entry: &LogEntry) -> Result<(), DatabaseError> {
        if !self.has_ledger || self.writer.is_none() {
            return Ok(());
        }
        let line = LogLine {
            run: &entry.run,
            action: &entry.action,
            revision: &entry.revision,
            outcome: &entry.outcome,
            plan: &entry.plan,
            statement: entry.statement,
            error: &entry.error,
            started: &entry.started,
            elapsed_ms: entry.elapsed_ms,
            operator: &entry.operator,
            version: &entry.version,
        };
        let text = self.ledger.insert_log(&line);
        self.run(&text).await.map(drop)
    }
}

impl Database for Sqlite {
    fn identity(&self) -> String {
        let whole = self.place.whole_path();
        format!("{}#{}", whole.display(), self.ledger.state_table())
    }

    fn try_lock<'a>(
        &'a mut self,
        holder: &'a Holder,
    ) -> BoxFuture<'a, Result<Guard, DatabaseError>> {
        async move {
            self.check_writable()?;
            if !self.place.exists()? {
                self.place.make_folder()?;
            }
            let guard = guard_path(&self.place.whole_path(), &self.settings.ledger_prefix);
            self.guard.try_take(&guard, holder)
        }
        .boxed()
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        async move {
            if let Some(connection) = self.writer.take() {
                connection
                    .close()
                    .await
                    .map_err(|e| from_sqlx(&self.place.path, &e))?;
            }
            self.guard.give_back();
            Ok(())
        }
        .boxed()
    }

    fn read(&mut self) -> BoxFuture<'_, Result<Ledger, DatabaseError>> {
        self.read_ledger().boxed()
    }

    fn log(&mut self) -> BoxFuture<'_, Result<Vec<LogEntry>, DatabaseError>> {
        self.read_log().boxed()
    }

    fn commit<'a>(
        &'a mut self,
        batch: &'a Batch,
        pulse: &'a mut Pulse<'_>,
    ) -> BoxFuture<'a, Result<Commit, StepError>> {
        self.commit_batch(batch, pulse).boxed()
    }

    fn note_failure<'a>(&'a mut self, entry: &'a LogEntry) -> BoxFuture<'a, ()> {
        async move {
            // The failure itself is what the user must see.
            let _ = self.append_failure(entry).await;
        }
        .boxed()
    }
}

async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<u64, sqlx::Error> {
    let result = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await?;
    Ok(result.rows_affected())
}

fn refused(
    step: usize,
    number: usize,
    statement: &Statement,
    message: String,
    code: Option<String>,
) -> StepError {
    StepError::Statement {
        step,
        failure: StatementFailure {
            number: number + 1,
            statement: statement.text.clone(),
            piece: statement.piece,
            offset: statement.offset,
            code,
            message,
            detail: None,
            hint: None,
        },
    }
}
