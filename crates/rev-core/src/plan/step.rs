//! Steps: what runs for one move on one database, and the rows that it leaves.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::{Action, Cost, Goal, Move, Source, Step};
use crate::digest;
use crate::graph::Hop;
use crate::revision::{ScriptError, Work};
use crate::state::{Applied, ShortcutDigests, Standing};
use crate::{Binding, Graph, Need, Node, RevisionId, ShortcutId, Sql, TransactionMode};

/// All ways of one database.
pub(super) struct Ways<'a> {
    binding: &'a Binding,
    pub(super) standing: &'a Standing,
    ran: RefCell<ShortcutDigests>,
}

/// Steps that were made before, and whether they cannot be made. Good for one
/// graph and databases of one kind, as long as files and ledger agree: else what
/// a ledger has stored is part of a step.
#[derive(Debug, Default)]
pub struct Steps(HashMap<(Action, Hop), (Arc<Step>, bool)>);

impl Steps {
    pub(super) fn step(
        &mut self,
        ways: &Ways<'_>,
        goal: Goal,
        of: Move,
    ) -> Result<(Arc<Step>, bool), ScriptError> {
        let place = match self.0.entry((action(goal, of.up), of.hop)) {
            Entry::Occupied(known) => return Ok(known.get().clone()),
            Entry::Vacant(place) => place,
        };
        let (step, is_stuck) = ways.step(goal, of)?;
        Ok(place.insert((Arc::new(step), is_stuck)).clone())
    }
}

fn action(goal: Goal, up: bool) -> Action {
    match (matches!(goal, Goal::Stamp | Goal::Accept), up) {
        (false, true) => Action::Upgrade,
        (false, false) => Action::Downgrade,
        (true, true) => Action::Stamp,
        (true, false) => Action::Unstamp,
    }
}

/// The way of one revision by itself.
struct Way<'a> {
    script: Option<&'a Sql>,
    transaction: TransactionMode,
    source: Source,
    /// Whether something ran that cannot be undone.
    is_stuck: bool,
}

impl<'a> Ways<'a> {
    pub(super) fn new(binding: &'a Binding, standing: &'a Standing) -> Self {
        Self {
            binding,
            standing,
            ran: RefCell::default(),
        }
    }

    pub(super) fn graph(&self) -> &'a Graph {
        &self.standing.graph
    }

    fn work(&self, node: Node) -> Result<Work<'a>, ScriptError> {
        self.graph().revision(node).work(self.binding)
    }

    fn way(&self, node: Node, up: bool) -> Result<Way<'a>, ScriptError> {
        let work = self.work(node)?;
        if up {
            return Ok(Way {
                script: work.upgrade,
                transaction: work.transaction,
                source: Source::File,
                is_stuck: false,
            });
        }
        if let Some(stored) = self.standing.state.row(node)
            && !self.is_undone_by_file(node, stored, &work)
        {
            return Ok(Way {
                script: stored.downgrade.as_ref(),
                transaction: stored.transaction,
                source: Source::Ledger,
                is_stuck: stored.did_work() && stored.downgrade.is_none(),
            });
        }
        Ok(Way {
            script: work.downgrade,
            transaction: work.transaction,
            source: Source::File,
            is_stuck: work.upgrade.is_some() && work.downgrade.is_none(),
        })
    }

    /// The file's way down undoes what ran only if its way up is what ran, or
    /// if a shortcut ran that does the same.
    fn is_undone_by_file(&self, node: Node, stored: &Applied, work: &Work<'_>) -> bool {
        if self.graph().is_foreign(node) {
            return false;
        }
        let is_through_other = stored
            .through
            .as_ref()
            .is_some_and(|through| *through != self.graph().revision(node).id);
        is_through_other || stored.upgrade_digest == digest::script(work.upgrade)
    }

    /// What a revision costs by itself.
    pub(super) fn cost(&self, node: Node, up: bool) -> Result<Cost, ScriptError> {
        let way = self.way(node, up)?;
        Ok(Cost {
            stuck: usize::from(way.is_stuck),
            ..Cost::step(way.script.is_some())
        })
    }

    /// What a shortcut costs; `None`: it does not serve here. Without a script it
    /// serves where none of its set has anything to do; it undoes only what ran
    /// as the files have it. `alone` is the cost of its set, each by itself.
    pub(super) fn cost_through(
        &self,
        id: ShortcutId,
        up: bool,
        alone: Cost,
    ) -> Result<Option<Cost>, ScriptError> {
        let work = self.graph().shortcut(id).revision.work(self.binding)?;
        let script = if up { work.upgrade } else { work.downgrade };
        let serves = script.is_some() || (alone.with_work == 0 && alone.stuck == 0);
        if !serves || (!up && !self.stand_as_written(id)?) {
            return Ok(None);
        }
        Ok(Some(Cost::step(script.is_some())))
    }

    fn stand_as_written(&self, id: ShortcutId) -> Result<bool, ScriptError> {
        for node in self.graph().members(id) {
            if self.way(node, false)?.source == Source::Ledger {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The step of a move, and whether it cannot be made.
    pub(super) fn step(&self, goal: Goal, of: Move) -> Result<(Step, bool), ScriptError> {
        let action = action(goal, of.up);
        match of.hop {
            Hop::Revision(node) => self.step_alone(goal, action, node),
            Hop::Shortcut(id) => Ok((self.step_through(action, id)?, false)),
        }
    }

    fn step_alone(
        &self,
        goal: Goal,
        action: Action,
        node: Node,
    ) -> Result<(Step, bool), ScriptError> {
        let graph = self.graph();
        let way = self.way(node, action.applies())?;
        let stored = self.standing.state.row(node);
        let row = match (goal, action.applies(), way.source) {
            (Goal::Accept, true, _) => self.expected_row(node, stored)?,
            (_, false, Source::Ledger) => stored.cloned().expect("a row of the ledger"),
            _ => row_of(self.binding, graph, node)?,
        };
        let script = way.script.filter(|_| action.runs()).cloned();
        let step = Step {
            action,
            revision: graph.revision(node).clone(),
            digest: digest::script(script.as_ref()),
            script,
            transaction: way.transaction,
            source: way.source,
            rows: rows(graph, node, row),
            replaces: Vec::new(),
        };
        Ok((step, way.is_stuck && action == Action::Downgrade))
    }

    fn step_through(&self, action: Action, id: ShortcutId) -> Result<Step, ScriptError> {
        let graph = self.graph();
        let shortcut = &graph.shortcut(id).revision;
        let work = shortcut.work(self.binding)?;
        let script = match action {
            Action::Downgrade => work.downgrade,
            _ => work.upgrade,
        };
        let members = graph.members(id);
        let mut all = Vec::with_capacity(members.len());
        for &node in &members {
            let row = self.row_through(node, &shortcut.id)?;
            all.extend(rows(graph, node, row));
        }
        Ok(Step {
            action,
            revision: shortcut.clone(),
            script: script.cloned(),
            digest: digest::script(script),
            transaction: work.transaction,
            source: Source::File,
            rows: all,
            replaces: graph.ids(members),
        })
    }
}

/// The rows of a node's ids, all alike but for what they are of: the way down
/// stands in the last one only.
fn rows(graph: &Graph, node: Node, row: Applied) -> Vec<Applied> {
    let ids = graph.row_ids(node);
    if let [only] = ids
        && *only == row.revision
    {
        return vec![row];
    }
    let through = row.through.clone();
    let through = through.or_else(|| Some(graph.revision(node).id.clone()));
    let of = |(place, id): (usize, &RevisionId)| Applied {
        revision: id.clone(),
        through: through.clone(),
        downgrade: row.downgrade.clone().filter(|_| place + 1 == ids.len()),
        ..row.clone()
    };
    ids.iter().enumerate().map(of).collect()
}

/// The ledger row that applying a revision's file would leave.
fn row_of(binding: &Binding, graph: &Graph, node: Node) -> Result<Applied, ScriptError> {
    let revision = graph.revision(node);
    let work = revision.work(binding)?;
    Ok(Applied {
        revision: revision.id.clone(),
        parents: graph.row_references(node, &graph.parents(node)),
        dependencies: graph.row_references(node, &graph.dependencies(node)),
        needs: needs(graph, node),
        message: revision.message.clone(),
        upgrade_digest: digest::script(work.upgrade),
        downgrade_digest: digest::script(work.downgrade),
        revision_digest: graph.digest(node),
        downgrade: work.downgrade.cloned(),
        transaction: work.transaction,
        through: None,
    })
}

/// What a revision needs of other databases, labels resolved.
fn needs(graph: &Graph, node: Node) -> Vec<Need> {
    let needs = graph.needs(node).flat_map(|crossing| {
        let revisions = graph.row_references(node, &[crossing.below]).into_iter();
        revisions.map(|revision| Need {
            database: crossing.database.clone(),
            revision: revision.to_string(),
        })
    });
    needs.collect()
}

impl Ways<'_> {
    /// The row that a shortcut leaves for one of its set: the revision's own, but
    /// that what ran, if the revision has anything to do, is the shortcut's script.
    fn row_through(&self, node: Node, through: &RevisionId) -> Result<Applied, ScriptError> {
        let graph = self.graph();
        let mut row = row_of(self.binding, graph, node)?;
        if row.did_work()
            && let Some(ran) = self.ran.borrow_mut().of(self.binding, graph, through)?
        {
            row.upgrade_digest = ran;
        }
        row.through = Some(through.clone());
        Ok(row)
    }

    /// The row that should stand where this one is stored.
    pub(super) fn expected_row(
        &self,
        node: Node,
        stored: Option<&Applied>,
    ) -> Result<Applied, ScriptError> {
        let graph = self.graph();
        if let Some(stored) = stored.filter(|_| graph.is_foreign(node)) {
            // No file says what it should be: what is there is taken at its word.
            return Ok(Applied {
                downgrade_digest: digest::script(stored.downgrade.as_ref()),
                ..stored.clone()
            });
        }
        let through = stored.and_then(|stored| Some((stored, stored.through.as_ref()?)));
        let Some((stored, through)) = through else {
            return row_of(self.binding, graph, node);
        };
        if graph.revision(node).id == *through {
            let row = row_of(self.binding, graph, node)?;
            let through = Some(through.clone());
            return Ok(Applied { through, ..row });
        }
        let mut row = self.row_through(node, through)?;
        if graph.find_shortcut(through.as_str()).is_none() {
            row.upgrade_digest = stored.upgrade_digest;
        }
        Ok(row)
    }
}
