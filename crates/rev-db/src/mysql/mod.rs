//! MySQL and MariaDB: one session for work, one for the guard.
//!
//! DDL commits by itself here, so a step with DDL goes statement by statement
//! under the journal; a step that only changes rows of transactional tables is
//! one transaction, as elsewhere.

mod along;
mod capabilities;
mod catalogue;
mod cluster;
mod connection;
mod error;
mod guard;
mod inspect;
mod packet;
mod parameter;
mod place;
mod read;
mod witness;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use rev_core::{DatabaseUrl, Dialect, Quoting};
use rev_engine::boundary;
use rev_engine::database::{
    Batch, Commit, Database, Decision, Group, Guard, Holder, Ledger, LogEntry, Mark, Sent, Sighting,
};
use rev_engine::event::Pulse;
use rev_engine::failure::{DatabaseError, StepError};
use rev_engine::journal::Session;
use rev_sql::effect::{self, Description, Effect, Object};
use rev_sql::ledger::{self, Mending};
use rev_sql::reach::Neighbours;
use rev_sql::sample;
use rev_sql::schema::Schema;
use rev_sql::split::Statement;

use sqlx::Row as _;
use sqlx::mysql::MySqlRow;

use crate::Settings;
use crate::rows::{self, LedgerRow as _};
use crate::silence::{self, REACH};
use crate::writing::{
    Progress, check_names, failure_of, insist, log_row, rows_of, unsaid, watch_all,
};
use catalogue::{Absent, Untransacted};
use cluster::{Lease, Member, Tenant, Watch};
use connection::{Connection, Cut, Set, within_reach};
use error::{account, failure, from_sqlx, is_broken, is_cancelled, is_out_of_range, is_too_much};
use packet::{Pace, Packet, Part};
use place::Place;

/// Fails where the compare-and-set before it has changed no row: there is no
/// number so great.
const WON: &str = "SELECT POW(10, IF(ROW_COUNT() = 1, 1, 999))";

const CANCELLED: &str =
    "the statement was cancelled: it ran longer than its timeout, or was stopped";

/// A MySQL or MariaDB database.
#[derive(Debug)]
pub(crate) struct Mysql {
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
    /// The node of a cluster that the working session is on.
    member: Option<Member>,
    /// Who we are to runs on other nodes, once the guard is ours.
    tenant: Option<Tenant>,
    /// What keeps runs on other nodes away.
    lease: Option<Lease>,
    /// Who has it instead of us.
    watch: Option<Watch>,
    /// Whether the ledger's tables are known to exist, and to be filled.
    has_ledger: bool,
    /// What there is beside it, once that was asked.
    neighbours: Option<Neighbours>,
    /// Whether a script has left something in the session.
    is_touched: bool,
    /// What has no transactions, as long as nothing changes the schema.
    untransacted: Option<Untransacted>,
    /// What is not there yet, as long as nothing but its making changes the schema.
    absent: Option<Absent>,
    /// Whether a commit of the working session was read back.
    is_proven: bool,
    /// How long a text may be that several statements share, once that was asked.
    longest_packet: Option<usize>,
    pace: Pace,
}

impl Mysql {
    pub(crate) fn new(url: &DatabaseUrl, settings: &Settings) -> Result<Self, DatabaseError> {
        Ok(Self {
            place: Place::of_url(url, settings)?,
            ledger: ledger::Ledger::new(&settings.ledger_prefix, Dialect::Mysql),
            settings: settings.clone(),
            work: None,
            guard: None,
            given_up: Vec::new(),
            unreachable: None,
            guard_seen: None,
            member: None,
            tenant: None,
            lease: None,
            watch: None,
            has_ledger: false,
            neighbours: None,
            is_touched: false,
            untransacted: None,
            absent: None,
            is_proven: false,
            longest_packet: None,
            pace: Pace::default(),
        })
    }

    /// The database, as its URL names it.
    pub(crate) fn name(&self) -> Option<String> {
        self.place.options().get_database().map(str::to_owned)
    }

    /// Where it is, as its URL says.
    pub(crate) fn whereabouts(&self) -> String {
        self.place.to_string()
    }

    /// Which database it is, whatever ledgers it has, as its server says.
    pub(crate) async fn whole(&mut self) -> Result<String, DatabaseError> {
        let work = self.work().await?;
        let (identity, database) = (work.identity.clone(), work.database.clone());
        Ok(match &self.member {
            // Whichever node leads to it, it is one database.
            Some(member) => format!("{}/{database}", member.cluster),
            None => identity,
        })
    }

    /// The session that works, begun at first use.
    async fn work(&mut self) -> Result<&mut Connection, DatabaseError> {
        if let Some(dead) = self.work.take_if(|work| work.dead.is_some()) {
            self.give_up(&dead);
        }
        if self.work.is_none() {
            self.work = Some(self.begin().await?);
            self.is_touched = false;
            self.is_proven = false;
            self.absent = None;
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
            Err(error) if begun.elapsed() >= REACH => Some((Instant::now(), error.clone())),
            _ => None,
        };
        result
    }

    async fn begin_anew(&mut self) -> Result<Connection, DatabaseError> {
        let mut connection = Connection::open(&self.place, &self.settings.run).await?;
        // A script's `USE` must not lead to another ledger.
        self.ledger = ledger::Ledger::new(&self.settings.ledger_prefix, Dialect::Mysql)
            .in_schema(&connection.database);
        connection.rows(&self.settings.terms().mysql()).await?;
        self.end_given_up(&mut connection).await?;
        self.member = Member::of(&mut connection).await?;
        Ok(connection)
    }

    /// The session that worked is of no more use.
    fn lose_work(&mut self) {
        if let Some(work) = self.work.take() {
            self.give_up(&work);
        }
    }

    async fn sets(&mut self, text: &str) -> Result<Vec<Set>, sqlx::Error> {
        let Some(work) = &mut self.work else {
            return Err(sqlx::Error::PoolClosed);
        };
        let result = work.sets(text).await;
        if result.as_ref().is_err_and(is_broken) {
            self.lose_work();
        }
        result
    }

    async fn run(&mut self, text: &str) -> Result<Vec<Set>, DatabaseError> {
        self.sets(text).await.map_err(|e| from_sqlx(&e))
    }

    async fn roll_back(&mut self) {
        if self.run("ROLLBACK").await.is_err() {
            // The server undoes what its session leaves.
            self.lose_work();
        }
    }

    async fn end_work(&mut self) {
        if let Some(work) = self.work.take() {
            work.close().await;
        }
    }

    /// The databases that this login can reach beside this one, but for throw-away
    /// ones, whose names nobody knows beforehand.
    async fn look_around(&mut self) -> Result<Neighbours, DatabaseError> {
        if let Some(known) = &self.neighbours {
            return Ok(known.clone());
        }
        let work = self.work().await?;
        let own = ledger::text(&work.database, Dialect::Mysql);
        let rows = work
            .rows(&format!(
                "SELECT CAST(@@lower_case_table_names AS CHAR), SCHEMA_NAME \
                 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ({own}, \
                 'information_schema', 'performance_schema', 'sys', 'mysql') \
                 AND LEFT(SCHEMA_NAME, 12) <> 'rev_scratch_'"
            ))
            .await?;
        let mut found = Neighbours::default();
        for row in &rows {
            let text = |index| row.text(index).map_err(|e| from_sqlx(&e));
            found.is_caseless = text(0)? != "0";
            found.databases.push(text(1)?);
        }
        self.neighbours = Some(found.clone());
        Ok(found)
    }

    /// Makes the ledger where it is missing.
    async fn make_ledger(&mut self) -> Result<(), DatabaseError> {
        self.work().await?;
        if !self.has_ledger {
            let create = self.ledger.create();
            let made = self.run(&create).await;
            made.map_err(DatabaseError::while_making_ledger)?;
            self.has_ledger = true;
        }
        Ok(())
    }

    /// What begins a transaction: what scripts ask to be first, and the compare-and-set, which
    /// fails where it was lost.
    async fn opening<'a>(
        &mut self,
        mark: &str,
        first: &[(usize, Sent<'a>)],
    ) -> Result<Packet<'a>, DatabaseError> {
        self.make_ledger().await?;
        let mut packet = Packet::default();
        for &(step, sent) in first {
            packet.push(Part::Script { step, sent }, &sent.statement.text);
        }
        packet.push(Part::Opening, "START TRANSACTION");
        packet.push(Part::Opening, mark);
        packet.push(Part::Won, WON);
        Ok(packet)
    }

    /// Ends a transaction with these rows.
    async fn finish(&mut self, rows: &str, generation: u64) -> Result<Commit, StepError> {
        let text = format!("{rows}\nCOMMIT;\n{}", self.ledger.select_state());
        boundary::reach();
        match self.run(&text).await {
            Ok(sets) => self.read_back(&sets, generation),
            Err(error) => {
                self.roll_back().await;
                Err(error.into())
            }
        }
    }

    /// A transaction of the compare-and-set and these rows alone, in one round
    /// trip.
    async fn write(
        &mut self,
        mark: &str,
        rows: &str,
        generation: u64,
    ) -> Result<Commit, StepError> {
        self.make_ledger().await?;
        let text = format!(
            "START TRANSACTION;\n{mark};\n{WON};\n{rows}\nCOMMIT;\n{}",
            self.ledger.select_state()
        );
        boundary::reach();
        match self.sets(&text).await {
            Ok(sets) => self.read_back(&sets, generation),
            Err(error) => {
                self.roll_back().await;
                if !is_out_of_range(&error) {
                    return Err(from_sqlx(&error).into());
                }
                Ok(Commit::Lost)
            }
        }
    }

    /// A commit counts only when what it wrote can be read back.
    fn read_back(&mut self, sets: &[Set], generation: u64) -> Result<Commit, StepError> {
        let commit = proven(sets, generation)?;
        self.is_proven = true;
        Ok(commit)
    }

    /// A session in which a script has left something serves nothing else afterwards, not
    /// even another attempt at the same script.
    async fn commit_batch(
        &mut self,
        batch: &Batch,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        let result = self.transact(batch, pulse).await;
        if self.is_touched {
            self.end_work().await;
        }
        result
    }

    async fn transact(
        &mut self,
        batch: &Batch,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.work().await?;
        let in_flight = batch.in_flight.as_deref();
        let mark = self.ledger.mark(batch.generation, in_flight);
        if batch.steps.iter().all(|work| work.statements.is_empty()) {
            let begun = Instant::now();
            let rows = batch.steps.iter();
            let rows = rows.map(|work| rows_of(&self.ledger, batch, work, Some(begun)));
            let rows = rows.collect::<Vec<_>>().join("\n");
            return self.write(&mark, &rows, batch.generation).await;
        }
        let first = batch.first(Dialect::Mysql);
        let mut packet = self.opening(&mark, &first).await?;
        let mut rows = String::new();
        for (step, work) in batch.steps.iter().enumerate() {
            let begun = Instant::now();
            let opening = std::mem::take(&mut packet);
            let group = batch.group(step);
            let begun_with = first.iter().filter(|(of, _)| *of == step);
            let begun_with: Vec<usize> = begun_with.map(|(_, sent)| sent.number).collect();
            let running = self.run_group(opening, step, group, &begun_with, pulse);
            if let Some(ended) = running.await? {
                return Ok(ended);
            }
            rows.push_str(&rows_of(&self.ledger, batch, work, Some(begun)));
            rows.push('\n');
        }
        self.finish(&rows, batch.generation).await
    }

    /// Sends statements that a transaction holds, as many at once as may be; in front
    /// of the first ones what the packet has. Where it ends early, which is no error,
    /// it says how; in every such case, and after an error, nothing stands. `begun_with`: the
    /// numbers of those that the packet has already.
    async fn run_group<'a>(
        &mut self,
        opening: Packet<'a>,
        step: usize,
        group: Group<'a>,
        begun_with: &[usize],
        pulse: &mut Pulse<'_>,
    ) -> Result<Option<Commit>, StepError> {
        if let Some(refused) = group
            .each()
            .find_map(|sent| check_names(&self.ledger, step, sent).err())
        {
            self.roll_back().await;
            return Err(refused);
        }
        if let Err(refused) = self.check_replicates(group.statements) {
            self.roll_back().await;
            return Err(refused.into());
        }
        let longest = self.longest_packet().await?;
        let mut packet = opening;
        let mut joins = true;
        for sent in group.each() {
            let text = &sent.statement.text;
            if begun_with.contains(&sent.number) {
                self.is_touched |= effect::touches_session(text, Dialect::Mysql);
                continue;
            }
            let is_plain = effect::is_plain_rows(text, Dialect::Mysql);
            if !is_plain {
                self.forget_schema(text);
                self.is_touched |= effect::touches_session(text, Dialect::Mysql);
            }
            let is_next = is_plain && joins && packet.scripts() < self.pace.most();
            let fits = packet.fits(text, longest);
            let is_first = packet.scripts() == 0;
            if packet.len() > 0
                && !(fits && (is_first || is_next))
                && let Some(ended) = self.send(&mut packet, pulse).await?
            {
                return Ok(Some(ended));
            }
            packet.push(Part::Script { step, sent }, text);
            joins = is_plain;
        }
        let ended = self.send(&mut packet, pulse).await?;
        if ended.is_none() {
            self.check_still_replicates().await?;
        }
        Ok(ended)
    }

    /// Sends a packet within a transaction, and empties it.
    async fn send(
        &mut self,
        packet: &mut Packet<'_>,
        pulse: &mut Pulse<'_>,
    ) -> Result<Option<Commit>, StepError> {
        if packet.len() == 0 {
            return Ok(None);
        }
        let packet = std::mem::take(packet);
        if packet.scripts() > 0 && pulse.stop.is_requested() {
            self.roll_back().await;
            return Ok(Some(Commit::Stopped));
        }
        let begun = Instant::now();
        let progress = Progress::new(packet.number(0), packet.last());
        let (place, run) = (self.place.clone(), self.settings.run.clone());
        let limit = self.settings.statement_timeout;
        let work = self.work().await?;
        let id = work.id.clone();
        let running = work.run(&packet.text, |answers| {
            progress.move_to(packet.number(answers));
        });
        let running = within(limit, running, &progress, || {
            cancel(place.clone(), run.clone(), id.clone())
        });
        let result = watch_all(running, &progress, pulse, || {
            cancel(place.clone(), run.clone(), id.clone())
        });
        let result = result.await;
        let cut = match result {
            Ok(_) if let Some(number) = progress.cancelled() => {
                self.roll_back().await;
                return match packet.sent(number) {
                    Some((step, sent)) if !pulse.stop.is_requested() => {
                        Err(undone(cancelled(step, sent)))
                    }
                    _ => Ok(Some(Commit::Stopped)),
                };
            }
            Ok(answers) if packet.is_answered(answers) => {
                self.pace.learn(packet.scripts(), begun.elapsed());
                return Ok(None);
            }
            Ok(answers) if !pulse.stop.is_requested() => {
                self.roll_back().await;
                return Err(DatabaseError::Other {
                    message: format!("the server sent {answers} of {} answers", packet.len()),
                }
                .into());
            }
            Ok(_) => None,
            Err(cut) => Some(cut),
        };
        if cut.as_ref().is_some_and(|cut| is_broken(&cut.error)) {
            self.lose_work();
        } else {
            self.roll_back().await;
        }
        match cut {
            Some(cut) if !was_stopped(&cut.error, pulse) => face(&packet, &cut),
            _ => Ok(Some(Commit::Stopped)),
        }
    }

    /// How long a text may be that several statements share.
    async fn longest_packet(&mut self) -> Result<usize, DatabaseError> {
        if let Some(known) = self.longest_packet {
            return Ok(known);
        }
        let question = "SELECT CAST(@@max_allowed_packet AS SIGNED)";
        let rows = self.work().await?.rows(question).await?;
        let allowed = rows.first().and_then(|row| row.number(0).ok());
        let allowed = allowed.and_then(|allowed| usize::try_from(allowed).ok());
        let longest = packet::LONGEST.min(allowed.unwrap_or_default() / 2);
        self.longest_packet = Some(longest);
        Ok(longest)
    }

    /// Sends a statement of a script.
    async fn run_statement(
        &mut self,
        step: usize,
        sent: Sent<'_>,
        pulse: &mut Pulse<'_>,
    ) -> Result<(), StepError> {
        self.check_may_run(step, sent)?;
        let (place, run) = (self.place.clone(), self.settings.run.clone());
        let limit = self.settings.statement_timeout;
        let work = self.work().await?;
        let id = work.id.clone();
        let progress = Progress::new(sent.number, sent.number);
        let running = work.sets(&sent.statement.text);
        let running = within(limit, running, &progress, || {
            cancel(place.clone(), run.clone(), id.clone())
        });
        let result = watch_all(running, &progress, pulse, || {
            cancel(place.clone(), run.clone(), id.clone())
        });
        match result.await {
            Ok(sets) => match complaint(&sets) {
                None => Ok(self.check_still_replicates().await?),
                Some(message) => Err(complained(step, sent, message)),
            },
            Err(error) => Err(self.blame(step, sent, &error).await),
        }
    }

    /// Checks what can be of a statement before it is sent, and heeds what it may change.
    fn check_may_run(&mut self, step: usize, sent: Sent<'_>) -> Result<(), StepError> {
        let text = &sent.statement.text;
        check_names(&self.ledger, step, sent)?;
        self.check_replicates(std::slice::from_ref(sent.statement))?;
        self.is_touched |= effect::touches_session(text, Dialect::Mysql);
        self.forget_schema(text);
        Ok(())
    }

    /// The failure of a statement that ran outside any transaction.
    async fn blame(&mut self, step: usize, sent: Sent<'_>, error: &sqlx::Error) -> StepError {
        if is_broken(error) {
            self.lose_work();
        }
        let mut error = step_error(step, sent, error);
        if let StepError::Statement { failure, .. } = &mut error
            && !failure.is_undone
        {
            failure.is_undone = self.is_all_or_nothing(&sent.statement.text).await;
        }
        error
    }

    /// Whether nothing is left of a statement whose error the server has answered.
    async fn is_all_or_nothing(&mut self, statement: &str) -> bool {
        let capabilities = self.work.as_ref().map(|work| work.capabilities);
        capabilities.is_some_and(|it| it.atomic_ddl)
            && effect::is_atomic_on_mysql(statement)
            && self.touches_only_transactional(statement).await
    }

    async fn touches_only_transactional(&mut self, statement: &str) -> bool {
        let text = statement.to_lowercase();
        let untransacted = self.untransacted(std::slice::from_ref(&text)).await;
        untransacted.is_ok_and(|it| !it.is_touched_by(&text))
    }

    async fn group_with_mark(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.work().await?;
        let text = self.ledger.mark(mark.generation, mark.in_flight.as_deref());
        let opening = self.opening(&text, &[]).await?;
        if let Some(ended) = self.run_group(opening, 0, group, &[], pulse).await? {
            return Ok(ended);
        }
        self.finish("", mark.generation).await
    }

    async fn set_mark(&mut self, mark: &Mark) -> Result<Commit, DatabaseError> {
        self.work().await?;
        let text = self.ledger.mark(mark.generation, mark.in_flight.as_deref());
        let commit = self.write(&text, "", mark.generation).await;
        commit.map_err(StepError::into_database_error)
    }

    async fn hold_together(&mut self, statements: &[Statement]) -> Result<bool, DatabaseError> {
        self.check_replicates(statements)?;
        let needs_to_be_alone =
            |statement: &Statement| effect::needs_to_be_alone(&statement.text, Dialect::Mysql);
        if statements.iter().any(needs_to_be_alone) {
            return Ok(false);
        }
        let is_rows =
            |statement: &&Statement| effect::of(&statement.text, Dialect::Mysql) == Effect::Rows;
        if !statements.iter().any(|statement| is_rows(&statement)) {
            return Ok(true);
        }
        let all = statements.iter();
        let all: Vec<String> = all.map(|it| it.text.to_lowercase()).collect();
        let untransacted = self.untransacted(&all).await?;
        let rows = statements.iter().zip(&all);
        Ok(!rows
            .filter(|(statement, _)| is_rows(statement))
            .any(|(_, text)| untransacted.is_touched_by(text)))
    }

    async fn hold_each(&mut self, statements: &[Statement]) -> Result<Vec<bool>, DatabaseError> {
        let all = statements.iter();
        let all: Vec<String> = all.map(|it| it.text.to_lowercase()).collect();
        let untransacted = self.untransacted(&all).await?;
        let held = all.iter().map(|text| !untransacted.is_touched_by(text));
        Ok(held.collect())
    }
}

/// Whether what failed is what a stop asked for.
fn was_stopped(error: &sqlx::Error, pulse: &Pulse<'_>) -> bool {
    pulse.stop.is_abort() || (pulse.stop.is_requested() && is_cancelled(error))
}

/// Tells whose error cut a packet off; its transaction was undone.
fn face(packet: &Packet<'_>, cut: &Cut) -> Result<Option<Commit>, StepError> {
    match packet.part(cut.answers) {
        Part::Won if is_out_of_range(&cut.error) => Ok(Some(Commit::Lost)),
        Part::Script { .. } if packet.scripts() > 1 && is_too_much(&cut.error) => {
            Err(DatabaseError::Other {
                message: cut.error.to_string(),
            }
            .into())
        }
        Part::Script { step, sent } => Err(undone(step_error(step, sent, &cut.error))),
        Part::Opening | Part::Won => Err(from_sqlx(&cut.error).into()),
    }
}

/// What a commit wrote must be there afterwards.
fn proven(sets: &[Set], generation: u64) -> Result<Commit, StepError> {
    let state = sets.last().and_then(|set| set.rows.first());
    match state.map(rows::state).transpose()? {
        Some(state) if state.generation > generation => Ok(Commit::Done(generation + 1)),
        _ => Err(DatabaseError::Other {
            message: "the commit was reported as done, yet nothing of it stands".to_owned(),
        }
        .into()),
    }
}

/// Cancels a statement that runs for longer than it may.
async fn within<T, C>(
    limit: Duration,
    running: impl Future<Output = T>,
    progress: &Progress,
    cancel: impl Fn() -> C,
) -> T
where
    C: Future<Output = ()>,
{
    if limit.is_zero() {
        return running.await;
    }
    let mut running = std::pin::pin!(running);
    loop {
        let (number, since) = progress.at();
        let left = limit.saturating_sub(since.elapsed());
        if left.is_zero() && number > 0 {
            progress.cancel();
            return insist(running, cancel).await;
        }
        // What is not a script's has a limit of its own.
        let pause = if number > 0 { left } else { limit };
        tokio::select! {
            biased;
            result = &mut running => return result,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Cancels what a session runs, by another session: dropping the answer would
/// not stop it.
async fn cancel(place: Place, run: String, id: String) {
    let cancelling = async {
        if let Ok(mut other) = Connection::open(&place, &run).await {
            let _ = other.rows(&format!("KILL QUERY {id}")).await;
            other.close().await;
        }
    };
    silence::cancel(cancelling).await;
}

/// What a statement of maintenance could not do, which the server answers as rows and not
/// as an error: `ANALYZE TABLE nosuch` gives `Error`, `Table 'nosuch' doesn't exist`.
fn complaint(sets: &[Set]) -> Option<String> {
    const COLUMNS: [&str; 4] = ["Table", "Op", "Msg_type", "Msg_text"];
    let is_report = |row: &&MySqlRow| {
        let names = row.columns().iter().map(sqlx::Column::name);
        row.columns().len() == COLUMNS.len()
            && names
                .zip(COLUMNS)
                .all(|(name, wanted)| name.eq_ignore_ascii_case(wanted))
    };
    let rows = sets.iter().flat_map(|set| &set.rows).filter(is_report);
    let mut texts = rows.filter_map(|row| {
        let (kind, text) = (row.text(2).ok()?, row.text(3).ok()?);
        let is_fault = kind.eq_ignore_ascii_case("error")
            || (kind.eq_ignore_ascii_case("status") && text == "Operation failed");
        is_fault.then_some(text)
    });
    texts.next()
}

/// The failure of such a statement, which can be run again.
fn complained(step: usize, sent: Sent<'_>, message: String) -> StepError {
    let mut failure = failure_of(sent);
    failure.message = message;
    failure.is_undone = true;
    StepError::Statement {
        step,
        failure: Box::new(failure),
    }
}

/// What failed inside a transaction went with it.
fn undone(mut error: StepError) -> StepError {
    if let StepError::Statement { failure, .. } = &mut error {
        failure.is_undone = true;
    }
    error
}

/// A statement that was cancelled, whatever the server answered.
fn cancelled(step: usize, sent: Sent<'_>) -> StepError {
    let mut failure = failure_of(sent);
    CANCELLED.clone_into(&mut failure.message);
    StepError::Statement {
        step,
        failure: Box::new(failure),
    }
}

fn step_error(step: usize, sent: Sent<'_>, error: &sqlx::Error) -> StepError {
    let mapped = from_sqlx(error);
    let mut failure = match account(error) {
        Some(fault) => failure(sent, fault),
        None => unsaid(sent, &mapped),
    };
    if is_cancelled(error) {
        CANCELLED.clone_into(&mut failure.message);
    }
    StepError::of_statement(step, failure, mapped)
}

#[async_trait]
impl Database for Mysql {
    async fn identity(&mut self) -> Result<String, DatabaseError> {
        let identity = self.whole().await?;
        Ok(format!("{identity}#{}", self.ledger.state_table()))
    }

    fn quoting(&self) -> Option<Quoting> {
        self.work.as_ref().map(|work| work.quoting)
    }

    async fn try_lock(&mut self, holder: &Holder) -> Result<Guard, DatabaseError> {
        match self.try_guard().await? {
            Guard::Taken => self.take_lease(holder).await,
            held @ Guard::Held(_) => Ok(held),
        }
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        match self.guard_holder().await? {
            Some(holder) => Ok(Some(holder)),
            None => self.tenant_elsewhere().await,
        }
    }

    async fn holds_guard(&mut self) -> Result<bool, DatabaseError> {
        self.has_guard().await
    }

    async fn rest(&mut self) -> Result<(), DatabaseError> {
        self.end_work().await;
        Ok(())
    }

    async fn unlock(&mut self) -> Result<(), DatabaseError> {
        self.give_lease_back().await;
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

    async fn log(&mut self) -> Result<Vec<LogEntry>, DatabaseError> {
        self.read_log().await
    }

    async fn schema(&mut self) -> Result<Vec<String>, DatabaseError> {
        self.read_schema().await
    }

    async fn tables(&mut self) -> Result<Vec<sample::Table>, DatabaseError> {
        self.work().await?;
        let question = sample::select(Dialect::Mysql, &self.ledger);
        let rows = self.work().await?.rows(&question).await?;
        Ok(sample::tables(&rows::texts(&rows)?))
    }

    async fn mend(&mut self, mending: &Mending, generation: u64) -> Result<(), DatabaseError> {
        self.work().await?;
        for text in self.ledger.mend(mending, generation) {
            self.run(&text).await?;
        }
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

    async fn neighbours(&mut self) -> Result<Neighbours, DatabaseError> {
        self.look_around().await
    }

    async fn holds_together(&mut self, statements: &[Statement]) -> Result<bool, DatabaseError> {
        self.hold_together(statements).await
    }

    async fn holds_each(&mut self, statements: &[Statement]) -> Result<Vec<bool>, DatabaseError> {
        self.hold_each(statements).await
    }

    async fn commit(&mut self, batch: &Batch, pulse: &mut Pulse<'_>) -> Result<Commit, StepError> {
        self.work().await?;
        self.commit_batch(batch, pulse).await
    }

    async fn commit_and_send(
        &mut self,
        batch: &Batch,
        next: Sent<'_>,
        pulse: &mut Pulse<'_>,
    ) -> (Result<Commit, StepError>, Option<Result<(), StepError>>) {
        self.commit_along(batch, next, pulse).await
    }

    async fn mark(&mut self, mark: &Mark) -> Result<Commit, DatabaseError> {
        self.set_mark(mark).await
    }

    async fn run_with_mark(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.group_with_mark(group, mark, pulse).await
    }

    async fn run_alone(&mut self, sent: Sent<'_>, pulse: &mut Pulse<'_>) -> Result<(), StepError> {
        let result = self.run_statement(0, sent, pulse).await;
        if result.is_err() && self.work.is_some() {
            // A routine that failed may have begun a transaction, which the next one of
            // ours would commit.
            self.roll_back().await;
        }
        result
    }

    async fn describe(&mut self, objects: &[Object]) -> Result<Vec<Description>, DatabaseError> {
        self.work().await?;
        self.describe_all(objects).await
    }

    async fn can_foresee(&mut self) -> bool {
        self.is_absence_stale()
    }

    async fn foresee(&mut self, objects: &[Object]) -> Result<(), DatabaseError> {
        self.work().await?;
        self.look_for_absent(objects).await
    }

    async fn session(&mut self) -> Result<Session, DatabaseError> {
        let work = self.work().await?;
        let (id, tag) = (work.id.clone(), work.tag.clone());
        Ok(Session {
            id,
            // The tag's lock is this session's alone, so no start is needed.
            started: String::new(),
            tag,
            node: self.member.as_ref().map(|member| member.node.clone()),
        })
    }

    async fn find_session(&mut self, session: &Session) -> Result<Sighting, DatabaseError> {
        self.look_for(session).await
    }

    async fn end_session(&mut self, session: &Session) -> Result<(), DatabaseError> {
        self.terminate(session).await
    }

    async fn check_two_phase(&mut self) -> Result<(), DatabaseError> {
        Err(DatabaseError::NoTwoPhase {
            message: "on MySQL and MariaDB each DDL statement commits by itself".to_owned(),
        })
    }

    async fn is_prepared(&mut self, _: &str) -> Result<bool, DatabaseError> {
        Ok(false)
    }

    async fn conclude(&mut self, _: &str, _: Decision) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn note(&mut self, entry: &LogEntry) {
        if self.has_ledger && self.work().await.is_ok() {
            let text = log_row(&self.ledger, entry);
            // What is noted is what the user must see.
            let _ = self.run(&text).await;
        }
    }
}
