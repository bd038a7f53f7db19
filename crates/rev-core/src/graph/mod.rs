//! The graph: all revisions, their parents and their dependencies.
//!
//! A directed acyclic graph over `petgraph`, built once and never edited. Nodes
//! are numbered in ascending order of their ids, so comparing nodes compares
//! ids, and nothing depends on the order in which files were read. Edges lead
//! from what is stood on to what stands on it, and are of two kinds: *parents*
//! (`down_revision`) and *dependencies* (`depends_on`). Heads, bases, branch and
//! merge points use parents as written; order and states use both kinds,
//! redundant edges left out.
//!
//! Every walk is an explicit loop: histories are long, stacks are not.

mod across;
mod build;
mod builder;
mod crossing;
mod fault;
mod kind;
mod lookup;
mod node;
mod reach;
mod rings;
mod shortcut;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use petgraph::Direction;
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef as _;

pub use crossing::Crossing;
pub use fault::{GraphFault, LabelFault, ShortcutFault};
pub use kind::Kind;
pub use node::{Edge, Node, NodeSet};
pub use shortcut::{Hop, Shortcut, ShortcutId};

use crate::digest::{self, Digest};
use crate::{DatabaseName, Label, Revision, RevisionId};
use crossing::Across;
use reach::Reach;
use shortcut::Shortcuts;

/// All revisions and how they stand on one another.
#[derive(Debug)]
pub struct Graph {
    dag: DiGraph<Arc<Revision>, Edge, u32>,
    labels: BTreeMap<Label, Node>,
    /// Everything stands behind what it stands on.
    topological: Vec<Node>,
    /// Nodes that only a ledger knows: no file of this checkout has them.
    foreign: NodeSet,
    /// The revisions of this checkout as they were given, to build upon.
    own: Vec<Arc<Revision>>,
    shortcuts: Shortcuts,
    across: Across,
    reach: OnceLock<Reach>,
    digests: OnceLock<Vec<Digests>>,
    addressees: OnceLock<BTreeSet<DatabaseName>>,
}

#[derive(Debug, Clone, Copy)]
struct Digests {
    own: Digest,
    lineage: Digest,
}

impl Graph {
    /// How many revisions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dag.node_count()
    }

    /// Whether there is no revision at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All nodes, ascending by id.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node> + use<> {
        self.dag.node_indices()
    }

    /// All nodes, each behind everything that it stands on.
    #[must_use]
    pub fn topological(&self) -> &[Node] {
        &self.topological
    }

    /// The revision at a node.
    #[must_use]
    pub fn revision(&self, node: Node) -> &Arc<Revision> {
        &self.dag[node]
    }

    /// The id of the revision at a node.
    #[must_use]
    pub fn id(&self, node: Node) -> &RevisionId {
        &self.dag[node].id
    }

    /// The ids at these nodes, in the order given.
    pub fn ids(&self, nodes: impl IntoIterator<Item = Node>) -> Vec<RevisionId> {
        nodes
            .into_iter()
            .map(|node| self.id(node).clone())
            .collect()
    }

    /// The node with exactly this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Node> {
        let at = self.first_from(id);
        (at < self.len() && self.id(Node::new(at)).as_str() == id).then(|| Node::new(at))
    }

    /// The nodes whose ids begin with `prefix`, ascending.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = Node> + 'a {
        (self.first_from(prefix)..self.len())
            .map(Node::new)
            .take_while(move |&node| self.id(node).as_str().starts_with(prefix))
    }

    /// The place of the first id that is not below `text`.
    fn first_from(&self, text: &str) -> usize {
        self.dag
            .raw_nodes()
            .partition_point(|node| node.weight.id.as_str() < text)
    }

    /// The revision that declares a label.
    #[must_use]
    pub fn label(&self, label: &str) -> Option<Node> {
        self.labels.get(label).copied()
    }

    /// All labels and the revisions that declare them, by name.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<Label, Node> {
        &self.labels
    }

    /// Whether only a ledger knows this revision: see [`Graph::with_foreign`].
    #[must_use]
    pub fn is_foreign(&self, node: Node) -> bool {
        self.foreign.contains(node)
    }

    /// The nodes on the other side of a node's edges, ascending, each once.
    fn across(&self, node: Node, direction: Direction, kind: Option<Edge>) -> Vec<Node> {
        let mut nodes: Vec<Node> = self
            .dag
            .edges_directed(node, direction)
            .filter(|edge| match kind {
                Some(kind) => *edge.weight() == kind,
                None => *edge.weight() != Edge::Across,
            })
            .map(|edge| match direction {
                Direction::Incoming => edge.source(),
                Direction::Outgoing => edge.target(),
            })
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// The parents by `down_revision`, ascending.
    #[must_use]
    pub fn parents(&self, node: Node) -> Vec<Node> {
        self.across(node, Direction::Incoming, Some(Edge::Parent))
    }

    /// What `depends_on` names, ascending.
    #[must_use]
    pub fn dependencies(&self, node: Node) -> Vec<Node> {
        self.across(node, Direction::Incoming, Some(Edge::Dependency))
    }

    /// All that a revision stands on directly: parents and dependencies.
    #[must_use]
    pub fn below(&self, node: Node) -> Vec<Node> {
        self.across(node, Direction::Incoming, None)
    }

    /// The children by `down_revision`, ascending.
    #[must_use]
    pub fn children(&self, node: Node) -> Vec<Node> {
        self.across(node, Direction::Outgoing, Some(Edge::Parent))
    }

    /// All that stands directly on a revision, by parent or dependency.
    #[must_use]
    pub fn above(&self, node: Node) -> Vec<Node> {
        self.across(node, Direction::Outgoing, None)
    }

    fn degree(&self, node: Node, direction: Direction, kind: Edge) -> usize {
        self.dag
            .edges_directed(node, direction)
            .filter(|edge| *edge.weight() == kind)
            .count()
    }

    fn own_nodes(&self, holds: impl Fn(Node) -> bool) -> Vec<Node> {
        self.nodes()
            .filter(|&node| !self.is_foreign(node) && holds(node))
            .collect()
    }

    /// The revisions of this checkout without a child in it.
    #[must_use]
    pub fn heads(&self) -> Vec<Node> {
        self.own_nodes(|node| {
            self.children(node)
                .into_iter()
                .all(|child| self.is_foreign(child))
        })
    }

    /// The heads that no revision of this checkout depends on either.
    #[must_use]
    pub fn effective_heads(&self) -> Vec<Node> {
        self.own_nodes(|node| {
            self.above(node)
                .into_iter()
                .all(|other| self.is_foreign(other))
        })
    }

    /// The revisions without a parent.
    #[must_use]
    pub fn bases(&self) -> Vec<Node> {
        self.own_nodes(|node| self.degree(node, Direction::Incoming, Edge::Parent) == 0)
    }

    /// The revisions with more than one child.
    #[must_use]
    pub fn branch_points(&self) -> Vec<Node> {
        self.own_nodes(|node| self.degree(node, Direction::Outgoing, Edge::Parent) > 1)
    }

    /// The revisions with more than one parent.
    #[must_use]
    pub fn merge_points(&self) -> Vec<Node> {
        self.own_nodes(|node| self.degree(node, Direction::Incoming, Edge::Parent) > 1)
    }

    /// Whether `above` stands on `below`, directly or not. No revision stands
    /// on itself.
    #[must_use]
    pub fn stands_on(&self, above: Node, below: Node) -> bool {
        above != below && self.reach().reaches(above, below, |node| self.below(node))
    }

    fn reach(&self) -> &Reach {
        self.reach
            .get_or_init(|| Reach::of(&self.topological, |node| self.below(node)))
    }

    /// The members of `nodes` that no other member stands on.
    #[must_use]
    pub fn reduce(&self, nodes: &[Node]) -> Vec<Node> {
        let mut kept: Vec<Node> = match nodes {
            [] | [_] => return nodes.to_vec(),
            _ => nodes
                .iter()
                .copied()
                .filter(|&low| !nodes.iter().any(|&high| self.stands_on(high, low)))
                .collect(),
        };
        kept.sort_unstable();
        kept.dedup();
        kept
    }

    /// What a revision stands on directly, redundant edges left out: nothing
    /// that another of its parents or dependencies stands on.
    #[must_use]
    pub fn reduced_below(&self, node: Node) -> Vec<Node> {
        self.reduce(&self.below(node))
    }

    /// The digest of a revision's scripts and edges.
    #[must_use]
    pub fn digest(&self, node: Node) -> Digest {
        self.digests()[node.index()].own
    }

    /// The digest of a revision and of all that it stands on.
    #[must_use]
    pub fn lineage(&self, node: Node) -> Digest {
        self.digests()[node.index()].lineage
    }

    /// The digest of a closed set of revisions, with all their scripts.
    #[must_use]
    pub fn state_digest(&self, set: &NodeSet) -> Digest {
        let heads = self.maximal(set).into_iter();
        let lineages: Vec<Digest> = heads.map(|head| self.lineage(head)).collect();
        digest::state(&lineages)
    }

    /// The databases and groups that revisions name as those with scripts of
    /// their own.
    pub(crate) fn addressees(&self) -> &BTreeSet<DatabaseName> {
        self.addressees.get_or_init(|| {
            let revisions = self.dag.node_weights();
            let shortcuts = self.shortcuts().iter().map(|it| &it.revision);
            let scripts = revisions.chain(shortcuts).map(|it| &it.scripts);
            scripts
                .flat_map(|it| it.databases.keys().cloned())
                .collect()
        })
    }

    fn digests(&self) -> &[Digests] {
        self.digests.get_or_init(|| {
            let own = |node| digest::revision(self.revision(node));
            let mut digests: Vec<Option<Digests>> = vec![None; self.len()];
            for &node in &self.topological {
                let own = own(node);
                let below: Vec<Digest> = self
                    .below(node)
                    .into_iter()
                    .filter_map(|parent| digests[parent.index()].map(|d| d.lineage))
                    .collect();
                let lineage = digest::lineage(&own, &below);
                digests[node.index()] = Some(Digests { own, lineage });
            }
            digests
                .into_iter()
                .map(|d| d.expect("every node is in the topological order"))
                .collect()
        })
    }
}
