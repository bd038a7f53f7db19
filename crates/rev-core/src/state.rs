//! States: which revisions are applied to a database, and where that disagrees
//! with the files.
//!
//! A state is a set of applied revisions, closed under parents and
//! dependencies; its heads are derived. A ledger may also hold revisions that
//! no file of this checkout has: it knows their edges and their way down, so
//! they are nodes like the others, in a graph of the lane's own.
//!
//! A ledger has a row a revision, also for those that went through a shortcut.
//! Where what ran had replaced them for good, their rows share its digest, and
//! only together are they a node again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::digest::{self, Digest};
use crate::revision::{ScriptError, TransactionMode};
use crate::{
    Binding, Entry, Graph, Need, Node, NodeSet, Revision, RevisionId, Script, Scripts, Sql,
};

/// What a ledger says of one applied revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The revision.
    pub revision: RevisionId,
    /// Its parents when it was applied.
    pub parents: Vec<RevisionId>,
    /// Its dependencies when it was applied, labels resolved.
    pub dependencies: Vec<RevisionId>,
    /// What it needed of other databases when it was applied, labels resolved.
    pub needs: Vec<Need>,
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
    /// The shortcut that did its work. Then `upgrade_digest` is of what that ran
    /// here, unless the revision has nothing to do.
    pub through: Option<RevisionId>,
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

    /// Whether the stored way down is what was stored, by its digest. Of rows that share a
    /// way down only the last has it.
    #[must_use]
    pub fn has_its_way_down(&self) -> bool {
        match &self.downgrade {
            None if self.through.is_some() => true,
            stored => digest::script(stored.as_ref()) == self.downgrade_digest,
        }
    }

    /// The row as a revision, for a checkout that lacks the file.
    fn as_revision(&self) -> Revision {
        let mut revision = Revision::new(self.revision.clone(), self.parents.clone());
        revision.depends_on = self.dependencies.iter().map(ToString::to_string).collect();
        revision.needs.clone_from(&self.needs);
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

/// Rows that are one node's: most are alone.
struct Group {
    /// What all of them say, under the node's id.
    row: Applied,
    /// Their ids, ascending.
    ids: Vec<RevisionId>,
}

impl Group {
    fn of(id: RevisionId, rows: &[&Applied]) -> Self {
        let downgrade = rows.iter().find_map(|row| row.downgrade.clone());
        let row = Applied {
            revision: id,
            downgrade,
            ..rows[0].clone()
        };
        let ids = rows.iter().map(|row| row.revision.clone()).collect();
        Self { row, ids }
    }

    fn as_revision(&self) -> Revision {
        let mut revision = self.row.as_revision();
        if self.ids.len() > 1 {
            revision.replaces.clone_from(&self.ids);
        }
        revision
    }
}

/// A ledger's rows, as a checkout sees them.
struct Ledger<'a> {
    checkout: &'a Graph,
    /// By id.
    rows: BTreeMap<&'a str, &'a Applied>,
}

impl<'a> Ledger<'a> {
    fn row(&self, id: &RevisionId) -> Option<&'a Applied> {
        self.rows.get(id.as_str()).copied()
    }

    /// Takes out the rows of a revision that has replaced others for good;
    /// `None`: not all of them are there.
    fn take_finished(&mut self, node: Node) -> Option<Option<Group>> {
        let ids = self.checkout.row_ids(node);
        let rows: Vec<&Applied> = ids.iter().map(|id| self.row(id)).collect::<Option<_>>()?;
        for id in ids {
            self.rows.remove(id.as_str());
        }
        let id = &self.checkout.revision(node).id;
        let is_own = |row: &&Applied| {
            row.through.as_ref() == Some(id) && row.revision_digest == rows[0].revision_digest
        };
        Some(
            rows.iter()
                .all(is_own)
                .then(|| Group::of(id.clone(), &rows)),
        )
    }

    /// The rows that no file explains, those of one revision together.
    fn foreign(&self) -> Vec<Group> {
        let has_file = |row: &&Applied| self.checkout.find(row.revision.as_str()).is_some();
        let mut shared: BTreeMap<(&RevisionId, Digest), Vec<&Applied>> = BTreeMap::new();
        let mut groups = Vec::new();
        for &row in self.rows.values() {
            match &row.through {
                Some(through) => {
                    let key = (through, row.revision_digest);
                    shared.entry(key).or_default().push(row);
                }
                None if !has_file(&row) => groups.push(Group::of(row.revision.clone(), &[row])),
                None => {}
            }
        }
        for rows in shared.values() {
            let (known, lost): (Vec<&Applied>, Vec<&Applied>) =
                rows.iter().copied().partition(has_file);
            let Some(first) = lost.first() else { continue };
            let mut group = Group::of(first.revision.clone(), &lost);
            if !known.is_empty() {
                // Its way down is that of all of them, and some are to be kept apart.
                group.row.downgrade = None;
            }
            groups.push(group);
        }
        groups
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
    /// Shortcuts that have replaced for good what is applied only in part.
    pub partial: Vec<Partial>,
    /// Applied revisions whose stored way down was changed in the ledger: it is not what
    /// its digest says, so nobody has seen it in a review.
    pub altered: Vec<RevisionId>,
}

/// A database that is not past a shortcut of which only the whole is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    /// The shortcut.
    pub shortcut: RevisionId,
    /// What is applied of what it replaced.
    pub applied: Vec<RevisionId>,
    /// What is not.
    pub missing: Vec<RevisionId>,
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
    /// revisions that only the ledger knows do not count, nor do stored ways down.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.edited.is_empty()
            && self.reparented.is_empty()
            && self.gaps.is_empty()
            && self.rebound.is_empty()
            && self.partial.is_empty()
    }

    /// Whether ledger and files agree in everything.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.unknown.is_empty() && self.altered.is_empty() && self.is_consistent()
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
        rows: &[Applied],
    ) -> Result<Self, StateError> {
        let mut ledger = Ledger {
            checkout,
            rows: rows
                .iter()
                .map(|row| (row.revision.as_str(), row))
                .collect(),
        };
        let finished: Vec<(Node, Option<Group>)> = checkout
            .finished()
            .filter_map(|node| Some((node, ledger.take_finished(node)?)))
            .collect();
        let foreign = ledger.foreign();
        let graph = join(checkout, &foreign)?;
        let node = |id: &RevisionId| graph.find(id.as_str());
        let own = ledger.rows.values().copied().cloned();
        let own = own.filter(|row| checkout.find(row.revision.as_str()).is_some());
        let mut state = State::default();
        let groups = finished.iter().filter_map(|(_, group)| group.as_ref());
        for row in groups.chain(&foreign).map(|it| it.row.clone()).chain(own) {
            if let Some(node) = node(&row.revision) {
                state.set.insert(node);
                state.rows.insert(node, row);
            }
        }
        let finished = finished.iter().map(|(node, _)| checkout.id(*node));
        state.set.extend(finished.filter_map(node));
        let mut drift = Drift::between(&graph, binding, &state)?;
        drift.note_partial(checkout, &ledger);
        Ok(Self {
            graph,
            state,
            drift,
        })
    }
}

/// The checkout's graph with what only a ledger knows.
fn join(checkout: &Arc<Graph>, foreign: &[Group]) -> Result<Arc<Graph>, StateError> {
    if foreign.is_empty() {
        return Ok(checkout.clone());
    }
    let revisions = foreign.iter().map(|group| Arc::new(group.as_revision()));
    let joined = checkout.with_foreign(revisions.collect());
    let joined = joined.map_err(|faults| StateError::Cycle {
        members: faults.iter().map(|f| f.revision().clone()).collect(),
    })?;
    Ok(Arc::new(joined))
}

/// Of what shortcuts run on one database: hashed once each, however many rows
/// they leave.
#[derive(Default)]
pub(crate) struct ShortcutDigests(HashMap<RevisionId, Option<Digest>>);

impl ShortcutDigests {
    /// Of what a shortcut of this checkout runs; `None`: it has none of this id.
    pub(crate) fn of(
        &mut self,
        binding: &Binding,
        graph: &Graph,
        through: &RevisionId,
    ) -> Result<Option<Digest>, ScriptError> {
        if let Some(known) = self.0.get(through) {
            return Ok(*known);
        }
        let digest = match graph.find_shortcut(through.as_str()) {
            Some(id) => {
                let work = graph.shortcut(id).revision.work(binding)?;
                Some(digest::script(work.upgrade))
            }
            None => None,
        };
        self.0.insert(through.clone(), digest);
        Ok(digest)
    }
}

impl Drift {
    fn between(graph: &Graph, binding: &Binding, state: &State) -> Result<Self, ScriptError> {
        let mut drift = Drift::default();
        let mut shortcuts = ShortcutDigests::default();
        for node in state.set.iter() {
            // What replaced others for good has no row where they ran by themselves.
            let Some(row) = state.rows.get(&node) else {
                continue;
            };
            drift.note_gaps(graph, state, node, row);
            if !row.has_its_way_down() {
                drift.altered.push(row.revision.clone());
            }
            if graph.is_foreign(node) {
                drift.unknown.extend_from_slice(graph.row_ids(node));
            } else if let Some(through) = row.through.as_ref().filter(|id| **id != row.revision) {
                let file = shortcuts.of(binding, graph, through)?;
                drift.note_edited_shortcut(row, through, file);
            } else {
                drift.note_edit(graph, binding, node, row)?;
                drift.note_parents(graph, node, row);
            }
        }
        drift.unknown.sort_unstable();
        drift.altered.sort_unstable();
        Ok(drift)
    }

    /// Of what went through a shortcut only the shortcut can have been edited.
    fn note_edited_shortcut(&mut self, row: &Applied, through: &RevisionId, file: Option<Digest>) {
        let edited = file.filter(|file| row.did_work() && row.upgrade_digest != *file);
        let Some(file) = edited else { return };
        if !self.edited.iter().any(|it| it.revision == *through) {
            self.edited.push(Edited {
                revision: through.clone(),
                applied: row.upgrade_digest,
                file,
            });
        }
    }

    fn note_partial(&mut self, checkout: &Graph, ledger: &Ledger<'_>) {
        for node in checkout.finished() {
            let ids = checkout.row_ids(node).iter().cloned();
            let (applied, missing): (Vec<_>, Vec<_>) = ids.partition(|id| ledger.row(id).is_some());
            if !applied.is_empty() {
                self.partial.push(Partial {
                    shortcut: checkout.id(node).clone(),
                    applied,
                    missing,
                });
            }
        }
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
            .filter(|id| graph.is_foreign(node) && graph.lookup(id.as_str()).is_empty())
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
        let found: Vec<Vec<Node>> = written.iter().map(|id| graph.lookup(id.as_str())).collect();
        let lost = found.iter().any(Vec::is_empty);
        let known = found.concat();
        let (applied, file) = (graph.reduce(&known), graph.reduced_below(node));
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
