//! Events for programs: one JSON object a line.

use rev_engine::event::Event;

/// The event as one line.
pub(super) fn line(event: &Event) -> String {
    serde_json::to_string(event).expect("events own plain data, which always serialises")
}
