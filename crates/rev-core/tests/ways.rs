//! Ways down and sideways: tables of where a database stands, what is asked, the
//! steps and the heads in the end.
//!
//! `+` is up and `-` is down; what does no work stands in brackets; a shortcut is
//! followed by what it replaces. The last number is the cost: steps with work,
//! of all steps.

use std::sync::Arc;

use insta::assert_snapshot;
use rev_core::plan::{PlanError, lane};
use rev_core::testing::graph;
use rev_core::{
    Binding, DatabaseName, Dialect, Goal, Graph, Lane, NodeSet, Point, Scope, Standing, Step,
};

fn binding() -> Arc<Binding> {
    let name = DatabaseName::new("db1").expect("a name");
    Arc::new(Binding::new(name, Dialect::Sqlite))
}

/// A ledger that was brought to these heads.
fn standing(graph: &Arc<Graph>, heads: &str) -> Standing {
    let empty = Standing::read(graph, &binding(), &[]).expect("an empty ledger");
    let heads = heads.split_whitespace().flat_map(|id| graph.lookup(id));
    let set = graph.ancestors(heads);
    let up = lane(&binding(), &empty, Goal::Upgrade, &set, None).expect("a way up");
    let rows: Vec<_> = up.steps.iter().flat_map(|step| step.rows.clone()).collect();
    Standing::read(graph, &binding(), &rows).expect("a state")
}

/// Answers lines of `goal target | heads that it stands at`.
fn table(notation: &str, questions: &str) -> String {
    let graph = graph(notation);
    let lines = questions.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty());
    let answers = lines.map(|line| {
        let (words, heads) = line.split_once('|').expect("a question and a state");
        let mut words = words.split_whitespace();
        let goal = match words.next() {
            Some("down") => Goal::Downgrade,
            Some("switch") => Goal::Switch,
            _ => Goal::Upgrade,
        };
        let points = words.map(|word| Point::parse(word).expect("a point"));
        let points: Vec<Point> = points.collect();
        let answer = answer(&standing(&graph, heads), goal, &points);
        format!("{line:<28} {answer}")
    });
    answers.collect::<Vec<_>>().join("\n")
}

fn answer(standing: &Standing, goal: Goal, points: &[Point]) -> String {
    let graph = &standing.graph;
    let binding = binding();
    let scope = Scope::of_database(graph, &binding, &standing.state).expect("scripts");
    let to = match scope.destination(goal, points) {
        Ok(destination) => destination.set,
        Err(error) => return format!("error: {error}"),
    };
    match lane(&binding, standing, goal, &to, None) {
        Ok(lane) => told(graph, &lane, standing.state.set(), &to),
        Err(error @ PlanError::NoWayDown { .. }) => format!("error: {error}"),
        Err(error) => panic!("{error}"),
    }
}

fn told(graph: &Graph, lane: &Lane, from: &NodeSet, to: &NodeSet) -> String {
    let mut state = from.clone();
    let mut words = Vec::new();
    for step in lane.steps.iter() {
        for node in step.revisions().flat_map(|id| graph.lookup(id.as_str())) {
            match step.action.applies() {
                true => assert!(state.insert(node), "twice"),
                false => state.remove(node),
            }
        }
        let stands = |node| graph.below(node).into_iter().all(|it| state.contains(it));
        assert!(state.iter().all(stands), "every state on the way is closed");
        words.push(word(step));
    }
    assert_eq!(graph.ids(state.iter()), graph.ids(to.iter()));
    let ids = |ids: &[rev_core::RevisionId]| match ids {
        [] => "base".to_owned(),
        ids => ids
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    };
    let cost = lane.cost();
    format!(
        "{} => {}  {}/{}",
        words.join(" "),
        ids(&lane.to),
        cost.with_work,
        cost.steps
    )
}

fn word(step: &Step) -> String {
    let sign = if step.action.applies() { '+' } else { '-' };
    let mut word = format!("{sign}{}", step.revision.id);
    if !step.replaces.is_empty() {
        let ids: Vec<&str> = step.replaces.iter().map(AsRef::as_ref).collect();
        word.push_str(&format!("={}", ids.join(",")));
    }
    if step.is_empty() {
        format!("({word})")
    } else {
        word
    }
}

#[test]
fn through_merges() {
    let diamonds = "
        a: !
        b1: a ! #left
        b2: b1 !
        c1: a ! #right
        m: b2 c1
        d: m !
        e1: d !
        e2: d !
        n: e1 e2 !
    ";
    assert_snapshot!(table(
        diamonds,
        "
        down d         | n
        down m         | n
        down b2        | n
        down c1        | n
        down left@b2   | n
        down a         | n
        down left@base | b2 c1
        down right@base | b2 c1
        down base      | m
        down -1        | n
        down -1        | m
        down -1        | e1 e2
        switch b2      | n
        switch c1      | b2
        switch b2 c1   | n
        switch e2      | e1
        switch n       | c1
        switch m       | m
        switch base    | b2 c1
    "
    ));
}

#[test]
fn through_dependencies() {
    let leaning = "
        a1: ! #app
        a2: a1 !
        a3: a2 !
        r1: ! #reports
        r2: r1 ~a2 !
        r3: r2 !
        x: r3 ~a3 !
    ";
    assert_snapshot!(table(
        leaning,
        "
        down a1        | a3 r3
        down a2        | a3 r3
        down a2        | x
        down r1        | a3 r3
        down r2        | x
        down app@base  | a3 r1
        down app@base  | a3 r3
        down reports@base | a3 r3
        switch r1      | a3 r3
        switch a3      | r2
        switch r2      | a3
        switch x       | a1
        switch app@head | x
        down -1        | x
        down -1        | a3 r3
    "
    ));
}

#[test]
fn through_shortcuts() {
    let nested = "
        a: !
        b1: a !
        b2: b1 !
        b3: b2 !
        c1: a !
        c2: c1
        m: b3 c2 !
        s1: a =b1 =b2 !
        s2: a =s1 =b3 !
        s3: a =c1 =c2 !
    ";
    assert_snapshot!(table(
        nested,
        "
        up m           | a
        up b2          | a
        up b3          | b1
        down a         | m
        down b1        | m
        down b2        | m
        down base      | b3 c2
        switch b3      | c2
        switch c2      | b3
        switch b2      | m
        switch s1      | m
        switch s3      | b2
        down s1        | b3
        switch c1      | m
    "
    ));
}

#[test]
fn through_what_cannot_be_undone() {
    // An upgrade alone: nothing leads down from it by itself.
    let graph = graph(
        "
        a: !
        b: a !
        c: b !
        d: c !
        sss: a =b =c !
    ",
    );
    let mut revisions: Vec<_> = graph
        .files()
        .iter()
        .map(|it| rev_core::Revision::clone(it))
        .collect();
    for revision in &mut revisions {
        if ["b", "d"].contains(&revision.id.as_str()) {
            revision.scripts.top.downgrade = None;
        }
    }
    let revisions = revisions.into_iter().map(Arc::new).collect();
    let graph = Arc::new(Graph::new(revisions).expect("a graph"));
    let asked = |heads: &str, target: &str| {
        let point = Point::parse(target).expect("a point");
        answer(&standing(&graph, heads), Goal::Switch, &[point])
    };
    // The shortcut leads down where a revision of its set does not.
    assert_eq!(asked("c", "a"), "-sss=b,c => a  1/1");
    assert_eq!(asked("b", "a"), "error: there is no way down from `b`");
    assert_eq!(asked("d", "a"), "error: there is no way down from `d`");
}
