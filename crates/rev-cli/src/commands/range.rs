//! Revisions by a word or a range.

use rev_core::{Binding, NodeSet, Scope, State};
use rev_engine::outcome::Refusal;

use crate::diagnostic::{self, Failure};
use crate::session::Session;

/// The revisions that a word or `LOW:HIGH` names, for the whole graph or as an
/// empty database sees it: a label's members, one revision, or all between two,
/// both included.
pub(super) fn named(
    session: &Session,
    binding: Option<&Binding>,
    text: &str,
) -> Result<NodeSet, Failure> {
    let graph = session.graph();
    if let Some((low, high)) = text.split_once(':') {
        return session.range("", low, high);
    }
    if let Some(root) = graph.label(text) {
        return Ok(graph.line_above(root));
    }
    let state = State::default();
    let scope = match binding {
        None => Scope::of_graph(graph),
        Some(binding) => Scope::of_database(graph, binding, &state)
            .map_err(|errors| session.refused(&Refusal::Scripts { errors }, binding))?,
    };
    let found = scope.revisions(&session.point(text)?).map_err(|error| {
        let name = binding.map(|binding| binding.name.as_str());
        Failure::refused(diagnostic::resolve(&error, session.asking(graph, name)))
    })?;
    Ok(found.into_iter().collect())
}
