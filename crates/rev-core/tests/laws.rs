//! Laws of graphs, states, targets and plans, on random graphs.
//!
//! Each fast walk is compared with a slow twin that shares no code with it: the
//! twins know only ids and sets of ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rev_core::plan::moves;
use rev_core::revision::{Entry, Script, Sql};
use rev_core::{
    Binding, DatabaseName, Dialect, Goal, Graph, NodeSet, Point, Revision, RevisionId, Scope,
    State, Target, digest,
};

type Ids = BTreeSet<String>;

/// What a twin knows of a graph: parents and all edges down, by id.
#[derive(Debug, Clone)]
struct Drawn {
    parents: BTreeMap<String, Ids>,
    below: BTreeMap<String, Ids>,
    work: Ids,
    revisions: Vec<Revision>,
}

/// Up to 24 revisions; parents and dependencies among the earlier ones, often
/// redundant; ids in no relation to the order.
fn drawn() -> impl Strategy<Value = Drawn> {
    let revision = (
        vec(any::<Index>(), 0..3),
        vec(any::<Index>(), 0..2),
        any::<bool>(),
    );
    let names: Vec<usize> = (0..24).collect();
    (vec(revision, 1..24), Just(names).prop_shuffle()).prop_map(|(drafts, names)| {
        let id = |at: usize| format!("r{:03}x", names[at]);
        let mut drawn = Drawn {
            parents: BTreeMap::new(),
            below: BTreeMap::new(),
            work: Ids::new(),
            revisions: Vec::new(),
        };
        for (at, (parents, dependencies, works)) in drafts.into_iter().enumerate() {
            let pick = |among: &[Index]| -> Ids {
                let among = among.iter().filter(|_| at > 0);
                among.map(|index| id(index.index(at))).collect()
            };
            let (parents, dependencies) = (pick(&parents), pick(&dependencies));
            let below = parents.union(&dependencies).cloned().collect();
            let name = |id: &String| RevisionId::new(id).expect("an id");
            let mut revision = Revision::new(name(&id(at)), parents.iter().map(name).collect());
            revision.depends_on = dependencies.into_iter().collect();
            if works {
                drawn.work.insert(id(at));
                revision.scripts.top = script(&id(at));
            }
            drawn.parents.insert(id(at), parents);
            drawn.below.insert(id(at), below);
            drawn.revisions.push(revision);
        }
        drawn
    })
}

fn script(text: &str) -> Entry {
    Entry {
        upgrade: Some(Script::Any(Sql::text(text))),
        downgrade: Some(Script::Any(Sql::text(text))),
        ..Entry::default()
    }
}

fn graph_of(revisions: &[Revision]) -> Graph {
    let revisions = revisions.iter().cloned().map(Arc::new).collect();
    Graph::new(revisions).expect("what was drawn is a graph")
}

impl Drawn {
    fn graph(&self) -> Graph {
        graph_of(&self.revisions)
    }

    fn closure(&self, of: impl IntoIterator<Item = String>) -> Ids {
        let mut closed = Ids::new();
        for id in of {
            closed.extend(self.closure(self.below[&id].clone()));
            closed.insert(id);
        }
        closed
    }

    /// Everything below, without the revision itself.
    fn strictly_below(&self, id: &str) -> Ids {
        self.closure(self.below[id].clone())
    }

    fn reduced_below(&self, id: &str) -> Ids {
        let below = &self.below[id];
        let is_implied = |low: &String| {
            below
                .iter()
                .any(|high| self.strictly_below(high).contains(low))
        };
        below
            .iter()
            .filter(|low| !is_implied(low))
            .cloned()
            .collect()
    }

    fn heads_of(&self, set: &Ids) -> Ids {
        let stood_on: Ids = set.iter().flat_map(|id| self.below[id].clone()).collect();
        set.difference(&stood_on).cloned().collect()
    }

    /// Design's stated order, as it reads.
    fn post_order(&self, id: &str, order: &mut Vec<String>) {
        if order.iter().any(|seen| seen == id) {
            return;
        }
        for below in self.reduced_below(id) {
            self.post_order(&below, order);
        }
        order.push(id.to_owned());
    }

    fn closed(&self, picks: &[Index]) -> Ids {
        let ids: Vec<&String> = self.below.keys().collect();
        self.closure(picks.iter().map(|pick| ids[pick.index(ids.len())].clone()))
    }
}

fn set_of(graph: &Graph, ids: &Ids) -> NodeSet {
    ids.iter().filter_map(|id| graph.find(id)).collect()
}

fn ids_of(graph: &Graph, nodes: impl IntoIterator<Item = rev_core::Node>) -> Ids {
    graph.ids(nodes).iter().map(ToString::to_string).collect()
}

fn binding() -> Binding {
    Binding::new(DatabaseName::new("db1").expect("a name"), Dialect::Sqlite)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_plan_takes_the_fewest_steps_in_the_stated_order_over_closed_states(
        drawn in drawn(), from in vec(any::<Index>(), 0..4), to in vec(any::<Index>(), 0..4),
    ) {
        let graph = drawn.graph();
        let (from, to) = (drawn.closed(&from), drawn.closed(&to));
        let steps = moves(&graph, &set_of(&graph, &from), &set_of(&graph, &to));
        prop_assert_eq!(steps.len(), from.symmetric_difference(&to).count());

        let mut stands = from.clone();
        for step in &steps {
            let id = graph.id(step.node).to_string();
            let changed = if step.up { stands.insert(id) } else { stands.remove(&id) };
            prop_assert!(changed);
            prop_assert_eq!(&drawn.closure(stands.clone()), &stands, "a state on the way is not closed");
        }
        prop_assert_eq!(&stands, &to);

        let ordered = |set: &Ids, other: &Ids| {
            let mut order = Vec::new();
            for head in drawn.heads_of(set) {
                drawn.post_order(&head, &mut order);
            }
            order.retain(|id| !other.contains(id));
            order
        };
        let mut expected = ordered(&from, &to);
        expected.reverse();
        expected.extend(ordered(&to, &from));
        let found: Vec<String> = steps.iter().map(|step| graph.id(step.node).to_string()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn up_then_down_is_home(
        drawn in drawn(), from in vec(any::<Index>(), 0..4), more in vec(any::<Index>(), 0..4),
    ) {
        let graph = drawn.graph();
        let from = drawn.closed(&from);
        let to: Ids = from.union(&drawn.closed(&more)).cloned().collect();
        let (from, to) = (set_of(&graph, &from), set_of(&graph, &to));
        let (up, down) = (moves(&graph, &from, &to), moves(&graph, &to, &from));
        prop_assert!(up.iter().all(|step| step.up) && down.iter().all(|step| !step.up));
        let sorted = |steps: &[rev_core::plan::Move]| {
            let mut nodes: Vec<_> = steps.iter().map(|step| step.node).collect();
            nodes.sort();
            nodes
        };
        prop_assert_eq!(sorted(&up), sorted(&down));
    }

    #[test]
    fn the_order_of_files_changes_nothing(
        (drawn, shuffled) in drawn().prop_flat_map(|drawn| {
            let shuffled = Just(drawn.revisions.clone()).prop_shuffle();
            (Just(drawn), shuffled)
        }),
        from in vec(any::<Index>(), 0..4), to in vec(any::<Index>(), 0..4),
    ) {
        let (one, two) = (drawn.graph(), graph_of(&shuffled));
        let (from, to) = (drawn.closed(&from), drawn.closed(&to));
        let plan = |graph: &Graph| {
            let steps = moves(graph, &set_of(graph, &from), &set_of(graph, &to));
            steps.iter().map(|step| (step.up, graph.id(step.node).clone())).collect::<Vec<_>>()
        };
        prop_assert_eq!(plan(&one), plan(&two));
        let lineages = |graph: &Graph| graph.nodes().map(|n| graph.lineage(n)).collect::<Vec<_>>();
        prop_assert_eq!(lineages(&one), lineages(&two));
        prop_assert_eq!(one.heads(), two.heads());
    }

    #[test]
    fn the_fast_walks_agree_with_their_twins(drawn in drawn(), picks in vec(any::<Index>(), 0..5)) {
        let graph = drawn.graph();
        let ids: Vec<String> = drawn.below.keys().cloned().collect();
        for high in &ids {
            let node = graph.find(high).expect("it was drawn");
            for low in &ids {
                let fast = graph.stands_on(node, graph.find(low).expect("it was drawn"));
                prop_assert_eq!(fast, drawn.strictly_below(high).contains(low), "{} on {}", high, low);
            }
            prop_assert_eq!(ids_of(&graph, graph.reduced_below(node)), drawn.reduced_below(high));
            prop_assert_eq!(
                ids_of(&graph, graph.ancestors([node]).iter()), drawn.closure([high.clone()]));
        }
        let picked: Ids = picks.iter().map(|pick| ids[pick.index(ids.len())].clone()).collect();
        let nodes: Vec<_> = picked.iter().filter_map(|id| graph.find(id)).collect();
        let topmost: Ids = picked.iter()
            .filter(|low| !picked.iter().any(|high| drawn.strictly_below(high).contains(*low)))
            .cloned().collect();
        prop_assert_eq!(ids_of(&graph, graph.topmost(&set_of(&graph, &picked))), topmost);
        let shared: Ids = ids.iter()
            .filter(|id| picked.iter().all(|pick| drawn.closure([pick.clone()]).contains(*id)))
            .cloned().collect();
        prop_assert_eq!(ids_of(&graph, graph.common_ancestors(&nodes).iter()), shared);
        let above: Ids = ids.iter()
            .filter(|id| picked.is_subset(&drawn.closure([(*id).clone()])))
            .cloned().collect();
        prop_assert_eq!(ids_of(&graph, graph.common_descendants(&nodes).iter()), above);
    }

    #[test]
    fn head_is_what_covers_all_work(drawn in drawn()) {
        let graph = drawn.graph();
        let state = State::default();
        let scope = Scope::of_database(&graph, &binding(), &state).expect("scripts for all");
        let answer = scope.revisions(&Point::parse("head").expect("a point"));

        let parents: Ids = drawn.parents.values().flatten().cloned().collect();
        let heads = drawn.below.keys().filter(|id| !parents.contains(*id));
        let covering: Vec<Ids> = heads
            .map(|head| drawn.closure([head.clone()]))
            .filter(|ancestry| drawn.work.is_subset(ancestry))
            .collect();
        let shared = covering.iter().cloned().reduce(|a, b| a.intersection(&b).cloned().collect());
        match (answer, shared) {
            (Ok(nodes), Some(shared)) => prop_assert_eq!(
                ids_of(&graph, graph.ancestors(nodes).iter()), shared),
            (Err(error), None) => prop_assert_eq!(error.code(), "ambiguous_head"),
            (answer, shared) => prop_assert!(false, "{:?} against {:?}", answer, shared),
        }
    }

    #[test]
    fn no_words_make_it_panic_and_every_destination_is_closed(
        drawn in drawn(), stands in vec(any::<Index>(), 0..4),
        words in "(r00[0-9]x?|head|heads|base|current|[+-][0-9]{1,2}|@|[a-z0-9_.-]){1,4}",
    ) {
        let graph = drawn.graph();
        let heads = drawn.heads_of(&drawn.closed(&stands));
        let state = State::of_heads(&graph, heads.iter().filter_map(|id| graph.find(id)));
        let scope = Scope::of_database(&graph, &binding(), &state).expect("scripts for all");
        let Ok(target) = Target::parse(&words, |name| name == "db1") else { return Ok(()) };
        for goal in [Goal::Upgrade, Goal::Downgrade, Goal::Switch, Goal::Stamp] {
            let Ok(destination) = scope.destination(goal, std::slice::from_ref(&target.point)) else {
                continue;
            };
            let ids = ids_of(&graph, destination.set.iter());
            prop_assert_eq!(&drawn.closure(ids.clone()), &ids, "{:?} {}", goal, &words);
            let stood = ids_of(&graph, state.set().iter());
            match goal {
                Goal::Upgrade => prop_assert!(stood.is_subset(&ids)),
                Goal::Downgrade => prop_assert!(ids.is_subset(&stood)),
                Goal::Switch | Goal::Stamp => {}
            }
        }
        let _ = Scope::of_graph(&graph).revisions(&target.point);
        let _ = Scope::of_graph(&graph).range(Some(&target.point), None);
    }

    #[test]
    fn any_edit_of_a_script_is_noticed_and_no_reformatting_is(
        text in "[ -~\n]{0,40}", other in "[ -~\n]{0,40}",
    ) {
        let hash = |text: &str| digest::script(Some(&Sql::text(text)));
        prop_assert_eq!(hash(&text) == hash(&other), text.trim_end() == other.trim_end());
        prop_assert_eq!(hash(&text), hash(&format!("{}\r\n \n", text.replace('\n', "\r\n"))));
    }

    #[test]
    fn an_edit_changes_the_lineages_above_it_and_no_others(drawn in drawn(), pick in any::<Index>()) {
        let before = drawn.graph();
        let mut revisions = drawn.revisions.clone();
        let edited = pick.index(revisions.len());
        revisions[edited].scripts.top = script("something else");
        let id = revisions[edited].id.to_string();
        let after = graph_of(&revisions);
        for node in before.nodes() {
            let stands = drawn.closure([before.id(node).to_string()]).contains(&id);
            prop_assert_eq!(before.lineage(node) != after.lineage(node), stands);
        }
    }
}
