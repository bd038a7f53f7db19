//! Building a graph, and building upon one.

use std::sync::Arc;

use super::builder::Builder;
use super::fault::GraphFault;
use super::{Graph, shortcut};
use crate::{Revision, RevisionId};

impl Graph {
    /// Builds the graph of these revisions, in whatever order they come.
    ///
    /// # Errors
    ///
    /// Every [`GraphFault`] there is, not only the first.
    pub fn new(revisions: Vec<Arc<Revision>>) -> Result<Self, Vec<GraphFault>> {
        let mut builder = Builder::of(revisions.clone(), Vec::new());
        builder.declare_labels();
        builder.connect();
        let shortcuts = shortcut::lay_out(&mut builder);
        let topological = builder.order();
        if !builder.faults.is_empty() {
            return Err(builder.faults);
        }
        Ok(builder.finish(topological, revisions, shortcuts))
    }

    /// This graph with revisions that only a ledger knows. They are no heads
    /// and declare no labels; an edge of theirs that leads nowhere is left out.
    ///
    /// # Errors
    ///
    /// [`GraphFault::Cycle`], where a ledger's edges contradict each other.
    pub fn with_foreign(&self, foreign: Vec<Arc<Revision>>) -> Result<Self, Vec<GraphFault>> {
        let ids: Vec<RevisionId> = foreign.iter().map(|r| r.id.clone()).collect();
        let mut builder = Builder::of(self.own.clone(), foreign);
        builder.declare_labels();
        builder.connect();
        let shortcuts = shortcut::lay_out(&mut builder);
        // A ledger may know less than the files once did: that is drift, to be
        // told by the state, and no fault of the graph.
        builder.faults.clear();
        let topological = builder.order();
        if !builder.faults.is_empty() {
            return Err(builder.faults);
        }
        let mut graph = builder.finish(topological, self.own.clone(), shortcuts);
        graph.foreign = ids
            .iter()
            .filter_map(|id| graph.find(id.as_str()))
            .collect();
        Ok(graph)
    }
}
