//! The form of a plan that was asked for.

use rev_core::Goal;
use rev_engine::prepare::Prepared;
use rev_render::{Place, View};

use crate::args::Format;
use crate::format;
use crate::format::status::Unread;
use crate::terminal::Terminal;

/// Lanes to be shown.
pub(crate) struct Plan<'a> {
    /// What was asked for.
    pub(crate) goal: Goal,
    /// The lanes, by database.
    pub(crate) lanes: &'a [Prepared],
    /// Where scripts are to run; only for scripts.
    pub(crate) places: &'a [Place],
    /// Databases that have no lane.
    pub(crate) refused: Vec<Unread>,
    /// Of a page of Markdown: how many bytes it may have.
    pub(crate) most: Option<usize>,
}

/// A plan in one of its forms; as text with its statements, if it is to say more.
pub(crate) fn plan(format: Format, plan: Plan<'_>, terminal: Terminal) -> String {
    let Plan {
        goal,
        lanes,
        places,
        refused,
        most,
    } = plan;
    match format {
        Format::Text => {
            let view = View {
                verbose: terminal.verbose,
                width: terminal.width(),
            };
            rev_render::text(lanes, view)
        }
        Format::Json => json(&format::plan::Plan::of(lanes, refused)),
        Format::Sql => rev_render::sql(goal, lanes, places),
        Format::Mermaid => rev_render::mermaid(lanes),
        Format::Markdown => rev_render::markdown(goal, lanes, most),
    }
}

/// The plan as snapshots keep it: as text, with its statements, and no colour.
pub(crate) fn snapshot(lanes: &[Prepared]) -> String {
    let view = View {
        verbose: true,
        width: None,
    };
    anstream::adapter::strip_str(&rev_render::text(lanes, view)).to_string()
}

/// One object, and a line's end.
fn json(document: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(document);
    text.expect("texts and numbers always serialise") + "\n"
}
