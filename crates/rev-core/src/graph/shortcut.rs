//! Shortcuts: revisions that do the work of a set of others in one step.
//!
//! A shortcut is an edge between states and no node: never a head, never
//! applied. Any two of them nest or have nothing in common, so they form a
//! forest over the nodes; and the graph stays acyclic when all of one depth are
//! taken as one node each. From these two it follows that any choice of
//! shortcuts, none within another, leaves an order to run them in: a cycle
//! among them would show at the depth where its members part.
//!
//! Once none of the revisions that it replaces has a file any more, a shortcut
//! is *finished*: a node like others, to which the ids of those lead.

mod layout;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Node;
use crate::{Revision, RevisionId};

pub(super) use layout::lay_out;

/// The place of a shortcut in [`crate::Graph::shortcuts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortcutId(u32);

impl ShortcutId {
    pub(super) fn new(place: usize) -> Self {
        Self(u32::try_from(place).expect("fewer shortcuts than nodes may be numbered"))
    }

    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A revision that does the work of a set of others in one step.
#[derive(Debug, Clone)]
pub struct Shortcut {
    /// Its file.
    pub revision: Arc<Revision>,
    /// The next larger shortcut around it.
    pub outer: Option<ShortcutId>,
    /// The next smaller ones within it.
    pub inner: Vec<ShortcutId>,
    /// The members that are in no inner one, ascending.
    pub own: Vec<Node>,
    /// How many revisions it replaces, those of the inner ones too.
    pub size: usize,
    /// The members that no member stands on, ascending: what its id means.
    pub tops: Vec<Node>,
}

/// All shortcuts of a graph, and what ids without a node mean.
#[derive(Debug, Default, Clone)]
pub(super) struct Shortcuts {
    /// Ascending by id.
    pub(super) all: Vec<Shortcut>,
    /// The smallest shortcut around each node; empty where there are none.
    pub(super) innermost: Vec<Option<ShortcutId>>,
    /// The ids of shortcuts, and of what finished ones replaced.
    pub(super) names: BTreeMap<RevisionId, Vec<Node>>,
}

/// What one step takes up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hop {
    /// One revision.
    Revision(Node),
    /// All revisions that a shortcut replaces.
    Shortcut(ShortcutId),
}

impl Hop {
    /// The revision that moves by itself, if it is one.
    #[must_use]
    pub fn revision(self) -> Option<Node> {
        match self {
            Hop::Revision(node) => Some(node),
            Hop::Shortcut(_) => None,
        }
    }
}
