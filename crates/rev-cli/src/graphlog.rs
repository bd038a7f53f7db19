//! Drawing: the graph as a column of lines beside the revisions, newest first.
//!
//! The order is the plan's own, reversed, so what a person reads from the bottom
//! up is what an upgrade of everything runs.

use renderdag::{Ancestor, GraphRowRenderer, Renderer};
use rev_core::{Graph, Node, NodeSet};

/// All members of `set`, children before what they stand on.
pub(crate) fn newest_first(graph: &Graph, set: &NodeSet) -> Vec<Node> {
    let all = graph.maximal(&graph.all());
    let mut nodes = graph.post_order(&all, &NodeSet::default());
    nodes.retain(|&node| set.contains(node));
    nodes.reverse();
    nodes
}

/// Draws the members of `set`. `words` says what stands beside each; a first
/// line and perhaps more.
pub(crate) fn draw(
    graph: &Graph,
    set: &NodeSet,
    ascii: bool,
    words: impl Fn(Node) -> String,
) -> String {
    let rows = newest_first(graph, set);
    let options = GraphRowRenderer::new().output().with_min_row_height(1);
    let mut renderer: Box<dyn Renderer<Node, Output = String>> = if ascii {
        Box::new(options.build_ascii())
    } else {
        Box::new(options.build_box_drawing())
    };
    let mut text = String::new();
    for node in rows {
        let glyph = if graph.children(node).is_empty() {
            "@"
        } else {
            "o"
        };
        let glyph = if ascii { glyph } else { fine(glyph) };
        let row = renderer.next_row(node, ancestors(graph, set, node), glyph.into(), words(node));
        for line in row.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

fn fine(glyph: &str) -> &'static str {
    if glyph == "@" { "◉" } else { "○" }
}

/// What a revision stands on: parents as full lines, dependencies as dashed
/// ones, and what is not drawn as a line that ends.
fn ancestors(graph: &Graph, set: &NodeSet, node: Node) -> Vec<Ancestor<Node>> {
    let parents = graph.parents(node);
    let dependencies = graph.dependencies(node);
    let own = parents.iter().map(|&parent| match set.contains(parent) {
        true => Ancestor::Parent(parent),
        false => Ancestor::Anonymous,
    });
    let others = dependencies
        .iter()
        .filter(|node| set.contains(**node) && !parents.contains(node))
        .map(|&node| Ancestor::Ancestor(node));
    own.chain(others).collect()
}
