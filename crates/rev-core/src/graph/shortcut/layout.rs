//! What every shortcut replaces, and how they lie within each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef as _;

use super::{Shortcut, ShortcutId, Shortcuts};
use crate::graph::builder::Builder;
use crate::graph::fault::{GraphFault, ShortcutFault};
use crate::graph::rings::rings;
use crate::graph::{Edge, Node};
use crate::name::similar;
use crate::{Revision, RevisionId};

/// A shortcut whose set is known, not yet its place among the others.
struct Draft {
    revision: Arc<Revision>,
    members: BTreeSet<Node>,
}

/// Finds what every shortcut replaces, connects what refers to shortcuts, and
/// lays out the forest. Faults go to the builder.
pub(in crate::graph) fn lay_out(builder: &mut Builder) -> Shortcuts {
    let revisions = std::mem::take(&mut builder.shortcuts);
    let mut drafts: Vec<Draft> = Vec::new();
    for revision in &revisions {
        if let Some(members) = expand(builder, &revisions, revision) {
            let revision = revision.clone();
            drafts.push(Draft { revision, members });
        }
    }
    // From within: what refers to a small one may lie in a larger one, and then
    // decides which members of that are topmost.
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|&at| (drafts[at].members.len(), at));
    let mut all: Vec<Shortcut> = drafts.iter().map(draft_of).collect();
    for &at in &order {
        let tops = tops(builder, &drafts[at].members);
        builder.connect_to_shortcut(&drafts[at].revision.id, &tops);
        builder
            .names
            .insert(drafts[at].revision.id.clone(), tops.clone());
        all[at].tops = tops;
    }
    let innermost = nest(builder, &drafts, &order, &mut all);
    if builder.faults.is_empty() {
        for draft in &drafts {
            check_parents(builder, draft);
        }
    }
    let shortcuts = Shortcuts {
        all,
        innermost,
        names: std::mem::take(&mut builder.names),
    };
    check_knots(builder, &shortcuts);
    shortcuts
}

fn draft_of(draft: &Draft) -> Shortcut {
    Shortcut {
        revision: draft.revision.clone(),
        outer: None,
        inner: Vec::new(),
        own: Vec::new(),
        size: draft.members.len(),
        tops: Vec::new(),
    }
}

/// All nodes that a shortcut replaces, shortcuts among them expanded.
fn expand(
    builder: &mut Builder,
    revisions: &[Arc<Revision>],
    shortcut: &Revision,
) -> Option<BTreeSet<Node>> {
    let mut members = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut stack: Vec<&RevisionId> = shortcut.replaces.iter().collect();
    let mut is_whole = true;
    while let Some(id) = stack.pop() {
        let found = revisions.binary_search_by(|it| it.id.cmp(id));
        match (builder.lookup(id.as_str()), found) {
            (Some(node), _) => {
                members.insert(node);
            }
            (None, Ok(_)) if *id == shortcut.id => {
                builder.shortcut_fault(ShortcutFault::Itself {
                    shortcut: shortcut.id.clone(),
                });
                return None;
            }
            (None, Ok(at)) => {
                if seen.insert(at) {
                    stack.extend(&revisions[at].replaces);
                }
            }
            (None, Err(_)) => {
                is_whole = false;
                let similar = similar(id.as_str(), builder.ids());
                let similar = similar
                    .into_iter()
                    .filter_map(|id| RevisionId::new(id).ok());
                builder.shortcut_fault(ShortcutFault::Unknown {
                    shortcut: shortcut.id.clone(),
                    missing: id.clone(),
                    similar: similar.collect(),
                });
            }
        }
    }
    is_whole.then_some(members)
}

/// The members that no member stands on directly.
fn tops(builder: &Builder, members: &BTreeSet<Node>) -> Vec<Node> {
    let is_below = |node: &Node| {
        let above = builder.dag.edges(*node);
        let above = above.filter(|edge| *edge.weight() != Edge::Across);
        let mut above = above.map(|edge| edge.target());
        above.any(|it| members.contains(&it))
    };
    members.iter().copied().filter(|it| !is_below(it)).collect()
}

/// Makes the forest, the smallest first: whatever already lies around a member
/// must lie wholly within. Linear in the sets as written, nearly.
fn nest(
    builder: &mut Builder,
    drafts: &[Draft],
    order: &[usize],
    all: &mut [Shortcut],
) -> Vec<Option<ShortcutId>> {
    let mut innermost: Vec<Option<ShortcutId>> = vec![None; builder.dag.node_count()];
    let mut outermost = innermost.clone();
    for &at in order {
        let mut inner: BTreeMap<ShortcutId, usize> = BTreeMap::new();
        for &node in &drafts[at].members {
            match outermost[node.index()].replace(ShortcutId::new(at)) {
                None => {
                    all[at].own.push(node);
                    innermost[node.index()] = Some(ShortcutId::new(at));
                }
                Some(other) => *inner.entry(other).or_default() += 1,
            }
        }
        for (other, shared) in inner {
            let small = &mut all[other.index()];
            if shared == small.size && small.size < drafts[at].members.len() {
                small.outer = Some(ShortcutId::new(at));
                all[at].inner.push(other);
            } else {
                builder.shortcut_fault(overlap(builder, &drafts[other.index()], &drafts[at]));
            }
        }
    }
    innermost
}

fn overlap(builder: &Builder, one: &Draft, other: &Draft) -> ShortcutFault {
    let (first, second) = match one.revision.id < other.revision.id {
        true => (one, other),
        false => (other, one),
    };
    let shared = one.members.intersection(&other.members);
    ShortcutFault::Overlap {
        first: first.revision.id.clone(),
        second: second.revision.id.clone(),
        shared: shared.map(|&node| builder.dag[node].id.clone()).collect(),
    }
}

/// A shortcut says what its set stands on, so that it can take its place when
/// the files of the set are gone.
fn check_parents(builder: &mut Builder, draft: &Draft) {
    let mut expected = BTreeSet::new();
    for &member in &draft.members {
        for edge in builder.dag.edges_directed(member, petgraph::Incoming) {
            if *edge.weight() == Edge::Parent && !draft.members.contains(&edge.source()) {
                expected.insert(edge.source());
            }
        }
    }
    let mut written = BTreeSet::new();
    for parent in &draft.revision.parents {
        match builder.lookup_all(parent.as_str()) {
            nodes if nodes.is_empty() => {
                let fault = builder.unknown_parent(&draft.revision.id, parent);
                builder.faults.push(fault);
                return;
            }
            nodes => written.extend(nodes),
        }
    }
    if !means_the_same(builder, &written, &expected) {
        let ids = |nodes: BTreeSet<Node>| {
            let ids = nodes.into_iter().map(|node| builder.dag[node].id.clone());
            ids.collect()
        };
        let fault = ShortcutFault::Parents {
            shortcut: draft.revision.id.clone(),
            written: ids(written),
            expected: ids(expected),
        };
        builder.shortcut_fault(fault);
    }
}

/// Whether parents are those expected, but for redundant ones left out.
fn means_the_same(builder: &Builder, written: &BTreeSet<Node>, expected: &BTreeSet<Node>) -> bool {
    if written == expected {
        return true;
    }
    let mut below = written.clone();
    let mut stack: Vec<Node> = written.iter().copied().collect();
    while let Some(node) = stack.pop() {
        let next = builder.dag.neighbors_directed(node, petgraph::Incoming);
        stack.extend(next.filter(|&node| below.insert(node)));
    }
    written.is_subset(expected) && expected.is_subset(&below)
}

/// Takes all shortcuts of one depth for one node each, depth after depth, and
/// tells every ring that this makes.
fn check_knots(builder: &mut Builder, shortcuts: &Shortcuts) {
    if !builder.faults.is_empty() {
        return;
    }
    let depths = depths(&shortcuts.all);
    for level in 1..=depths.iter().copied().max().unwrap_or(0) {
        let blocks = blocks_at(builder, shortcuts, level, &depths);
        check_crossings(builder, shortcuts, &blocks);
        let rings = rings(&contracted(builder, &blocks));
        for ring in rings {
            let shortcut = ring.iter().find_map(|node| blocks.name[node.index()]);
            let Some(shortcut) = shortcut else { continue };
            let name = |node: &Node| match blocks.name[node.index()] {
                Some(id) => shortcuts.all[id.index()].revision.id.clone(),
                None => builder.dag[*node].id.clone(),
            };
            let fault = ShortcutFault::Knot {
                shortcut: shortcuts.all[shortcut.index()].revision.id.clone(),
                members: ring.iter().map(name).collect(),
            };
            builder.shortcut_fault(fault);
        }
        if !builder.faults.is_empty() {
            return;
        }
    }
}

/// No two ends of a dependency across databases may lie in one shortcut.
fn check_crossings(builder: &mut Builder, shortcuts: &Shortcuts, blocks: &Blocks) {
    for crossing in builder.crossings.clone() {
        let block = |node: Node| blocks.representative[node.index()];
        let (above, below) = (block(crossing.above), block(crossing.below));
        let Some(id) = blocks.name[above.index()].filter(|_| above == below) else {
            continue;
        };
        let id_of = |node: Node| builder.dag[node].id.clone();
        let fault = ShortcutFault::WaitsForItself {
            shortcut: shortcuts.all[id.index()].revision.id.clone(),
            above: id_of(crossing.above),
            below: id_of(crossing.below),
            database: crossing.database,
        };
        builder.shortcut_fault(fault);
    }
}

/// How many shortcuts lie around each one, itself counted.
fn depths(all: &[Shortcut]) -> Vec<usize> {
    let mut depths = vec![0; all.len()];
    let outermost = (0..all.len()).filter(|&at| all[at].outer.is_none());
    let mut stack: Vec<(usize, usize)> = outermost.map(|at| (at, 1)).collect();
    while let Some((at, depth)) = stack.pop() {
        depths[at] = depth;
        stack.extend(all[at].inner.iter().map(|it| (it.index(), depth + 1)));
    }
    depths
}

/// Which node stands for each one, and what shortcut such a one stands for.
struct Blocks {
    representative: Vec<Node>,
    name: Vec<Option<ShortcutId>>,
}

fn blocks_at(builder: &Builder, shortcuts: &Shortcuts, level: usize, depths: &[usize]) -> Blocks {
    let count = builder.dag.node_count();
    let mut representative: Vec<Node> = builder.dag.node_indices().collect();
    let mut name = vec![None; count];
    let mut first: BTreeMap<ShortcutId, Node> = BTreeMap::new();
    for node in builder.dag.node_indices() {
        let Some(inner) = shortcuts.innermost[node.index()] else {
            continue;
        };
        let outwards = |at: &ShortcutId| shortcuts.all[at.index()].outer;
        let Some(over) = depths[inner.index()].checked_sub(level) else {
            continue;
        };
        let block = std::iter::successors(Some(inner), outwards).nth(over);
        let Some(block) = block else { continue };
        let first = *first.entry(block).or_insert(node);
        representative[node.index()] = first;
        name[first.index()] = Some(block);
    }
    Blocks {
        representative,
        name,
    }
}

fn contracted(builder: &Builder, blocks: &Blocks) -> DiGraph<(), (), u32> {
    let mut dag = DiGraph::with_capacity(builder.dag.node_count(), builder.dag.edge_count());
    for _ in builder.dag.node_indices() {
        dag.add_node(());
    }
    for edge in builder.dag.edge_references() {
        let from = blocks.representative[edge.source().index()];
        let to = blocks.representative[edge.target().index()];
        if from != to {
            dag.add_edge(from, to, ());
        }
    }
    dag
}

impl Builder {
    fn shortcut_fault(&mut self, fault: ShortcutFault) {
        self.faults.push(GraphFault::Shortcut(fault));
    }
}
