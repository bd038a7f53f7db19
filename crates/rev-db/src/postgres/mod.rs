//! PostgreSQL: one session for work, one for the guard.
//!
//! A batch is one transaction that opens with the compare-and-set of the
//! generation and ends with the ledger's rows; `script` says what that costs. The
//! guard is a session's advisory lock on a connection of its own, polled outside
//! any transaction, so that `CREATE INDEX CONCURRENTLY` never waits for it.
//! Behind a pooler no session is ours for longer than a transaction: then each
//! transaction tries to take the same lock for itself, and all settings are its own. To wait
//! inside the server would keep a session of the pooler from everyone else.

mod catalogue;
mod connection;
mod error;
mod guard;
mod inspect;
mod parameter;
mod place;
mod read;
mod remark;
mod replication;
mod script;
mod two_phase;
mod witness;

use std::time::Instant;

use async_trait::async_trait;
use rev_core::{DatabaseUrl, Dialect, Quoting};
use rev_engine::database::{
    Batch, Commit, Database, Decision, Group, Guard, Holder, Ledger, LogEntry, Mark, Sent, Sighting,
};
use rev_engine::event::{Pulse, Sign, Stop};
use rev_engine::failure::{DatabaseError, StepError};
use rev_engine::journal::Session;
use rev_sql::effect::{self, Description, Object};
use rev_sql::ledger::{self, Mending};
use rev_sql::reach::Neighbours;
use rev_sql::sample;
use rev_sql::schema::Schema;
use rev_sql::split::Statement;
use rev_sql::unusable;

use crate::Settings;
use crate::rows::{self, LedgerRow as _};
use crate::silence::{self, REACH};
use crate::writing::{check_names, failure_of, log_row, rows_of, watch};
use connection::{Connection, Cut, endless, within_reach};
use error::{from_sqlx, has_code, position, step_error};
use place::{Place, session_name};
use script::{Part, Script, Text};

/// A PostgreSQL database.
#[derive(Debug)]
pub(crate) struct Postgres {
    place: Place,
    settings: Settings,
    ledger: ledger::Ledger,
    work: Option<Connection>,
    guard: Option<Connection>,
    /// The sessions that did not answer any more: what they hold they hold until they are
    /// ended.
    given_up: Vec<Session>,
    /// When the server was last found to answer nobody, and how that was told.
    unreachable: Option<(Instant, DatabaseError)>,
    /// When the guard was last known to be held.
    guard_seen: Option<Instant>,
    /// Whether the ledger's tables are known to exist.
    has_ledger: bool,
    /// Whether a script has left something in the session.
    is_touched: bool,
}

/// What a path may name that is no schema, or not yet.
const IN_ANY_PATH: [&str; 2] = ["$user", "pg_temp"];

impl Postgres {
    pub(crate) fn new(url: &DatabaseUrl, settings: &Settings) -> Result<Self, DatabaseError> {
        Ok(Self {
            place: Place::of_url(url, settings)?,
            ledger: ledger::Ledger::new(&settings.ledger_prefix, Dialect::Postgres),
            settings: settings.clone(),
            work: None,
            guard: None,
            given_up: Vec::new(),
            unreachable: None,
            guard_seen: None,
            has_ledger: false,
            is_touched: false,
        })
    }

    /// The database's name.
    pub(crate) fn name(&self) -> &str {
        self.place.database()
    }

    /// Where it is, as its URL says.
    pub(crate) fn whereabouts(&self) -> String {
        self.place.to_string()
    }

    /// Which database it is, whatever ledgers it has, as its server says.
    pub(crate) async fn whole(&mut self) -> Result<String, DatabaseError> {
        Ok(self.work().await?.database.clone())
    }

    /// The session that works, begun at first use.
    async fn work(&mut self) -> Result<&mut Connection, DatabaseError> {
        if let Some(dead) = self.work.take_if(|work| work.dead.is_some()) {
            self.give_up(&dead);
        }
        if self.work.is_none() {
            self.work = Some(self.begin().await?);
            self.is_touched = false;
        }
        Ok(self.work.as_mut().expect("it was begun just now"))
    }

    /// A session, set up for work. A server that answered nobody just now is not asked
    /// again at once.
    async fn begin(&mut self) -> Result<Connection, DatabaseError> {
        if let Some((when, error)) = &self.unreachable
            && when.elapsed() < REACH
        {
            return Err(error.clone());
        }
        let begun = Instant::now();
        let place = self.place.clone();
        let result = within_reach(&place, self.begin_anew()).await;
        self.unreachable = match &result {
            Err(error) if begun.elapsed() >= place.patience() => {
                Some((Instant::now(), error.clone()))
            }
            _ => None,
        };
        result
    }

    async fn begin_anew(&mut self) -> Result<Connection, DatabaseError> {
        let mut connection = Connection::open(&self.place).await?;
        let schema = self.schema_of(&mut connection).await?;
        self.ledger =
            ledger::Ledger::new(&self.settings.ledger_prefix, Dialect::Postgres).in_schema(&schema);
        if !connection.is_pooled {
            let settings = self.own_settings("SET", connection.version());
            connection.rows(&settings).await?;
        }
        self.end_given_up(&mut connection).await?;
        Ok(connection)
    }

    /// The schema that holds the ledger.
    async fn schema_of(&self, connection: &mut Connection) -> Result<String, DatabaseError> {
        let Some(path) = &self.settings.schema else {
            let schema = connection.schema.clone();
            return schema.ok_or(DatabaseError::NoSchema { schema: None });
        };
        // A server passes over what its path names and is not there.
        for schema in path
            .schemas()
            .filter(|schema| !IN_ANY_PATH.contains(schema))
        {
            let text = ledger::text(schema, Dialect::Postgres);
            let found =
                format!("SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = {text}");
            if connection.rows(&found).await?.is_empty() {
                let schema = Some(schema.to_owned());
                return Err(DatabaseError::NoSchema { schema });
            }
        }
        Ok(path.first().to_owned())
    }

    /// The session's settings, by `SET` or `SET LOCAL`, as several statements.
    fn own_settings(&self, set: &str, version: u32) -> String {
        let mut text = endless(set, version);
        text.push_str(&self.settings.terms().postgres(set));
        if self.settings.is_throw_away {
            text.push_str(&format!("{set} synchronous_commit = off;\n"));
        }
        text
    }

    /// What a transaction begins with: what scripts ask to be first, behind a pooler the guard
    /// and the settings, and the ledger where it is missing.
    async fn opening<'a>(
        &mut self,
        first: Vec<(usize, Sent<'a>)>,
    ) -> Result<Script<'a>, DatabaseError> {
        let work = self.work().await?;
        let (is_pooled, version) = (work.is_pooled, work.version());
        let mut script = Script::default();
        script.push(Part::Opening, "BEGIN");
        if is_pooled {
            // In front of what a script sends first, so that it meets our path and limits, and
            // may set its own; none of these takes a snapshot.
            script.push_all(Part::Opening, &self.own_settings("SET LOCAL", version));
        }
        for (step, sent) in first {
            script.push_sent(step, sent);
        }
        if is_pooled {
            let key = self.key().await?;
            let lock = format!("SELECT 1 / pg_catalog.pg_try_advisory_xact_lock({key})::int");
            script.push(Part::Guard, lock);
        }
        if !self.has_ledger {
            // Without a lock two that make the same table at once fail.
            let key = self.key().await? ^ 1;
            let lock = format!("SELECT pg_catalog.pg_advisory_xact_lock({key})");
            script.push(Part::Opening, lock);
            script.push_all(Part::Ledger, &self.ledger.create());
        }
        Ok(script)
    }

    /// The compare-and-set, such that it fails where it changes no row.
    fn advance(&self, mark: &str) -> String {
        format!("WITH moved AS ({mark} RETURNING 1) SELECT 1 / count(*) FROM moved")
    }

    async fn commit_batch(
        &mut self,
        batch: &Batch,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        let first = batch.first(Dialect::Postgres);
        let is_first = |step, sent: &Sent<'_>| {
            let mut all = first.iter();
            all.any(|(of, it)| *of == step && it.number == sent.number)
        };
        for (step, sent) in &first {
            check_names(&self.ledger, *step, *sent)?;
        }
        let mut script = self.opening(first.clone()).await?;
        let version = self.work().await?.version();
        script.push(
            Part::Advance,
            self.advance(
                &self
                    .ledger
                    .mark(batch.generation, batch.in_flight.as_deref()),
            ),
        );
        for (step, work) in batch.steps.iter().enumerate() {
            for sent in batch.group(step).each().filter(|it| !is_first(step, it)) {
                check_names(&self.ledger, step, sent)?;
                script.push_sent(step, sent);
            }
            if leaves_marks(work.statements.iter()) {
                // The ledger is written by who connected, not by whom a script became.
                script.push(Part::Rows, "RESET SESSION AUTHORIZATION");
                script.push(Part::Rows, "RESET ALL");
                script.push_all(Part::Rows, &self.own_settings("SET LOCAL", version));
            }
            script.push_all(Part::Rows, &rows_of(&self.ledger, batch, work, None));
        }
        let statements = batch.steps.iter().flat_map(|work| &work.statements);
        self.is_touched |= leaves_marks(statements);
        self.conclude_script(&mut script, batch.prepare.as_deref());
        let result = self.transact(script, batch.generation, pulse).await;
        if self.is_touched {
            self.end_work().await;
        }
        match (result, &batch.prepare) {
            (Ok(Commit::Done(_)), Some(_)) => Ok(Commit::Prepared),
            (result, _) => result,
        }
    }

    fn conclude_script(&self, script: &mut Script<'_>, prepare: Option<&str>) {
        let is_pooled = self.work.as_ref().is_some_and(|work| work.is_pooled);
        if self.is_touched && is_pooled {
            // The next to get this session is someone else.
            script.push(Part::Rows, "RESET ALL");
        }
        match prepare {
            None => {
                script.push(Part::Conclusion, "COMMIT");
                script.push(Part::Proof, self.ledger.select_state());
            }
            Some(name) => {
                let name = ledger::text(name, Dialect::Postgres);
                script.push(Part::Conclusion, format!("PREPARE TRANSACTION {name}"));
                // After an error this succeeds as a rollback.
                script.push(
                    Part::Proof,
                    format!("SELECT 1::bigint, 0::bigint FROM pg_catalog.pg_prepared_xacts WHERE gid = {name}"),
                );
            }
        }
    }

    /// Sends a script that begins and concludes a transaction.
    async fn transact(
        &mut self,
        script: Script<'_>,
        generation: u64,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        let mut proof = Vec::new();
        for text in script.texts() {
            if text.number() > 0 && pulse.stop.is_requested() {
                self.roll_back().await;
                return Ok(Commit::Stopped);
            }
            match self.send(&text, pulse).await {
                Ok(mut sets) => proof = sets.pop().unwrap_or_default(),
                Err(cut) => return self.face(&text, cut, generation, &pulse.stop).await,
            }
        }
        // A commit counts only when what it wrote can be read back.
        let stands = match proof.first() {
            None => false,
            Some(row) if row.number(0).is_err() => false,
            Some(row) => row.number(1).is_ok_and(|found| {
                found == 0 || u64::try_from(found).is_ok_and(|found| found > generation)
            }),
        };
        match stands {
            true => {
                self.has_ledger = true;
                Ok(Commit::Done(generation + 1))
            }
            false => Err(DatabaseError::Other {
                message: "the commit was reported as done, yet nothing of it stands".to_owned(),
            }
            .into()),
        }
    }

    async fn send(
        &mut self,
        text: &Text<'_>,
        pulse: &mut Pulse<'_>,
    ) -> Result<Vec<Vec<sqlx::postgres::PgRow>>, Cut> {
        let place = self.place.clone();
        let work = self.work.as_mut().expect("a transaction has begun");
        let (process, is_pooled) = (work.process.clone(), work.is_pooled);
        let running = work.sets(&text.sql);
        let result = watch(running, text.number(), pulse, || {
            cancel(place.clone(), (!is_pooled).then(|| process.clone()))
        });
        let result = result.await;
        self.pass_on_remarks(text.number(), pulse);
        result
    }

    /// Tells what the server remarked to a script, and not what it remarked to the
    /// ledger's own statements.
    fn pass_on_remarks(&mut self, statement: usize, pulse: &mut Pulse<'_>) {
        let Some(work) = &mut self.work else {
            return;
        };
        for message in work.remarks.take() {
            if statement > 0 && self.ledger.named_in(&message).is_none() {
                (pulse.tell)(Sign::Remark { statement, message });
            }
        }
    }

    /// A text was cut off by an error: undoes the transaction and tells whose
    /// error it is.
    async fn face(
        &mut self,
        text: &Text<'_>,
        cut: Cut,
        generation: u64,
        stop: &Stop,
    ) -> Result<Commit, StepError> {
        if cut.is_broken() {
            self.lose_work();
        } else {
            self.roll_back().await;
        }
        if stop.is_abort() && has_code(&cut.error, "57014") {
            return Ok(Commit::Stopped);
        }
        let (part, start) = if cut.done == 0 && !cut.is_broken() {
            text.unread(position(&cut.error, &text.sql))
        } else {
            text.part(cut.done)
        };
        match part {
            Part::Guard if has_code(&cut.error, "22012") => Ok(Commit::Held),
            Part::Advance if has_code(&cut.error, "22012") => {
                self.has_ledger = generation > 0 || self.has_ledger;
                Ok(Commit::Lost)
            }
            Part::Usable { step, sent } if has_code(&cut.error, "22012") => {
                Err(unusable(step, sent))
            }
            Part::Script { step, sent } => {
                Err(step_error(step, sent, &text.sql, start, &cut.error))
            }
            Part::Ledger => Err(from_sqlx(&cut.error).while_making_ledger().into()),
            _ => Err(from_sqlx(&cut.error).into()),
        }
    }

    async fn roll_back(&mut self) {
        let Some(work) = &mut self.work else {
            return;
        };
        if work.rows("ROLLBACK").await.is_err() {
            // The server undoes what its session leaves.
            self.lose_work();
        }
    }

    /// The session that worked is of no more use.
    fn lose_work(&mut self) {
        if let Some(work) = self.work.take() {
            self.give_up(&work);
        }
    }

    async fn end_work(&mut self) {
        if let Some(work) = self.work.take() {
            work.close().await;
        }
    }

    async fn mark_with(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        let mut script = self.opening(Vec::new()).await?;
        let text = self.ledger.mark(mark.generation, mark.in_flight.as_deref());
        script.push(Part::Advance, self.advance(&text));
        for sent in group.each() {
            check_names(&self.ledger, 0, sent)?;
            script.push_sent(0, sent);
        }
        self.is_touched |= leaves_marks(group.statements.iter());
        self.conclude_script(&mut script, None);
        self.transact(script, mark.generation, pulse).await
    }

    async fn send_alone(&mut self, sent: Sent<'_>, pulse: &mut Pulse<'_>) -> Result<(), StepError> {
        check_names(&self.ledger, 0, sent)?;
        if self.work().await?.is_pooled {
            return Err(DatabaseError::Pooled.into());
        }
        self.is_touched |= leaves_marks([sent.statement].into_iter());
        // Alone in its text, too: with any other the server would refuse it.
        let mut script = Script::default();
        script.push(Part::Script { step: 0, sent }, &sent.statement.text);
        for text in script.texts() {
            if let Err(cut) = self.send(&text, pulse).await {
                if cut.is_broken() {
                    self.lose_work();
                }
                let mut error = step_error(0, sent, &text.sql, 0, &cut.error);
                if let StepError::Statement { failure, .. } = &mut error {
                    let text = &sent.statement.text;
                    failure.is_undone = !effect::needs_to_be_alone(text, Dialect::Postgres)
                        && !effect::may_commit(text, Dialect::Postgres);
                }
                return Err(error);
            }
        }
        if let Some(question) = unusable::left_by(&sent.statement.text)
            && !self.work().await?.rows(&question).await?.is_empty()
        {
            return Err(unusable(0, sent));
        }
        Ok(())
    }
}

/// The failure of a statement that took an index for a usable one.
fn unusable(step: usize, sent: Sent<'_>) -> StepError {
    let mut failure = failure_of(sent);
    failure.message = "an index that it is about is there, and is invalid: what builds it was \
                       cut off, or is still at work"
        .to_owned();
    failure.hint = Some(
        "once nobody builds it any more, take it out (`DROP INDEX`), and run this again".to_owned(),
    );
    // It has done nothing to that index, and may be run again.
    failure.is_undone = true;
    StepError::Statement {
        step,
        failure: Box::new(failure),
    }
}

fn needs_to_be_alone(statement: &Statement) -> bool {
    effect::needs_to_be_alone(&statement.text, Dialect::Postgres)
}

/// Whether statements leave something in the session that later ones would meet.
fn leaves_marks<'a>(mut statements: impl Iterator<Item = &'a Statement>) -> bool {
    statements.any(|statement| effect::touches_session(&statement.text, Dialect::Postgres))
}

/// Cancels what a session runs, by another session: dropping the answer would
/// not stop it.
async fn cancel(place: Place, process: Option<String>) {
    let Some(process) = process else {
        return;
    };
    let cancelling = async {
        if let Ok(mut other) = Connection::open(&place).await {
            let text = format!("SELECT pg_catalog.pg_cancel_backend({process})");
            let _ = other.rows(&text).await;
            other.close().await;
        }
    };
    silence::cancel(cancelling).await;
}

#[async_trait]
impl Database for Postgres {
    async fn identity(&mut self) -> Result<String, DatabaseError> {
        let database = self.whole().await?;
        Ok(format!("{database}#{}", self.ledger.state_name()))
    }

    fn quoting(&self) -> Option<Quoting> {
        self.work.as_ref().map(|work| work.quoting)
    }

    async fn try_lock(&mut self, _: &Holder) -> Result<Guard, DatabaseError> {
        self.try_guard().await
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        self.guard_holder().await
    }

    async fn holds_guard(&mut self) -> Result<bool, DatabaseError> {
        self.has_guard().await
    }

    async fn rest(&mut self) -> Result<(), DatabaseError> {
        self.end_work().await;
        Ok(())
    }

    async fn unlock(&mut self) -> Result<(), DatabaseError> {
        self.end_work().await;
        self.guard_seen = None;
        if let Some(guard) = self.guard.take() {
            // The lock goes with its session.
            guard.close().await;
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<Ledger, DatabaseError> {
        self.read_ledger().await
    }

    async fn caution(&mut self) -> Result<Option<String>, DatabaseError> {
        self.say_replicated().await
    }

    async fn log(&mut self) -> Result<Vec<LogEntry>, DatabaseError> {
        self.read_log().await
    }

    async fn schema(&mut self) -> Result<Vec<String>, DatabaseError> {
        self.read_schema().await
    }

    async fn tables(&mut self) -> Result<Vec<sample::Table>, DatabaseError> {
        self.work().await?;
        let question = sample::select(Dialect::Postgres, &self.ledger);
        let rows = self.work().await?.rows(&question).await?;
        Ok(sample::tables(&rows::texts(&rows)?))
    }

    async fn mend(&mut self, mending: &Mending, generation: u64) -> Result<(), DatabaseError> {
        self.work().await?;
        let text = format!(
            "BEGIN;\n{};\nCOMMIT;",
            self.ledger.mend(mending, generation).join(";\n")
        );
        self.work().await?.rows(&text).await?;
        self.has_ledger = false;
        Ok(())
    }

    async fn done(&mut self) -> Result<Vec<(String, String)>, DatabaseError> {
        self.work().await?;
        let ledger = self.ledger.clone();
        rows::done(self, &ledger).await
    }

    async fn ask(&mut self, question: &str) -> Result<Vec<String>, DatabaseError> {
        let rows = self.work().await?.rows(question).await?;
        rows::texts(&rows)
    }

    async fn inspect(&mut self) -> Result<Schema, DatabaseError> {
        self.inspect_schema().await
    }

    /// No name leads into another one.
    async fn neighbours(&mut self) -> Result<Neighbours, DatabaseError> {
        Ok(Neighbours::default())
    }

    async fn holds_together(&mut self, statements: &[Statement]) -> Result<bool, DatabaseError> {
        Ok(!statements.iter().any(needs_to_be_alone))
    }

    async fn holds_each(&mut self, statements: &[Statement]) -> Result<Vec<bool>, DatabaseError> {
        let held = statements.iter().map(|it| !needs_to_be_alone(it));
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

    async fn run_with_mark(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.mark_with(group, mark, pulse).await
    }

    async fn run_alone(&mut self, sent: Sent<'_>, pulse: &mut Pulse<'_>) -> Result<(), StepError> {
        self.send_alone(sent, pulse).await
    }

    async fn describe(&mut self, objects: &[Object]) -> Result<Vec<Description>, DatabaseError> {
        self.describe_all(objects).await
    }

    async fn session(&mut self) -> Result<Session, DatabaseError> {
        let tag = session_name(&self.settings);
        let work = self.work().await?;
        match work.is_pooled {
            true => Err(DatabaseError::Pooled),
            false => Ok(Session {
                id: work.process.clone(),
                started: work.started.clone(),
                tag,
                node: None,
            }),
        }
    }

    async fn find_session(&mut self, session: &Session) -> Result<Sighting, DatabaseError> {
        self.look_for(session).await
    }

    async fn end_session(&mut self, session: &Session) -> Result<(), DatabaseError> {
        self.terminate(session).await
    }

    async fn check_two_phase(&mut self) -> Result<(), DatabaseError> {
        self.can_prepare().await
    }

    async fn is_prepared(&mut self, transaction: &str) -> Result<bool, DatabaseError> {
        self.has_prepared(transaction).await
    }

    async fn conclude(
        &mut self,
        transaction: &str,
        decision: Decision,
    ) -> Result<(), DatabaseError> {
        self.conclude_prepared(transaction, decision).await
    }

    async fn note(&mut self, entry: &LogEntry) {
        if self.has_ledger && self.work().await.is_ok() {
            let text = log_row(&self.ledger, entry);
            let work = self.work.as_mut().expect("it was begun just now");
            // What is noted is what the user must see.
            let _ = work.rows(&text).await;
        }
    }
}
