//! Reporters: what people and programs read of a run while it goes on.

mod json;
mod progress;
mod tally;
mod text;

use rev_engine::event::Event;

use crate::terminal::Terminal;
use progress::Progress;
pub(crate) use tally::Tally;

/// Tells events on stderr.
pub(crate) struct Reporter {
    terminal: Terminal,
    /// A line a lane, where a person watches.
    progress: Option<Progress>,
}

impl Reporter {
    /// The reporter that suits the terminal.
    pub(crate) fn new(terminal: Terminal) -> Self {
        Self {
            terminal,
            progress: terminal.is_watched().then(Progress::new),
        }
    }

    /// Tells one event.
    pub(crate) fn tell(&self, event: &Event) {
        if self.terminal.is_json() {
            return self.terminal.talk(&json::line(event));
        }
        let line = text::line(event, self.terminal.verbose);
        let Some(progress) = &self.progress else {
            if let Some(line) = line {
                self.terminal.talk(&line);
            }
            return;
        };
        progress.show(event);
        // What moves is in the lane's line; only what is settled stays.
        if let Some(line) = line
            && !matches!(event, Event::StillRunning { .. } | Event::Waiting { .. })
        {
            progress.above(|| self.terminal.talk(&line));
        }
    }

    /// Takes the moving lines away.
    pub(crate) fn finish(&self) {
        if let Some(progress) = &self.progress {
            progress.clear();
        }
    }
}
