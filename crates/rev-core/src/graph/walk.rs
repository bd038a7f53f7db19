//! The walks over a graph; each is linear in it.

use petgraph::Direction;

use super::{Edge, Graph, Hop, Node, NodeSet, ShortcutId};

impl Graph {
    /// All nodes.
    #[must_use]
    pub fn all(&self) -> NodeSet {
        NodeSet::full(self.len())
    }

    fn reached(
        &self,
        seeds: impl IntoIterator<Item = Node>,
        direction: Direction,
        kind: Option<Edge>,
    ) -> NodeSet {
        let mut set = NodeSet::with_room(self.len());
        let mut stack: Vec<Node> = seeds.into_iter().filter(|&seed| set.insert(seed)).collect();
        while let Some(node) = stack.pop() {
            let next = self.across(node, direction, kind);
            stack.extend(next.into_iter().filter(|&node| set.insert(node)));
        }
        set
    }

    /// These revisions and all that they stand on, by parent or dependency.
    pub fn ancestors(&self, of: impl IntoIterator<Item = Node>) -> NodeSet {
        self.reached(of, Direction::Incoming, None)
    }

    /// These revisions and all that stands on them, by parent or dependency.
    pub fn descendants(&self, of: impl IntoIterator<Item = Node>) -> NodeSet {
        self.reached(of, Direction::Outgoing, None)
    }

    /// This revision and its ancestors by `down_revision` alone.
    #[must_use]
    pub fn line_below(&self, of: Node) -> NodeSet {
        self.reached([of], Direction::Incoming, Some(Edge::Parent))
    }

    /// This revision and its descendants by `down_revision` alone: the members
    /// of the branch that starts here.
    #[must_use]
    pub fn line_above(&self, of: Node) -> NodeSet {
        self.reached([of], Direction::Outgoing, Some(Edge::Parent))
    }

    /// The members that no member stands on, ascending: the heads of a set that
    /// is closed under what its members stand on.
    #[must_use]
    pub fn maximal(&self, set: &NodeSet) -> Vec<Node> {
        set.iter()
            .filter(|&node| {
                !self
                    .above(node)
                    .into_iter()
                    .any(|above| set.contains(above))
            })
            .collect()
    }

    /// The members that no member has as a parent, ascending: like
    /// [`Graph::maximal`], but a dependency hides nothing.
    #[must_use]
    pub fn tips(&self, set: &NodeSet) -> Vec<Node> {
        set.iter()
            .filter(|&node| {
                !self
                    .children(node)
                    .into_iter()
                    .any(|child| set.contains(child))
            })
            .collect()
    }

    /// The members of any set that no other member stands on, directly or not.
    #[must_use]
    pub fn topmost(&self, set: &NodeSet) -> Vec<Node> {
        let mut covered = NodeSet::default();
        for &node in self.topological().iter().rev() {
            if covered.contains(node) || set.contains(node) {
                for below in self.below(node) {
                    covered.insert(below);
                }
            }
        }
        set.iter().filter(|&node| !covered.contains(node)).collect()
    }

    /// What stands on every one of `seeds` (or is one and stands on the rest).
    #[must_use]
    pub fn common_descendants(&self, seeds: &[Node]) -> NodeSet {
        self.common(seeds, self.topological().iter().copied(), Self::below)
    }

    /// What every one of `seeds` stands on (or is).
    #[must_use]
    pub fn common_ancestors(&self, seeds: &[Node]) -> NodeSet {
        self.common(seeds, self.topological().iter().rev().copied(), Self::above)
    }

    /// The nodes reached from every seed, where a node is reached from what its
    /// `sources` are reached from and `order` gives sources first. Sixty-four
    /// seeds at a time share one pass.
    fn common(
        &self,
        seeds: &[Node],
        order: impl Iterator<Item = Node> + Clone,
        sources: impl Fn(&Self, Node) -> Vec<Node>,
    ) -> NodeSet {
        let mut common = self.all();
        for block in seeds.chunks(64) {
            let full = u64::MAX >> (64 - block.len());
            let mut masks = vec![0_u64; self.len()];
            for (bit, seed) in block.iter().enumerate() {
                masks[seed.index()] |= 1 << bit;
            }
            for node in order.clone() {
                let mask = sources(self, node)
                    .into_iter()
                    .fold(masks[node.index()], |mask, source| {
                        mask | masks[source.index()]
                    });
                masks[node.index()] = mask;
                if mask != full {
                    common.remove(node);
                }
            }
            if common.is_empty() {
                break;
            }
        }
        common
    }

    /// The stated order: depth-first post-order from `heads`, ids ascending at
    /// each choice, redundant edges left out. Nodes in `skip`, which must be
    /// closed under what its members stand on, are passed over; that changes
    /// nothing about the order of the others.
    #[must_use]
    pub fn post_order(&self, heads: &[Node], skip: &NodeSet) -> Vec<Node> {
        let hops = self.hops(heads, skip, &[]);
        hops.into_iter().filter_map(Hop::revision).collect()
    }

    /// The stated order of [`Graph::post_order`], where these shortcuts, none
    /// within another, stand for their sets: as soon as a member is reached, all
    /// that any member stands on comes first.
    #[must_use]
    pub fn hops(&self, heads: &[Node], skip: &NodeSet, through: &[ShortcutId]) -> Vec<Hop> {
        Walk {
            graph: self,
            is_skipped: &|node| skip.contains(node),
            below: &|node| self.reduced_below(node),
        }
        .hops(heads, through)
    }

    fn hop_of(&self, through: &[ShortcutId]) -> impl Fn(Node) -> Hop + use<> {
        let mut shortcut_of = vec![None; if through.is_empty() { 0 } else { self.len() }];
        for &id in through {
            for member in self.members(id) {
                shortcut_of[member.index()] = Some(id);
            }
        }
        move |node| match shortcut_of.get(node.index()) {
            Some(&Some(id)) => Hop::Shortcut(id),
            _ => Hop::Revision(node),
        }
    }
}

/// A depth-first walk downwards.
pub(super) struct Walk<'a> {
    pub(super) graph: &'a Graph,
    /// What is passed over.
    pub(super) is_skipped: &'a dyn Fn(Node) -> bool,
    /// What comes before a node, ascending.
    pub(super) below: &'a dyn Fn(Node) -> Vec<Node>,
}

impl Walk<'_> {
    /// All that is reached, in post-order, members of `through` as one.
    pub(super) fn hops(&self, heads: &[Node], through: &[ShortcutId]) -> Vec<Hop> {
        let hop_of = self.graph.hop_of(through);
        let mut heads = heads.to_vec();
        heads.sort_unstable_by(|a, b| b.cmp(a));
        let mut order = Vec::new();
        let mut entered = NodeSet::with_room(self.graph.len());
        // Each entry is a hop and what is still to be visited below it, the
        // next one last. The first entry holds the heads.
        let mut stack: Vec<(Option<Hop>, Vec<Node>)> = vec![(None, heads)];
        while let Some((hop, rest)) = stack.last_mut() {
            match rest.pop() {
                Some(below) if !(self.is_skipped)(below) && entered.insert(below) => {
                    let hop = hop_of(below);
                    let mut next = match hop {
                        Hop::Revision(node) => (self.below)(node),
                        Hop::Shortcut(id) => {
                            let members = self.graph.members(id);
                            entered.extend(members.iter().copied());
                            self.below_all(&members, |node| hop_of(node) != hop)
                        }
                    };
                    next.reverse();
                    stack.push((Some(hop), next));
                }
                Some(_) => {}
                None => {
                    order.extend(*hop);
                    stack.pop();
                }
            }
        }
        order
    }

    /// What comes before any of these nodes, ascending, as far as it counts.
    fn below_all(&self, nodes: &[Node], counts: impl Fn(Node) -> bool) -> Vec<Node> {
        let below = nodes.iter().flat_map(|&node| (self.below)(node));
        let mut below: Vec<Node> = below.filter(|&node| counts(node)).collect();
        below.sort_unstable();
        below.dedup();
        below
    }
}
