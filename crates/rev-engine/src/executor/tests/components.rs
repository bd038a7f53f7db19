//! Which databases are open, and locked, at the same time.

use std::sync::Arc;
use std::time::Duration;

use rev_core::testing::graph;
use rev_core::{Goal, Graph};

use super::fake::{Gauge, World, request, summary};
use super::{run, run_jobs};
use crate::database::Holder;
use crate::event::{Event, Stop};
use crate::request::Request;

/// `b` on db2 needs `a` on db1.
const JOINED: &str = "a: !db1\nb: a ~db1@a !db2";

fn impatient() -> Request {
    Request {
        lock_wait: Some(Duration::ZERO),
        ..request(Goal::Upgrade)
    }
}

fn worlds(count: usize, gauge: &Arc<Gauge>) -> Vec<World> {
    (1..=count)
        .map(|number| World::new(&format!("db{number}")).counted_by(gauge))
        .collect()
}

/// Brings all of these to the head, with so many jobs.
fn upgrade(graph: &Arc<Graph>, worlds: &[World], jobs: usize) -> (String, Vec<Event>) {
    let request = Request {
        jobs,
        ..request(Goal::Upgrade)
    };
    let lanes: Vec<(&World, &str)> = worlds.iter().map(|world| (world, "head")).collect();
    run(&request, graph, &lanes)
}

#[test]
fn no_more_databases_are_open_than_there_are_jobs() {
    let graph = graph("a: !\nb: a !");
    for jobs in [1, 2, 3, 8] {
        let gauge = Arc::default();
        let worlds = worlds(12, &gauge);
        let (told, _) = upgrade(&graph, &worlds, jobs);
        assert_eq!(told.matches(": done; did [a b]").count(), 12, "{told}");
        assert_eq!(gauge.most(), jobs);
    }
}

#[test]
fn databases_that_wait_for_each_other_are_open_together_and_others_are_not() {
    // db1 to db3 are joined, and the other six are not.
    let graph = graph("a: !\nb: a ~db1@a !db2\nc: b ~db2@b !db3\nd: c !db4");
    let gauge = Arc::default();
    let worlds = worlds(9, &gauge);
    let (told, events) = upgrade(&graph, &worlds, 2);
    assert_eq!(told.matches(": done; did [a b c d]").count(), 9, "{told}");
    assert_eq!(gauge.most(), 3);
    let large: Vec<&Event> = events
        .iter()
        .filter(|event| matches!(event, Event::OpenTogether { .. }))
        .collect();
    let [
        Event::OpenTogether {
            database,
            databases: 3,
            jobs: 2,
        },
    ] = large[..]
    else {
        panic!("{large:?}");
    };
    assert_eq!(database, "db1");
}

#[test]
fn one_that_cannot_go_is_told_before_any_other_is_touched() {
    let graph = graph("a: !");
    let gauge = Arc::default();
    let worlds = worlds(5, &gauge);
    let request = Request {
        jobs: 1,
        ..request(Goal::Upgrade)
    };
    let lanes: Vec<(&World, &str)> = worlds.iter().zip(["a", "a", "a", "a", "nosuch"]).collect();
    let (told, _) = run(&request, &graph, &lanes);
    assert_eq!(told.matches("held back; did []").count(), 4, "{told}");
    assert!(worlds.iter().all(|world| world.locks_taken() == 0));
}

#[test]
fn after_a_request_to_stop_no_other_database_is_opened() {
    let graph = graph("a: !");
    let gauge = Arc::default();
    let worlds = worlds(5, &gauge);
    let request = Request {
        jobs: 1,
        ..request(Goal::Upgrade)
    };
    let stop = Stop::default();
    let jobs = worlds.iter().map(|world| world.job("a")).collect();
    let (outcome, _) = run_jobs(&request, &graph, jobs, &stop, |event, stop| {
        if let Event::StepDone { .. } = event {
            stop.request();
        }
    });
    let told = summary(&outcome);
    assert_eq!(told.matches("done; did [a]").count(), 1, "{told}");
    assert_eq!(
        told.matches("stopped; did []; left [a]").count(),
        4,
        "{told}"
    );
    let locked = worlds.iter().map(World::locks_taken);
    assert_eq!(locked.sum::<usize>(), 1);
}

/// db2 is only looked at, since `b` there may need `a`. Its lock would be db1's own.
#[test]
fn one_database_under_two_names_is_refused_where_only_one_was_asked_for() {
    let graph = graph(JOINED);
    let (one, twin) = (World::new("db1"), World::new("db2"));
    run(&request(Goal::Upgrade), &graph, &[(&one, "a")]);
    twin.is_the_same_as(&one);
    twin.become_like(&one);
    let jobs = vec![one.job("base"), twin.watched_job()];
    let down = request(Goal::Downgrade);
    let (outcome, _) = run_jobs(&down, &graph, jobs, &Stop::default(), |_, _| {});
    let told = summary(&outcome);
    assert!(told.contains("db2: refused (same_database)"), "{told}");
    assert_eq!(one.applied(), ["a"]);
}

#[test]
fn a_database_that_is_not_asked_for_may_be_one_that_is_looked_at_for_nothing() {
    let graph = graph("a: !");
    let (one, twin) = (World::new("db1"), World::new("db2"));
    run(&request(Goal::Upgrade), &graph, &[(&one, "a")]);
    twin.is_the_same_as(&one);
    let jobs = vec![one.job("base"), twin.watched_job()];
    let down = request(Goal::Downgrade);
    let (outcome, _) = run_jobs(&down, &graph, jobs, &Stop::default(), |_, _| {});
    assert_eq!(summary(&outcome), "db1: done; did [a]; left []; at []");
}

#[test]
fn a_server_that_goes_away_is_not_asked_for_each_of_its_databases() {
    let graph = graph("a: !");
    let gauge = Arc::default();
    let worlds = worlds(4, &gauge);
    worlds[1].goes_away_at_lock();
    for (keep_going, done) in [(false, 1), (true, 3)] {
        let request = Request {
            jobs: 1,
            keep_going,
            ..request(Goal::Upgrade)
        };
        let lanes: Vec<(&World, &str)> = worlds.iter().map(|world| (world, "a")).collect();
        let (told, _) = run(&request, &graph, &lanes);
        let stand = worlds.iter().filter(|world| world.applied() == ["a"]);
        assert_eq!(stand.count(), done, "{told}");
        assert!(told.contains("db2: refused (cannot_connect)"), "{told}");
    }
}

#[test]
fn who_may_not_wait_longer_is_refused_and_holds_nobody_else_back() {
    let graph = graph("a: !");
    let (one, two) = (World::new("db1"), World::new("db2"));
    two.hold_for(1000, "ada@desk");
    let (told, _) = run(&impatient(), &graph, &[(&two, "a"), (&one, "a")]);
    assert_eq!(
        told,
        "db2: refused (locked); did []; left [a]; at []\n\
         db1: done; did [a]; left []; at [a]"
    );
}

#[test]
fn of_those_that_are_joined_one_that_is_held_holds_all_back_and_locks_are_given_back() {
    let graph = graph(JOINED);
    let (one, two) = (World::new("db1"), World::new("db2"));
    two.hold_for(1000, "ada@desk");
    let (told, _) = run(&impatient(), &graph, &[(&two, "b"), (&one, "a")]);
    assert_eq!(
        told,
        "db2: refused (locked); did []; left [a b]; at []\n\
         db1: held back; did []; left [a]; at []"
    );
    assert_eq!(one.locks_taken(), 1);
    assert!(!one.is_held());
}

#[test]
fn databases_that_are_joined_are_locked_by_name_not_by_the_order_asked_for() {
    let graph = graph(JOINED);
    let (one, two) = (World::new("db1"), World::new("db2"));
    one.hold_for(1000, "ada@desk");
    run(&impatient(), &graph, &[(&two, "b"), (&one, "a")]);
    assert_eq!(two.locks_taken(), 0, "db1 comes first");
    assert_eq!(
        one.holder().map(|Holder { operator, .. }| operator),
        Some("ada@desk".to_owned())
    );
}

/// When db2 is looked at it has `b`, and what is left to do needs nothing of db1. Before it is
/// locked another run takes `b` down there.
#[test]
fn a_lane_that_came_to_depend_on_another_one_meanwhile_stops_alone() {
    let graph = graph("a: !db1\nb: a ~db1@a !db2\nc: b !db2\nz: a !db1");
    let [db1, db2, theirs] = ["db1", "db2", "db2"].map(World::new);
    let up = |world: &World, point: &str| run(&request(Goal::Upgrade), &graph, &[(world, point)]);
    up(&db1, "a");
    up(&theirs, "a");
    run(&request(Goal::Upgrade), &graph, &[(&db1, "a"), (&db2, "b")]);
    db2.at_lock(move |contents| *contents = theirs.contents());
    let lanes = [(&db2, "c"), (&db1, "z")];
    let (told, _) = run(&request(Goal::Upgrade), &graph, &lanes);
    assert_eq!(
        told,
        "db2: refused (depends_since); did []; left [b c]; at [a]\n\
         db1: done; did [z]; left []; at [z]"
    );
    assert!(!db2.is_held());
}
