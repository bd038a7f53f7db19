//! Databases that depend on each other, while other runs are at work.

use std::sync::Arc;

use rev_core::testing::graph;
use rev_core::{Goal, Graph};

use super::fake::{World, request, summary};
use super::{run, run_jobs};
use crate::event::Stop;
use crate::outcome::{End, Outcome, Refusal};

/// `b` on db2 needs `a` on db1.
const NEED: &str = "
    x: !db1
    a: x !db1
    b: a ~db1@a !db2
    c: b !db2
";

/// db1 and db2, brought to these revisions.
fn worlds(graph: &Arc<Graph>, db1: &str, db2: &str) -> [World; 2] {
    let worlds = [World::new("db1"), World::new("db2")];
    let lanes = [(&worlds[0], db1), (&worlds[1], db2)];
    let lanes: Vec<(&World, &str)> = lanes.into_iter().filter(|it| it.1 != "base").collect();
    let (told, _) = run(&request(Goal::Upgrade), graph, &lanes);
    assert!(!told.contains("refused"), "{told}");
    worlds
}

fn go(graph: &Arc<Graph>, goal: Goal, named: (&World, &str), watched: &World) -> String {
    let jobs = vec![named.0.job(named.1), watched.watched_job()];
    let (outcome, _) = run_jobs(&request(goal), graph, jobs, &Stop::default(), |_, _| {});
    assert!(!named.0.is_held() && !watched.is_held(), "a lock is left");
    told(&outcome)
}

fn told(outcome: &Outcome) -> String {
    let refusal = outcome.lanes.iter().find_map(|lane| match &lane.end {
        End::Refused(Refusal::Across(error)) => Some(error.to_string()),
        _ => None,
    });
    refusal.unwrap_or_else(|| summary(outcome))
}

#[test]
fn a_need_that_came_up_while_waiting_for_the_lock_is_respected() {
    let graph = graph(NEED);
    let [db1, db2] = worlds(&graph, "x", "base");
    let theirs = worlds(&graph, "a", "b");
    let (seen, other) = (db1.clone(), db2.clone());
    db1.at_lock(move |contents| {
        *contents = theirs[0].contents();
        other.become_like(&theirs[1]);
    });
    let answer = go(&graph, Goal::Downgrade, (&db1, "base"), &db2);
    assert_eq!(answer, "`a` cannot leave `db1` while `b` stands on `db2`");
    assert_eq!(seen.applied(), ["a", "x"]);
    assert_eq!(db2.locks_taken(), 1, "who needs it is locked too");
}

#[test]
fn a_step_that_came_into_the_plan_while_waiting_finds_what_it_needs() {
    let graph = graph(NEED);
    for (db1_at, answer) in [
        ("a", "db2: done; did [b c]; left []; at [c]"),
        (
            "x",
            "`b` on `db2` needs `a` on `db1`, which does not have it",
        ),
    ] {
        let [db1, db2] = worlds(&graph, "a", "b");
        let theirs = worlds(&graph, db1_at, "a");
        let other = db1.clone();
        db2.at_lock(move |contents| {
            *contents = theirs[1].contents();
            other.become_like(&theirs[0]);
        });
        assert_eq!(go(&graph, Goal::Upgrade, (&db2, "c"), &db1), answer);
    }
}

#[test]
fn what_another_run_is_just_bringing_is_waited_for() {
    let graph = graph(NEED);
    let [db1, db2] = worlds(&graph, "x", "base");
    let [theirs, _] = worlds(&graph, "a", "base");
    db1.hold_for(3, "ann@desk");
    db1.at_lock(move |contents| *contents = theirs.contents());
    assert_eq!(
        go(&graph, Goal::Upgrade, (&db2, "b"), &db1),
        "db2: done; did [x a b]; left []; at [b]"
    );
    let [db1, db2] = worlds(&graph, "x", "base");
    assert_eq!(
        go(&graph, Goal::Upgrade, (&db2, "b"), &db1),
        "`b` on `db2` needs `a` on `db1`, which does not have it"
    );
}

#[test]
fn a_need_that_only_the_other_ledger_knows_is_respected() {
    let [db1, db2] = worlds(&graph(NEED), "a", "b");
    let without_files = graph("x: !db1\na: x !db1");
    let answer = go(&without_files, Goal::Downgrade, (&db1, "x"), &db2);
    assert_eq!(answer, "`a` cannot leave `db1` while `b` stands on `db2`");
    assert_eq!(db1.applied(), ["a", "x"]);
}

#[test]
fn lanes_that_would_wait_for_each_other_for_ever_are_refused() {
    let whole = graph("e: ~db1@x !db2\nw: !db2\nx: !db1\nf: ~db2@w !db1");
    let worlds = [World::new("db1"), World::new("db2")];
    for points in [["x", "w"], ["f", "e"]] {
        let up = [(&worlds[0], points[0]), (&worlds[1], points[1])];
        let (told, _) = run(&request(Goal::Upgrade), &whole, &up);
        assert!(!told.contains("refused"), "{told}");
    }
    let down = [(&worlds[0], "base"), (&worlds[1], "base")];
    let go = |graph: &Arc<Graph>| run(&request(Goal::Downgrade), graph, &down).0;
    // Without the files of `e` and `f` the lanes share no order.
    assert_eq!(
        go(&graph("w: !db2\nx: !db1")),
        "db1: refused (ring_of_waits); did []; left [x f]; at [f x]\n\
         db2: held back; did []; left [w e]; at [e w]"
    );
    assert_eq!(
        go(&whole),
        "db1: done; did [f x]; left []; at []\ndb2: done; did [w e]; left []; at []"
    );
}
