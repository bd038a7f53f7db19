//! The form of a plan that was asked for.

use rev_core::Goal;
use rev_engine::prepare::Prepared;
use rev_render::Place;

use crate::args::Format;
use crate::format;

/// The plan of these lanes, in one of its forms; as text with its statements, if
/// it is to say more.
pub(crate) fn plan(
    format: Format,
    goal: Goal,
    lanes: &[Prepared],
    places: &[Place],
    verbose: bool,
) -> String {
    match format {
        Format::Text => rev_render::text(lanes, verbose),
        Format::Json => json(&format::plan::Plan::of(lanes)),
        Format::Sql => rev_render::sql(goal, lanes, places),
        Format::Mermaid => rev_render::mermaid(lanes),
        Format::Markdown => rev_render::markdown(goal, lanes, verbose),
    }
}

/// The plan as snapshots keep it: as text, with its statements, and no colour.
pub(crate) fn snapshot(lanes: &[Prepared]) -> String {
    anstream::adapter::strip_str(&rev_render::text(lanes, true)).to_string()
}

/// One object, and a line's end.
fn json(document: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(document);
    text.expect("texts and numbers always serialise") + "\n"
}
