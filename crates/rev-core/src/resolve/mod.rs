//! Resolving: what a point means, and what set of revisions an action leads to.
//!
//! A [`Scope`] holds all that a meaning depends on: the graph and, where a
//! database is named, its state, which revisions have work for it and which
//! branches it follows. Without a database every revision counts.
//!
//! **Ambiguity counts only where it matters.** `head` looks at the heads whose
//! ancestry, dependencies included, holds every revision with work. One: that
//! is meant. Several: what their ancestries share. None: ambiguous.

mod authoring;
mod destination;
mod error;
mod offset;
#[cfg(test)]
mod tests;

pub use destination::Destination;
pub use error::{Direction, ResolveError};

use std::cell::OnceCell;

use crate::name::{RESERVED, similar};
use crate::revision::ScriptError;
use crate::target::Point;
use crate::{Binding, Graph, Node, NodeSet, RevisionId, State};

/// The least number of characters of an id that stand for it.
pub const MIN_PREFIX: usize = 4;

/// All that the meaning of a point depends on.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    graph: &'a Graph,
    state: Option<&'a State>,
    /// The revisions that count: those with work for the database.
    work: NodeSet,
    /// The revisions from which there is a way up to work.
    leading: OnceCell<NodeSet>,
    follow: Vec<Branch>,
}

/// The line of descent that a label, or an id in its place, names.
#[derive(Debug, Clone)]
struct Branch {
    name: String,
    /// Who declares the label.
    root: Node,
    /// The root and its descendants.
    members: NodeSet,
    /// The members and what the branch grew from.
    line: NodeSet,
}

/// What a point means.
#[derive(Debug, Clone)]
struct Meaning {
    branch: Option<Branch>,
    place: Place,
    /// Whether it was typed with an offset, as `billing@-1` and `billing@head-2`.
    is_relative: bool,
}

#[derive(Debug, Clone)]
enum Place {
    Base,
    Revisions(Vec<Node>),
    /// `heads`: as many revisions as there are, and more than one on purpose.
    Heads(Vec<Node>),
    Current,
    /// So many revisions up or down from where the database stands.
    Offset(i64),
}

impl<'a> Scope<'a> {
    /// The graph alone: every revision counts.
    #[must_use]
    pub fn of_graph(graph: &'a Graph) -> Self {
        Self {
            graph,
            state: None,
            work: graph.all(),
            leading: OnceCell::new(),
            follow: Vec::new(),
        }
    }

    /// A database that stands at `state`: the revisions with work there count.
    ///
    /// # Errors
    ///
    /// Every [`ScriptError`] of every revision.
    pub fn of_database(
        graph: &'a Graph,
        binding: &Binding,
        state: &'a State,
    ) -> Result<Self, Vec<ScriptError>> {
        let mut work = NodeSet::default();
        let mut errors = Vec::new();
        for node in graph.nodes() {
            let has_work = match state.row(node).filter(|_| graph.is_foreign(node)) {
                Some(row) => row.has_work(),
                None => match graph.revision(node).work(binding) {
                    Ok(work) => !work.is_empty(),
                    Err(error) => {
                        errors.push(error);
                        false
                    }
                },
            };
            if has_work {
                work.insert(node);
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let follow = binding
            .follow
            .iter()
            .filter_map(|label| {
                let root = graph.label(label.as_str())?;
                Some(Branch::of(graph, label.as_str(), root))
            })
            .collect();
        Ok(Self {
            graph,
            state: Some(state),
            work,
            leading: OnceCell::new(),
            follow,
        })
    }

    /// The revisions that count here.
    #[must_use]
    pub fn work(&self) -> &NodeSet {
        &self.work
    }

    /// The revisions that a point means, ascending; none for the base.
    ///
    /// # Errors
    ///
    /// [`ResolveError`], where it means nothing.
    pub fn revisions(&self, point: &Point) -> Result<Vec<Node>, ResolveError> {
        let meaning = self.meaning(point)?;
        let mut nodes = match meaning.place {
            Place::Base => Vec::new(),
            Place::Revisions(nodes) | Place::Heads(nodes) => nodes,
            Place::Current => self.current()?,
            Place::Offset(_) if self.state.is_some() => {
                let set = self.offset_from_state(point, &meaning)?;
                self.graph.maximal(&set)
            }
            Place::Offset(offset) => self.offset_from_head(point, &meaning, offset)?,
        };
        nodes.sort_unstable();
        Ok(nodes)
    }

    fn current(&self) -> Result<Vec<Node>, ResolveError> {
        let state = self.state.ok_or(ResolveError::NoDatabase)?;
        Ok(state.heads(self.graph))
    }

    fn meaning(&self, point: &Point) -> Result<Meaning, ResolveError> {
        let branch = match &point.branch {
            Some(name) => Some(self.branch(name)?),
            None => None,
        };
        let place = self.place(point, branch.as_ref())?;
        Ok(Meaning {
            branch,
            place,
            is_relative: !self.is_name(&point.text) && point.offset().is_some(),
        })
    }

    fn place(&self, point: &Point, branch: Option<&Branch>) -> Result<Place, ResolveError> {
        if self.is_name(&point.text) {
            return self.named(&point.text, point, branch);
        }
        match point.offset() {
            None => self.named(&point.text, point, branch),
            Some(("" | "current", offset)) => Ok(Place::Offset(offset)),
            Some((name, offset)) => {
                let start = self.named(name, point, branch)?;
                self.offset_from_place(point, branch, start, offset)
            }
        }
    }

    /// Whether a text is, as it stands, a word of the grammar, an id or a label.
    fn is_name(&self, text: &str) -> bool {
        RESERVED.contains(&text)
            || !self.graph.lookup(text).is_empty()
            || self.graph.label(text).is_some()
    }

    fn named(
        &self,
        name: &str,
        point: &Point,
        branch: Option<&Branch>,
    ) -> Result<Place, ResolveError> {
        match name {
            "base" => Ok(Place::Base),
            "current" => Ok(Place::Current),
            "heads" => Ok(Place::Heads(self.heads(branch))),
            "head" => self.head(point, branch).map(Place::Revisions),
            _ => {
                let nodes = self.meant_by(name, branch)?;
                if let Some(branch) = branch
                    && let Some(node) = nodes.iter().find(|node| !branch.line.contains(**node))
                {
                    return Err(ResolveError::NotOnBranch {
                        revision: self.graph.id(*node).clone(),
                        branch: branch.name.clone(),
                    });
                }
                Ok(Place::Revisions(nodes))
            }
        }
    }

    /// What the id means, or the only id that begins so (on the branch, if there
    /// is one), or the revision that declares this label. An id of a shortcut
    /// means the topmost revisions of its set, so these may be several.
    fn meant_by(&self, name: &str, branch: Option<&Branch>) -> Result<Vec<Node>, ResolveError> {
        let found = self.graph.lookup(name);
        if !found.is_empty() {
            return Ok(found);
        }
        if let Some(node) = self.graph.label(name) {
            return Ok(vec![node]);
        }
        let nodes = self.graph.with_prefix(name);
        let nodes = nodes.map(|node| (self.graph.id(node), vec![node]));
        let others = self.graph.names_with_prefix(name);
        let others = others.map(|(id, nodes)| (id, nodes.to_vec()));
        let mut candidates: Vec<(&RevisionId, Vec<Node>)> = nodes.chain(others).collect();
        candidates.sort_unstable();
        let ids = || candidates.iter().map(|(id, _)| (*id).clone()).collect();
        match &candidates[..] {
            [] => Err(self.unknown(name)),
            _ if name.len() < MIN_PREFIX => Err(ResolveError::ShortPrefix {
                prefix: name.to_owned(),
                candidates: ids(),
            }),
            [(_, nodes)] => Ok(nodes.clone()),
            _ => {
                let on_branch = |node: &Node| branch.is_some_and(|b| b.line.contains(*node));
                let mut of_branch = candidates.iter().filter(|it| it.1.iter().all(on_branch));
                match (of_branch.next(), of_branch.next()) {
                    (Some((_, nodes)), None) => Ok(nodes.clone()),
                    _ => Err(ResolveError::AmbiguousPrefix {
                        prefix: name.to_owned(),
                        candidates: ids(),
                    }),
                }
            }
        }
    }

    fn unknown(&self, name: &str) -> ResolveError {
        let ids = self.graph.nodes().map(|node| self.graph.id(node).as_str());
        let labels = self.graph.labels().keys().map(AsRef::as_ref);
        let shortcuts = self.graph.shortcuts().iter();
        let shortcuts = shortcuts.map(|it| it.revision.id.as_str());
        let names = ids.chain(labels).chain(shortcuts).chain(RESERVED);
        ResolveError::Unknown {
            name: name.to_owned(),
            similar: similar(name, names)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    }

    fn branch(&self, name: &str) -> Result<Branch, ResolveError> {
        match self.meant_by(name, None)?[..] {
            [root] => Ok(Branch::of(self.graph, name, root)),
            ref several => Err(ResolveError::NotOneBranch {
                name: name.to_owned(),
                revisions: self.graph.ids(several.iter().copied()),
            }),
        }
    }

    /// All heads: of the branch, else of those that the database follows, else
    /// all that nothing stands on.
    fn heads(&self, branch: Option<&Branch>) -> Vec<Node> {
        match branch {
            Some(branch) => branch.heads(self.graph),
            None if self.follow.is_empty() => self.graph.effective_heads(),
            None => {
                let heads: NodeSet = self
                    .follow
                    .iter()
                    .flat_map(|branch| branch.heads(self.graph))
                    .collect();
                self.graph.topmost(&heads)
            }
        }
    }

    fn head(&self, point: &Point, branch: Option<&Branch>) -> Result<Vec<Node>, ResolveError> {
        match branch {
            Some(branch) => self.covering(point, branch.heads(self.graph), &branch.members),
            None if self.follow.is_empty() => {
                self.covering(point, self.graph.heads(), &self.graph.all())
            }
            None => {
                let mut heads = NodeSet::default();
                for branch in &self.follow {
                    let of_branch =
                        self.covering(point, branch.heads(self.graph), &branch.members)?;
                    heads = heads.union(&of_branch.into_iter().collect());
                }
                Ok(self.graph.topmost(&heads))
            }
        }
    }

    /// What `head` means among these heads: see the module's header. Linear in
    /// the graph for every 64 revisions that matter and are topmost.
    fn covering(
        &self,
        point: &Point,
        heads: Vec<Node>,
        among: &NodeSet,
    ) -> Result<Vec<Node>, ResolveError> {
        let own = |node: &Node| !self.graph.is_foreign(*node);
        let wanted: NodeSet = self.work.intersection(among).iter().filter(own).collect();
        let topmost = self.graph.topmost(&wanted);
        let covering = self.covering_heads(&heads, &wanted, &topmost);
        match covering[..] {
            [] if heads.is_empty() => Ok(Vec::new()),
            [] => Err(ResolveError::AmbiguousHead {
                point: point.to_string(),
                candidates: self.graph.ids(heads),
            }),
            [_] => Ok(covering),
            _ => Ok(self.graph.maximal(&self.graph.common_ancestors(&covering))),
        }
    }

    /// The heads that stand on everything wanted, or are it. Head by head where
    /// that takes fewer walks than 64 of the topmost wanted ones at a time.
    fn covering_heads(&self, heads: &[Node], wanted: &NodeSet, topmost: &[Node]) -> Vec<Node> {
        let heads = heads.iter().copied();
        if heads.len() <= topmost.len().div_ceil(64) {
            let covers = |head: &Node| wanted.is_subset(&self.graph.ancestors([*head]));
            return heads.filter(covers).collect();
        }
        let covered = self.graph.common_descendants(topmost);
        heads.filter(|&head| covered.contains(head)).collect()
    }
}

impl Branch {
    fn of(graph: &Graph, name: &str, root: Node) -> Self {
        let members = graph.line_above(root);
        Self {
            name: name.to_owned(),
            root,
            line: members.union(&graph.line_below(root)),
            members,
        }
    }

    fn heads(&self, graph: &Graph) -> Vec<Node> {
        let mut heads = graph.heads();
        heads.retain(|&head| self.members.contains(head));
        heads
    }
}
