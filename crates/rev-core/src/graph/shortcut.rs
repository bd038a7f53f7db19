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

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef as _;

use super::build::{Builder, GraphFault, rings};
use super::{Edge, Graph, Node};
use crate::name::similar;
use crate::{DatabaseName, Revision, RevisionId};

/// The place of a shortcut in [`Graph::shortcuts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortcutId(u32);

impl ShortcutId {
    fn new(place: usize) -> Self {
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

/// What is wrong with a shortcut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShortcutFault {
    /// An id to replace that nobody has, beside others that have files.
    #[error("`{shortcut}` replaces a revision that does not exist: `{missing}`")]
    Unknown {
        /// The shortcut.
        shortcut: RevisionId,
        /// The id that nobody has.
        missing: RevisionId,
        /// Ids that it may have been meant to be, likeliest first.
        similar: Vec<RevisionId>,
    },
    /// A shortcut that replaces itself, directly or through others.
    #[error("`{shortcut}` replaces itself")]
    Itself {
        /// The shortcut.
        shortcut: RevisionId,
    },
    /// Two shortcuts with revisions in common, neither within the other.
    #[error(
        "`{first}` and `{second}` both replace {}, and neither lies within the other",
        list(shared)
    )]
    Overlap {
        /// The one, by id.
        first: RevisionId,
        /// The other.
        second: RevisionId,
        /// What both replace.
        shared: Vec<RevisionId>,
    },
    /// Revisions that a shortcut would have to come before and after.
    #[error(
        "`{shortcut}` would have to run before and after others: {}",
        ring(members)
    )]
    Knot {
        /// A shortcut on the ring.
        shortcut: RevisionId,
        /// Shortcuts and revisions, each standing on the next, the last on the first.
        members: Vec<RevisionId>,
    },
    /// A shortcut of which one database would wait for another at one of its own
    /// revisions.
    #[error("`{shortcut}` would wait for itself: `{above}` needs `{below}` on `{database}` first")]
    WaitsForItself {
        /// The shortcut.
        shortcut: RevisionId,
        /// The revision that says so.
        above: RevisionId,
        /// What it needs, which the shortcut replaces too.
        below: RevisionId,
        /// Where it needs that.
        database: DatabaseName,
    },
    /// A shortcut whose parents are not those of its set.
    #[error(
        "`{shortcut}` stands on {}, but what it replaces stands on {}",
        list(written),
        list(expected)
    )]
    Parents {
        /// The shortcut.
        shortcut: RevisionId,
        /// What it says.
        written: Vec<RevisionId>,
        /// What the revisions outside are that its set stands on.
        expected: Vec<RevisionId>,
    },
}

impl ShortcutFault {
    /// The shortcut to point at.
    #[must_use]
    pub fn shortcut(&self) -> &RevisionId {
        match self {
            ShortcutFault::Unknown { shortcut, .. }
            | ShortcutFault::Itself { shortcut }
            | ShortcutFault::Knot { shortcut, .. }
            | ShortcutFault::WaitsForItself { shortcut, .. }
            | ShortcutFault::Parents { shortcut, .. } => shortcut,
            ShortcutFault::Overlap { second, .. } => second,
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ShortcutFault::Unknown { .. } => "unknown_replaced",
            ShortcutFault::Itself { .. } => "self_replaced",
            ShortcutFault::Overlap { .. } => "shortcuts_overlap",
            ShortcutFault::Knot { .. } => "shortcut_knot",
            ShortcutFault::WaitsForItself { .. } => "shortcut_waits_for_itself",
            ShortcutFault::Parents { .. } => "shortcut_parents",
        }
    }
}

fn list(ids: &[RevisionId]) -> String {
    let words: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    match words.is_empty() {
        true => "nothing".to_owned(),
        false => words.join(", "),
    }
}

fn ring(members: &[RevisionId]) -> String {
    let around = members.iter().chain(members.first());
    let words: Vec<String> = around.map(|id| format!("`{id}`")).collect();
    words.join(" → ")
}

/// All shortcuts of a graph, and what ids without a node mean.
#[derive(Debug, Default, Clone)]
pub(super) struct Shortcuts {
    /// Ascending by id.
    pub(super) all: Vec<Shortcut>,
    /// The smallest shortcut around each node; empty where there are none.
    innermost: Vec<Option<ShortcutId>>,
    /// The ids of shortcuts, and of what finished ones replaced.
    pub(super) names: BTreeMap<RevisionId, Vec<Node>>,
}

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

/// A shortcut whose set is known, not yet its place among the others.
struct Draft {
    revision: Arc<Revision>,
    members: BTreeSet<Node>,
}

/// Finds what every shortcut replaces, connects what refers to shortcuts, and
/// lays out the forest. Faults go to the builder.
pub(super) fn lay_out(builder: &mut Builder) -> Shortcuts {
    let revisions = std::mem::take(&mut builder.shortcuts);
    let mut drafts: Vec<Draft> = Vec::new();
    for revision in &revisions {
        if let Some(members) = expand(builder, &revisions, revision) {
            let revision = revision.clone();
            drafts.push(Draft { revision, members });
        }
    }
    // From within: what refers to a small one may lie in a larger one, and then
    // decides which members of that are topmost.
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|&at| (drafts[at].members.len(), at));
    let mut all: Vec<Shortcut> = drafts.iter().map(draft_of).collect();
    for &at in &order {
        let tops = tops(builder, &drafts[at].members);
        builder.connect_to_shortcut(&drafts[at].revision.id, &tops);
        builder
            .names
            .insert(drafts[at].revision.id.clone(), tops.clone());
        all[at].tops = tops;
    }
    let innermost = nest(builder, &drafts, &order, &mut all);
    if builder.faults.is_empty() {
        for draft in &drafts {
            check_parents(builder, draft);
        }
    }
    let shortcuts = Shortcuts {
        all,
        innermost,
        names: std::mem::take(&mut builder.names),
    };
    check_knots(builder, &shortcuts);
    shortcuts
}

fn draft_of(draft: &Draft) -> Shortcut {
    Shortcut {
        revision: draft.revision.clone(),
        outer: None,
        inner: Vec::new(),
        own: Vec::new(),
        size: draft.members.len(),
        tops: Vec::new(),
    }
}

/// All nodes that a shortcut replaces, shortcuts among them expanded.
fn expand(
    builder: &mut Builder,
    revisions: &[Arc<Revision>],
    shortcut: &Revision,
) -> Option<BTreeSet<Node>> {
    let mut members = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut stack: Vec<&RevisionId> = shortcut.replaces.iter().collect();
    let mut is_whole = true;
    while let Some(id) = stack.pop() {
        let found = revisions.binary_search_by(|it| it.id.cmp(id));
        match (builder.lookup(id.as_str()), found) {
            (Some(node), _) => {
                members.insert(node);
            }
            (None, Ok(_)) if *id == shortcut.id => {
                builder.shortcut_fault(ShortcutFault::Itself {
                    shortcut: shortcut.id.clone(),
                });
                return None;
            }
            (None, Ok(at)) => {
                if seen.insert(at) {
                    stack.extend(&revisions[at].replaces);
                }
            }
            (None, Err(_)) => {
                is_whole = false;
                let similar = similar(id.as_str(), builder.ids());
                let similar = similar
                    .into_iter()
                    .filter_map(|id| RevisionId::new(id).ok());
                builder.shortcut_fault(ShortcutFault::Unknown {
                    shortcut: shortcut.id.clone(),
                    missing: id.clone(),
                    similar: similar.collect(),
                });
            }
        }
    }
    is_whole.then_some(members)
}

/// The members that no member stands on directly.
fn tops(builder: &Builder, members: &BTreeSet<Node>) -> Vec<Node> {
    let is_below = |node: &Node| {
        let above = builder.dag.edges(*node);
        let above = above.filter(|edge| *edge.weight() != Edge::Across);
        let mut above = above.map(|edge| edge.target());
        above.any(|it| members.contains(&it))
    };
    members.iter().copied().filter(|it| !is_below(it)).collect()
}

/// Makes the forest, the smallest first: whatever already lies around a member
/// must lie wholly within. Linear in the sets as written, nearly.
fn nest(
    builder: &mut Builder,
    drafts: &[Draft],
    order: &[usize],
    all: &mut [Shortcut],
) -> Vec<Option<ShortcutId>> {
    let mut innermost: Vec<Option<ShortcutId>> = vec![None; builder.dag.node_count()];
    let mut outermost = innermost.clone();
    for &at in order {
        let mut inner: BTreeMap<ShortcutId, usize> = BTreeMap::new();
        for &node in &drafts[at].members {
            match outermost[node.index()].replace(ShortcutId::new(at)) {
                None => {
                    all[at].own.push(node);
                    innermost[node.index()] = Some(ShortcutId::new(at));
                }
                Some(other) => *inner.entry(other).or_default() += 1,
            }
        }
        for (other, shared) in inner {
            let small = &mut all[other.index()];
            if shared == small.size && small.size < drafts[at].members.len() {
                small.outer = Some(ShortcutId::new(at));
                all[at].inner.push(other);
            } else {
                builder.shortcut_fault(overlap(builder, &drafts[other.index()], &drafts[at]));
            }
        }
    }
    innermost
}

fn overlap(builder: &Builder, one: &Draft, other: &Draft) -> ShortcutFault {
    let (first, second) = match one.revision.id < other.revision.id {
        true => (one, other),
        false => (other, one),
    };
    let shared = one.members.intersection(&other.members);
    ShortcutFault::Overlap {
        first: first.revision.id.clone(),
        second: second.revision.id.clone(),
        shared: shared.map(|&node| builder.dag[node].id.clone()).collect(),
    }
}

/// A shortcut says what its set stands on, so that it can take its place when
/// the files of the set are gone.
fn check_parents(builder: &mut Builder, draft: &Draft) {
    let mut expected = BTreeSet::new();
    for &member in &draft.members {
        for edge in builder.dag.edges_directed(member, petgraph::Incoming) {
            if *edge.weight() == Edge::Parent && !draft.members.contains(&edge.source()) {
                expected.insert(edge.source());
            }
        }
    }
    let mut written = BTreeSet::new();
    for parent in &draft.revision.parents {
        match builder.lookup_all(parent.as_str()) {
            nodes if nodes.is_empty() => {
                let fault = builder.unknown_parent(&draft.revision.id, parent);
                builder.faults.push(fault);
                return;
            }
            nodes => written.extend(nodes),
        }
    }
    if !means_the_same(builder, &written, &expected) {
        let ids = |nodes: BTreeSet<Node>| {
            let ids = nodes.into_iter().map(|node| builder.dag[node].id.clone());
            ids.collect()
        };
        let fault = ShortcutFault::Parents {
            shortcut: draft.revision.id.clone(),
            written: ids(written),
            expected: ids(expected),
        };
        builder.shortcut_fault(fault);
    }
}

/// Whether parents are those expected, but for redundant ones left out.
fn means_the_same(builder: &Builder, written: &BTreeSet<Node>, expected: &BTreeSet<Node>) -> bool {
    if written == expected {
        return true;
    }
    let mut below = written.clone();
    let mut stack: Vec<Node> = written.iter().copied().collect();
    while let Some(node) = stack.pop() {
        let next = builder.dag.neighbors_directed(node, petgraph::Incoming);
        stack.extend(next.filter(|&node| below.insert(node)));
    }
    written.is_subset(expected) && expected.is_subset(&below)
}

/// Takes all shortcuts of one depth for one node each, depth after depth, and
/// tells every ring that this makes.
fn check_knots(builder: &mut Builder, shortcuts: &Shortcuts) {
    if !builder.faults.is_empty() {
        return;
    }
    let depths = depths(&shortcuts.all);
    for level in 1..=depths.iter().copied().max().unwrap_or(0) {
        let blocks = blocks_at(builder, shortcuts, level, &depths);
        check_crossings(builder, shortcuts, &blocks);
        let rings = rings(&contracted(builder, &blocks));
        for ring in rings {
            let shortcut = ring.iter().find_map(|node| blocks.name[node.index()]);
            let Some(shortcut) = shortcut else { continue };
            let name = |node: &Node| match blocks.name[node.index()] {
                Some(id) => shortcuts.all[id.index()].revision.id.clone(),
                None => builder.dag[*node].id.clone(),
            };
            let fault = ShortcutFault::Knot {
                shortcut: shortcuts.all[shortcut.index()].revision.id.clone(),
                members: ring.iter().map(name).collect(),
            };
            builder.shortcut_fault(fault);
        }
        if !builder.faults.is_empty() {
            return;
        }
    }
}

/// No two ends of a dependency across databases may lie in one shortcut.
fn check_crossings(builder: &mut Builder, shortcuts: &Shortcuts, blocks: &Blocks) {
    for crossing in builder.crossings.clone() {
        let block = |node: Node| blocks.representative[node.index()];
        let (above, below) = (block(crossing.above), block(crossing.below));
        let Some(id) = blocks.name[above.index()].filter(|_| above == below) else {
            continue;
        };
        let id_of = |node: Node| builder.dag[node].id.clone();
        let fault = ShortcutFault::WaitsForItself {
            shortcut: shortcuts.all[id.index()].revision.id.clone(),
            above: id_of(crossing.above),
            below: id_of(crossing.below),
            database: crossing.database,
        };
        builder.shortcut_fault(fault);
    }
}

/// How many shortcuts lie around each one, itself counted.
fn depths(all: &[Shortcut]) -> Vec<usize> {
    let mut depths = vec![0; all.len()];
    let outermost = (0..all.len()).filter(|&at| all[at].outer.is_none());
    let mut stack: Vec<(usize, usize)> = outermost.map(|at| (at, 1)).collect();
    while let Some((at, depth)) = stack.pop() {
        depths[at] = depth;
        stack.extend(all[at].inner.iter().map(|it| (it.index(), depth + 1)));
    }
    depths
}

/// Which node stands for each one, and what shortcut such a one stands for.
struct Blocks {
    representative: Vec<Node>,
    name: Vec<Option<ShortcutId>>,
}

fn blocks_at(builder: &Builder, shortcuts: &Shortcuts, level: usize, depths: &[usize]) -> Blocks {
    let count = builder.dag.node_count();
    let mut representative: Vec<Node> = builder.dag.node_indices().collect();
    let mut name = vec![None; count];
    let mut first: BTreeMap<ShortcutId, Node> = BTreeMap::new();
    for node in builder.dag.node_indices() {
        let Some(inner) = shortcuts.innermost[node.index()] else {
            continue;
        };
        let outwards = |at: &ShortcutId| shortcuts.all[at.index()].outer;
        let Some(over) = depths[inner.index()].checked_sub(level) else {
            continue;
        };
        let block = std::iter::successors(Some(inner), outwards).nth(over);
        let Some(block) = block else { continue };
        let first = *first.entry(block).or_insert(node);
        representative[node.index()] = first;
        name[first.index()] = Some(block);
    }
    Blocks {
        representative,
        name,
    }
}

fn contracted(builder: &Builder, blocks: &Blocks) -> DiGraph<(), (), u32> {
    let mut dag = DiGraph::with_capacity(builder.dag.node_count(), builder.dag.edge_count());
    for _ in builder.dag.node_indices() {
        dag.add_node(());
    }
    for edge in builder.dag.edge_references() {
        let from = blocks.representative[edge.source().index()];
        let to = blocks.representative[edge.target().index()];
        if from != to {
            dag.add_edge(from, to, ());
        }
    }
    dag
}

impl Builder {
    fn shortcut_fault(&mut self, fault: ShortcutFault) {
        self.faults.push(GraphFault::Shortcut(fault));
    }
}
