//! The executor against databases in memory that fail when told to.

mod across;
mod components;
mod fake;
mod groups;
mod pins;

use std::sync::Arc;

use rev_core::testing::graph;
use rev_core::{Goal, Graph};

use crate::database::Commit;
use crate::event::{Event, Stop};
use crate::failure::{DatabaseError, StepError};
use crate::outcome::Outcome;
use crate::request::{Job, Request};

use fake::{Contents, Ticks, World, request, summary};

fn run(request: &Request, graph: &Arc<Graph>, lanes: &[(&World, &str)]) -> (String, Vec<Event>) {
    let (outcome, events) = run_until(request, graph, lanes, &Stop::default(), |_, _| {});
    (summary(&outcome), events)
}

fn run_until(
    request: &Request,
    graph: &Arc<Graph>,
    lanes: &[(&World, &str)],
    stop: &Stop,
    on_event: impl Fn(&Event, &Stop) + Sync,
) -> (Outcome, Vec<Event>) {
    let jobs = lanes.iter().map(|(world, point)| world.job(point));
    run_jobs(request, graph, jobs.collect(), stop, on_event)
}

fn run_jobs(
    request: &Request,
    graph: &Arc<Graph>,
    jobs: Vec<Job>,
    stop: &Stop,
    on_event: impl Fn(&Event, &Stop) + Sync,
) -> (Outcome, Vec<Event>) {
    let mut events = Vec::new();
    let mut tell = |event: Event| {
        on_event(&event, stop);
        events.push(event);
    };
    let clock = Ticks::default();
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime")
        .block_on(super::run(request, graph, jobs, &clock, stop, &mut tell));
    (outcome, events)
}

fn upgrade(graph: &Arc<Graph>, world: &World, point: &str) -> String {
    run(&request(Goal::Upgrade), graph, &[(world, point)]).0
}

fn busy() -> Option<Result<Commit, StepError>> {
    Some(Err(StepError::Database(DatabaseError::Busy {
        message: "locked".to_owned(),
    })))
}

/// Three revisions, each on the one before.
fn chain() -> Arc<Graph> {
    graph(
        "
        a: !
        b: a !
        c: b !
    ",
    )
}

#[test]
fn fail_at_each_statement_in_turn_run_again_and_arrive() {
    let graph = graph(
        "
        a: !
        b: a !
        c: a
        d: b c !
    ",
    );
    let undisturbed = World::new("db1");
    upgrade(&graph, &undisturbed, "head");
    for statement in 0..undisturbed.ran().len() {
        let world = World::new("db1");
        world.fail_statement(statement);
        let first = upgrade(&graph, &world, "head");
        assert!(first.contains("failed"), "{first}");
        assert_eq!(world.ran(), undisturbed.ran()[..statement]);
        let second = upgrade(&graph, &world, "head");
        assert!(second.contains("db1: done"), "{second}");
        assert_eq!(world.ran(), undisturbed.ran());
        assert_eq!(world.applied(), ["a", "b", "c", "d"]);
        assert_eq!(world.failures(), 1);
        assert!(!world.is_held());
    }
}

#[test]
fn nothing_to_do_takes_no_lock_and_commits_nothing() {
    let graph = graph("a: !");
    let world = World::new("db1");
    assert_eq!(
        upgrade(&graph, &world, "base"),
        "db1: nothing; did []; left []; at []"
    );
    assert_eq!((world.locks_taken(), world.generation()), (0, 0));
}

#[test]
fn neighbours_that_run_nothing_commit_together() {
    let graph = graph(
        "
        a:
        b: a
        c: b !
        d: c
        e: d
    ",
    );
    let world = World::new("db1");
    upgrade(&graph, &world, "head");
    upgrade(&graph, &world, "e");
    assert_eq!(world.applied(), ["a", "b", "c", "d", "e"]);
    assert_eq!(world.generation(), 3);
}

/// What another run leaves that comes up to this point.
fn left_by_another(graph: &Arc<Graph>, winner: &World, point: &str) -> Contents {
    let request = Request {
        run: "another".to_owned(),
        ..request(Goal::Upgrade)
    };
    run(&request, graph, &[(winner, point)]);
    winner.contents()
}

#[test]
fn a_run_counts_only_what_it_did_itself() {
    let graph = chain();
    let (world, winner) = (World::new("db1"), World::new("db1"));
    let theirs = left_by_another(&graph, &winner, "b");
    world.at_commit(move |contents| {
        *contents = theirs;
        Some(Ok(Commit::Lost))
    });
    assert_eq!(
        upgrade(&graph, &world, "c"),
        "db1: done; did [c]; left []; at [c]"
    );

    let (world, winner) = (World::new("db1"), World::new("db1"));
    let theirs = left_by_another(&graph, &winner, "c");
    world.at_commit(move |contents| {
        *contents = theirs;
        Some(Ok(Commit::Lost))
    });
    assert_eq!(
        upgrade(&graph, &world, "c"),
        "db1: nothing; did []; left []; at [c]"
    );
}

#[test]
fn a_guard_that_was_lost_between_two_steps_is_taken_again() {
    let graph = chain();
    let world = World::new("db1");
    world.lose_guard_before(1);
    assert_eq!(
        upgrade(&graph, &world, "c"),
        "db1: done; did [a b c]; left []; at [c]"
    );
    assert_eq!(world.locks_taken(), 2);
}

#[test]
fn who_loses_to_another_run_applies_only_what_that_one_left() {
    let graph = chain();
    let (world, winner) = (World::new("db1"), World::new("db1"));
    upgrade(&graph, &winner, "b");
    let theirs = winner.contents();
    world.at_commit(move |contents| {
        *contents = theirs;
        Some(Ok(Commit::Lost))
    });
    assert_eq!(
        upgrade(&graph, &world, "c"),
        "db1: done; did [a b c]; left []; at [c]"
    );
    assert_eq!(
        world.ran(),
        [
            "CREATE TABLE t_a (id)",
            "CREATE TABLE t_b (id)",
            "CREATE TABLE t_c (id)"
        ]
    );
}

#[test]
fn a_relative_target_is_not_followed_to_where_another_run_has_moved_it() {
    let graph = chain();
    let (world, winner) = (World::new("db1"), World::new("db1"));
    upgrade(&graph, &winner, "a");
    let theirs = winner.contents();
    world.at_lock(move |contents| *contents = theirs);
    assert_eq!(
        upgrade(&graph, &world, "+1"),
        "db1: refused (moved); did []; left []; at [?]"
    );
    assert_eq!(world.applied(), ["a"]);

    let (world, winner) = (World::new("db1"), World::new("db1"));
    upgrade(&graph, &winner, "a");
    let theirs = winner.contents();
    world.at_commit(move |contents| {
        *contents = theirs;
        Some(Ok(Commit::Lost))
    });
    let outcome = upgrade(&graph, &world, "+1");
    assert!(outcome.contains("refused (moved)"), "{outcome}");
    assert_eq!(world.applied(), ["a"]);
}

#[test]
fn a_waiter_says_so_once_and_acts_on_what_the_winner_left() {
    let graph = graph(
        "
        a: !
        b: a !
    ",
    );
    let (world, winner) = (World::new("db1"), World::new("db1"));
    upgrade(&graph, &winner, "a");
    let theirs = winner.contents();
    world.hold_for(2, "ada@desk");
    world.at_lock(move |contents| *contents = theirs);
    let (outcome, events) = run(&request(Goal::Upgrade), &graph, &[(&world, "head")]);
    assert_eq!(outcome, "db1: done; did [b]; left []; at [b]");
    let waiting: Vec<&Event> = events
        .iter()
        .filter(|event| matches!(event, Event::Waiting { .. }))
        .collect();
    let [Event::Waiting { holder, .. }] = waiting[..] else {
        panic!("said {} times", waiting.len());
    };
    assert_eq!(holder.as_deref(), Some("ada@desk"));
}

#[test]
fn a_refusal_in_one_lane_holds_all_others_back() {
    let graph = graph(
        "
        a: !
        b: a !
    ",
    );
    let (one, two) = (World::new("db1"), World::new("db2"));
    let (outcome, _) = run(
        &request(Goal::Upgrade),
        &graph,
        &[(&one, "head"), (&two, "nosuch")],
    );
    assert_eq!(
        outcome,
        "db1: held back; did []; left [a b]; at []\n\
         db2: refused (unknown_revision); did []; left []; at [?]"
    );
    assert!(one.applied().is_empty());
}

#[test]
fn a_failure_in_one_lane_lets_the_others_finish_the_step_at_hand() {
    let graph = graph(
        "
        a: !
        b: a !
    ",
    );
    let (one, two) = (World::new("db1"), World::new("db2"));
    one.fail_statement(0);
    let lanes = [(&two, "head"), (&one, "head")];
    let (outcome, _) = run(&request(Goal::Upgrade), &graph, &lanes);
    assert_eq!(
        outcome,
        "db2: held back; did [a]; left [b]; at [a]\n\
         db1: failed at a; did []; left [a b]; at []"
    );
}

#[test]
fn with_keep_going_a_failure_in_one_lane_is_no_matter_to_the_others() {
    let graph = graph(
        "
        a: !
        b: a !
    ",
    );
    let (one, two) = (World::new("db1"), World::new("db2"));
    one.fail_statement(1);
    let request = Request {
        keep_going: true,
        ..request(Goal::Upgrade)
    };
    let (outcome, _) = run(&request, &graph, &[(&one, "head"), (&two, "head")]);
    assert_eq!(
        outcome,
        "db1: failed at b; did [a]; left [b]; at [a]\n\
         db2: done; did [a b]; left []; at [b]"
    );
}

#[test]
fn with_one_job_a_lane_that_has_not_begun_never_does_after_a_failure() {
    let graph = graph("a: !");
    let (one, two) = (World::new("db1"), World::new("db2"));
    one.fail_statement(0);
    let request = Request {
        jobs: 1,
        ..request(Goal::Upgrade)
    };
    let (outcome, _) = run(&request, &graph, &[(&one, "head"), (&two, "head")]);
    assert_eq!(
        outcome,
        "db1: failed at a; did []; left [a]; at []\n\
         db2: held back; did []; left [a]; at []"
    );
    assert!(two.ran().is_empty());
}

#[test]
fn a_locked_database_is_tried_again() {
    let graph = graph("a: !");
    let world = World::new("db1");
    world.at_commit(|_| busy());
    let (outcome, events) = run(&request(Goal::Upgrade), &graph, &[(&world, "head")]);
    assert_eq!(outcome, "db1: done; did [a]; left []; at [a]");
    let retries = |event: &&Event| matches!(event, Event::Retrying { attempt: 2, .. });
    assert_eq!(events.iter().filter(retries).count(), 1);
}

#[test]
fn a_commit_whose_answer_was_lost_counts_as_done_and_runs_nothing_twice() {
    let graph = graph(
        "
        a: !
        b: a !
    ",
    );
    let (world, twin) = (World::new("db1"), World::new("db1"));
    upgrade(&graph, &twin, "a");
    let committed = twin.contents();
    world.at_commit(move |contents| {
        *contents = committed;
        busy()
    });
    assert_eq!(
        upgrade(&graph, &world, "head"),
        "db1: done; did [a b]; left []; at [b]"
    );
    assert_eq!(
        world.ran(),
        ["CREATE TABLE t_a (id)", "CREATE TABLE t_b (id)"]
    );
}

#[test]
fn a_stop_request_ends_the_run_after_the_step_that_was_committed() {
    let graph = chain();
    let world = World::new("db1");
    let (outcome, _) = run_until(
        &request(Goal::Upgrade),
        &graph,
        &[(&world, "head")],
        &Stop::default(),
        |event, stop| {
            if matches!(event, Event::StepDone { revision, .. } if revision == "a") {
                stop.request();
            }
        },
    );
    assert_eq!(
        summary(&outcome),
        "db1: stopped; did [a]; left [b c]; at [a]"
    );
    assert!(!world.is_held());
    assert_eq!(
        upgrade(&graph, &world, "head"),
        "db1: done; did [b c]; left []; at [c]"
    );
}

#[test]
fn a_stop_request_inside_a_step_leaves_nothing_of_it() {
    let graph = graph("a: !");
    let world = World::new("db1");
    let (outcome, _) = run_until(
        &request(Goal::Upgrade),
        &graph,
        &[(&world, "head")],
        &Stop::default(),
        |event, stop| {
            if matches!(event, Event::StepStarted { .. }) {
                stop.request();
            }
        },
    );
    assert_eq!(summary(&outcome), "db1: stopped; did []; left [a]; at []");
    assert!(world.ran().is_empty());
}

#[test]
fn events_tell_each_step_and_where_the_lane_arrived() {
    let graph = graph(
        "
        a: !
        b: a
    ",
    );
    let world = World::new("db1");
    let (_, events) = run(&request(Goal::Upgrade), &graph, &[(&world, "head")]);
    let told: Vec<String> = events.iter().map(fake::word).collect();
    assert_eq!(
        told,
        [
            "planned 2",
            "start 1/2 a",
            "done 1/2 a",
            "start 2/2 b",
            "done 2/2 b",
            "lane done b"
        ]
    );
}

#[test]
fn one_database_under_two_names_is_refused() {
    let graph = graph("a: !");
    let (one, twin) = (World::new("db1"), World::new("db2"));
    twin.is_the_same_as(&one);
    let (outcome, _) = run(
        &request(Goal::Upgrade),
        &graph,
        &[(&one, "a"), (&twin, "a")],
    );
    assert_eq!(
        outcome,
        "db1: held back; did []; left [a]; at []\n\
         db2: refused (same_database); did []; left []; at [?]"
    );
}
