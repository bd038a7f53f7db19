//! Whether one revision stands on another, asked many times.
//!
//! One depth-first walk from the heads down numbers the nodes as it leaves
//! them. Everything that a node stands on gets a smaller number than the node,
//! and no smaller than the least number below it; what the walk first reached
//! through the node has numbers in one run. So most questions are answered by
//! comparing numbers: yes inside the run, no outside the range, no where the
//! levels say so. The rest search down, kept short by the same tests. (GRAIL: Yıldırım, Chaoji, Zaki, VLDB
//! 2010, with one labelling.)

use super::Node;

#[derive(Debug, Clone, Copy, Default)]
struct Interval {
    /// The node's number: when the walk left it.
    left: u32,
    /// The least number of anything below.
    least: u32,
    /// The least number of what was first reached through this node.
    first: u32,
    /// One more than the highest level below: nothing stands on its own level.
    level: u32,
}

impl Interval {
    /// This interval, standing on another one.
    fn above(self, below: Interval) -> Self {
        Self {
            least: self.least.min(below.least),
            level: self.level.max(below.level + 1),
            ..self
        }
    }
}

#[derive(Debug)]
pub(super) struct Reach {
    intervals: Vec<Interval>,
}

impl Reach {
    /// Of nodes in a topological order, and what stands below each.
    pub(super) fn of(topological: &[Node], below: impl Fn(Node) -> Vec<Node>) -> Self {
        let mut intervals = vec![Interval::default(); topological.len()];
        let mut seen = vec![false; topological.len()];
        let mut next = 0;
        let mut stack: Vec<(Node, Vec<Node>, u32)> = Vec::new();
        for &root in topological.iter().rev() {
            if std::mem::replace(&mut seen[root.index()], true) {
                continue;
            }
            stack.push((root, below(root), next));
            while let Some((node, rest, first)) = stack.last_mut() {
                if let Some(lower) = rest.pop() {
                    if !std::mem::replace(&mut seen[lower.index()], true) {
                        stack.push((lower, below(lower), next));
                    }
                    continue;
                }
                let start = Interval {
                    left: next,
                    least: next,
                    first: *first,
                    level: 0,
                };
                let lower = below(*node).into_iter();
                intervals[node.index()] = lower
                    .map(|lower| intervals[lower.index()])
                    .fold(start, Interval::above);
                next += 1;
                stack.pop();
            }
        }
        Self { intervals }
    }

    /// Whether one node stands on another; `below` is the same as for [`Reach::of`].
    pub(super) fn reaches(&self, high: Node, low: Node, below: impl Fn(Node) -> Vec<Node>) -> bool {
        let goal = self.intervals[low.index()];
        let mut seen = std::collections::HashSet::new();
        let mut stack = vec![high];
        while let Some(node) = stack.pop() {
            let at = self.intervals[node.index()];
            if (at.first..=at.left).contains(&goal.left) {
                return true;
            }
            let may_reach = (at.least..=at.left).contains(&goal.left) && at.level > goal.level;
            if may_reach && seen.insert(node) {
                stack.extend(below(node));
            }
        }
        false
    }
}
