//! Lanes that depend on each other always arrive, and never pass through a state
//! in which something stands without what it needs elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rev_core::plan::{Until, View, Wait, WaitError, lane, waits};
use rev_core::{
    Binding, DatabaseName, Dialect, Entry, Goal, Graph, Lane, Need, NodeSet, Revision, RevisionId,
    Script, Sql, Standing, State,
};

use super::shortest::Dice;

const NAMES: [&str; 3] = ["db1", "db2", "db3"];

fn name(at: usize) -> DatabaseName {
    DatabaseName::new(NAMES[at]).expect("a name")
}

fn id(at: usize) -> RevisionId {
    RevisionId::new(&format!("r{}", at * 5 % 12)).expect("an id")
}

fn entry() -> Entry {
    Entry {
        upgrade: Some(Script::Any(Sql::text("UP"))),
        downgrade: Some(Script::Any(Sql::text("DOWN"))),
        ..Entry::default()
    }
}

/// A graph with dependencies across three databases, and perhaps shortcuts.
fn graph(dice: &mut Dice) -> Option<Arc<Graph>> {
    let size = 3 + dice.roll(8);
    let mut revisions = Vec::new();
    for at in 0..size {
        let mut revision = Revision::new(id(at), Vec::new());
        if at > 0 && !dice.chance(25) {
            revision.parents = vec![id(at - 1 - dice.roll(at.min(3)))];
        }
        if at > 0 && dice.chance(45) {
            revision.needs = vec![Need {
                database: name(dice.roll(3)),
                revision: id(dice.roll(at)).to_string(),
            }];
        }
        for database in (0..3).filter(|_| dice.chance(60)) {
            let databases = &mut revision.scripts.databases;
            databases.insert(name(database), entry());
        }
        revisions.push(revision);
    }
    let mut all: Vec<Arc<Revision>> = revisions.iter().cloned().map(Arc::new).collect();
    for number in 0..dice.roll(3) {
        let low = dice.roll(size - 1);
        let set = low..=(low + 1 + dice.roll(size - 1 - low)).min(size - 1);
        let inside: BTreeSet<RevisionId> = set.clone().map(id).collect();
        let parents: BTreeSet<RevisionId> = set
            .flat_map(|at| revisions[at].parents.clone())
            .filter(|parent| !inside.contains(parent))
            .collect();
        let shortcut = RevisionId::new(&format!("s{number}")).expect("an id");
        let mut shortcut = Revision::new(shortcut, parents.into_iter().collect());
        shortcut.replaces = inside.into_iter().collect();
        let entries = (0..3).map(|at| (name(at), entry()));
        shortcut.scripts.databases = entries.collect();
        all.push(Arc::new(shortcut));
    }
    Graph::new(all).ok().map(Arc::new)
}

/// One database of a case.
struct Database {
    binding: Arc<Binding>,
    standing: Standing,
    lane: Lane,
}

impl Database {
    fn random(dice: &mut Dice, graph: &Arc<Graph>, at: usize) -> Self {
        let mut binding = Binding::new(name(at), Dialect::Sqlite);
        binding.shared = false;
        let binding = Arc::new(binding);
        let mut state = || -> NodeSet {
            let picks = match dice.roll(4) {
                0 => Vec::new(),
                1 => graph.nodes().collect(),
                _ => (0..2)
                    .filter_map(|_| graph.nodes().nth(dice.roll(graph.len())))
                    .collect(),
            };
            graph.ancestors(picks)
        };
        let (from, to) = (state(), state());
        let standing = Standing {
            graph: graph.clone(),
            state: State::of_heads(graph, from.iter()),
            drift: rev_core::Drift::default(),
        };
        let lane = lane(&binding, &standing, Goal::Switch, &to, None).expect("a plan");
        Self {
            binding,
            standing,
            lane,
        }
    }

    fn set(&self) -> BTreeSet<RevisionId> {
        let graph = &self.standing.graph;
        graph
            .ids(self.standing.state.set().iter())
            .into_iter()
            .collect()
    }

    fn apply(set: &mut BTreeSet<RevisionId>, step: &rev_core::Step) {
        for id in step.revisions() {
            match step.action.applies() {
                true => set.insert(id.clone()),
                false => set.remove(id),
            };
        }
    }

    fn end(&self) -> BTreeSet<RevisionId> {
        let mut set = self.set();
        for step in self.lane.steps.iter() {
            Self::apply(&mut set, step);
        }
        set
    }
}

type Sets = BTreeMap<DatabaseName, BTreeSet<RevisionId>>;

/// Who stands where without what it needs, by the files alone.
fn violations(graph: &Graph, sets: &Sets) -> BTreeSet<(DatabaseName, RevisionId, Need)> {
    let mut found = BTreeSet::new();
    for (database, set) in sets {
        for id in set {
            let node = graph.find(id.as_str()).expect("a node");
            let revision = graph.revision(node);
            if !revision.scripts.databases.contains_key(database) {
                continue;
            }
            for need in &revision.needs {
                let has = sets[&need.database].iter();
                if !has.into_iter().any(|id| id.as_str() == need.revision) {
                    found.insert((database.clone(), id.clone(), need.clone()));
                }
            }
        }
    }
    found
}

/// Runs the lanes side by side, each as far as it may go; the states are lawful
/// all the way.
fn simulate(graph: &Graph, all: &[Database], waits: &BTreeMap<DatabaseName, Vec<Vec<Wait>>>) {
    let mut sets: Sets = all
        .iter()
        .map(|it| (it.binding.name.clone(), it.set()))
        .collect();
    let mut at = vec![0; all.len()];
    loop {
        let mut moved = false;
        for (database, at) in all.iter().zip(&mut at) {
            let Some(step) = database.lane.steps.get(*at) else {
                continue;
            };
            let is_met = |wait: &Wait| {
                let has = sets[&wait.database].contains(&wait.revision);
                has == (wait.until == Until::Applied)
            };
            if waits[&database.binding.name][*at].iter().all(is_met) {
                let set = sets.get_mut(&database.binding.name).expect("a set");
                Database::apply(set, step);
                assert_eq!(violations(graph, &sets), BTreeSet::new());
                *at += 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    for (database, at) in all.iter().zip(at) {
        let steps = &database.lane.steps;
        assert_eq!(
            at,
            steps.len(),
            "{:?} waits for ever",
            steps[at].revision.id
        );
    }
}

#[test]
fn lanes_that_wait_for_each_other_arrive_by_lawful_states() {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let (mut arrived, mut waited, mut missing, mut needed, mut through) = (0, 0, 0, 0, 0);
    while arrived + missing + needed < 6_000 {
        let Some(graph) = graph(&mut dice) else {
            continue;
        };
        let all: Vec<Database> = (0..3)
            .map(|at| Database::random(&mut dice, &graph, at))
            .collect();
        let sets = |of: fn(&Database) -> BTreeSet<RevisionId>| -> Sets {
            let sets = all.iter().map(|it| (it.binding.name.clone(), of(it)));
            sets.collect()
        };
        if !violations(&graph, &sets(Database::set)).is_empty() {
            continue;
        }
        let views: Vec<View<'_>> = all
            .iter()
            .map(|it| View {
                binding: &it.binding,
                standing: &it.standing,
                lane: Some(&it.lane),
            })
            .collect();
        let unlawful = violations(&graph, &sets(Database::end));
        match waits(&views) {
            Ok(waits) => {
                assert_eq!(unlawful, BTreeSet::new());
                simulate(&graph, &all, &waits);
                let is_waiting = waits.values().flatten().any(|waits| !waits.is_empty());
                waited += usize::from(is_waiting);
                let mut steps = all.iter().flat_map(|it| it.lane.steps.iter());
                through += usize::from(is_waiting && steps.any(|it| !it.replaces.is_empty()));
                arrived += 1;
            }
            Err(WaitError::Missing { .. }) => {
                assert!(!unlawful.is_empty());
                missing += 1;
            }
            Err(WaitError::Needed { .. }) => {
                assert!(!unlawful.is_empty());
                needed += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    // Each of these must be there for the law to say something.
    for (what, count) in [
        ("waited", waited),
        ("missing", missing),
        ("needed", needed),
        ("through shortcuts", through),
    ] {
        assert!(count > 60, "{what}: {count} of {arrived}");
    }
}
