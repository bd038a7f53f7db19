//! The shortest way: which shortcuts to take.
//!
//! Every revision that must leave or enter does so in exactly one step: its own,
//! or that of a shortcut whose whole set goes the same way. Shortcuts nest or
//! are disjoint, so what is cheapest within one is decided apart from all
//! others: either the shortcut itself, or the cheapest of each inner one and
//! its own revisions by themselves. One pass from the smallest to the largest
//! finds it; another, from the largest down, collects what was chosen. Both are
//! linear in the revisions that move and the shortcuts.

use std::ops::{Add, AddAssign};

use crate::{Graph, Node, NodeSet, ShortcutId};

/// What a way costs; compared from the first number on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Revisions that cannot go this way at all.
    pub stuck: usize,
    /// Steps that do work.
    pub with_work: usize,
    /// All steps.
    pub steps: usize,
}

impl Cost {
    /// Of one step that can be made.
    #[must_use]
    pub fn step(does_work: bool) -> Self {
        Self {
            stuck: 0,
            with_work: usize::from(does_work),
            steps: 1,
        }
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            stuck: self.stuck + other.stuck,
            with_work: self.with_work + other.with_work,
            steps: self.steps + other.steps,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What is known of the moving members of one shortcut.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// How many there are.
    count: usize,
    /// All of them, each by itself.
    alone: Cost,
    /// The best without this shortcut.
    best: Cost,
    is_taken: bool,
}

/// The shortcuts to take where all of `moving` go one way, ascending; none lies
/// within another. `alone` is what a revision costs by itself. `whole` is asked
/// for shortcuts of which all members move, and is given what they cost each by
/// itself; `None`: not to be used. On a tie revisions go by themselves.
///
/// # Errors
///
/// What `alone` or `whole` say.
pub fn choose<E>(
    graph: &Graph,
    moving: &NodeSet,
    mut alone: impl FnMut(Node) -> Result<Cost, E>,
    mut whole: impl FnMut(ShortcutId, Cost) -> Result<Option<Cost>, E>,
) -> Result<Vec<ShortcutId>, E> {
    if graph.shortcuts().is_empty() {
        return Ok(Vec::new());
    }
    let mut tallies = vec![Tally::default(); graph.shortcuts().len()];
    for node in moving.iter() {
        if let Some(id) = graph.innermost_shortcut(node) {
            let cost = alone(node)?;
            let tally = &mut tallies[id.index()];
            tally.count += 1;
            tally.alone += cost;
            tally.best += cost;
        }
    }
    let mut from_within: Vec<ShortcutId> = graph.shortcut_ids().collect();
    from_within.sort_by_key(|&id| graph.shortcut(id).size);
    for id in from_within {
        let (shortcut, mut tally) = (graph.shortcut(id), tallies[id.index()]);
        if tally.count == shortcut.size
            && let Some(cost) = whole(id, tally.alone)?
            && cost < tally.best
        {
            tally.is_taken = true;
            tally.best = cost;
        }
        tallies[id.index()] = tally;
        if let Some(outer) = shortcut.outer {
            let outer = &mut tallies[outer.index()];
            outer.count += tally.count;
            outer.alone += tally.alone;
            outer.best += tally.best;
        }
    }
    Ok(collect(graph, &tallies))
}

fn collect(graph: &Graph, tallies: &[Tally]) -> Vec<ShortcutId> {
    let outermost = |id: &ShortcutId| graph.shortcut(*id).outer.is_none();
    let mut stack: Vec<ShortcutId> = graph.shortcut_ids().filter(outermost).collect();
    let mut taken = Vec::new();
    while let Some(id) = stack.pop() {
        match tallies[id.index()].is_taken {
            true => taken.push(id),
            false => stack.extend(&graph.shortcut(id).inner),
        }
    }
    taken.sort_unstable();
    taken
}
