//! Relevance: what counts for one database among revisions for several.
//!
//! Each table shows what stands, what was typed, the steps (`+` up, `-` down;
//! those without work in brackets) and the heads in the end.

use rev_core::plan::{Through, moves};
use rev_core::testing::graph;
use rev_core::{Binding, DatabaseName, Dialect, Goal, Graph, Label, Point, Scope, State};

fn db(name: &str) -> Binding {
    Binding::new(DatabaseName::new(name).expect("a name"), Dialect::Sqlite)
}

/// Answers lines of `goal target @ heads`.
fn ask(graph: &Graph, binding: &Binding, questions: &str) -> String {
    let lines = questions
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let answers = lines.map(|line| {
        let (words, heads) = line.split_once('<').unwrap_or((line, ""));
        let mut words = words.split_whitespace();
        let goal = match words.next() {
            Some("up") => Goal::Upgrade,
            Some("down") => Goal::Downgrade,
            Some("switch") => Goal::Switch,
            _ => Goal::Stamp,
        };
        let points: Vec<Point> = words
            .map(|word| Point::parse(word).expect("a point"))
            .collect();
        let heads = heads
            .split_whitespace()
            .map(|id| graph.find(id).expect("a revision"));
        let state = State::of_heads(graph, heads);
        format!(
            "{line:<24} {}",
            answer(graph, binding, goal, &points, &state)
        )
    });
    answers.collect::<Vec<_>>().join("\n")
}

fn answer(graph: &Graph, binding: &Binding, goal: Goal, points: &[Point], state: &State) -> String {
    let scope = Scope::of_database(graph, binding, state).expect("scripts for all");
    let to = match scope.destination(goal, points) {
        Ok(destination) => destination.set,
        Err(error) => {
            let candidates: Vec<&str> = error.candidates().iter().map(AsRef::as_ref).collect();
            return format!("error: {error} [{}]", candidates.join(" "));
        }
    };
    let steps = moves(graph, state.set(), &to, &Through::default());
    let steps = steps.into_iter().map(|step| {
        let node = step.hop.revision().expect("no shortcut is gone through");
        let sign = if step.up { '+' } else { '-' };
        let id = graph.id(node);
        match scope.work().contains(node) {
            true => format!("{sign}{id}"),
            false => format!("({sign}{id})"),
        }
    });
    let steps: Vec<String> = steps.collect();
    let heads: Vec<String> = graph
        .ids(graph.maximal(&to))
        .iter()
        .map(ToString::to_string)
        .collect();
    format!("{} => {}", steps.join(" "), heads.join(" "))
}

/// A base for both, then one branch each.
const TWO_BRANCHES: &str = "
    a: !
    b1: a !db1
    b2: b1 !db1
    c1: a !db2
    c2: c1 !db2
";

#[test]
fn a_head_with_no_work_here_does_not_make_head_ambiguous() {
    let graph = graph(TWO_BRANCHES);
    insta::assert_snapshot!(ask(
        &graph,
        &db("db1"),
        "
        up head
        up heads
        up +1
        up +2
        up +3
        up +4
        up +1 < c2
        down -1 < b2 c2
        down -2 < b2 c2
        down -3 < b2 c2
        down -4 < b2 c2
    "
    ));
    insta::assert_snapshot!(ask(
        &graph,
        &db("db2"),
        "
        up head
        up +2
        switch head < b2
        stamp head
    "
    ));
}

#[test]
fn a_database_with_no_work_anywhere_goes_to_what_all_heads_share() {
    let mut late = db("db3");
    late.shared = false;
    insta::assert_snapshot!(ask(
        &graph(TWO_BRANCHES),
        &late,
        "
        up head
        up +1
        up heads
    "
    ));
}

#[test]
fn a_database_that_is_not_shared_takes_only_what_names_it() {
    let mut binding = db("db2");
    binding.shared = false;
    let graph = graph(
        "
        a: !
        b: a !
        c: b !db2
        d: c !
    ",
    );
    insta::assert_snapshot!(ask(
        &graph,
        &binding,
        "
        up head
        up +1
        down -1 < d
    "
    ));
}

#[test]
fn several_heads_that_cover_mean_what_they_share() {
    let graph = graph(
        "
        a: !
        b: a !db1
        c: b !db2
        d: b !db3
    ",
    );
    insta::assert_snapshot!(ask(
        &graph,
        &db("db1"),
        "
        up head
        up c d
        down -1 < c d
        down -2 < c d
    "
    ));
}

#[test]
fn a_dependency_lets_one_head_cover_another() {
    let graph = graph(
        "
        a1: !
        a2: a1 !
        b1: !
        b2: b1 ~a2 !
    ",
    );
    insta::assert_snapshot!(ask(
        &graph,
        &db("db1"),
        "
        up head
        down -1 < b2
        down a2 < b2
        down a1 < b2
    "
    ));
}

#[test]
fn a_database_that_follows_branches_heads_for_them_alone() {
    let graph = graph(
        "
        a: !
        b1: a #billing !
        b2: b1 !
        c1: a #core !
        c2: c1 !
    ",
    );
    let mut binding = db("db1");
    binding.follow = vec![Label::new("billing").expect("a label")];
    insta::assert_snapshot!(ask(
        &graph,
        &binding,
        "
        up head
        up core@head
        up heads
    "
    ));
    binding.follow.push(Label::new("core").expect("a label"));
    insta::assert_snapshot!(ask(&graph, &binding, "up head"));
    insta::assert_snapshot!(ask(
        &graph,
        &db("db1"),
        "
        up head
        up billing@head
        up billing@+1
        down billing@base < b2 c2
        down billing@-1 < b2 c2
        down -1 < b2 c2
    "
    ));
}

#[test]
fn offsets_pass_over_a_merge_of_sides_without_work() {
    let graph = graph(
        "
        a: !
        b: a !db1
        c: a !db2
        m: b c
        d: m !
    ",
    );
    insta::assert_snapshot!(ask(
        &graph,
        &db("db1"),
        "
        up head
        up +3
        up d-1
        up d-2
        down -1 < d
        down -2 < d
        down -3 < d
        down b < d
    "
    ));
}
