//! Waits: what lanes owe each other.
//!
//! A revision with work on one database may need a revision on another one. On
//! the way up it waits until that is applied there; on the way down what is
//! needed waits until nothing needs it any more. What no lane of the plan will
//! do, and what does not stand already, makes a plan impossible.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Lane};
use crate::revision::ScriptError;
use crate::{Binding, DatabaseName, Graph, Node, NodeSet, RevisionId, Standing};

/// What a step waits for, on another lane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wait {
    /// The other database.
    pub database: DatabaseName,
    /// The revision there.
    pub revision: RevisionId,
    /// What must have become of it.
    pub until: Until,
}

/// What a revision is waited for to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Until {
    /// Applied.
    Applied,
    /// Not applied any more.
    Gone,
}

impl Until {
    /// The word used in plans.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Until::Applied => "applied",
            Until::Gone => "gone",
        }
    }
}

/// Why lanes do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// A revision is to come where what it needs is not, and will not be.
    #[error("`{revision}` on `{database}` needs `{needed}` on `{on}`, which does not have it")]
    Missing {
        /// The database of the lane.
        database: DatabaseName,
        /// The revision that is to come.
        revision: RevisionId,
        /// What it needs.
        needed: RevisionId,
        /// Where.
        on: DatabaseName,
    },
    /// A revision is to go that is needed by one that stays.
    #[error("`{needed}` cannot leave `{database}` while `{revision}` stands on `{on}`")]
    Needed {
        /// The database of the lane.
        database: DatabaseName,
        /// The revision that is to go.
        needed: RevisionId,
        /// What needs it.
        revision: RevisionId,
        /// Where that stands.
        on: DatabaseName,
        /// What that stands on there, so that it can be taken down.
        below: Vec<RevisionId>,
    },
    /// Steps that wait for one another: no order of one lane suits the others. That
    /// is so only where some of the revisions have no files here.
    #[error("{} wait for each other", ring.iter().map(|(database, revision)| format!("`{revision}` on `{database}`")).collect::<Vec<_>>().join(", "))]
    Ring {
        /// Each waits for the next one, and the last for the first.
        ring: Vec<(DatabaseName, RevisionId)>,
    },
    /// A revision whose script for a database cannot be told.
    #[error(transparent)]
    Script(#[from] ScriptError),
}

impl WaitError {
    /// Whether it is about a lane of this database.
    #[must_use]
    pub fn is_of(&self, name: &DatabaseName) -> bool {
        match self {
            WaitError::Missing { database, .. } | WaitError::Needed { database, .. } => {
                database == name
            }
            WaitError::Ring { ring } => ring.iter().any(|(database, _)| database == name),
            WaitError::Script(_) => false,
        }
    }
}

/// A database, before and after.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The database.
    pub binding: &'a Binding,
    /// Where it stands.
    pub standing: &'a Standing,
    /// What is to be done; `None`: nothing, it is only looked at.
    pub lane: Option<&'a Lane>,
}

/// What the steps of several lanes wait for: by database, a list a step. A
/// database that nobody looks at is taken to have what is needed.
///
/// # Errors
///
/// [`WaitError`].
pub fn waits(views: &[View<'_>]) -> Result<BTreeMap<DatabaseName, Vec<Vec<Wait>>>, WaitError> {
    let places: BTreeMap<&DatabaseName, Place<'_>> = views
        .iter()
        .map(|view| (&view.binding.name, Place::of(view)))
        .collect();
    let mut all = BTreeMap::new();
    for view in views {
        let Some(lane) = view.lane else { continue };
        let mut waits = Vec::with_capacity(lane.steps.len());
        for step in lane.steps.iter() {
            let mut found = match step.action {
                Action::Upgrade => up(&places, view, step.revisions())?,
                Action::Downgrade => down(&places, view, step.revisions())?,
                Action::Stamp | Action::Unstamp => Vec::new(),
            };
            found.sort_unstable();
            found.dedup();
            waits.push(found);
        }
        all.insert(view.binding.name.clone(), waits);
    }
    check_rings(views, &all)?;
    Ok(all)
}

/// Goes through all lanes as far as their waits let them, and tells who is left
/// waiting for whom.
fn check_rings(
    views: &[View<'_>],
    waits: &BTreeMap<DatabaseName, Vec<Vec<Wait>>>,
) -> Result<(), WaitError> {
    let mut happened: BTreeSet<Wait> = BTreeSet::new();
    let mut at: BTreeMap<&DatabaseName, usize> = BTreeMap::new();
    let lanes = || {
        views
            .iter()
            .filter_map(|view| Some((&view.binding.name, view.lane?)))
    };
    loop {
        let before = at.clone();
        for (name, lane) in lanes() {
            let place = at.entry(name).or_default();
            while let Some(step) = lane.steps.get(*place)
                && waits[name][*place]
                    .iter()
                    .all(|wait| happened.contains(wait))
            {
                let until = match step.action.applies() {
                    true => Until::Applied,
                    false => Until::Gone,
                };
                happened.extend(step.revisions().map(|revision| Wait {
                    database: name.clone(),
                    revision: revision.clone(),
                    until,
                }));
                *place += 1;
            }
        }
        if at == before {
            break;
        }
    }
    let stuck: BTreeMap<&DatabaseName, (&RevisionId, &Wait)> = lanes()
        .filter_map(|(name, lane)| {
            let step = lane.steps.get(at[name])?;
            let open = waits[name][at[name]].iter();
            let wait = open.clone().find(|wait| !happened.contains(wait))?;
            Some((name, (&step.revision.id, wait)))
        })
        .collect();
    let Some((&first, _)) = stuck.first_key_value() else {
        return Ok(());
    };
    let mut path: Vec<&DatabaseName> = Vec::new();
    let mut name = first;
    while let Some((_, wait)) = stuck.get(name)
        && !path.contains(&name)
    {
        path.push(name);
        name = &wait.database;
    }
    let start = path.iter().position(|it| *it == name).unwrap_or_default();
    let ring = path[start..].iter();
    let ring = ring.map(|name| ((*name).clone(), stuck[name].0.clone()));
    Err(WaitError::Ring {
        ring: ring.collect(),
    })
}

/// Whether `other` holds a revision that needs, on the database of `view`, what
/// the lane there takes down: by the graph of `other`, which also knows what only
/// its own ledger tells.
///
/// # Errors
///
/// [`ScriptError`].
pub fn is_needed_by(view: &View<'_>, other: &View<'_>) -> Result<bool, ScriptError> {
    let place = Place::of(other);
    let steps = view.lane.iter().flat_map(|lane| lane.steps.iter());
    let down = steps.filter(|step| step.action == Action::Downgrade);
    for revision in down.flat_map(|step| step.revisions()) {
        for above in place.needing(&view.binding.name, revision) {
            if place.before.contains(above) && needs_here(&place, above)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Those of `others` that the steps of a lane depend on, or that may depend on
/// what they take down.
#[must_use]
pub fn concerned(view: &View<'_>, others: &[&Binding]) -> BTreeSet<DatabaseName> {
    let graph = &view.standing.graph;
    let here = &view.binding.name;
    let works = |node, binding| has_work(graph, node, binding).unwrap_or(true);
    let mut names = BTreeSet::new();
    for step in view.lane.iter().flat_map(|lane| lane.steps.iter()) {
        for node in step.revisions().flat_map(|id| graph.lookup(id.as_str())) {
            match step.action {
                Action::Upgrade if works(node, view.binding) => {
                    names.extend(graph.needs(node).map(|it| it.database.clone()));
                }
                Action::Downgrade => {
                    let crossings = graph.needed_by(node).filter(|it| it.database == *here);
                    for crossing in crossings {
                        let above = others.iter().filter(|it| works(crossing.above, it));
                        names.extend(above.map(|it| it.name.clone()));
                    }
                }
                _ => {}
            }
        }
    }
    names
}

/// A database's sets, before and after.
struct Place<'a> {
    view: View<'a>,
    before: &'a NodeSet,
    after: NodeSet,
}

impl<'a> Place<'a> {
    fn of(view: &View<'a>) -> Self {
        let graph = &view.standing.graph;
        let before = view.standing.state.set();
        let mut after = before.clone();
        for step in view.lane.iter().flat_map(|lane| lane.steps.iter()) {
            for node in step.revisions().flat_map(|id| graph.lookup(id.as_str())) {
                if step.action.applies() {
                    after.insert(node);
                } else {
                    after.remove(node);
                }
            }
        }
        Self {
            view: *view,
            before,
            after,
        }
    }

    fn graph(&self) -> &'a Graph {
        &self.view.standing.graph
    }

    /// The revisions that need this one on that database.
    fn needing(&self, database: &DatabaseName, needed: &RevisionId) -> Vec<Node> {
        let graph = self.graph();
        let nodes = graph.lookup(needed.as_str()).into_iter();
        let crossings = nodes.flat_map(|node| graph.needed_by(node));
        let on_it = crossings.filter(|crossing| crossing.database == *database);
        on_it.map(|crossing| crossing.above).collect()
    }

    fn has(&self, set: &NodeSet, id: &RevisionId) -> bool {
        let nodes = self.graph().lookup(id.as_str());
        !nodes.is_empty() && nodes.iter().all(|node| set.contains(*node))
    }
}

type Places<'a> = BTreeMap<&'a DatabaseName, Place<'a>>;

fn has_work(graph: &Graph, node: Node, binding: &Binding) -> Result<bool, ScriptError> {
    Ok(!graph.revision(node).work(binding)?.is_empty())
}

/// What revisions wait for that come up.
fn up<'a>(
    places: &Places<'_>,
    view: &View<'_>,
    revisions: impl Iterator<Item = &'a RevisionId>,
) -> Result<Vec<Wait>, WaitError> {
    let graph = &view.standing.graph;
    let mut waits = Vec::new();
    for node in revisions.flat_map(|id| graph.lookup(id.as_str())) {
        if !has_work(graph, node, view.binding)? {
            continue;
        }
        for crossing in graph.needs(node) {
            let needed = graph.id(crossing.below);
            let wait = || Wait {
                database: crossing.database.clone(),
                revision: needed.clone(),
                until: Until::Applied,
            };
            match places.get(&crossing.database) {
                None => waits.push(wait()),
                Some(other) if !other.has(&other.after, needed) => {
                    return Err(WaitError::Missing {
                        database: view.binding.name.clone(),
                        revision: graph.id(node).clone(),
                        needed: needed.clone(),
                        on: crossing.database.clone(),
                    });
                }
                Some(other) if !other.has(other.before, needed) => waits.push(wait()),
                Some(_) => {}
            }
        }
    }
    Ok(waits)
}

/// What revisions wait for that go down: that nothing needs them any more.
fn down<'a>(
    places: &Places<'_>,
    view: &View<'_>,
    revisions: impl Iterator<Item = &'a RevisionId>,
) -> Result<Vec<Wait>, WaitError> {
    let mut waits = Vec::new();
    for needed in revisions {
        for place in places.values() {
            let graph = place.graph();
            let here = &view.binding.name;
            for above in place.needing(here, needed) {
                let counts = needs_here(place, above)?;
                let on = &place.view.binding.name;
                if counts && place.after.contains(above) {
                    return Err(WaitError::Needed {
                        database: here.clone(),
                        needed: needed.clone(),
                        revision: graph.id(above).clone(),
                        on: on.clone(),
                        below: graph.ids(graph.reduce(&graph.parents(above))),
                    });
                }
                if counts && place.before.contains(above) {
                    waits.push(Wait {
                        database: on.clone(),
                        revision: graph.id(above).clone(),
                        until: Until::Gone,
                    });
                }
            }
        }
    }
    Ok(waits)
}

/// Whether a revision had work on a database, by what is applied, or by its file.
fn needs_here(place: &Place<'_>, node: Node) -> Result<bool, ScriptError> {
    match place.view.standing.state.row(node) {
        Some(row) if row.through.is_none() => Ok(row.has_work()),
        _ => has_work(place.graph(), node, place.view.binding),
    }
}
