//! Throw-away databases, as the engine asks for them.
//!
//! The engine does not know where they are made, in a folder or on a server. It only
//! promises to take each one away that it had made.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::lock::Mutex;
use rev_sql::effect::{Description, Object};
use rev_sql::ledger::Mending;
use rev_sql::reach::Neighbours;
use rev_sql::sample;
use rev_sql::schema::Schema;
use rev_sql::split::Statement;

use crate::database::{
    Batch, Commit, Database, Decision, Group, Guard, Holder, Ledger, LogEntry, Mark, Sent, Sighting,
};
use crate::event::{Pulse, Stop};
use crate::failure::{DatabaseError, StepError};
use crate::journal::Session;

/// Where throw-away databases of one dialect are made.
#[async_trait]
pub trait Ground: Send + Sync {
    /// Makes an empty one.
    async fn make(&self) -> Result<Box<dyn Place>, DatabaseError>;
}

/// A throw-away database.
#[async_trait]
pub trait Place: Send + Sync {
    /// Makes ready to reach it.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Connect`].
    fn open(&self) -> Result<Box<dyn Database>, DatabaseError>;

    /// Makes another one with the same contents, where the engine can do that at
    /// once. Nothing may have it open.
    async fn copy(&self) -> Result<Option<Box<dyn Place>>, DatabaseError>;

    /// Takes it away.
    async fn remove(self: Box<Self>) -> Result<(), DatabaseError>;
}

/// A throw-away database that stays open from run to run. Nobody else knows of
/// it, so its guard is not taken, and nobody asks which one it is.
#[derive(Clone)]
pub(crate) struct Kept(Arc<Mutex<Box<dyn Database>>>);

impl Kept {
    pub(crate) fn new(database: Box<dyn Database>) -> Self {
        Self(Arc::new(Mutex::new(database)))
    }

    /// Closes it, if nothing else holds it.
    pub(crate) async fn close(self) {
        // Whatever it says, it is of no more use.
        let _ = self.0.lock().await.unlock().await;
    }
}

#[async_trait]
impl Database for Kept {
    async fn identity(&mut self) -> Result<String, DatabaseError> {
        Ok(String::new())
    }

    async fn try_lock(&mut self, _: &Holder) -> Result<Guard, DatabaseError> {
        Ok(Guard::Taken)
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    async fn holds_guard(&mut self) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    async fn unlock(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn read(&mut self) -> Result<Ledger, DatabaseError> {
        self.0.lock().await.read().await
    }

    async fn log(&mut self) -> Result<Vec<LogEntry>, DatabaseError> {
        self.0.lock().await.log().await
    }

    async fn schema(&mut self) -> Result<Vec<String>, DatabaseError> {
        self.0.lock().await.schema().await
    }

    async fn tables(&mut self) -> Result<Vec<sample::Table>, DatabaseError> {
        self.0.lock().await.tables().await
    }

    async fn mend(&mut self, mending: &Mending, generation: u64) -> Result<(), DatabaseError> {
        self.0.lock().await.mend(mending, generation).await
    }

    async fn done(&mut self) -> Result<Vec<(String, String)>, DatabaseError> {
        self.0.lock().await.done().await
    }

    async fn ask(&mut self, question: &str) -> Result<Vec<String>, DatabaseError> {
        self.0.lock().await.ask(question).await
    }

    async fn dump(&mut self) -> Result<Option<Vec<String>>, DatabaseError> {
        self.0.lock().await.dump().await
    }

    async fn inspect(&mut self) -> Result<Schema, DatabaseError> {
        self.0.lock().await.inspect().await
    }

    async fn neighbours(&mut self) -> Result<Neighbours, DatabaseError> {
        self.0.lock().await.neighbours().await
    }

    async fn holds_together(&mut self, statements: &[Statement]) -> Result<bool, DatabaseError> {
        self.0.lock().await.holds_together(statements).await
    }

    async fn holds_each(&mut self, statements: &[Statement]) -> Result<Vec<bool>, DatabaseError> {
        self.0.lock().await.holds_each(statements).await
    }

    async fn commit(&mut self, batch: &Batch, pulse: &mut Pulse<'_>) -> Result<Commit, StepError> {
        self.0.lock().await.commit(batch, pulse).await
    }

    async fn commit_and_send(
        &mut self,
        batch: &Batch,
        next: Sent<'_>,
        pulse: &mut Pulse<'_>,
    ) -> (Result<Commit, StepError>, Option<Result<(), StepError>>) {
        let mut database = self.0.lock().await;
        database.commit_and_send(batch, next, pulse).await
    }

    async fn mark(&mut self, mark: &Mark) -> Result<Commit, DatabaseError> {
        self.0.lock().await.mark(mark).await
    }

    async fn enter(
        &mut self,
        statements: &[Statement],
        stand: usize,
        stop: &Stop,
    ) -> Result<(), DatabaseError> {
        self.0.lock().await.enter(statements, stand, stop).await
    }

    async fn leave(&mut self) -> Result<(), StepError> {
        self.0.lock().await.leave().await
    }

    async fn run_with_mark(
        &mut self,
        group: Group<'_>,
        mark: &Mark,
        pulse: &mut Pulse<'_>,
    ) -> Result<Commit, StepError> {
        self.0.lock().await.run_with_mark(group, mark, pulse).await
    }

    async fn run_alone(&mut self, sent: Sent<'_>, pulse: &mut Pulse<'_>) -> Result<(), StepError> {
        self.0.lock().await.run_alone(sent, pulse).await
    }

    async fn describe(&mut self, objects: &[Object]) -> Result<Vec<Description>, DatabaseError> {
        self.0.lock().await.describe(objects).await
    }

    async fn can_foresee(&mut self) -> bool {
        self.0.lock().await.can_foresee().await
    }

    async fn foresee(&mut self, objects: &[Object]) -> Result<(), DatabaseError> {
        self.0.lock().await.foresee(objects).await
    }

    async fn session(&mut self) -> Result<Session, DatabaseError> {
        self.0.lock().await.session().await
    }

    async fn find_session(&mut self, session: &Session) -> Result<Sighting, DatabaseError> {
        self.0.lock().await.find_session(session).await
    }

    async fn end_session(&mut self, session: &Session) -> Result<(), DatabaseError> {
        self.0.lock().await.end_session(session).await
    }

    async fn check_two_phase(&mut self) -> Result<(), DatabaseError> {
        self.0.lock().await.check_two_phase().await
    }

    async fn is_prepared(&mut self, transaction: &str) -> Result<bool, DatabaseError> {
        self.0.lock().await.is_prepared(transaction).await
    }

    async fn conclude(
        &mut self,
        transaction: &str,
        decision: Decision,
    ) -> Result<(), DatabaseError> {
        self.0.lock().await.conclude(transaction, decision).await
    }

    async fn note(&mut self, entry: &LogEntry) {
        self.0.lock().await.note(entry).await
    }
}
