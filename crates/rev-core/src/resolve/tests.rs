//! What counts for a database: target by target, where it leads.

use crate::plan::{Through, moves};
use crate::target::Point;
use crate::testing::graph;
use crate::{Binding, DatabaseName, Dialect, Goal, Graph, Label, Scope, State};

/// A database that takes only what names it.
fn own(name: &str) -> Binding {
    let mut binding = Binding::new(DatabaseName::new(name).expect("a name"), Dialect::Sqlite);
    binding.shared = false;
    binding
}

fn following(name: &str, labels: &[&str]) -> Binding {
    let labels = labels
        .iter()
        .map(|label| Label::new(label).expect("a label"));
    Binding {
        follow: labels.collect(),
        ..own(name)
    }
}

/// A line a question: `up`, `down`, `switch` or `stamp`, the heads it starts
/// from, a target; then the steps (empty ones in brackets) and the final heads.
fn table(graph: &Graph, binding: &Binding, questions: &[(&str, &str, &str)]) -> String {
    let lines = questions.iter().map(|&(action, heads, target)| {
        let heads = heads.split_whitespace();
        let nodes = heads.map(|id| graph.find(id).expect("an id"));
        let state = State::of_heads(graph, nodes);
        let scope = Scope::of_database(graph, binding, &state).expect("one script");
        let goal = match action {
            "up" => Goal::Upgrade,
            "down" => Goal::Downgrade,
            "switch" => Goal::Switch,
            _ => Goal::Stamp,
        };
        let point = Point::parse(target).expect("a point");
        let answer = match scope.destination(goal, &[point]) {
            Ok(to) => told(graph, &scope, &state, &to.set),
            Err(error) => format!("error: {error}"),
        };
        format!("{action:<6} {target:<8} {answer}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn told(graph: &Graph, scope: &Scope, state: &State, to: &crate::NodeSet) -> String {
    let moves = moves(graph, state.set(), to, &Through::default());
    let steps = moves.into_iter().map(|step| {
        let sign = if step.up { '+' } else { '-' };
        let node = step.hop.revision().expect("no shortcut is gone through");
        let id = graph.id(node);
        match scope.work().contains(node) {
            true => format!("{sign}{id}"),
            false => format!("({sign}{id})"),
        }
    });
    let steps: Vec<String> = steps.collect();
    let heads: Vec<String> = graph
        .ids(graph.maximal(to))
        .iter()
        .map(ToString::to_string)
        .collect();
    format!("{} → {}", steps.join(" "), heads.join(" "))
}

/// A trunk for both, then a branch for each.
const TWO_BRANCHES: &str = "
    a: !db1 !db2
    b1: a #one !db1
    c1: b1 !db1
    b2: a #two !db2
    c2: b2 !db2
";

#[test]
fn each_database_goes_to_the_head_of_the_branch_that_concerns_it() {
    let graph = graph(TWO_BRANCHES);
    let questions = [
        ("up", "", "head"),
        ("up", "", "heads"),
        ("up", "", "one@head"),
        ("up", "", "two@head"),
        ("up", "a", "+1"),
        ("up", "a", "+2"),
        ("up", "a", "+3"),
        ("up", "b1", "two@+1"),
        ("down", "c1", "-1"),
        ("down", "c1 c2", "-1"),
        ("down", "c1 c2", "-3"),
        ("down", "c1 c2", "one@base"),
        ("switch", "c2", "head"),
        ("stamp", "", "head"),
    ];
    insta::assert_snapshot!(
        "db1_of_two_branches",
        table(&graph, &own("db1"), &questions)
    );
    insta::assert_snapshot!(
        "db2_of_two_branches",
        table(&graph, &own("db2"), &questions)
    );
}

#[test]
fn a_database_bound_later_takes_the_shared_trunk_and_is_asked_at_the_fork() {
    let graph = graph(TWO_BRANCHES);
    let questions = [
        ("up", "", "head"),
        ("up", "", "heads"),
        ("up", "", "+1"),
        ("up", "", "base+1"),
        ("down", "c1 c2", "-1"),
        ("down", "c1 c2", "base"),
    ];
    insta::assert_snapshot!("bound_later", table(&graph, &own("db3"), &questions));
}

#[test]
fn a_database_that_lives_on_several_branches_goes_to_their_heads() {
    let graph = graph(
        "
        a: !db1
        b: a #one !db1
        c: a #two !db1
        d: a #three !db1
        ",
    );
    let questions = [
        ("up", "", "head"),
        ("up", "", "heads"),
        ("up", "", "three@head"),
        ("up", "a", "+1"),
        ("down", "b c", "-1"),
        ("down", "b c", "one@-1"),
        ("down", "b c", "two@base"),
    ];
    insta::assert_snapshot!("all_branches", table(&graph, &own("db1"), &questions));
    let binding = following("db1", &["one", "two"]);
    insta::assert_snapshot!("followed_branches", table(&graph, &binding, &questions));
    let binding = following("db1", &["two"]);
    insta::assert_snapshot!("followed_branch", table(&graph, &binding, &questions));
}

#[test]
fn empty_steps_go_along_uncounted() {
    let graph = graph(
        "
        a: !db1
        b: a !db2
        c: b !db1
        d: c !db2
        e: d !db1
        ",
    );
    let questions = [
        ("up", "", "+1"),
        ("up", "", "+2"),
        ("up", "", "+3"),
        ("up", "", "+4"),
        ("up", "a", "+1"),
        ("up", "", "a+1"),
        ("up", "", "e-1"),
        ("down", "e", "-1"),
        ("down", "e", "-2"),
        ("down", "e", "-3"),
        ("down", "e", "-4"),
        ("down", "d", "-1"),
        ("down", "e", "e-1"),
    ];
    insta::assert_snapshot!("empty_steps", table(&graph, &own("db1"), &questions));
}

#[test]
fn several_heads_that_cover_mean_what_they_share() {
    let graph = graph(
        "
        a: !db1
        b: !db1
        m: a b !db1
        x: m !db2
        y: m !db2
        z: ~m !db2
        ",
    );
    let questions = [
        ("up", "", "head"),
        ("up", "", "heads"),
        ("up", "x", "head"),
        ("down", "x y", "-1"),
        ("down", "m", "-1"),
        ("down", "m", "-2"),
        ("down", "x y z", "m"),
        ("switch", "x y z", "head"),
        ("stamp", "x y", "a"),
    ];
    insta::assert_snapshot!("covering_heads", table(&graph, &own("db1"), &questions));
}

#[test]
fn shared_scripts_concern_shared_databases_alone() {
    let graph = graph(
        "
        a: !
        b: a !db1
        c: a !
        ",
    );
    let questions = [("up", "", "head"), ("up", "", "+1"), ("down", "b c", "-1")];
    let shared = Binding {
        shared: true,
        ..own("db1")
    };
    insta::assert_snapshot!("shared", table(&graph, &shared, &questions));
    insta::assert_snapshot!("not_shared", table(&graph, &own("db1"), &questions));
}

#[test]
fn a_walk_down_with_a_label_ends_where_the_label_does() {
    let graph = graph(
        "
        a: !db1
        b: a #billing !db1
        c: a #search !db1
        d: c !db1
        e: b ~c !db1
    ",
    );
    insta::assert_snapshot!(table(
        &graph,
        &own("db1"),
        &[
            ("down", "b d", "search@-1"),
            ("down", "b d", "search@-2"),
            ("down", "b d", "search@-3"),
            ("down", "b", "search@-1"),
            ("down", "a", "search@-1"),
            ("down", "d", "search@head-1"),
            ("down", "b d", "search@head-2"),
            ("down", "b d", "search@head-3"),
            ("down", "b d", "search@d-2"),
            ("down", "b d", "search@a-1"),
            ("down", "b d", "search@base+1"),
            ("down", "d e", "search@-1"),
            ("down", "d e", "search@-2"),
            ("down", "d e", "search@a"),
            ("stamp", "b", "search@-1"),
            ("stamp", "d e", "search@-2"),
            ("switch", "d e", "search@-2"),
            ("up", "", "search@+1"),
        ]
    ));
}
