//! Planning many databases: the way between two states is found once.
//!
//! A fleet has many databases and few states. Where files and ledger agree, a
//! way depends on nothing but the state, the target and the scripts that concern
//! the database: databases for which all of these are the same share it, and
//! ways from different states share the steps they have in common. Where they disagree, what the ledger has stored counts too,
//! so the way is that database's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rev_core::state::Standing;
use rev_core::{Binding, Digest, Goal, Graph, Kind, Point};

use crate::journal::StepInFlight;
use crate::outcome::Refusal;
use crate::prepare::{Known, Prepared, prepare};

/// All that a way depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    kind: Kind,
    state: Digest,
    goal: Goal,
    points: Vec<Point>,
}

/// Plans lanes of one checkout, and remembers the ways.
#[derive(Debug)]
pub struct Planner {
    checkout: Arc<Graph>,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    ways: HashMap<Question, Prepared>,
    /// What ways are made of, which those from different states share.
    parts: HashMap<Kind, Known>,
}

impl Planner {
    /// A planner for databases of this checkout.
    #[must_use]
    pub fn new(checkout: &Arc<Graph>) -> Self {
        Self {
            checkout: checkout.clone(),
            memory: Mutex::default(),
        }
    }

    /// Plans the way from `standing` to where `goal` and `points` lead.
    ///
    /// # Errors
    ///
    /// [`Refusal`], also where the drift forbids the way.
    pub fn prepare(
        &self,
        binding: &Arc<Binding>,
        standing: &Standing,
        goal: Goal,
        points: &[Point],
        beside: bool,
        in_flight: Option<&StepInFlight>,
    ) -> Result<Prepared, Refusal> {
        let find =
            |known: &mut _| prepare(binding, standing, goal, points, beside, in_flight, known);
        let is_common = Arc::ptr_eq(&standing.graph, &self.checkout)
            && standing.drift.is_none()
            && !matches!(goal, Goal::Accept | Goal::Redo)
            && in_flight.is_none();
        if !is_common {
            return find(&mut Known::default());
        }
        let question = Question {
            kind: self.checkout.kind(binding),
            state: self.checkout.state_digest(standing.state.set()),
            goal,
            points: points.to_vec(),
        };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = memory.ways.get(&question) {
            return Ok(found.clone().on(binding));
        }
        let found = find(memory.parts.entry(question.kind.clone()).or_default())?;
        memory.ways.insert(question, found.clone());
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use rev_core::testing::graph;
    use rev_core::{DatabaseName, Dialect, State};

    use super::*;

    const GRAPH: &str = "
        a: !
        b: a !
        c: b !db2
        d: c !reports
    ";

    fn binding(name: &str, groups: &[&str]) -> Arc<Binding> {
        let named = |name: &str| DatabaseName::new(name).expect("a name");
        let mut binding = Binding::new(named(name), Dialect::Sqlite);
        binding.groups = groups.iter().map(|group| named(group)).collect();
        Arc::new(binding)
    }

    fn standing(graph: &Arc<Graph>, head: &str) -> Standing {
        Standing {
            graph: graph.clone(),
            state: State::of_heads(graph, graph.find(head)),
            drift: rev_core::Drift::default(),
        }
    }

    fn plan(planner: &Planner, binding: &Arc<Binding>, standing: &Standing) -> Prepared {
        let head = [Point::parse("heads").expect("a point")];
        let plan = planner.prepare(binding, standing, Goal::Upgrade, &head, false, None);
        plan.expect("a plan")
    }

    #[test]
    fn databases_of_one_kind_in_one_state_share_a_plan_that_names_each() {
        let graph = graph(GRAPH);
        let planner = Planner::new(&graph);
        let at = standing(&graph, "a");
        let [one, other] = ["db1", "db3"].map(|name| plan(&planner, &binding(name, &[]), &at));
        assert!(Arc::ptr_eq(&one.lane.steps, &other.lane.steps));
        assert!(Arc::ptr_eq(&one.works, &other.works));
        assert_eq!(one.lane.database.name.as_str(), "db1");
        assert_eq!(other.lane.database.name.as_str(), "db3");
    }

    #[test]
    fn a_name_or_group_that_a_revision_addresses_makes_another_kind() {
        let graph = graph(GRAPH);
        let planner = Planner::new(&graph);
        let at = standing(&graph, "b");
        let works = |binding| {
            let plan = plan(&planner, &binding, &at);
            plan.lane.cost().with_work
        };
        assert_eq!(works(binding("db1", &[])), 0);
        assert_eq!(works(binding("db2", &[])), 1);
        assert_eq!(works(binding("db2", &["reports"])), 2);
        assert_eq!(works(binding("db4", &["reports", "others"])), 1);
        assert_eq!(works(binding("db5", &["others"])), 0);
    }

    #[test]
    fn plans_from_other_states_share_their_steps() {
        let graph = graph(GRAPH);
        let planner = Planner::new(&graph);
        let long = plan(&planner, &binding("db1", &[]), &standing(&graph, "a"));
        let short = plan(&planner, &binding("db3", &[]), &standing(&graph, "b"));
        assert_eq!((long.works.len(), short.works.len()), (3, 2));
        assert!(Arc::ptr_eq(&long.lane.steps[2], &short.lane.steps[1]));
        assert!(Arc::ptr_eq(&long.works[2], &short.works[1]));
    }

    #[test]
    fn what_has_drifted_is_planned_by_itself() {
        let graph = graph(GRAPH);
        let planner = Planner::new(&graph);
        let mut at = standing(&graph, "a");
        let one = plan(&planner, &binding("db1", &[]), &at);
        at.drift
            .unknown
            .push(graph.id(graph.find("b").expect("a node")).clone());
        let head = [Point::parse("heads").expect("a point")];
        let refusal = planner.prepare(&binding("db3", &[]), &at, Goal::Upgrade, &head, false, None);
        assert!(
            matches!(refusal, Err(Refusal::Beside { .. })),
            "{refusal:?}"
        );
        let beside = planner.prepare(&binding("db3", &[]), &at, Goal::Upgrade, &head, true, None);
        let beside = beside.expect("a plan");
        assert!(!Arc::ptr_eq(&one.lane.steps[0], &beside.lane.steps[0]));
    }
}
