//! A graph in the making: what was read, and every fault that was found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use petgraph::algo::toposort;
use petgraph::graph::DiGraph;

use super::crossing::{Across, Crossing};
use super::fault::{GraphFault, LabelFault, ShortcutFault};
use super::rings::rings;
use super::shortcut::Shortcuts;
use super::{Edge, Graph, Node, NodeSet};
use crate::name::{RESERVED, similar};
use crate::{DatabaseName, Label, Need, Revision, RevisionId};

/// The name before `-N` at a text's end, if it ends so.
#[must_use]
pub(crate) fn stem_of_offset(text: &str) -> Option<&str> {
    let (stem, digits) = text.rsplit_once('-')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (is_number && !stem.is_empty()).then_some(stem)
}

/// A graph in the making.
pub(super) struct Builder {
    pub(super) dag: DiGraph<Arc<Revision>, Edge, u32>,
    pub(super) faults: Vec<GraphFault>,
    /// What ids without a node mean.
    pub(super) names: BTreeMap<RevisionId, Vec<Node>>,
    labels: BTreeMap<Label, Node>,
    pub(super) shortcuts: Vec<Arc<Revision>>,
    /// Who names a shortcut: each to be connected once it is known what that is.
    waiting: BTreeMap<RevisionId, Vec<(Node, Edge)>>,
    pub(super) crossings: Vec<Crossing>,
    /// Who needs a shortcut in which database.
    waiting_across: BTreeMap<RevisionId, Vec<(Node, DatabaseName)>>,
}

impl Builder {
    pub(super) fn of(own: Vec<Arc<Revision>>, foreign: Vec<Arc<Revision>>) -> Self {
        let files: BTreeSet<RevisionId> = own.iter().map(|it| it.id.clone()).collect();
        // What a shortcut replaces has files still, or it is a node by now.
        let is_shortcut =
            |it: &Arc<Revision>| it.replaces.iter().any(|replaced| files.contains(replaced));
        let (shortcuts, own): (Vec<_>, Vec<_>) = own.into_iter().partition(is_shortcut);
        let mut builder = Self {
            dag: DiGraph::with_capacity(own.len() + foreign.len(), own.len()),
            faults: Vec::new(),
            names: BTreeMap::new(),
            labels: BTreeMap::new(),
            shortcuts: Vec::new(),
            waiting: BTreeMap::new(),
            crossings: Vec::new(),
            waiting_across: BTreeMap::new(),
        };
        for revision in builder.distinct(own.into_iter().chain(foreign).collect()) {
            builder.dag.add_node(revision);
        }
        for revision in builder.distinct(shortcuts) {
            match builder.find(revision.id.as_str()) {
                Some(_) => builder.faults.push(GraphFault::DuplicateId {
                    id: revision.id.clone(),
                }),
                None => builder.shortcuts.push(revision),
            }
        }
        builder.name_replaced(&files);
        builder
    }

    /// The revisions by id, each further one of an id as a fault.
    fn distinct(&mut self, mut revisions: Vec<Arc<Revision>>) -> Vec<Arc<Revision>> {
        revisions.sort_by(|a, b| a.id.cmp(&b.id));
        let mut distinct: Vec<Arc<Revision>> = Vec::with_capacity(revisions.len());
        for revision in revisions {
            if distinct.last().is_some_and(|last| last.id == revision.id) {
                self.faults.push(GraphFault::DuplicateId {
                    id: revision.id.clone(),
                });
            } else {
                distinct.push(revision);
            }
        }
        distinct
    }

    /// The ids of replaced revisions without files lead to what replaced them,
    /// this checkout's first.
    fn name_replaced(&mut self, files: &BTreeSet<RevisionId>) {
        let (own, foreign): (Vec<Node>, Vec<Node>) = self
            .dag
            .node_indices()
            .filter(|&node| !self.dag[node].replaces.is_empty())
            .partition(|&node| files.contains(&self.dag[node].id));
        for node in own {
            let revision = self.dag[node].clone();
            for replaced in &revision.replaces {
                if let Some(other) = self.names.insert(replaced.clone(), vec![node])
                    && other[0] != node
                {
                    let fault = ShortcutFault::Overlap {
                        first: self.dag[other[0]].id.clone(),
                        second: revision.id.clone(),
                        shared: vec![replaced.clone()],
                    };
                    self.faults.push(fault.into());
                }
            }
        }
        for node in foreign {
            for replaced in &self.dag[node].replaces {
                self.names
                    .entry(replaced.clone())
                    .or_insert_with(|| vec![node]);
            }
        }
    }

    fn find(&self, id: &str) -> Option<Node> {
        self.dag
            .raw_nodes()
            .binary_search_by(|node| node.weight.id.as_str().cmp(id))
            .ok()
            .map(Node::new)
    }

    /// The node with this id, or that has replaced it for good.
    pub(super) fn lookup(&self, id: &str) -> Option<Node> {
        self.find(id).or_else(|| match self.names.get(id)?[..] {
            [node] if self.is_finished(node) => Some(node),
            _ => None,
        })
    }

    fn is_finished(&self, node: Node) -> bool {
        !self.dag[node].replaces.is_empty()
    }

    /// All that an id means: see [`Graph::lookup`].
    pub(super) fn lookup_all(&self, id: &str) -> Vec<Node> {
        match self.find(id) {
            Some(node) => vec![node],
            None => self.names.get(id).cloned().unwrap_or_default(),
        }
    }

    /// All ids, of nodes and of shortcuts.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let nodes = self.dag.node_weights();
        nodes.chain(&self.shortcuts).map(|it| it.id.as_str())
    }

    fn shortcut(&self, id: &str) -> Option<&RevisionId> {
        let shortcuts = &self.shortcuts;
        let place = shortcuts.binary_search_by(|it| it.id.as_str().cmp(id));
        Some(&shortcuts[place.ok()?].id)
    }

    pub(super) fn declare_labels(&mut self) {
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
                if self.find(label.as_str()).is_some() || self.shortcut(label.as_str()).is_some() {
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

    pub(super) fn connect(&mut self) {
        for child in self.dag.node_indices() {
            let revision = self.dag[child].clone();
            self.connect_parents(child, &revision);
            self.connect_dependencies(child, &revision);
            self.connect_needs(child, &revision);
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
            match self.lookup(parent.as_str()) {
                Some(node) if node == child => self.faults.push(GraphFault::SelfParent {
                    id: revision.id.clone(),
                }),
                Some(node) => {
                    self.dag.add_edge(node, child, Edge::Parent);
                }
                None if self.waits_for(parent.as_str(), child, Edge::Parent) => {}
                None => {
                    let fault = self.unknown_parent(&revision.id, parent);
                    self.faults.push(fault);
                }
            }
        }
    }

    /// Notes an edge to a shortcut; `false`: there is no such shortcut.
    fn waits_for(&mut self, id: &str, child: Node, edge: Edge) -> bool {
        let Some(shortcut) = self.shortcut(id).cloned() else {
            return false;
        };
        self.waiting
            .entry(shortcut)
            .or_default()
            .push((child, edge));
        true
    }

    /// Connects what refers to a shortcut with the topmost of its set.
    pub(super) fn connect_to_shortcut(&mut self, shortcut: &RevisionId, tops: &[Node]) {
        for (child, database) in self.waiting_across.remove(shortcut).unwrap_or_default() {
            for &top in tops {
                self.cross(child, database.clone(), top);
            }
        }
        for (child, edge) in self.waiting.remove(shortcut).unwrap_or_default() {
            for &top in tops {
                if top == child {
                    let id = self.dag[child].id.clone();
                    self.faults.push(match edge {
                        Edge::Parent => GraphFault::SelfParent { id },
                        _ => GraphFault::SelfDependency { id },
                    });
                } else {
                    self.dag.add_edge(top, child, edge);
                }
            }
        }
    }

    pub(super) fn unknown_parent(&self, child: &RevisionId, parent: &RevisionId) -> GraphFault {
        let similar = similar(parent.as_str(), self.ids());
        let similar = similar
            .into_iter()
            .filter_map(|id| RevisionId::new(id).ok());
        GraphFault::UnknownParent {
            child: child.clone(),
            parent: parent.clone(),
            similar: similar.collect(),
        }
    }

    fn connect_needs(&mut self, child: Node, revision: &Revision) {
        for Need {
            database,
            revision: on,
        } in &revision.needs
        {
            let found = self
                .lookup(on)
                .or_else(|| self.labels.get(on.as_str()).copied());
            match found {
                Some(node) if node == child => self.faults.push(GraphFault::SelfDependency {
                    id: revision.id.clone(),
                }),
                Some(node) => self.cross(child, database.clone(), node),
                None => {
                    if let Some(shortcut) = self.shortcut(on).cloned() {
                        let waiting = self.waiting_across.entry(shortcut).or_default();
                        waiting.push((child, database.clone()));
                        continue;
                    }
                    let fault = self.unknown_dependency(&revision.id, on);
                    self.faults.push(fault);
                }
            }
        }
    }

    fn cross(&mut self, above: Node, database: DatabaseName, below: Node) {
        self.dag.add_edge(below, above, Edge::Across);
        self.crossings.push(Crossing {
            above,
            database,
            below,
        });
    }

    fn unknown_dependency(&self, child: &RevisionId, dependency: &str) -> GraphFault {
        let names = self.ids().chain(self.labels.keys().map(Label::as_str));
        GraphFault::UnknownDependency {
            child: child.clone(),
            dependency: dependency.to_owned(),
            similar: similar(dependency, names)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    }

    fn connect_dependencies(&mut self, child: Node, revision: &Revision) {
        for dependency in &revision.depends_on {
            let found = self
                .lookup(dependency)
                .or_else(|| self.labels.get(dependency.as_str()).copied());
            match found {
                Some(node) if node == child => self.faults.push(GraphFault::SelfDependency {
                    id: revision.id.clone(),
                }),
                Some(node) => {
                    self.dag.add_edge(node, child, Edge::Dependency);
                }
                None if self.waits_for(dependency, child, Edge::Dependency) => {}
                None => {
                    let fault = self.unknown_dependency(&revision.id, dependency);
                    self.faults.push(fault);
                }
            }
        }
    }

    /// A topological order; where there is none, a fault for each knot.
    pub(super) fn order(&mut self) -> Vec<Node> {
        if let Ok(order) = toposort(&self.dag, None) {
            return order;
        }
        for ring in rings(&self.dag) {
            let ids = ring.into_iter().map(|member| self.dag[member].id.clone());
            let members = ids.collect();
            self.faults.push(GraphFault::Cycle { members });
        }
        Vec::new()
    }

    pub(super) fn finish(
        self,
        topological: Vec<Node>,
        own: Vec<Arc<Revision>>,
        shortcuts: Shortcuts,
    ) -> Graph {
        Graph {
            dag: self.dag,
            labels: self.labels,
            topological,
            foreign: NodeSet::default(),
            own,
            shortcuts,
            across: Across::of(self.crossings),
            reach: OnceLock::new(),
            digests: OnceLock::new(),
            addressees: OnceLock::new(),
        }
    }
}
