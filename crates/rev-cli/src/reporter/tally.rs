//! A bar over all trials, for people at a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::echo::Unechoed;
use crate::terminal::Terminal;

/// How often the bar shows that it lives.
const TICK: Duration = Duration::from_millis(120);

/// How far trials are.
pub(crate) struct Tally {
    bar: Option<ProgressBar>,
    terminal: Terminal,
    _keys: Option<Unechoed>,
}

impl Tally {
    /// For so many, where a person watches.
    pub(crate) fn new(terminal: Terminal, count: usize) -> Self {
        let bar = terminal.is_watched().then(|| {
            let style =
                ProgressStyle::with_template("{spinner} {bar:24.cyan} {pos}/{len}  {wide_msg}");
            let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(TICK);
            bar
        });
        let keys = bar.is_some().then(Unechoed::new);
        Self {
            bar,
            terminal,
            _keys: keys,
        }
    }

    /// Says lines, which stay above the bar, for as long as somebody has some to say.
    pub(crate) fn voice(&self) -> impl Fn(&str) + Send + use<> {
        let (bar, terminal) = (self.bar.clone(), self.terminal);
        move |line| match &bar {
            Some(bar) => bar.suspend(|| terminal.talk(line)),
            None => terminal.talk(line),
        }
    }

    /// Says what is tried now.
    pub(crate) fn begin(&self, words: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(words.to_owned());
        }
    }

    /// One more is done; what it prints stays above the bar.
    pub(crate) fn end(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => {
                bar.suspend(print);
                bar.inc(1);
            }
            None => print(),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
