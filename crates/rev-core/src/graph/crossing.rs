//! Dependencies across databases, by who says so and by what they lead to.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::Node;
use crate::DatabaseName;

/// A dependency of a revision on what another database has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crossing {
    /// The revision that says so.
    pub above: Node,
    /// Which database must have it.
    pub database: DatabaseName,
    /// What it must have.
    pub below: Node,
}

/// All dependencies across databases.
#[derive(Debug, Default)]
pub(super) struct Across {
    pub(super) all: Vec<Crossing>,
    pub(super) by_above: BTreeMap<Node, Vec<usize>>,
    pub(super) by_below: BTreeMap<Node, Vec<usize>>,
    /// Where each node stands in the shared order.
    pub(super) places: OnceLock<Vec<usize>>,
}

impl Across {
    pub(super) fn of(mut all: Vec<Crossing>) -> Self {
        all.sort_unstable();
        all.dedup();
        let mut across = Self::default();
        for (place, crossing) in all.iter().enumerate() {
            across
                .by_above
                .entry(crossing.above)
                .or_default()
                .push(place);
            across
                .by_below
                .entry(crossing.below)
                .or_default()
                .push(place);
        }
        across.all = all;
        across
    }
}
