//! A line a lane that moves, for people at a terminal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use rev_engine::event::Event;

use crate::commands::one_line;

/// How often a line shows that it lives.
pub(super) const TICK: Duration = Duration::from_millis(120);

/// What is left free at the end of a line, in cells.
const SPARE: usize = 2;

/// Words that fit behind so many cells of a line that moves.
pub(super) fn fitting(words: &str, taken: usize) -> String {
    let width = terminal_size::terminal_size_of(std::io::stderr());
    let width = width.map_or(80, |(width, _)| usize::from(width.0));
    rev_render::cut(words, width.saturating_sub(taken + SPARE)).into_owned()
}

/// The lines of all lanes.
pub(super) struct Progress {
    lines: MultiProgress,
    lanes: Mutex<BTreeMap<String, Lane>>,
}

impl Lane {
    /// Says something behind `⠋ db1  `.
    fn say(&self, words: &str) {
        let taken = rev_render::width(&self.line.prefix()) + 4;
        self.line.set_message(fitting(words, taken));
    }
}

/// The line of one lane.
struct Lane {
    line: ProgressBar,
    /// The step at hand, in words.
    step: String,
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
                self.say(database, &format!("waiting for {who}"));
            }
            Event::Orphan {
                database, doing, ..
            } => self.say(
                database,
                &format!("waiting for an earlier session: {doing}"),
            ),
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
                self.begin(database, words.trim_end().to_owned());
            }
            Event::StatementStarted {
                database,
                statement,
                of,
                ..
            } => self.add(database, &format!("statement {statement} of {of}")),
            Event::StillRunning {
                database,
                statement,
                elapsed_ms,
                ..
            } => {
                let seconds = elapsed_ms / 1000;
                self.add(database, &format!("statement {statement}: {seconds} s"));
            }
            Event::Prepared { database } => self.say(database, "prepared"),
            Event::LaneDone { database, .. } | Event::StepFailed { database, .. } => {
                self.end(database);
            }
            _ => {}
        }
    }

    /// A step begins, and its words stay in the line while it goes on.
    fn begin(&self, database: &str, step: String) {
        self.with_lane(database, |lane| {
            lane.say(&step);
            lane.step = step;
        });
    }

    /// Says how far the step at hand is.
    fn add(&self, database: &str, words: &str) {
        self.with_lane(database, |lane| {
            lane.say(&format!("{}, {words}", lane.step))
        });
    }

    fn say(&self, database: &str, words: &str) {
        self.with_lane(database, |lane| lane.say(words));
    }

    fn with_lane(&self, database: &str, change: impl FnOnce(&mut Lane)) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        change(lanes.entry(database.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{spinner} {prefix:.cyan}  {msg}");
            let line = self.lines.add(ProgressBar::new_spinner());
            line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            line.set_prefix(database.to_owned());
            line.enable_steady_tick(TICK);
            Lane {
                line,
                step: String::new(),
            }
        }));
    }

    fn end(&self, database: &str) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.remove(database) {
            lane.line.finish_and_clear();
        }
    }
}
