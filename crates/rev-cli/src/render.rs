//! The form of a plan that was asked for.

use rev_core::Goal;
use rev_engine::prepare::Prepared;

use crate::args::Format;

/// The plan of these lanes, in one of its forms.
pub(crate) fn plan(format: Format, goal: Goal, lanes: &[Prepared], ledger_prefix: &str) -> String {
    match format {
        Format::Text => rev_render::text(lanes),
        Format::Json => rev_render::json(lanes),
        Format::Sql => rev_render::sql(goal, lanes, ledger_prefix),
        Format::Mermaid => rev_render::mermaid(lanes),
        Format::Markdown => rev_render::markdown(goal, lanes),
    }
}
