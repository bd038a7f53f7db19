//! Waiting for another run: for a database's guard, and for leave to read it.

use std::time::Duration;

use rev_core::DatabaseName;

use super::run::{Certainty, Decided, Lane, Run};
use crate::database::{Guard, Holder};
use crate::event::Event;
use crate::failure::DatabaseError;
use crate::outcome::Refusal;
use crate::request::Job;

/// The pauses between two tries grow from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_millis(250);
/// How often a locked database is read where nobody has its guard: whoever had it may have
/// given it back between the reading and the look.
const READINGS: u32 = 3;

pub(super) enum Waited {
    Taken,
    Stopped,
}

/// A wait for another run, as long as the request allows.
struct Turn {
    database: DatabaseName,
    begun_ms: u64,
    pause: Duration,
    has_said: bool,
}

impl Run<'_> {
    /// Takes a database's guard, waiting for whoever has it as long as the
    /// request allows. Says once that it waits, and for whom.
    pub(super) async fn take_guard(&self, job: &mut Job) -> Result<Waited, Refusal> {
        let me = Holder {
            operator: self.request.operator.clone(),
            process: std::process::id(),
            since: self.clock.now(),
            node: None,
        };
        let mut turn = self.turn(job);
        loop {
            let Guard::Held(holder) = job.database.try_lock(&me).await? else {
                return Ok(Waited::Taken);
            };
            if self.stop.is_requested() {
                return Ok(Waited::Stopped);
            }
            self.wait(&mut turn, holder).await?;
        }
    }

    /// Reads a database and plans its lane. An engine that lets nobody read while another
    /// one commits (SQLite) is waited for as long as another run is at work there.
    pub(super) async fn read_and_prepare(
        &self,
        lane: &mut Lane,
        certainty: Certainty,
    ) -> Result<Decided, Refusal> {
        let mut turn = self.turn(&lane.job);
        let mut readings = 0;
        loop {
            let result = self.read_once(lane, certainty).await;
            let is_busy = matches!(result, Err(Refusal::Database(DatabaseError::Busy { .. })));
            // Where the guard is ours, it is no run that is in the way.
            if !is_busy || certainty == Certainty::Final || self.stop.is_requested() {
                return result;
            }
            readings += 1;
            match lane.job.database.holder().await? {
                Some(holder) => self.wait(&mut turn, Some(holder)).await?,
                None if readings < READINGS => {}
                None => return result,
            }
        }
    }

    fn turn(&self, job: &Job) -> Turn {
        Turn {
            database: job.binding.name.clone(),
            begun_ms: self.clock.elapsed_ms(),
            pause: FIRST_PAUSE,
            has_said: false,
        }
    }

    /// Pauses before the next try.
    async fn wait(&self, turn: &mut Turn, holder: Option<Holder>) -> Result<(), Refusal> {
        let waited = self.clock.elapsed_ms().saturating_sub(turn.begun_ms);
        let waited = Duration::from_millis(waited);
        if self.request.lock_wait.is_some_and(|most| waited >= most) {
            return Err(Refusal::Locked { holder });
        }
        if !std::mem::replace(&mut turn.has_said, true) {
            self.tell(Event::Waiting {
                database: turn.database.to_string(),
                holder: holder.as_ref().map(|holder| holder.operator.clone()),
                node: holder
                    .as_ref()
                    .and_then(|holder| Some(holder.node.as_ref()?.name.clone())),
                since: holder.map(|holder| holder.since),
            });
        }
        tokio::time::sleep(turn.pause).await;
        turn.pause = (turn.pause * 2).min(LAST_PAUSE);
        Ok(())
    }
}
