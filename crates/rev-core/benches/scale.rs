//! How the pure crate scales: each time should grow with the graph and no faster.

use std::sync::Arc;

use divan::{Bencher, black_box};
use rev_core::plan::moves;
use rev_core::{
    Binding, DatabaseName, Dialect, Entry, Goal, Graph, NodeSet, Point, Revision, RevisionId,
    Scope, Script, Sql, State,
};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const SHAPES: [Shape; 4] = [Shape::Line, Shape::Rounds, Shape::Ladder, Shape::Fan];

#[derive(Debug, Clone, Copy)]
enum Shape {
    /// One after the other.
    Line,
    /// Rounds of twenty branches of five, then merged.
    Rounds,
    /// Two lines, each rung depending on the other side's last.
    Ladder,
    /// A short trunk with every other revision a head on it.
    Fan,
}

fn main() {
    divan::main();
}

fn questions() -> impl Iterator<Item = (Shape, usize)> {
    SHAPES
        .into_iter()
        .flat_map(|shape| SIZES.map(|size| (shape, size)))
}

/// Ids that say nothing about the order, as real ones do.
fn id(number: usize) -> RevisionId {
    let scattered = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    RevisionId::new(&format!("{scattered:016x}")).expect("hex digits are an id")
}

fn parents(shape: Shape, number: usize) -> (Vec<usize>, Option<usize>) {
    match (shape, number) {
        (_, 0) => (vec![], None),
        (Shape::Line, n) => (vec![n - 1], None),
        // A round is a merge and twenty branches of five.
        (Shape::Rounds, n) => match n % 101 {
            0 => ((1..=20).map(|branch| n - 101 + branch * 5).collect(), None),
            place if place % 5 == 1 => (vec![n - place], None),
            _ => (vec![n - 1], None),
        },
        (Shape::Ladder, 1) => (vec![], Some(0)),
        (Shape::Ladder, n) => (vec![n - 2], Some(n - 1)),
        (Shape::Fan, n) if n < 10 => (vec![n - 1], None),
        (Shape::Fan, n) => (vec![n % 10], None),
    }
}

fn revisions(shape: Shape, size: usize) -> Vec<Arc<Revision>> {
    let script = Script::Any(Sql::text("CREATE TABLE t (id INTEGER)"));
    let revision = |number| {
        let (below, dependency) = parents(shape, number);
        let mut revision = Revision::new(id(number), below.into_iter().map(id).collect());
        revision.depends_on = dependency.map(|n| id(n).to_string()).into_iter().collect();
        revision.scripts.top = Entry {
            upgrade: Some(script.clone()),
            downgrade: Some(script.clone()),
            ..Entry::default()
        };
        Arc::new(revision)
    };
    (0..size).map(revision).collect()
}

fn graph(shape: Shape, size: usize) -> Graph {
    Graph::new(revisions(shape, size)).expect("the shape is a graph")
}

fn binding() -> Binding {
    Binding::new(DatabaseName::new("db").expect("a name"), Dialect::Sqlite)
}

#[divan::bench(args = questions(), sample_count = 5, sample_size = 1)]
fn build(bencher: Bencher, (shape, size): (Shape, usize)) {
    bencher
        .with_inputs(|| revisions(shape, size))
        .bench_values(|revisions| Graph::new(revisions).expect("a graph"));
}

#[divan::bench(args = questions(), sample_count = 5, sample_size = 1)]
fn heads(bencher: Bencher, (shape, size): (Shape, usize)) {
    let graph = graph(shape, size);
    bencher.bench_local(|| black_box(&graph).heads());
}

/// `head` where it is ambiguous too: the fan's thousands of heads.
#[divan::bench(args = questions(), sample_count = 5, sample_size = 1)]
fn resolve_head(bencher: Bencher, (shape, size): (Shape, usize)) {
    let graph = graph(shape, size);
    let scope = Scope::of_graph(&graph);
    let head = Point::parse("head").expect("a point");
    bencher.bench_local(|| scope.revisions(black_box(&head)).is_ok());
}

#[divan::bench(args = questions(), sample_count = 5, sample_size = 1)]
fn plan_from_base(bencher: Bencher, (shape, size): (Shape, usize)) {
    bencher
        .with_inputs(|| graph(shape, size))
        .bench_refs(|graph| plan(graph, &State::default(), "heads"));
}

#[divan::bench(args = questions(), sample_count = 5, sample_size = 1)]
fn plan_from_near_the_head(bencher: Bencher, (shape, size): (Shape, usize)) {
    let graph = graph(shape, size);
    let near: NodeSet = graph.topological()[..size - 10].iter().copied().collect();
    let state = State::of_heads(&graph, graph.maximal(&near));
    bencher.bench_local(|| plan(&graph, &state, "heads"));
}

#[divan::bench(args = questions(), sample_count = 5, sample_size = 1)]
fn take_down_ten(bencher: Bencher, (shape, size): (Shape, usize)) {
    let graph = graph(shape, size);
    let state = State::of_heads(&graph, graph.nodes());
    let scope = Scope::of_database(&graph, &binding(), &state).expect("one script for all");
    let back = Point::parse("-10").expect("a point");
    bencher.bench_local(|| {
        scope
            .destination(Goal::Downgrade, std::slice::from_ref(&back))
            .is_ok()
    });
}

fn plan(graph: &Graph, state: &State, target: &str) -> usize {
    let scope = Scope::of_database(graph, &binding(), state).expect("one script for all");
    let point = Point::parse(target).expect("a point");
    let to = scope
        .destination(Goal::Upgrade, &[point])
        .expect("heads can always be reached");
    moves(graph, state.set(), &to.set).len()
}
