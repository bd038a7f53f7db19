//! Many lanes in one line: how many are done, how many failed.
//!
//! Forty databases with a hundred revisions each are four thousand steps that nobody reads. On a
//! terminal one line moves; elsewhere a line is written whenever another quarter is through. What
//! a person may have to act on meanwhile (a lock, a session that is still at work) is told as ever.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};
use rev_engine::event::Event;

use super::progress::{TICK, fitting};
use super::text::destructive;
use crate::terminal::{Terminal, count};

/// How many lines are written on the way where nobody watches.
const PARTS: usize = 4;

/// The most failures that are told one by one; the summary has all.
const MOST_FAILURES: usize = 3;

/// The counters of all lanes.
pub(super) struct Crowd {
    terminal: Terminal,
    databases: usize,
    /// Where a person watches.
    line: Option<ProgressBar>,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    done: usize,
    failed: usize,
    steps: usize,
    /// What was told of one database and is not told again of others.
    told: BTreeSet<String>,
}

impl Counted {
    /// `12 of 40 databases, 3 failed, 118 steps`.
    fn words(&self, databases: usize) -> String {
        let mut words = format!("{} of {}", self.done, count(databases, "database"));
        if self.failed > 0 {
            words.push_str(&format!(", {} failed", self.failed));
        }
        format!("{words}, {}", count(self.steps, "step"))
    }

    /// What is taken away for good, of all databases once; `None`: it was told.
    fn losses(&mut self, event: &Event) -> Option<String> {
        let Event::Planned { losses, .. } = event else {
            return None;
        };
        let lines = losses.iter().map(destructive);
        let new: Vec<String> = lines
            .filter(|line| self.told.insert(line.clone()))
            .collect();
        (!new.is_empty()).then(|| new.join("\n"))
    }
}

impl Crowd {
    pub(super) fn new(terminal: Terminal, databases: usize) -> Self {
        let line = terminal.is_watched().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}");
            let line = ProgressBar::new_spinner();
            line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            line.enable_steady_tick(TICK);
            line
        });
        Self {
            terminal,
            databases,
            line,
            counted: Mutex::default(),
        }
    }

    /// Counts an event; `words` are its own line.
    pub(super) fn tell(&self, event: &Event, words: Option<String>) {
        let mut counted = self.counted();
        let before = counted.done;
        match event {
            Event::StepDone { .. } => counted.steps += 1,
            Event::LaneDone { .. } => counted.done += 1,
            Event::StepFailed { .. } => counted.failed += 1,
            _ => {}
        }
        let words = words.filter(|_| match event {
            Event::StepFailed { .. } => counted.failed <= MOST_FAILURES,
            Event::Caution { message, .. } | Event::Unseen { message, .. } => {
                counted.told.insert(message.clone())
            }
            Event::JoinsLate { shared, .. } => counted.told.insert(format!("late by {shared}")),
            Event::Waiting { .. }
            | Event::Orphan { .. }
            | Event::Resuming { .. }
            | Event::Retrying { .. } => true,
            _ => false,
        });
        let words = words.or_else(|| counted.losses(event));
        let sum = counted.words(self.databases);
        let part = |done: usize| done * PARTS / self.databases;
        let has_passed = part(counted.done) > part(before) && counted.done < self.databases;
        drop(counted);
        if let Some(words) = words {
            self.above(|| self.terminal.talk(&words));
        }
        match &self.line {
            Some(line) => line.set_message(fitting(&sum, 2)),
            None if has_passed => self.terminal.talk(&sum),
            None => {}
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints something that stays, above the line that moves.
    pub(super) fn above(&self, print: impl FnOnce()) {
        match &self.line {
            Some(line) => line.suspend(print),
            None => print(),
        }
    }

    pub(super) fn clear(&self) {
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }
}
