//! Building a graph, and all that can be wrong with one.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use petgraph::Direction;
use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::DiGraph;

use super::{Edge, Graph, Node, NodeSet};
use crate::name::{RESERVED, similar};
use crate::{Label, Revision, RevisionId};

/// What keeps a set of revisions from being a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphFault {
    /// An id that more than one revision has. Said once for each further one.
    #[error("revision id `{id}` is used more than once")]
    DuplicateId {
        /// The id.
        id: RevisionId,
    },
    /// A parent that does not exist.
    #[error("revision `{child}` names a parent that does not exist: `{parent}`")]
    UnknownParent {
        /// Who names it.
        child: RevisionId,
        /// The id that nobody has.
        parent: RevisionId,
        /// Ids that it may have been meant to be, likeliest first.
        similar: Vec<RevisionId>,
    },
    /// A dependency that is neither an id nor a label.
    #[error("revision `{child}` depends on `{dependency}`, which is no revision and no label")]
    UnknownDependency {
        /// Who names it.
        child: RevisionId,
        /// The word that names nothing.
        dependency: String,
        /// Ids and labels that it may have been meant to be, likeliest first.
        similar: Vec<String>,
    },
    /// A revision that is its own parent.
    #[error("revision `{id}` is its own parent")]
    SelfParent {
        /// The revision.
        id: RevisionId,
    },
    /// A revision that depends on itself.
    #[error("revision `{id}` depends on itself")]
    SelfDependency {
        /// The revision.
        id: RevisionId,
    },
    /// A parent written twice.
    #[error("revision `{child}` names parent `{parent}` twice")]
    RepeatedParent {
        /// Who names it.
        child: RevisionId,
        /// The parent.
        parent: RevisionId,
    },
    /// Revisions that stand on one another in a circle.
    #[error("revisions form a cycle: {}", cycle(members))]
    Cycle {
        /// Each stands on the next, the last on the first.
        members: Vec<RevisionId>,
    },
    /// Something about a label.
    #[error(transparent)]
    Label(#[from] LabelFault),
}

/// What is wrong with a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelFault {
    /// A label that two revisions declare, or one twice.
    #[error("label `{label}` is declared by `{first}` and again by `{second}`")]
    Taken {
        /// The label.
        label: Label,
        /// Who declares it first, by id.
        first: RevisionId,
        /// Who declares it again.
        second: RevisionId,
    },
    /// A label that is also a revision's id.
    #[error("label `{label}` of revision `{at}` is also a revision id")]
    IsId {
        /// The label.
        label: Label,
        /// Who declares it.
        at: RevisionId,
    },
    /// A label such as `core-2` beside a name `core`.
    #[error("label `{label}` of revision `{at}` reads as an offset from `{of}`")]
    ReadsAsOffset {
        /// The label.
        label: Label,
        /// The shorter name.
        of: String,
        /// Who declares it.
        at: RevisionId,
    },
}

fn cycle(members: &[RevisionId]) -> String {
    members
        .iter()
        .chain(members.first())
        .map(|id| format!("`{id}`"))
        .collect::<Vec<_>>()
        .join(" → ")
}

impl GraphFault {
    /// The revision to point at.
    #[must_use]
    pub fn revision(&self) -> &RevisionId {
        match self {
            GraphFault::DuplicateId { id }
            | GraphFault::SelfParent { id }
            | GraphFault::SelfDependency { id } => id,
            GraphFault::UnknownParent { child, .. }
            | GraphFault::UnknownDependency { child, .. }
            | GraphFault::RepeatedParent { child, .. } => child,
            GraphFault::Cycle { members } => &members[0],
            GraphFault::Label(LabelFault::Taken { second, .. }) => second,
            GraphFault::Label(
                LabelFault::IsId { at, .. } | LabelFault::ReadsAsOffset { at, .. },
            ) => at,
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            GraphFault::DuplicateId { .. } => "duplicate_id",
            GraphFault::UnknownParent { .. } => "unknown_parent",
            GraphFault::UnknownDependency { .. } => "unknown_dependency",
            GraphFault::SelfParent { .. } => "self_parent",
            GraphFault::SelfDependency { .. } => "self_dependency",
            GraphFault::RepeatedParent { .. } => "repeated_parent",
            GraphFault::Cycle { .. } => "cycle",
            GraphFault::Label(LabelFault::Taken { .. }) => "label_taken",
            GraphFault::Label(LabelFault::IsId { .. }) => "label_is_id",
            GraphFault::Label(LabelFault::ReadsAsOffset { .. }) => "label_reads_as_offset",
        }
    }
}

/// The name before `-N` at a text's end, if it ends so.
#[must_use]
pub(crate) fn stem_of_offset(text: &str) -> Option<&str> {
    let (stem, digits) = text.rsplit_once('-')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (is_number && !stem.is_empty()).then_some(stem)
}

struct Builder {
    dag: DiGraph<Arc<Revision>, Edge, u32>,
    labels: BTreeMap<Label, Node>,
    faults: Vec<GraphFault>,
}

impl Graph {
    /// Builds the graph of these revisions, in whatever order they come.
    ///
    /// # Errors
    ///
    /// Every [`GraphFault`] there is, not only the first.
    pub fn new(revisions: Vec<Arc<Revision>>) -> Result<Self, Vec<GraphFault>> {
        let mut builder = Builder::of(revisions);
        builder.declare_labels();
        builder.connect();
        let topological = builder.order();
        if !builder.faults.is_empty() {
            return Err(builder.faults);
        }
        Ok(builder.finish(topological))
    }

    /// This graph with revisions that only a ledger knows. They are no heads
    /// and declare no labels; an edge of theirs that leads nowhere is left out.
    ///
    /// # Errors
    ///
    /// [`GraphFault::Cycle`], where a ledger's edges contradict each other.
    pub fn with_foreign(&self, foreign: Vec<Arc<Revision>>) -> Result<Self, Vec<GraphFault>> {
        let ids: Vec<RevisionId> = foreign.iter().map(|r| r.id.clone()).collect();
        let own = self.nodes().map(|node| self.revision(node).clone());
        let mut builder = Builder::of(own.chain(foreign).collect());
        builder.declare_labels();
        builder.connect();
        // A ledger may know less than the files once did: that is drift, to be
        // told by the state, and no fault of the graph.
        builder.faults.clear();
        let topological = builder.order();
        if !builder.faults.is_empty() {
            return Err(builder.faults);
        }
        let mut graph = builder.finish(topological);
        graph.foreign = ids
            .iter()
            .filter_map(|id| graph.find(id.as_str()))
            .collect();
        Ok(graph)
    }
}

impl Builder {
    fn of(mut revisions: Vec<Arc<Revision>>) -> Self {
        revisions.sort_by(|a, b| a.id.cmp(&b.id));
        let mut dag = DiGraph::with_capacity(revisions.len(), revisions.len());
        let mut faults = Vec::new();
        let mut last: Option<RevisionId> = None;
        for revision in revisions {
            if last.as_ref() == Some(&revision.id) {
                faults.push(GraphFault::DuplicateId {
                    id: revision.id.clone(),
                });
                continue;
            }
            last = Some(revision.id.clone());
            dag.add_node(revision);
        }
        Self {
            dag,
            labels: BTreeMap::new(),
            faults,
        }
    }

    fn find(&self, id: &str) -> Option<Node> {
        self.dag
            .raw_nodes()
            .binary_search_by(|node| node.weight.id.as_str().cmp(id))
            .ok()
            .map(Node::new)
    }

    fn declare_labels(&mut self) {
        for node in self.dag.node_indices() {
            let revision = self.dag[node].clone();
            for label in &revision.labels {
                if let Some(&first) = self.labels.get(label) {
                    self.label_fault(LabelFault::Taken {
                        label: label.clone(),
                        first: self.dag[first].id.clone(),
                        second: revision.id.clone(),
                    });
                    continue;
                }
                if self.find(label.as_str()).is_some() {
                    self.label_fault(LabelFault::IsId {
                        label: label.clone(),
                        at: revision.id.clone(),
                    });
                }
                self.labels.insert(label.clone(), node);
            }
        }
        self.check_offsets();
    }

    fn check_offsets(&mut self) {
        let clashes: Vec<LabelFault> = self
            .labels
            .iter()
            .filter_map(|(label, &at)| {
                let stem = stem_of_offset(label.as_str())?;
                let clash = RESERVED.contains(&stem)
                    || self.labels.contains_key(stem)
                    || self.find(stem).is_some();
                clash.then(|| LabelFault::ReadsAsOffset {
                    label: label.clone(),
                    of: stem.to_owned(),
                    at: self.dag[at].id.clone(),
                })
            })
            .collect();
        for clash in clashes {
            self.label_fault(clash);
        }
    }

    fn label_fault(&mut self, fault: LabelFault) {
        self.faults.push(fault.into());
    }

    fn connect(&mut self) {
        for child in self.dag.node_indices() {
            let revision = self.dag[child].clone();
            self.connect_parents(child, &revision);
            self.connect_dependencies(child, &revision);
        }
    }

    fn connect_parents(&mut self, child: Node, revision: &Revision) {
        for (index, parent) in revision.parents.iter().enumerate() {
            if revision.parents[..index].contains(parent) {
                self.faults.push(GraphFault::RepeatedParent {
                    child: revision.id.clone(),
                    parent: parent.clone(),
                });
                continue;
            }
            match self.find(parent.as_str()) {
                Some(node) if node == child => self.faults.push(GraphFault::SelfParent {
                    id: revision.id.clone(),
                }),
                Some(node) => {
                    self.dag.add_edge(node, child, Edge::Parent);
                }
                None => {
                    let ids = self.dag.node_weights().map(|r| r.id.as_str());
                    let similar = similar(parent.as_str(), ids)
                        .into_iter()
                        .filter_map(|id| RevisionId::new(id).ok())
                        .collect();
                    self.faults.push(GraphFault::UnknownParent {
                        child: revision.id.clone(),
                        parent: parent.clone(),
                        similar,
                    });
                }
            }
        }
    }

    fn connect_dependencies(&mut self, child: Node, revision: &Revision) {
        for dependency in &revision.depends_on {
            let found = self
                .find(dependency)
                .or_else(|| self.labels.get(dependency.as_str()).copied());
            match found {
                Some(node) if node == child => self.faults.push(GraphFault::SelfDependency {
                    id: revision.id.clone(),
                }),
                Some(node) => {
                    self.dag.add_edge(node, child, Edge::Dependency);
                }
                None => {
                    let names = self
                        .dag
                        .node_weights()
                        .map(|r| r.id.as_str())
                        .chain(self.labels.keys().map(Label::as_str));
                    self.faults.push(GraphFault::UnknownDependency {
                        child: revision.id.clone(),
                        dependency: dependency.clone(),
                        similar: similar(dependency, names)
                            .into_iter()
                            .map(str::to_owned)
                            .collect(),
                    });
                }
            }
        }
    }

    /// A topological order; where there is none, a fault for each knot.
    fn order(&mut self) -> Vec<Node> {
        // petgraph's own `is_cyclic_directed` and `tarjan_scc` recurse, and a
        // history of ten thousand revisions overflows a thread's stack.
        if let Ok(order) = toposort(&self.dag, None) {
            return order;
        }
        let mut knots: Vec<Vec<Node>> = kosaraju_scc(&self.dag)
            .into_iter()
            .filter(|members| members.len() > 1)
            .collect();
        for knot in &mut knots {
            knot.sort_unstable();
        }
        knots.sort_unstable();
        for knot in knots {
            let members = self.cycle_in(&knot);
            self.faults.push(GraphFault::Cycle { members });
        }
        Vec::new()
    }

    /// One cycle within a strongly connected set: every member has something
    /// below it in the set, so stepping down must come back.
    fn cycle_in(&self, knot: &[Node]) -> Vec<RevisionId> {
        let mut path: Vec<Node> = Vec::new();
        let mut place: BTreeMap<Node, usize> = BTreeMap::new();
        let mut node = knot[0];
        while !place.contains_key(&node) {
            place.insert(node, path.len());
            path.push(node);
            node = self
                .dag
                .neighbors_directed(node, Direction::Incoming)
                .filter(|below| knot.binary_search(below).is_ok())
                .min()
                .expect("a strongly connected set has an edge into each member");
        }
        let mut ring = path.split_off(place[&node]);
        let smallest = (0..ring.len()).min_by_key(|&at| ring[at]).unwrap_or(0);
        ring.rotate_left(smallest);
        ring.into_iter()
            .map(|member| self.dag[member].id.clone())
            .collect()
    }

    fn finish(self, topological: Vec<Node>) -> Graph {
        Graph {
            dag: self.dag,
            labels: self.labels,
            topological,
            foreign: NodeSet::default(),
            reach: OnceLock::new(),
            digests: OnceLock::new(),
        }
    }
}
