//! States: which revisions are applied to a database, and where that disagrees
//! with the files.
//!
//! A state is a set of applied revisions, closed under parents and
//! dependencies; its heads are derived. A ledger may also hold revisions that
//! no file of this checkout has: it knows their edges and their way down, so
//! they are nodes like the others, in a graph of the lane's own.

use std::collections::HashMap;
use std::sync::Arc;

use crate::digest::{self, Digest};
use crate::revision::{ScriptError, TransactionMode};
use crate::{Binding, Entry, Graph, Node, NodeSet, Revision, RevisionId, Script, Scripts, Sql};

/// What a ledger says of one applied revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The revision.
    pub revision: RevisionId,
    /// Its parents when it was applied.
    pub parents: Vec<RevisionId>,
    /// Its dependencies when it was applied, labels resolved.
    pub dependencies: Vec<RevisionId>,
    /// Its message when it was applied.
    pub message: String,
    /// Of the upgrade that ran.
    pub upgrade_digest: Digest,
    /// Of the downgrade that was stored.
    pub downgrade_digest: Digest,
    /// Of all the revision's scripts and edges.
    pub revision_digest: Digest,
    /// The way down as it was when the revision was applied.
    pub downgrade: Option<Sql>,
    /// How its statements are committed.
    pub transaction: TransactionMode,
}

impl Applied {
    /// Whether an upgrade ran that did something.
    #[must_use]
    pub fn did_work(&self) -> bool {
        self.upgrade_digest != digest::script(None)
    }

    /// Whether the revision had work here, up or down.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.did_work() || self.downgrade.is_some()
    }

    /// The row as a revision, for a checkout that lacks the file.
    fn as_revision(&self) -> Revision {
        let mut revision = Revision::new(self.revision.clone(), self.parents.clone());
        revision.depends_on = self.dependencies.iter().map(ToString::to_string).collect();
        revision.message.clone_from(&self.message);
        revision.scripts = Scripts {
            top: Entry {
                upgrade: None,
                downgrade: self.downgrade.clone().map(Script::Any),
                transaction: self.transaction,
            },
            ..Scripts::default()
        };
        revision
    }
}

/// The revisions applied to a database, as nodes of one graph.
#[derive(Debug, Clone, Default)]
pub struct State {
    set: NodeSet,
    rows: HashMap<Node, Applied>,
}

impl State {
    /// The state whose heads are `heads`, ancestors implied, as no ledger tells
    /// it: every revision stands as its file has it.
    #[must_use]
    pub fn of_heads(graph: &Graph, heads: impl IntoIterator<Item = Node>) -> Self {
        Self {
            set: graph.ancestors(heads),
            rows: HashMap::new(),
        }
    }

    /// The applied revisions.
    #[must_use]
    pub fn set(&self) -> &NodeSet {
        &self.set
    }

    /// The ledger's row of a revision, where a ledger was read.
    #[must_use]
    pub fn row(&self, node: Node) -> Option<&Applied> {
        self.rows.get(&node)
    }

    /// The applied revisions that no applied revision stands on.
    #[must_use]
    pub fn heads(&self, graph: &Graph) -> Vec<Node> {
        graph.maximal(&self.set)
    }
}

/// A database's state with the graph that it is a set of, and its drift.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The checkout's graph, with the revisions that only the ledger knows.
    pub graph: Arc<Graph>,
    /// What is applied.
    pub state: State,
    /// Where the ledger and the files disagree.
    pub drift: Drift,
}

/// Where a ledger and the files disagree; each list ascending by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// Applied revisions that no file of this checkout has.
    pub unknown: Vec<RevisionId>,
    /// Applied revisions whose upgrade has changed since.
    pub edited: Vec<Edited>,
    /// Applied revisions that have been given other parents or dependencies.
    pub reparented: Vec<Reparented>,
    /// Applied revisions with a parent or dependency that is not applied.
    pub gaps: Vec<Gap>,
    /// Applied revisions that would now run another script here, though none of
    /// their scripts has changed: the database is in another group, or speaks
    /// another dialect.
    pub rebound: Vec<RevisionId>,
}

/// A revision whose upgrade is no longer what ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The revision.
    pub revision: RevisionId,
    /// Of what ran.
    pub applied: Digest,
    /// Of what the file has now.
    pub file: Digest,
}

/// A revision that stands on something else than when it was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reparented {
    /// The revision.
    pub revision: RevisionId,
    /// What it stood on directly, redundant edges left out.
    pub applied: Vec<RevisionId>,
    /// What the file says now, redundant edges left out.
    pub file: Vec<RevisionId>,
}

/// An applied revision that stands on one that is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The applied revision.
    pub revision: RevisionId,
    /// What it stands on.
    pub missing: RevisionId,
}

impl Drift {
    /// Whether the files say of every applied revision what the ledger says;
    /// revisions that only the ledger knows do not count.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.edited.is_empty()
            && self.reparented.is_empty()
            && self.gaps.is_empty()
            && self.rebound.is_empty()
    }

    /// Whether ledger and files agree in everything.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.unknown.is_empty() && self.is_consistent()
    }
}

/// Why a ledger's rows make no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The ledger's own edges form a cycle.
    #[error("the ledger's revisions form a cycle: {}", ids(members))]
    Cycle {
        /// The revisions.
        members: Vec<RevisionId>,
    },
    /// A revision whose script for this database cannot be told.
    #[error(transparent)]
    Script(#[from] ScriptError),
}

fn ids(ids: &[RevisionId]) -> String {
    let words: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    words.join(", ")
}

impl Standing {
    /// Reads a ledger's rows against the checkout's graph.
    ///
    /// # Errors
    ///
    /// [`StateError`].
    pub fn read(
        checkout: &Arc<Graph>,
        binding: &Binding,
        rows: Vec<Applied>,
    ) -> Result<Self, StateError> {
        let foreign: Vec<&Applied> = rows
            .iter()
            .filter(|row| checkout.find(row.revision.as_str()).is_none())
            .collect();
        let graph = if foreign.is_empty() {
            checkout.clone()
        } else {
            let foreign = foreign.iter().map(|row| Arc::new(row.as_revision()));
            let joined = checkout.with_foreign(foreign.collect());
            Arc::new(joined.map_err(|faults| StateError::Cycle {
                members: faults.iter().map(|f| f.revision().clone()).collect(),
            })?)
        };
        let rows: HashMap<Node, Applied> = rows
            .into_iter()
            .filter_map(|row| Some((graph.find(row.revision.as_str())?, row)))
            .collect();
        let set = rows.keys().copied().collect();
        let state = State { set, rows };
        let drift = Drift::between(&graph, binding, &state)?;
        Ok(Self {
            graph,
            state,
            drift,
        })
    }
}

impl Drift {
    fn between(graph: &Graph, binding: &Binding, state: &State) -> Result<Self, ScriptError> {
        let mut drift = Drift::default();
        for node in state.set.iter() {
            let row = &state.rows[&node];
            drift.note_gaps(graph, state, node, row);
            if graph.is_foreign(node) {
                drift.unknown.push(row.revision.clone());
            } else {
                drift.note_edit(graph, binding, node, row)?;
                drift.note_parents(graph, node, row);
            }
        }
        Ok(drift)
    }

    fn note_gaps(&mut self, graph: &Graph, state: &State, node: Node, row: &Applied) {
        let by_file = graph.ids(
            graph
                .below(node)
                .into_iter()
                .filter(|&below| !state.set.contains(below)),
        );
        // A foreign revision may stand on one that neither files nor ledger have.
        let lost = row
            .parents
            .iter()
            .chain(&row.dependencies)
            .filter(|id| graph.is_foreign(node) && graph.find(id.as_str()).is_none())
            .cloned();
        self.gaps
            .extend(by_file.into_iter().chain(lost).map(|missing| Gap {
                revision: row.revision.clone(),
                missing,
            }));
    }

    fn note_edit(
        &mut self,
        graph: &Graph,
        binding: &Binding,
        node: Node,
        row: &Applied,
    ) -> Result<(), ScriptError> {
        let file = digest::script(graph.revision(node).work(binding)?.upgrade);
        if file == row.upgrade_digest {
            return Ok(());
        }
        if graph.digest(node) == row.revision_digest {
            self.rebound.push(row.revision.clone());
        } else {
            self.edited.push(Edited {
                revision: row.revision.clone(),
                applied: row.upgrade_digest,
                file,
            });
        }
        Ok(())
    }

    fn note_parents(&mut self, graph: &Graph, node: Node, row: &Applied) {
        let written: Vec<&RevisionId> = row.parents.iter().chain(&row.dependencies).collect();
        let known: Vec<Node> = written
            .iter()
            .filter_map(|id| graph.find(id.as_str()))
            .collect();
        let (applied, file) = (graph.reduce(&known), graph.reduced_below(node));
        let lost = written.len() > known.len();
        if applied != file || lost {
            self.reparented.push(Reparented {
                revision: row.revision.clone(),
                applied: if lost {
                    written.into_iter().cloned().collect()
                } else {
                    graph.ids(applied)
                },
                file: graph.ids(file),
            });
        }
    }
}
