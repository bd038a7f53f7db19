//! A line a lane that moves, for people at a terminal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use rev_engine::event::Event;

use crate::commands::one_line;

/// How often a line shows that it lives.
const TICK: Duration = Duration::from_millis(120);

/// The lines of all lanes.
pub(super) struct Progress {
    lines: MultiProgress,
    lanes: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            lines: MultiProgress::new(),
            lanes: Mutex::default(),
        }
    }

    /// Prints something that stays, above the lines that move.
    pub(super) fn above(&self, print: impl FnOnce()) {
        self.lines.suspend(print);
    }

    pub(super) fn clear(&self) {
        // A terminal that is gone needs no clearing.
        let _ = self.lines.clear();
    }

    /// Brings the lane's line up to what the event says.
    pub(super) fn show(&self, event: &Event) {
        match event {
            Event::Waiting {
                database, holder, ..
            } => {
                let who = holder.as_deref().unwrap_or("another run");
                self.say(database, format!("waiting for {who}"));
            }
            Event::Orphan {
                database, doing, ..
            } => self.say(database, format!("waiting for an earlier session: {doing}")),
            Event::StepStarted {
                database,
                number,
                of,
                action,
                revision,
                message,
                ..
            } => {
                let words = format!("[{number}/{of}] {action} {revision} {}", one_line(message));
                self.say(database, words.trim_end().to_owned());
            }
            Event::StatementStarted {
                database,
                revision,
                statement,
                of,
            } => self.say(
                database,
                format!("{revision}: statement {statement} of {of}"),
            ),
            Event::StillRunning {
                database,
                revision,
                statement,
                elapsed_ms,
            } => {
                let seconds = elapsed_ms / 1000;
                self.say(
                    database,
                    format!("{revision}: statement {statement} has run for {seconds} s"),
                );
            }
            Event::Prepared { database } => self.say(database, "prepared".to_owned()),
            Event::LaneDone { database, .. } | Event::StepFailed { database, .. } => {
                self.end(database);
            }
            _ => {}
        }
    }

    fn say(&self, database: &str, words: String) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(database.to_owned()).or_insert_with(|| {
            let template = "{spinner} {prefix:.cyan}  {wide_msg} {elapsed}";
            let style = ProgressStyle::with_template(template);
            let lane = self.lines.add(ProgressBar::new_spinner());
            lane.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            lane.set_prefix(database.to_owned());
            lane.enable_steady_tick(TICK);
            lane
        });
        lane.set_message(words);
    }

    fn end(&self, database: &str) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.remove(database) {
            lane.finish_and_clear();
        }
    }
}
