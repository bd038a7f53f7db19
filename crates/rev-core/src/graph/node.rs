//! Nodes, sets of them, and what the edges between them say.

use fixedbitset::FixedBitSet;
use petgraph::graph::NodeIndex;

/// The place of a revision in one graph; ascending with its id.
pub type Node = NodeIndex<u32>;

/// What an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Written as `down_revision`.
    Parent,
    /// Written as `depends_on`.
    Dependency,
    /// Written as `depends_on: [database@…]`: it counts for cycles and for order,
    /// and for no database's state.
    Across,
}

/// A set of nodes of one graph; iterates in ascending order.
#[derive(Debug, Clone, Default)]
pub struct NodeSet(FixedBitSet);

impl NodeSet {
    /// The empty set, with room for this many nodes.
    pub(super) fn with_room(nodes: usize) -> Self {
        Self(FixedBitSet::with_capacity(nodes))
    }

    /// All of this many nodes.
    pub(super) fn full(nodes: usize) -> Self {
        let mut set = FixedBitSet::with_capacity(nodes);
        set.insert_range(..);
        Self(set)
    }

    /// Whether a node is a member.
    #[must_use]
    pub fn contains(&self, node: Node) -> bool {
        self.0.contains(node.index())
    }

    /// Adds a node; whether it is new.
    pub fn insert(&mut self, node: Node) -> bool {
        self.0.grow(node.index() + 1);
        !self.0.put(node.index())
    }

    /// Takes a node out.
    pub fn remove(&mut self, node: Node) {
        if node.index() < self.0.len() {
            self.0.set(node.index(), false);
        }
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.count_ones(..)
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_clear()
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Node> + '_ {
        self.0.ones().map(Node::new)
    }

    /// What either set holds.
    #[must_use]
    pub fn union(&self, other: &NodeSet) -> NodeSet {
        let mut set = self.0.clone();
        set.union_with(&other.0);
        NodeSet(set)
    }

    /// What both sets hold.
    #[must_use]
    pub fn intersection(&self, other: &NodeSet) -> NodeSet {
        let mut set = self.0.clone();
        set.intersect_with(&other.0);
        NodeSet(set)
    }

    /// What this set holds and the other does not.
    #[must_use]
    pub fn difference(&self, other: &NodeSet) -> NodeSet {
        let mut set = self.0.clone();
        set.difference_with(&other.0);
        NodeSet(set)
    }

    /// Whether the other set holds all of this one.
    #[must_use]
    pub fn is_subset(&self, other: &NodeSet) -> bool {
        self.0.is_subset(&other.0)
    }
}

// Two sets are equal when their members are, however far each has grown.
impl PartialEq for NodeSet {
    fn eq(&self, other: &Self) -> bool {
        self.is_subset(other) && other.is_subset(self)
    }
}

impl Eq for NodeSet {}

impl Extend<Node> for NodeSet {
    fn extend<T: IntoIterator<Item = Node>>(&mut self, nodes: T) {
        for node in nodes {
            self.insert(node);
        }
    }
}

impl FromIterator<Node> for NodeSet {
    fn from_iter<T: IntoIterator<Item = Node>>(nodes: T) -> Self {
        let mut set = NodeSet::default();
        set.extend(nodes);
        set
    }
}
