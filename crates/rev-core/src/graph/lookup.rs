//! What ids mean, those of shortcuts and of what was replaced among them.

use std::ops::Bound;
use std::sync::Arc;

use super::{Graph, Node, Shortcut, ShortcutId};
use crate::{Revision, RevisionId};

impl Graph {
    /// Every revision of this checkout, in no stated order: nodes and shortcuts.
    #[must_use]
    pub fn files(&self) -> &[Arc<Revision>] {
        &self.own
    }

    /// All shortcuts, ascending by id. Finished ones are nodes and not here.
    #[must_use]
    pub fn shortcuts(&self) -> &[Shortcut] {
        &self.shortcuts.all
    }

    /// The places of all shortcuts.
    pub fn shortcut_ids(&self) -> impl DoubleEndedIterator<Item = ShortcutId> + use<> {
        (0..self.shortcuts.all.len()).map(ShortcutId::new)
    }

    /// The shortcut at a place.
    #[must_use]
    pub fn shortcut(&self, id: ShortcutId) -> &Shortcut {
        &self.shortcuts.all[id.index()]
    }

    /// The shortcut with exactly this id.
    #[must_use]
    pub fn find_shortcut(&self, id: &str) -> Option<ShortcutId> {
        let all = &self.shortcuts.all;
        let place = all.binary_search_by(|it| it.revision.id.as_str().cmp(id));
        place.ok().map(ShortcutId::new)
    }

    /// The smallest shortcut around a node.
    #[must_use]
    pub fn innermost_shortcut(&self, node: Node) -> Option<ShortcutId> {
        self.shortcuts.innermost.get(node.index()).copied()?
    }

    /// The shortcuts around this one, from the next larger to the largest.
    pub fn around(&self, shortcut: Option<ShortcutId>) -> impl Iterator<Item = ShortcutId> + '_ {
        std::iter::successors(shortcut, |&at| self.shortcut(at).outer)
    }

    /// The same graph without its shortcuts: each revision goes by itself, and what
    /// names a shortcut stands on what its id means.
    #[must_use]
    pub fn without_shortcuts(&self) -> Self {
        let revisions = self.nodes().map(|node| self.without_shortcut_names(node));
        Self::new(revisions.collect()).expect("what a graph holds but for shortcuts is a graph")
    }

    fn without_shortcut_names(&self, node: Node) -> Arc<Revision> {
        let revision = self.revision(node);
        let is_shortcut = |id: &str| self.find_shortcut(id).is_some();
        let names_one = revision.parents.iter().any(|it| is_shortcut(it.as_str()))
            || revision.depends_on.iter().any(|it| is_shortcut(it))
            || revision.needs.iter().any(|it| is_shortcut(&it.revision));
        if !names_one {
            return revision.clone();
        }
        let mut named = Revision::clone(revision);
        named.parents = self.ids(self.parents(node));
        let dependencies = self.ids(self.dependencies(node));
        named.depends_on = dependencies.iter().map(ToString::to_string).collect();
        for need in named
            .needs
            .iter_mut()
            .filter(|it| is_shortcut(&it.revision))
        {
            let top = self.lookup(&need.revision).last().map(|&top| self.id(top));
            need.revision = top.map(ToString::to_string).unwrap_or_default();
        }
        Arc::new(named)
    }

    /// All that a shortcut replaces, ascending.
    #[must_use]
    pub fn members(&self, shortcut: ShortcutId) -> Vec<Node> {
        let mut members = Vec::with_capacity(self.shortcut(shortcut).size);
        let mut stack = vec![shortcut];
        while let Some(id) = stack.pop() {
            let it = self.shortcut(id);
            members.extend(&it.own);
            stack.extend(&it.inner);
        }
        members.sort_unstable();
        members
    }

    /// What an id means: its revision; for a shortcut's the topmost ones of its
    /// set; for that of a replaced revision without a file what replaced it.
    /// Empty: nobody has it.
    #[must_use]
    pub fn lookup(&self, id: &str) -> Vec<Node> {
        match self.find(id) {
            Some(node) => vec![node],
            None => self.shortcuts.names.get(id).cloned().unwrap_or_default(),
        }
    }

    /// The ids without a node that begin with `prefix`, ascending, and what they
    /// mean: see [`Graph::lookup`].
    pub fn names_with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a RevisionId, &'a [Node])> + 'a {
        let names = self
            .shortcuts
            .names
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        names
            .take_while(move |(id, _)| id.as_str().starts_with(prefix))
            .map(|(id, nodes)| (id, nodes.as_slice()))
    }

    /// The revisions of this checkout that have replaced others for good.
    pub fn finished(&self) -> impl Iterator<Item = Node> + '_ {
        let is_finished =
            |node: &Node| !self.is_foreign(*node) && !self.revision(*node).replaces.is_empty();
        self.nodes().filter(is_finished)
    }

    /// The ids of a node's ledger rows: its own, or those of the revisions that
    /// it has replaced for good.
    #[must_use]
    pub fn row_ids(&self, node: Node) -> &[RevisionId] {
        let revision = self.revision(node);
        match revision.replaces.as_slice() {
            [] => std::slice::from_ref(&revision.id),
            replaced => replaced,
        }
    }

    /// These nodes as the ledger row of `of` names them. Of a revision that has
    /// replaced others for good it names those that the file of `of` names, or else
    /// all, so that a checkout that still has their files finds the same edges.
    #[must_use]
    pub fn row_references(&self, of: Node, nodes: &[Node]) -> Vec<RevisionId> {
        let references = nodes.iter().flat_map(|&node| {
            let ids = self.row_ids(node);
            let named = ids.iter().filter(|id| self.revision(of).names(id));
            let named: Vec<RevisionId> = named.cloned().collect();
            match named.is_empty() {
                true => ids.to_vec(),
                false => named,
            }
        });
        references.collect()
    }
}
