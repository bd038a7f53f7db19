//! From a pinned lane to one that can run, or to what has changed since.

use std::sync::Arc;

use rev_core::plan::{self, Action};
use rev_core::state::Standing;
use rev_core::{
    Applied, Binding, Digest, Graph, Lane, Node, NodeSet, PlanError, RevisionId, ScriptError, Step,
};

use super::change::Change;
use super::{Pin, PinnedLane, PinnedStep, after, together};
use crate::database::{Database, LogEntry};
use crate::journal::InFlight;
use crate::outcome::Refusal;
use crate::prepare::{Prepared, check_drift, plan_of_one, works};

/// Plans what is left of a pinned lane. Writes nothing.
///
/// # Errors
///
/// [`Refusal::Stale`] with all that has changed; [`Refusal`].
pub(crate) async fn follow(
    database: &mut dyn Database,
    binding: &Arc<Binding>,
    standing: &Standing,
    pin: &Pin,
) -> Result<Prepared, Refusal> {
    let lane = &pin.lane;
    let at = lane.reached(standing);
    let rest = &lane.steps[at..];
    let stale = |changes| Refusal::Stale {
        database: binding.name.clone(),
        plan: pin.plan,
        changes,
    };
    let mut changes = moved(database, binding, standing, pin, at).await?;
    // A plan that is finished is not planned: what would be done now is no matter.
    let planned = match rest.is_empty() {
        true => Some(plan::retrace(binding, standing, lane.goal, [])?),
        false => plan_again(lane, rest, binding, standing, &mut changes)?,
    };
    let Some(planned) = planned.filter(|_| changes.is_empty()) else {
        return Err(stale(changes));
    };
    if !rest.is_empty() {
        check_drift(binding, standing, lane.goal, &planned, lane.beside)?;
    }
    let prepared = Prepared::of(works(binding, &planned)?, planned);
    let split = split_otherwise(rest, &prepared);
    match split.is_empty() {
        true => Ok(prepared),
        false => Err(stale(split)),
    }
}

/// Plans these steps as files, ledger and `rev.yaml` have them now, and adds where
/// that is not what was pinned.
fn plan_again(
    lane: &PinnedLane,
    rest: &[PinnedStep],
    binding: &Arc<Binding>,
    standing: &Standing,
    changes: &mut Vec<Change>,
) -> Result<Option<Lane>, Refusal> {
    let is_rebound = lane.binding_differs(binding);
    if is_rebound {
        changes.push(Change::Rebound {
            was: Box::new(lane.binding.clone()),
            now: Box::new((**binding).clone()),
        });
    }
    let steps = rest.iter().map(|step| (step.action, &step.revision));
    let planned = match plan::retrace(binding, standing, lane.goal, steps) {
        Ok(planned) => planned,
        Err(PlanError::NoFile { revisions }) => {
            let gone = revisions.into_iter();
            changes.extend(gone.map(|revision| Change::Gone { revision }));
            return Ok(None);
        }
        // Of a state that has moved it says nothing that is not said already.
        Err(_) if !changes.is_empty() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Where the database is bound otherwise, other scripts are no edits.
    if !is_rebound {
        changes.extend(rewritten(rest, &planned.steps));
    }
    if changes.is_empty() {
        let at = lane.steps.len() - rest.len();
        changes.extend(elsewhere(lane, at, standing, &planned)?);
    }
    Ok(Some(planned))
}

/// What is left of a pinned lane.
#[derive(Debug)]
pub struct Left {
    /// The steps that are still to run.
    pub prepared: Prepared,
    /// What is half done, or is under way right now.
    pub in_flight: Option<InFlight>,
}

/// What is left of a pinned lane, on what its database has now. Writes nothing,
/// and takes no lock.
///
/// # Errors
///
/// [`Refusal::TwoPhaseOpen`] and [`Refusal::HalfDone`], where the plan could not
/// run before that is settled; [`Refusal::Stale`] with all that has changed;
/// [`Refusal`].
pub async fn left(
    database: &mut dyn Database,
    binding: &Arc<Binding>,
    checkout: &Arc<Graph>,
    pin: &Pin,
) -> Result<Left, Refusal> {
    let ledger = database.read().await?;
    let in_flight = ledger.in_flight.as_deref().map(InFlight::from_json);
    let in_flight = in_flight.transpose()?;
    // What somebody is at work on right now is settled by that.
    let is_cut_off = in_flight.is_some() && database.holder().await?.is_none();
    if let Some(InFlight::TwoPhase(participants)) = in_flight.as_ref().filter(|_| is_cut_off) {
        return Err(Refusal::TwoPhaseOpen {
            participants: Box::new(participants.clone()),
        });
    }
    let standing = Standing::read(checkout, binding, &ledger.rows)?;
    let mut prepared = follow(database, binding, &standing, pin).await?;
    if let Some(InFlight::Step(step)) = in_flight.as_ref().filter(|_| is_cut_off) {
        let is_it = |it: &Arc<Step>| it.revision.id == step.revision && it.action == step.action;
        if !prepared.lane.steps.iter().any(is_it) {
            return Err(Refusal::HalfDone {
                database: binding.name.clone(),
                step: Box::new(step.clone()),
            });
        }
    }
    let rest = pin.lane.steps.iter().rev().take(prepared.works.len());
    prepared.waits = rest.rev().map(|step| step.waits.clone()).collect();
    Ok(Left {
        prepared,
        in_flight,
    })
}

impl PinnedLane {
    /// Whether the database is bound otherwise than it was, as far as that says
    /// what runs there.
    fn binding_differs(&self, now: &Binding) -> bool {
        let was = &self.binding;
        was.dialect != now.dialect || was.groups != now.groups || was.shared != now.shared
    }

    /// How many of its steps stand.
    fn reached(&self, standing: &Standing) -> usize {
        let is_applied = |id: &RevisionId| {
            let node = standing.graph.find(id.as_str());
            node.is_some_and(|node| standing.state.set().contains(node))
        };
        let stands = |step: &&PinnedStep| {
            step.revisions()
                .all(|id| is_applied(id) == step.action.applies())
        };
        self.steps.iter().take_while(stands).count()
    }
}

/// Whether the database stands where the first `at` steps have led from where
/// the lane was planned.
async fn moved(
    database: &mut dyn Database,
    binding: &Binding,
    standing: &Standing,
    pin: &Pin,
    at: usize,
) -> Result<Vec<Change>, Refusal> {
    if at == 0 {
        let contents = contents(binding, standing, standing.state.set())?;
        if contents == pin.lane.from.contents {
            return Ok(Vec::new());
        }
        let log = done(database).await?;
        return Ok(since(&pin.lane, standing, &log));
    }
    let log = done(database).await?;
    let told = log.iter().rev().map(Some).chain(std::iter::repeat(None));
    let steps = pin.lane.steps[..at].iter().rev();
    let between = told.zip(steps).take_while(|(entry, step)| {
        let is_it = entry.is_some_and(|entry| is_of(entry, step, pin.plan));
        !is_it
    });
    let mut changes: Vec<Change> = between
        .map(|(entry, step)| Change::Between {
            entry: entry.cloned().map(Box::new),
            revision: step.revision.clone(),
        })
        .collect();
    changes.reverse();
    Ok(changes)
}

/// What the log says that moved the state, oldest first.
async fn done(database: &mut dyn Database) -> Result<Vec<LogEntry>, Refusal> {
    let mut log = database.log().await?;
    log.retain(|entry| entry.outcome == "done");
    Ok(log)
}

/// Whether a line of the log is this step's: the plan did it, or `repair`
/// finished what the plan had begun.
fn is_of(entry: &LogEntry, step: &PinnedStep, plan: Digest) -> bool {
    let by = [plan, plan_of_one(step.action, &step.revision)];
    entry.action == step.action.name()
        && entry.revision == step.revision.as_str()
        && by.iter().any(|digest| digest.to_string() == entry.plan)
}

/// What has come and gone on a database since a lane was planned, which stands
/// before its first step.
fn since(lane: &PinnedLane, standing: &Standing, log: &[LogEntry]) -> Vec<Change> {
    let graph = &standing.graph;
    let found = lane
        .from
        .heads
        .iter()
        .map(|id| (id, graph.find(id.as_str())));
    let (known, lost): (Vec<_>, Vec<_>) = found.partition(|(_, node)| node.is_some());
    let known: Vec<Node> = known.into_iter().filter_map(|(_, node)| node).collect();
    let (was, now) = (graph.ancestors(known), standing.state.set());
    let came = graph.ids(now.difference(&was).iter());
    let mut left: Vec<RevisionId> = lost.into_iter().map(|(id, _)| id.clone()).collect();
    left.extend(graph.ids(was.difference(now).iter()));
    let entry = |id: &RevisionId, actions: [Action; 2]| {
        let is_it = |entry: &&LogEntry| {
            let is_one = actions.iter().any(|action| action.name() == entry.action);
            is_one && entry.revision == through(standing, id).as_str()
        };
        log.iter().rfind(is_it).cloned().map(Box::new)
    };
    let came = came.into_iter().map(|revision| Change::Came {
        entry: entry(&revision, [Action::Upgrade, Action::Stamp]),
        revision,
    });
    let left = left.into_iter().map(|revision| Change::Left {
        entry: entry(&revision, [Action::Downgrade, Action::Unstamp]),
        revision,
    });
    let mut changes: Vec<Change> = left.chain(came).collect();
    if changes.is_empty() {
        changes.push(Change::Redone {
            entry: log.last().cloned().map(Box::new),
        });
    }
    changes
}

/// What the log tells of when it tells of a revision: the shortcut that did its
/// work, or itself.
fn through<'a>(standing: &'a Standing, id: &'a RevisionId) -> &'a RevisionId {
    let node = standing.graph.find(id.as_str());
    let row = node.and_then(|node| standing.state.row(node));
    row.and_then(|row| row.through.as_ref()).unwrap_or(id)
}

/// Where files and ledger say something else of the steps than they did.
fn rewritten(pinned: &[PinnedStep], planned: &[Arc<Step>]) -> Vec<Change> {
    let pairs = pinned.iter().zip(planned);
    pairs
        .flat_map(|(was, now)| rewritten_step(was, &PinnedStep::of(now)))
        .collect()
}

fn rewritten_step(was: &PinnedStep, now: &PinnedStep) -> Vec<Change> {
    let revision = || was.revision.clone();
    let mut changes = Vec::new();
    if was.replaces != now.replaces {
        changes.push(Change::Replaces {
            revision: revision(),
            was: was.replaces.clone(),
            now: now.replaces.clone(),
        });
    }
    if was.stands_on != now.stands_on {
        changes.push(Change::Reparented {
            revision: revision(),
            was: was.stands_on.clone(),
            now: now.stands_on.clone(),
        });
    }
    let mut edited = |script, was: Digest, now: Digest| {
        if was != now {
            changes.push(Change::Edited {
                revision: revision(),
                script,
                was,
                now,
            });
        }
    };
    edited("upgrade", was.upgrade, now.upgrade);
    edited("downgrade", was.downgrade, now.downgrade);
    if was.digest != now.digest && was.upgrade == now.upgrade && was.downgrade == now.downgrade {
        edited(was.action.name(), was.digest, now.digest);
    }
    if was.transaction != now.transaction {
        changes.push(Change::Committed {
            revision: revision(),
            was: was.transaction,
            now: now.transaction,
        });
    }
    changes
}

/// Why the steps lead to other contents than they did, though all that are left
/// are as they were; nothing, where they do not.
fn elsewhere(
    lane: &PinnedLane,
    at: usize,
    standing: &Standing,
    planned: &Lane,
) -> Result<Vec<Change>, Refusal> {
    let set = after(standing, &planned.steps);
    if contents(&planned.database, standing, &set)? == lane.to.contents {
        return Ok(Vec::new());
    }
    let done = lane.steps[..at].iter();
    let mut changes: Vec<Change> = done.filter_map(|it| done_otherwise(it, standing)).collect();
    if changes.is_empty() {
        // What a shortcut replaces counts with the script that its file has now.
        let up = lane.steps.iter().filter(|step| step.action.applies());
        let shortcuts = up.filter(|step| !step.replaces.is_empty());
        changes.extend(shortcuts.map(|step| Change::Member {
            shortcut: step.revision.clone(),
            members: step.replaces.clone(),
        }));
    }
    if changes.is_empty() {
        changes.push(Change::Elsewhere {
            was: lane.to.heads.clone(),
            now: planned.to.clone(),
        });
    }
    Ok(changes)
}

/// Where a step that stands ran another script than was pinned: one that was
/// edited while it was half done, and then finished.
fn done_otherwise(step: &PinnedStep, standing: &Standing) -> Option<Change> {
    let row = |id: &RevisionId| {
        let node = standing.graph.find(id.as_str())?;
        standing.state.row(node).cloned()
    };
    let rows: Vec<Applied> = step.revisions().map(row).collect::<Option<_>>()?;
    let now = together(&rows, |row| row.upgrade_digest);
    (now != step.upgrade).then(|| Change::Edited {
        revision: step.revision.clone(),
        script: "upgrade",
        was: step.upgrade,
        now,
    })
}

fn contents(binding: &Binding, standing: &Standing, set: &NodeSet) -> Result<Digest, Refusal> {
    plan::contents(binding, standing, set).map_err(|error: ScriptError| Refusal::Scripts {
        errors: vec![error],
    })
}

fn split_otherwise(pinned: &[PinnedStep], prepared: &Prepared) -> Vec<Change> {
    let pairs = pinned.iter().zip(prepared.works.iter());
    let change = pairs.filter_map(|(step, work)| {
        let now: Vec<&str> = work.statements.iter().map(|it| it.text.as_str()).collect();
        let (was, now) = (&step.statements, now);
        if *was == now {
            return None;
        }
        let same = was.iter().zip(&now).take_while(|(was, now)| was == *now);
        Some(Change::Split {
            revision: step.revision.clone(),
            number: same.count() + 1,
        })
    });
    change.collect()
}
