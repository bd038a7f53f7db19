//! The end of a step and the statement that it notes, in one round trip.
//!
//! The server runs a text of several statements in order, answers each, and runs none after
//! one that failed. So the statement runs only once the commit before it stands, with the
//! note of it, and the number of answers says whether it does. That what was committed can be
//! read back is asked of the first commit of a session; a later one that did not stand is
//! noticed by the compare-and-set of the next, when the statement behind it has run.

use std::io;
use std::time::Instant;

use rev_engine::boundary;
use rev_engine::database::{Batch, Commit, Sent};
use rev_engine::event::Pulse;
use rev_engine::failure::{DatabaseError, StepError};

use super::connection::Cut;
use super::error::{from_sqlx, is_broken, is_cancelled, is_out_of_range};
use super::{Mysql, WON, cancel, within};
use crate::writing::{Progress, each_row_of, watch_all};

/// What became of a batch, and of the statement that was sent along; `None`: it was not.
type Along = (Result<Commit, StepError>, Option<Result<(), StepError>>);

/// A text whose first statements are ours.
struct Text {
    sql: String,
    /// How many are ours; the last of them is the commit.
    ours: usize,
}

impl Mysql {
    pub(super) async fn commit_along(
        &mut self,
        batch: &Batch,
        next: Sent<'_>,
        pulse: &mut Pulse<'_>,
    ) -> Along {
        match self.text_along(batch, next).await {
            Ok(Some(text)) => self.send_along(batch, next, &text, pulse).await,
            Ok(None) => (self.commit_batch(batch, pulse).await, None),
            Err(error) => (Err(error.into()), None),
        }
    }

    /// The batch and the statement as one text; `None`: they do not go together. What may not
    /// run at all is refused where it is sent alone.
    async fn text_along(
        &mut self,
        batch: &Batch,
        next: Sent<'_>,
    ) -> Result<Option<Text>, DatabaseError> {
        self.work().await?;
        let only_writes = batch.steps.iter().all(|work| work.statements.is_empty());
        // What a script has set in its session must not reach the next one: `USE other`.
        let goes_along = only_writes && self.is_proven && !self.is_touched;
        if !goes_along || self.check_may_run(0, next).is_err() {
            return Ok(None);
        }
        let mark = self
            .ledger
            .mark(batch.generation, batch.in_flight.as_deref());
        let mut parts = vec!["START TRANSACTION".to_owned(), mark, WON.to_owned()];
        let begun = Some(Instant::now());
        for work in &batch.steps {
            let rows = each_row_of(&self.ledger, batch, work, begun);
            parts.extend(rows.iter().map(|row| row.trim_end_matches(';').to_owned()));
        }
        parts.push("COMMIT".to_owned());
        let ours = parts.len();
        parts.push(next.statement.text.clone());
        let sql = parts.join(";\n");
        let fits = sql.len() <= self.longest_packet().await?;
        Ok(fits.then_some(Text { sql, ours }))
    }

    async fn send_along(
        &mut self,
        batch: &Batch,
        next: Sent<'_>,
        text: &Text,
        pulse: &mut Pulse<'_>,
    ) -> Along {
        let progress = Progress::of_ours();
        let (place, run) = (self.place.clone(), self.settings.run.clone());
        let limit = self.settings.statement_timeout;
        let work = match self.work().await {
            Ok(work) => work,
            Err(error) => return (Err(error.into()), None),
        };
        let id = work.id.clone();
        boundary::reach();
        let running = work.run(&text.sql, |answers| {
            if answers == text.ours {
                progress.move_to(next.number);
            }
        });
        let cancelling = || cancel(place.clone(), run.clone(), id.clone());
        let running = within(limit, running, &progress, cancelling);
        let result = watch_all(running, &progress, pulse, cancelling).await;
        progress.tell_stands(pulse);
        if progress.stands() {
            let commit = Ok(Commit::Done(batch.generation + 1));
            return (commit, Some(self.end_of_next(next, text, result).await));
        }
        let error = match result {
            Err(Cut { error, .. }) => error,
            Ok(answers) => sqlx::Error::Protocol(format!(
                "the server sent {answers} of {} answers",
                text.ours + 1
            )),
        };
        (
            self.end_of_ours(&error, pulse.stop.is_requested()).await,
            None,
        )
    }

    /// How the statement ended that was sent along.
    async fn end_of_next(
        &mut self,
        next: Sent<'_>,
        text: &Text,
        result: Result<usize, Cut>,
    ) -> Result<(), StepError> {
        let error = match result {
            Ok(answers) if answers > text.ours => {
                return Ok(self.check_still_replicates().await?);
            }
            // A text that was killed between two statements may end there without an error:
            // then nobody knows of the one behind.
            Ok(_) => sqlx::Error::Io(io::ErrorKind::UnexpectedEof.into()),
            Err(Cut { error, .. }) => error,
        };
        let error = self.blame(0, next, &error).await;
        if self.work.is_some() {
            self.roll_back().await;
        }
        Err(error)
    }

    /// How a batch ended that an error cut off.
    async fn end_of_ours(
        &mut self,
        error: &sqlx::Error,
        is_to_stop: bool,
    ) -> Result<Commit, StepError> {
        if is_broken(error) {
            self.lose_work();
        } else {
            self.roll_back().await;
        }
        match error {
            error if is_out_of_range(error) => Ok(Commit::Lost),
            error if is_to_stop && is_cancelled(error) => Ok(Commit::Stopped),
            error => Err(from_sqlx(error).into()),
        }
    }
}
