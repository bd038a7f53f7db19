//! Reporters: what people and programs read of a run while it goes on.

mod json;
mod text;

use rev_engine::event::Event;

use crate::terminal::Terminal;

/// Tells one event on stderr.
pub(crate) fn tell(terminal: Terminal, event: &Event) {
    if terminal.is_json() {
        terminal.talk(&json::line(event));
    } else if let Some(line) = text::line(event, terminal.verbose) {
        terminal.talk(&line);
    }
}
