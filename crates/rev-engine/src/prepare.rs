//! From a standing and a target to a lane that can run: where deciding ends.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rev_core::plan::{self, Action, Wait};
use rev_core::state::Standing;
use rev_core::{
    Applied, Binding, Digest, Goal, Graph, Lane, Node, PlanError, Point, Quoting, RevisionId,
    Scope, Step, digest,
};
use rev_sql::reach::{Neighbours, reaches};
use rev_sql::split::{Statement, split};

use crate::database::{Database, Holder, Work};
use crate::journal::{InFlight, StepInFlight};
use crate::outcome::{Forgetting, Refusal};

/// A lane with its statements.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The plan.
    pub lane: Lane,
    /// A work a step of the lane; shared by databases that go the same way.
    pub works: Arc<[Arc<Work>]>,
    /// What each step waits for on other lanes, once that was found out.
    pub waits: Vec<Vec<Wait>>,
}

impl Prepared {
    pub(crate) fn of(works: Vec<Arc<Work>>, lane: Lane) -> Self {
        let waits = vec![Vec::new(); works.len()];
        Self {
            lane,
            works: works.into(),
            waits,
        }
    }

    /// A lane of a database that is only looked at.
    ///
    /// # Errors
    ///
    /// [`Refusal::Plan`].
    pub(crate) fn nothing(binding: &Arc<Binding>, standing: &Standing) -> Result<Self, Refusal> {
        let stays = standing.state.set();
        let lane = plan::lane(binding, standing, Goal::Upgrade, stays, None)?;
        Ok(Self::of(Vec::new(), lane))
    }

    /// The same for another database of the same kind.
    pub(crate) fn on(mut self, binding: &Arc<Binding>) -> Self {
        self.lane.database = binding.clone();
        self
    }

    /// Checks what only running asks for: that a script to run is written.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unwritten`].
    pub fn check_runnable(&self) -> Result<(), Refusal> {
        for (step, work) in self.lane.steps.iter().zip(self.works.iter()) {
            if step.script.is_some() && work.statements.is_empty() {
                return Err(Refusal::Unwritten {
                    revision: step.revision.id.clone(),
                    action: step.action.name(),
                });
            }
        }
        Ok(())
    }

    /// Checks that nothing that is to run reaches beyond its database.
    ///
    /// # Errors
    ///
    /// [`Refusal::Reaches`].
    pub(crate) fn check_reach(&self, neighbours: &Neighbours) -> Result<(), Refusal> {
        let dialect = self.lane.database.dialect;
        for work in self.works.iter() {
            for statement in &work.statements {
                if let Some(reach) = reaches(&statement.text, dialect, neighbours) {
                    return Err(Refusal::Reaches {
                        revision: work.revision.clone(),
                        action: work.action.name(),
                        piece: statement.piece,
                        offset: statement.offset + reach.offset(),
                        reach,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Reads where a database stands. Writes nothing.
///
/// # Errors
///
/// [`Refusal`].
pub async fn survey(
    database: &mut dyn Database,
    binding: &Binding,
    checkout: &Arc<Graph>,
) -> Result<Surveyed, Refusal> {
    let ledger = database.read().await?;
    let holder = database.holder().await?;
    let in_flight = ledger.in_flight.as_deref().map(InFlight::from_json);
    Ok(Surveyed {
        is_new: ledger.generation == 0,
        standing: Standing::read(checkout, binding, &ledger.rows)?,
        in_flight: in_flight.transpose()?,
        holder,
        rows: ledger.rows,
        quoting: database.quoting(),
    })
}

/// What was found on a database.
#[derive(Debug, Clone)]
pub struct Surveyed {
    /// Whether no run has ever written its ledger.
    pub is_new: bool,
    /// Where it stands.
    pub standing: Standing,
    /// What is half done, or is under way right now.
    pub in_flight: Option<InFlight>,
    /// Who is at work on it, if anybody is.
    pub holder: Option<Holder>,
    /// The ledger's rows, in no stated order.
    pub rows: Vec<Applied>,
    /// How the server reads quoted text, where it was asked.
    pub quoting: Option<Quoting>,
}

/// The binding with what its server says of itself: who is connected knows better than
/// `rev.yaml`.
#[must_use]
pub fn as_read(binding: Arc<Binding>, quoting: Option<Quoting>) -> Arc<Binding> {
    match quoting {
        Some(quoting) if quoting != binding.quoting => Arc::new(Binding {
            quoting,
            ..(*binding).clone()
        }),
        _ => binding,
    }
}

/// Steps, and what they run, that were made before: see [`plan::Steps`].
#[derive(Debug, Default)]
pub(crate) struct Known {
    steps: plan::Steps,
    works: HashMap<(Action, RevisionId), Arc<Work>>,
}

impl Known {
    fn work(&mut self, binding: &Binding, step: &Step) -> Result<Arc<Work>, Refusal> {
        let place = match self.works.entry((step.action, step.revision.id.clone())) {
            Entry::Occupied(known) => return Ok(known.get().clone()),
            Entry::Vacant(place) => place,
        };
        Ok(place.insert(Arc::new(work(binding, step)?)).clone())
    }
}

/// Plans the way from `standing` to where `goal` and `points` lead.
///
/// # Errors
///
/// [`Refusal`], also where the drift forbids the way.
pub(crate) fn prepare(
    binding: &Arc<Binding>,
    standing: &Standing,
    goal: Goal,
    points: &[Point],
    beside: bool,
    in_flight: Option<&StepInFlight>,
    known: &mut Known,
) -> Result<Prepared, Refusal> {
    let scope = Scope::of_database(&standing.graph, binding, &standing.state)
        .map_err(|errors| Refusal::Scripts { errors })?;
    let lane = match goal {
        Goal::Accept | Goal::Redo => {
            let nodes = points.iter().map(|point| mended(&scope, standing, point));
            let nodes = nodes.collect::<Result<Vec<_>, _>>()?.concat();
            if let Some(step) = in_flight
                && step.action == Action::Upgrade
                && standing
                    .graph
                    .find(step.revision.as_str())
                    .is_some_and(|node| nodes.contains(&node))
            {
                // It is being done again already: down is what was to go down.
                return prepare_step(binding, standing, step);
            }
            plan::mend(binding, standing, goal, &nodes)?
        }
        _ => {
            let destination = scope.destination(goal, points)?;
            let within = in_flight.map(|step| &step.revision);
            let (to, steps) = (&destination.set, &mut known.steps);
            let lane = plan::lane_with(binding, standing, goal, to, within, steps)?;
            check_drift(binding, standing, goal, &lane, beside)?;
            lane
        }
    };
    let works = lane.steps.iter().map(|step| known.work(binding, step));
    Ok(Prepared::of(works.collect::<Result<_, _>>()?, lane))
}

/// The revisions that a point names to be mended: of a shortcut all of its set.
fn mended(scope: &Scope<'_>, standing: &Standing, point: &Point) -> Result<Vec<Node>, Refusal> {
    match standing.graph.find_shortcut(&point.text) {
        Some(id) if point.branch.is_none() => Ok(standing.graph.members(id)),
        _ => Ok(scope.revisions(point)?),
    }
}

/// Plans the step in flight alone.
///
/// # Errors
///
/// [`Refusal`]; [`Refusal::StepWithoutFile`] where nobody has its script.
pub fn prepare_step(
    binding: &Arc<Binding>,
    standing: &Standing,
    in_flight: &StepInFlight,
) -> Result<Prepared, Refusal> {
    let mut destination = standing.state.set().clone();
    let graph = &standing.graph;
    let id = in_flight.revision.as_str();
    let nodes = match (graph.find_shortcut(id), graph.find(id)) {
        (Some(shortcut), _) => graph.members(shortcut),
        (None, node) => node.into_iter().collect(),
    };
    if nodes.is_empty() {
        return Err(Refusal::StepWithoutFile {
            database: binding.name.clone(),
            step: Box::new(in_flight.clone()),
        });
    }
    let goal = match in_flight.action {
        Action::Upgrade | Action::Stamp => {
            destination.extend(nodes);
            Goal::Upgrade
        }
        Action::Downgrade | Action::Unstamp => {
            for node in nodes {
                destination.remove(node);
            }
            Goal::Downgrade
        }
    };
    let within = Some(&in_flight.revision);
    let lane = plan::lane(binding, standing, goal, &destination, within)?;
    Ok(Prepared::of(works(binding, &lane)?, lane))
}

/// Going up needs files and ledger to agree, also where nothing is left to do;
/// going down and stamping do not.
pub(crate) fn check_drift(
    binding: &Arc<Binding>,
    standing: &Standing,
    goal: Goal,
    lane: &Lane,
    beside: bool,
) -> Result<(), Refusal> {
    let drift = &standing.drift;
    let goes_up = lane.steps.iter().any(|step| step.action == Action::Upgrade);
    if (goes_up || goal == Goal::Upgrade)
        && let Some(refusal) = disagreement(binding, standing)
    {
        return Err(refusal);
    }
    let stays = |id: &&RevisionId| {
        !lane
            .steps
            .iter()
            .filter(|step| step.action == Action::Downgrade)
            .any(|step| step.rows.iter().any(|row| row.revision == **id))
    };
    let unknown: Vec<_> = drift.unknown.iter().filter(stays).cloned().collect();
    if goes_up && !unknown.is_empty() && !beside {
        return Err(Refusal::Beside {
            database: binding.name.clone(),
            forgetting: forgetting(standing),
            unknown,
        });
    }
    Ok(())
}

/// How the ledger could forget what no file here has: down to the one revision below all of
/// it, and up again to what is left.
fn forgetting(standing: &Standing) -> Option<Forgetting> {
    let graph = &standing.graph;
    let applied = standing.state.set();
    let mut known = applied.clone();
    for foreign in applied.iter().filter(|&node| graph.is_foreign(node)) {
        known.remove(foreign);
    }
    let gone = applied.difference(&known);
    let parents = gone.iter().flat_map(|node| graph.parents(node));
    let below: BTreeSet<Node> = parents.filter(|&node| known.contains(node)).collect();
    let mut below = below.into_iter();
    let first = below.next();
    below.next().is_none().then(|| Forgetting {
        below: first.map(|node| graph.id(node).clone()),
        heads: graph.ids(graph.maximal(&known)),
    })
}

/// What the files and the ledger of a database disagree about, as the refusal of
/// whatever would go on from there.
#[must_use]
pub fn disagreement(binding: &Arc<Binding>, standing: &Standing) -> Option<Refusal> {
    if standing.drift.is_consistent() {
        return None;
    }
    let (sound, unsound) = parted(standing);
    Some(Refusal::Drift {
        database: binding.name.clone(),
        drift: Box::new(standing.drift.clone()),
        sound,
        unsound,
        for_good: for_good(binding, standing),
    })
}

/// All that the files and the ledger of a database disagree about, be it something beside
/// which a run could go on: revisions in no file here, a way down that the ledger has otherwise.
#[must_use]
pub fn at_odds(binding: &Arc<Binding>, standing: &Standing) -> Option<Refusal> {
    let drift = &standing.drift;
    let unknown = || Refusal::Beside {
        database: binding.name.clone(),
        forgetting: forgetting(standing),
        unknown: drift.unknown.clone(),
    };
    let altered = || Refusal::Drift {
        database: binding.name.clone(),
        drift: Box::new(drift.clone()),
        sound: Vec::new(),
        unsound: Vec::new(),
        for_good: Vec::new(),
    };
    disagreement(binding, standing)
        .or_else(|| (!drift.unknown.is_empty()).then(unknown))
        .or_else(|| (!drift.altered.is_empty()).then(altered))
}

/// The heads of what stands on nothing that is missing, and those that do, as far
/// as the checkout has them.
fn parted(standing: &Standing) -> (Vec<RevisionId>, Vec<RevisionId>) {
    let graph = &standing.graph;
    let gaps = standing.drift.gaps.iter();
    let over_gaps = gaps.filter_map(|gap| graph.find(gap.revision.as_str()));
    let unsound = graph.descendants(over_gaps);
    let applied = standing.state.set();
    let heads = standing.state.heads(graph).into_iter();
    let lost = heads.filter(|&head| unsound.contains(head) && !graph.is_foreign(head));
    (
        graph.ids(graph.maximal(&applied.difference(&unsound))),
        graph.ids(lost),
    )
}

/// The edited revisions that no plan can do again.
fn for_good(binding: &Arc<Binding>, standing: &Standing) -> Vec<RevisionId> {
    let edited = standing.drift.edited.iter().map(|edit| &edit.revision);
    let is_stuck = |id: &&RevisionId| {
        let nodes = standing.graph.lookup(id.as_str());
        let redone = plan::mend(binding, standing, Goal::Redo, &nodes);
        matches!(redone, Err(PlanError::NoWayDown { .. }))
    };
    edited.filter(is_stuck).cloned().collect()
}

/// The statements of a step.
///
/// # Errors
///
/// [`Refusal::Split`], where the script is not one for this dialect.
pub fn statements(binding: &Binding, step: &Step) -> Result<Vec<Statement>, Refusal> {
    let Some(script) = &step.script else {
        return Ok(Vec::new());
    };
    split(script, binding.spelling(), step.transaction).map_err(|error| Refusal::Split {
        revision: step.revision.id.clone(),
        action: step.action.name(),
        error,
    })
}

/// The works of a lane, one a step.
pub(crate) fn works(binding: &Binding, lane: &Lane) -> Result<Vec<Arc<Work>>, Refusal> {
    let works = lane
        .steps
        .iter()
        .map(|step| work(binding, step).map(Arc::new));
    works.collect()
}

fn work(binding: &Binding, step: &Step) -> Result<Work, Refusal> {
    Ok(Work {
        action: step.action,
        statements: statements(binding, step)?,
        revision: step.revision.id.clone(),
        rows: step.rows.clone(),
    })
}

/// The digest of a plan that is not one: a step that `repair` finishes by itself.
pub(crate) fn plan_of_one(action: Action, revision: &RevisionId) -> Digest {
    digest::statement(&format!("{} {revision}", action.name()))
}
