//! Reporters: what people and programs read of a run while it goes on.

mod crowd;
mod echo;
mod json;
mod progress;
mod tally;
mod text;

use rev_engine::event::Event;

use crate::terminal::Terminal;
use crowd::Crowd;
use echo::Unechoed;
use progress::Progress;
pub(crate) use tally::Tally;

/// The most databases of which each step is told; of more only how many are done.
pub(crate) const HANDFUL: usize = 8;

/// Whether what a run takes away was told before it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Losses {
    /// A person was asked about it.
    Told,
    /// Nobody knows of it yet.
    News,
}

/// Tells events on stderr.
pub(crate) struct Reporter {
    terminal: Terminal,
    losses: Losses,
    /// A line a lane, where a person watches.
    progress: Option<Progress>,
    /// One line for all lanes, where they are many.
    crowd: Option<Crowd>,
    /// Where lines move.
    _keys: Option<Unechoed>,
}

impl Reporter {
    /// The reporter that suits the terminal, for a run on so many databases.
    pub(crate) fn new(terminal: Terminal, databases: usize, losses: Losses) -> Self {
        let is_crowd = databases > HANDFUL && !terminal.is_json() && !terminal.verbose;
        let is_watched = terminal.is_watched();
        let keys = is_watched.then(Unechoed::new);
        Self {
            terminal,
            losses,
            progress: (is_watched && !is_crowd).then(Progress::new),
            crowd: is_crowd.then(|| Crowd::new(terminal, databases)),
            _keys: keys,
        }
    }

    /// Tells one event.
    pub(crate) fn tell(&self, event: &Event) {
        if self.terminal.is_json() {
            return self.terminal.talk(&json::line(event));
        }
        if self.losses == Losses::Told && matches!(event, Event::Planned { .. }) {
            return;
        }
        let line = text::line(event, self.terminal.verbose);
        let line = match event {
            Event::StepDone { .. } if self.progress.is_some() => {
                line.map(|line| progress::fitting(&line, 0))
            }
            _ => line,
        };
        if let Some(crowd) = &self.crowd {
            return crowd.tell(event, line);
        }
        if let Some(progress) = &self.progress {
            progress.show(event);
        }
        // What moves is in the lane's line; only what is settled stays.
        let is_moving = matches!(event, Event::StillRunning { .. } | Event::Waiting { .. });
        if let Some(line) = line
            && !(self.progress.is_some() && is_moving)
        {
            self.say(&line);
        }
    }

    /// Says something that stays, above the lines that move.
    pub(crate) fn say(&self, line: &str) {
        let say = || self.terminal.talk(line);
        match (&self.progress, &self.crowd) {
            (Some(progress), _) => progress.above(say),
            (_, Some(crowd)) => crowd.above(say),
            (None, None) => say(),
        }
    }

    /// Takes the moving lines away.
    pub(crate) fn finish(&self) {
        if let Some(progress) = &self.progress {
            progress.clear();
        }
        if let Some(crowd) = &self.crowd {
            crowd.clear();
        }
    }
}
