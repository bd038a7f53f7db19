//! Growth: the same questions at 1,000, 10,000 and 100,000 revisions.
//!
//! `just bench` runs this. Time divided by revisions must stay about the same
//! down each column; divan prints that as items a second.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use rev_core::plan::{Through, moves};
use rev_core::revision::{Entry, Script, Sql};
use rev_core::{
    Binding, DatabaseName, Dialect, Graph, NodeSet, Point, Revision, RevisionId, Scope, State,
};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const SHAPES: [Shape; 4] = [Shape::Linear, Shape::Branchy, Shape::Ladder, Shape::Fan];

#[derive(Debug, Clone, Copy)]
enum Shape {
    /// One chain.
    Linear,
    /// Rounds of 20 branches of 5 revisions, each closed by a merge.
    Branchy,
    /// Two chains, each revision of the one depending on its twin and, which is
    /// redundant, on the first.
    Ladder,
    /// One base, and all others its children.
    Fan,
}

fn main() {
    divan::main();
}

fn id(number: usize) -> RevisionId {
    // Spread, so that ids are in no relation to the order.
    let spread = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    RevisionId::new(&format!("{spread:016x}")).expect("hexadecimal digits are an id")
}

fn revisions(shape: Shape, size: usize) -> Vec<Arc<Revision>> {
    let revision = |number: usize| {
        let (parents, dependencies) = below(shape, number);
        let mut revision = Revision::new(id(number), parents.into_iter().map(id).collect());
        let words = dependencies
            .into_iter()
            .map(|number| id(number).to_string());
        revision.depends_on = words.collect();
        revision.scripts.top = Entry {
            upgrade: Some(Script::Any(Sql::text("SELECT 1"))),
            ..Entry::default()
        };
        Arc::new(revision)
    };
    (0..size).map(revision).collect()
}

fn below(shape: Shape, number: usize) -> (Vec<usize>, Vec<usize>) {
    match shape {
        _ if number == 0 => (vec![], vec![]),
        Shape::Linear => (vec![number - 1], vec![]),
        Shape::Fan => (vec![0], vec![]),
        Shape::Branchy => {
            // 0 opens the first round; a round is 100 revisions and their merge.
            let (round, place) = ((number - 1) / 101, (number - 1) % 101);
            let opens = round * 101;
            match place {
                100 => (
                    (0..20).map(|branch| opens + 5 * branch + 5).collect(),
                    vec![],
                ),
                place if place.is_multiple_of(5) => (vec![opens], vec![]),
                _ => (vec![number - 1], vec![]),
            }
        }
        Shape::Ladder if number < 2 => (vec![], vec![]),
        Shape::Ladder if number.is_multiple_of(2) => (vec![number - 2], vec![]),
        Shape::Ladder => (vec![number - 2], vec![number - 1, 0]),
    }
}

fn graph(shape: Shape, size: usize) -> Graph {
    Graph::new(revisions(shape, size)).expect("a shape is a graph")
}

/// A case with a name to print.
#[derive(Clone, Copy)]
struct Case(Shape, usize);

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.0, self.1)
    }
}

fn all() -> impl Iterator<Item = Case> {
    let sizes = SIZES.into_iter();
    sizes.flat_map(|size| SHAPES.map(|shape| Case(shape, size)))
}

#[divan::bench(args = all(), max_time = 1)]
fn build(bencher: Bencher<'_, '_>, case: &Case) {
    bencher
        .counter(ItemsCount::new(case.1))
        .with_inputs(|| revisions(case.0, case.1))
        .bench_values(|revisions| Graph::new(revisions).expect("a shape is a graph"));
}

#[divan::bench(args = all(), max_time = 1)]
fn heads(bencher: Bencher<'_, '_>, case: &Case) {
    let graph = graph(case.0, case.1);
    bencher
        .counter(ItemsCount::new(case.1))
        .bench(|| graph.heads());
}

#[divan::bench(args = all(), max_time = 1)]
fn resolve_head(bencher: Bencher<'_, '_>, case: &Case) {
    let graph = graph(case.0, case.1);
    let state = State::default();
    let name = DatabaseName::new("db1").expect("a name");
    let binding = Binding::new(name, Dialect::Sqlite);
    let head = Point::parse("head").expect("a point");
    bencher.counter(ItemsCount::new(case.1)).bench(|| {
        let scope = Scope::of_database(&graph, &binding, &state).expect("scripts for all");
        scope.revisions(&head)
    });
}

#[divan::bench(args = all(), max_time = 1)]
fn plan_from_base(bencher: Bencher<'_, '_>, case: &Case) {
    let graph = graph(case.0, case.1);
    let (nothing, everything) = (NodeSet::default(), graph.all());
    bencher
        .counter(ItemsCount::new(case.1))
        .bench(|| moves(&graph, &nothing, &everything, &Through::default()));
}

#[divan::bench(args = all(), max_time = 1)]
fn plan_from_near_the_head(bencher: Bencher<'_, '_>, case: &Case) {
    let graph = graph(case.0, case.1);
    let everything = graph.all();
    let mut near = everything.clone();
    near.remove(graph.effective_heads()[0]);
    bencher
        .counter(ItemsCount::new(case.1))
        .bench(|| moves(&graph, &near, &everything, &Through::default()));
}
