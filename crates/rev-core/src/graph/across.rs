//! What a revision needs of other databases, and the one order that all lanes share where
//! there are any such needs.

use super::crossing::Crossing;
use super::walk::Walk;
use super::{Edge, Graph, Hop, Node, NodeSet, ShortcutId};

impl Graph {
    /// All dependencies across databases, by who says so.
    #[must_use]
    pub fn crossings(&self) -> &[Crossing] {
        &self.across.all
    }

    /// What a revision needs of other databases.
    pub fn needs(&self, node: Node) -> impl Iterator<Item = &Crossing> {
        let places = self.across.by_above.get(&node).into_iter().flatten();
        places.map(|&place| &self.across.all[place])
    }

    /// Who needs a revision on other databases.
    pub fn needed_by(&self, node: Node) -> impl Iterator<Item = &Crossing> {
        let places = self.across.by_below.get(&node).into_iter().flatten();
        places.map(|&place| &self.across.all[place])
    }

    /// Where a hop stands in an order that all databases can share: behind all
    /// that it stands on or needs, and with the members of every shortcut side by
    /// side. So lanes that follow it never wait for each other in a ring.
    #[must_use]
    pub fn shared_place(&self, hop: Hop) -> usize {
        let places = self.across.places.get_or_init(|| self.shared_order());
        match hop {
            Hop::Revision(node) => places[node.index()],
            Hop::Shortcut(id) => {
                let members = self.members(id).into_iter();
                let places = members.map(|member| places[member.index()]);
                places.min().unwrap_or_default()
            }
        }
    }

    /// From the largest shortcuts inwards: first the order among them, then in
    /// the place of each the order within it.
    fn shared_order(&self) -> Vec<usize> {
        let all: Vec<Node> = self.nodes().collect();
        let outermost = self.shortcut_ids();
        let outermost = outermost.filter(|&id| self.shortcut(id).outer.is_none());
        let mut stack = self.ordered_within(&all, &outermost.collect::<Vec<_>>());
        stack.reverse();
        let mut places = vec![0; self.len()];
        let mut next = 0;
        while let Some(hop) = stack.pop() {
            match hop {
                Hop::Revision(node) => {
                    places[node.index()] = next;
                    next += 1;
                }
                Hop::Shortcut(id) => {
                    let inner = &self.shortcut(id).inner;
                    let within = self.ordered_within(&self.members(id), inner);
                    stack.extend(within.into_iter().rev());
                }
            }
        }
        places
    }

    fn ordered_within(&self, scope: &[Node], through: &[ShortcutId]) -> Vec<Hop> {
        let within: NodeSet = scope.iter().copied().collect();
        let is_top = |node: &Node| !self.dag.neighbors(*node).any(|it| within.contains(it));
        let heads: Vec<Node> = scope.iter().copied().filter(is_top).collect();
        let below = |node: Node| {
            let mut below = self.reduced_below(node);
            let needs = self.across(node, petgraph::Incoming, Some(Edge::Across));
            below.extend(needs);
            below.sort_unstable();
            below.dedup();
            below
        };
        let is_skipped = |node: Node| !within.contains(node);
        Walk {
            graph: self,
            is_skipped: &is_skipped,
            below: &below,
        }
        .hops(&heads, through)
    }
}
