//! Waiting for a database's guard.

use std::time::Duration;

use super::Run;
use crate::database::{Guard, Holder};
use crate::event::Event;
use crate::outcome::Refusal;
use crate::request::Job;

/// The pauses between two tries grow from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_millis(250);

pub(super) enum Waited {
    Taken,
    Stopped,
}

impl Run<'_> {
    /// Takes a database's guard, waiting for whoever has it as long as the
    /// request allows. Says once that it waits, and for whom.
    pub(super) async fn take_guard(&self, job: &mut Job) -> Result<Waited, Refusal> {
        let begun = self.clock.elapsed_ms();
        let me = Holder {
            operator: self.request.operator.clone(),
            process: std::process::id(),
            since: self.clock.now(),
            node: None,
        };
        let mut pause = FIRST_PAUSE;
        let mut has_said = false;
        loop {
            let Guard::Held(holder) = job.database.try_lock(&me).await? else {
                return Ok(Waited::Taken);
            };
            if self.stop.is_requested() {
                return Ok(Waited::Stopped);
            }
            let waited = Duration::from_millis(self.clock.elapsed_ms().saturating_sub(begun));
            if self.request.lock_wait.is_some_and(|most| waited >= most) {
                return Err(Refusal::Locked { holder });
            }
            if !std::mem::replace(&mut has_said, true) {
                self.tell(Event::Waiting {
                    database: job.binding.name.to_string(),
                    holder: holder.as_ref().map(|holder| holder.operator.clone()),
                    node: holder
                        .as_ref()
                        .and_then(|holder| Some(holder.node.as_ref()?.name.clone())),
                    since: holder.map(|holder| holder.since),
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }
}
