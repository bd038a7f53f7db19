//! Throw-away databases, as the engine asks for them.
//!
//! Where they are made is not its affair: a folder, a server. It only promises
//! that whatever it had made it has taken away again.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::lock::Mutex;
use rev_sql::effect::{Description, Object};
use rev_sql::sample;
use rev_sql::schema::{Neighbours, Schema};
use rev_sql::split::Statement;

use crate::database::{
    Batch, Commit, Database, DatabaseError, Decision, Guard, Holder, Ledger, LogEntry, Mark, Sent,
    StepError,
};
use crate::event::Pulse;
use crate::journal::Session;

/// Where throw-away databases of one dialect are made.
pub trait Ground: Send + Sync {
    /// Makes an empty one.
    fn make(&self) -> BoxFuture<'_, Result<Box<dyn Place>, DatabaseError>>;
}

/// A throw-away database.
pub trait Place: Send + Sync {
    /// Makes ready to reach it.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Connect`].
    fn open(&self) -> Result<Box<dyn Database>, DatabaseError>;

    /// Makes another one with the same contents, where the engine can do that at
    /// once. Nothing may have it open.
    fn copy(&self) -> BoxFuture<'_, Result<Option<Box<dyn Place>>, DatabaseError>>;

    /// Takes it away.
    fn remove(self: Box<Self>) -> BoxFuture<'static, Result<(), DatabaseError>>;
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

/// Passes a question on to the database.
macro_rules! pass_on {
    ($self:ident.$question:ident($($argument:expr),*)) => {
        async move { $self.0.lock().await.$question($($argument),*).await }.boxed()
    };
}

impl Database for Kept {
    fn identity(&mut self) -> BoxFuture<'_, Result<String, DatabaseError>> {
        async { Ok(String::new()) }.boxed()
    }

    fn try_lock<'a>(&'a mut self, _: &'a Holder) -> BoxFuture<'a, Result<Guard, DatabaseError>> {
        async { Ok(Guard::Taken) }.boxed()
    }

    fn holder(&mut self) -> BoxFuture<'_, Result<Option<Holder>, DatabaseError>> {
        async { Ok(None) }.boxed()
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        async { Ok(()) }.boxed()
    }

    fn read(&mut self) -> BoxFuture<'_, Result<Ledger, DatabaseError>> {
        pass_on!(self.read())
    }

    fn log(&mut self) -> BoxFuture<'_, Result<Vec<LogEntry>, DatabaseError>> {
        pass_on!(self.log())
    }

    fn schema(&mut self) -> BoxFuture<'_, Result<Vec<String>, DatabaseError>> {
        pass_on!(self.schema())
    }

    fn tables(&mut self) -> BoxFuture<'_, Result<Vec<sample::Table>, DatabaseError>> {
        pass_on!(self.tables())
    }

    fn ask<'a>(
        &'a mut self,
        question: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, DatabaseError>> {
        pass_on!(self.ask(question))
    }

    fn dump(&mut self) -> BoxFuture<'_, Result<Option<Vec<String>>, DatabaseError>> {
        pass_on!(self.dump())
    }

    fn inspect(&mut self) -> BoxFuture<'_, Result<Schema, DatabaseError>> {
        pass_on!(self.inspect())
    }

    fn neighbours(&mut self) -> BoxFuture<'_, Result<Neighbours, DatabaseError>> {
        pass_on!(self.neighbours())
    }

    fn holds_together<'a>(
        &'a mut self,
        statements: &'a [Statement],
    ) -> BoxFuture<'a, Result<bool, DatabaseError>> {
        pass_on!(self.holds_together(statements))
    }

    fn commit<'a>(
        &'a mut self,
        batch: &'a Batch,
        pulse: &'a mut Pulse<'_>,
    ) -> BoxFuture<'a, Result<Commit, StepError>> {
        pass_on!(self.commit(batch, pulse))
    }

    fn mark<'a>(&'a mut self, mark: &'a Mark) -> BoxFuture<'a, Result<Commit, DatabaseError>> {
        pass_on!(self.mark(mark))
    }

    fn run_with_mark<'a>(
        &'a mut self,
        sent: Sent<'a>,
        mark: &'a Mark,
        pulse: &'a mut Pulse<'_>,
    ) -> BoxFuture<'a, Result<Commit, StepError>> {
        pass_on!(self.run_with_mark(sent, mark, pulse))
    }

    fn run_alone<'a>(
        &'a mut self,
        sent: Sent<'a>,
        pulse: &'a mut Pulse<'_>,
    ) -> BoxFuture<'a, Result<(), StepError>> {
        pass_on!(self.run_alone(sent, pulse))
    }

    fn describe<'a>(
        &'a mut self,
        objects: &'a [Object],
    ) -> BoxFuture<'a, Result<Vec<Description>, DatabaseError>> {
        pass_on!(self.describe(objects))
    }

    fn session(&mut self) -> BoxFuture<'_, Result<Session, DatabaseError>> {
        pass_on!(self.session())
    }

    fn find_session<'a>(
        &'a mut self,
        session: &'a Session,
    ) -> BoxFuture<'a, Result<Option<String>, DatabaseError>> {
        pass_on!(self.find_session(session))
    }

    fn end_session<'a>(
        &'a mut self,
        session: &'a Session,
    ) -> BoxFuture<'a, Result<(), DatabaseError>> {
        pass_on!(self.end_session(session))
    }

    fn check_two_phase(&mut self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        pass_on!(self.check_two_phase())
    }

    fn is_prepared<'a>(
        &'a mut self,
        transaction: &'a str,
    ) -> BoxFuture<'a, Result<bool, DatabaseError>> {
        pass_on!(self.is_prepared(transaction))
    }

    fn conclude<'a>(
        &'a mut self,
        transaction: &'a str,
        decision: Decision,
    ) -> BoxFuture<'a, Result<(), DatabaseError>> {
        pass_on!(self.conclude(transaction, decision))
    }

    fn note<'a>(&'a mut self, entry: &'a LogEntry) -> BoxFuture<'a, ()> {
        pass_on!(self.note(entry))
    }
}
