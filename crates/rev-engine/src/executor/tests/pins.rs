//! Plans that were approved: run exactly so, or refused with what has changed.

use std::sync::Arc;

use rev_core::testing::graph;
use rev_core::{Goal, Graph, Point, Standing, digest};

use super::{chain, run_jobs, upgrade};
use crate::database::{Commit, LogEntry};
use crate::event::{Event, Stop};
use crate::executor::tests::fake::{World, request, summary};
use crate::outcome::{End, Outcome, Refusal};
use crate::pin::{Change, Pin, PinnedLane};
use crate::planner::Planner;

/// What `world` would need for `point`, approved.
fn approve(graph: &Arc<Graph>, world: &World, goal: Goal, point: &str) -> Arc<Pin> {
    let binding = world.job(point).binding;
    let standing = Standing::read(graph, &binding, &world.rows()).expect("a state");
    let point = Point::parse(point).expect("a point");
    let prepared = Planner::new(graph)
        .prepare(&binding, &standing, goal, &[point], false, None)
        .expect("a plan");
    Arc::new(Pin {
        plan: digest::saved_plan("the plan"),
        lane: PinnedLane::of(&prepared, &standing, goal, false).expect("scripts"),
    })
}

fn apply(graph: &Arc<Graph>, world: &World, pin: &Arc<Pin>) -> String {
    told(&apply_until(graph, world, pin, |_, _| {}))
}

fn apply_until(
    graph: &Arc<Graph>,
    world: &World,
    pin: &Arc<Pin>,
    on_event: impl Fn(&Event, &Stop) + Sync,
) -> Outcome {
    let request = request(pin.lane.goal);
    let jobs = vec![world.pinned_job(pin)];
    run_jobs(&request, graph, jobs, &Stop::default(), on_event).0
}

/// How it ended; where it was refused, with what has changed.
fn told(outcome: &Outcome) -> String {
    let End::Refused(Refusal::Stale { changes, .. }) = &outcome.lanes[0].end else {
        return summary(outcome);
    };
    let who = |entry: &Option<Box<LogEntry>>| match entry {
        Some(entry) => format!("{} {}", entry.action, entry.revision),
        None => "nobody".to_owned(),
    };
    let words = changes.iter().map(|change| match change {
        Change::Came { revision, entry } => format!("{revision} came ({})", who(entry)),
        Change::Left { revision, entry } => format!("{revision} left ({})", who(entry)),
        Change::Between { entry, revision } => format!("not {revision} but {}", who(entry)),
        Change::Gone { revision } => format!("{revision} gone"),
        Change::Edited {
            revision, script, ..
        } => format!("{revision} {script} edited"),
        Change::Reparented { revision, was, now } => {
            format!("{revision} stood on {was:?}, now {now:?}")
        }
        other => format!("{other:?}"),
    });
    words.collect::<Vec<_>>().join("; ")
}

#[test]
fn a_plan_runs_and_a_finished_one_has_nothing_to_do() {
    let (graph, world) = (chain(), World::new("db1"));
    let pin = approve(&graph, &world, Goal::Upgrade, "head");
    assert_eq!(
        apply(&graph, &world, &pin),
        "db1: done; did [a b c]; left []; at [c]"
    );
    assert_eq!(
        apply(&graph, &world, &pin),
        "db1: nothing; did []; left []; at [c]"
    );
    let plans: Vec<String> = world.log().into_iter().map(|entry| entry.plan).collect();
    assert_eq!(plans, vec![pin.plan.to_string(); 3]);
}

#[test]
fn a_plan_that_stopped_on_its_way_goes_on_up_and_down() {
    let (graph, world) = (chain(), World::new("db1"));
    for (goal, point, stop_after) in [(Goal::Upgrade, "head", "a"), (Goal::Downgrade, "base", "c")]
    {
        let pin = approve(&graph, &world, goal, point);
        let first = apply_until(&graph, &world, &pin, |event, stop| {
            if matches!(event, Event::StepDone { revision, .. } if revision == stop_after) {
                stop.request();
            }
        });
        assert!(summary(&first).contains("stopped"), "{}", summary(&first));
        let second = apply(&graph, &world, &pin);
        assert!(second.contains("db1: done"), "{second}");
    }
    assert!(world.applied().is_empty());
}

#[test]
fn a_failure_of_the_plan_itself_is_no_change() {
    let (graph, world) = (chain(), World::new("db1"));
    let pin = approve(&graph, &world, Goal::Upgrade, "head");
    world.fail_statement(1);
    assert!(apply(&graph, &world, &pin).contains("failed at b"));
    assert_eq!(
        apply(&graph, &world, &pin),
        "db1: done; did [b c]; left []; at [c]"
    );
}

#[test]
fn what_came_and_went_since_is_named() {
    let (graph, world) = (chain(), World::new("db1"));
    upgrade(&graph, &world, "b");
    let pin = approve(&graph, &world, Goal::Upgrade, "head");
    let other = approve(&graph, &world, Goal::Downgrade, "base");
    apply(&graph, &world, &other);
    assert_eq!(
        apply(&graph, &world, &pin),
        "a left (downgrade a); b left (downgrade b)"
    );
    upgrade(&graph, &world, "head");
    assert_eq!(apply(&graph, &world, &pin), "not c but upgrade c");
}

#[test]
fn what_another_run_did_in_the_plans_place_is_not_the_plans() {
    let (graph, world) = (chain(), World::new("db1"));
    let pin = approve(&graph, &world, Goal::Upgrade, "head");
    upgrade(&graph, &world, "a");
    assert_eq!(apply(&graph, &world, &pin), "not a but upgrade a");
    assert_eq!(world.applied(), ["a"]);
}

#[test]
fn who_moves_the_database_before_the_lock_is_taken_is_noticed_under_it() {
    let graph = chain();
    let (world, winner) = (World::new("db1"), World::new("db1"));
    let pin = approve(&graph, &world, Goal::Upgrade, "head");
    upgrade(&graph, &winner, "a");
    let theirs = winner.contents();
    world.at_lock(move |contents| *contents = theirs);
    assert_eq!(apply(&graph, &world, &pin), "not a but upgrade a");
    assert_eq!(world.applied(), ["a"]);
    assert!(!world.is_held());
}

#[test]
fn who_wins_the_compare_and_set_against_a_plan_is_noticed() {
    let graph = chain();
    let (world, winner) = (World::new("db1"), World::new("db1"));
    let pin = approve(&graph, &world, Goal::Upgrade, "head");
    upgrade(&graph, &winner, "b");
    let theirs = winner.contents();
    world.at_commit(move |contents| {
        *contents = theirs;
        Some(Ok(Commit::Lost))
    });
    assert_eq!(
        apply(&graph, &world, &pin),
        "not a but upgrade a; not b but upgrade b"
    );
    assert_eq!(world.applied(), ["a", "b"]);
}

#[test]
fn two_runs_of_one_plan_do_it_once_together() {
    let graph = chain();
    let (world, winner) = (World::new("db1"), World::new("db1"));
    let pin = approve(&graph, &world, Goal::Upgrade, "head");
    apply(
        &graph,
        &winner,
        &approve(&graph, &winner, Goal::Upgrade, "b"),
    );
    let theirs = winner.contents();
    world.at_commit(move |contents| {
        *contents = theirs;
        Some(Ok(Commit::Lost))
    });
    assert_eq!(
        apply(&graph, &world, &pin),
        "db1: done; did [a b c]; left []; at [c]"
    );
}

#[test]
fn files_that_changed_are_named_with_what_changed_in_them() {
    let (before, world) = (chain(), World::new("db1"));
    let pin = approve(&before, &world, Goal::Upgrade, "head");
    let after = |notation: &str| apply(&graph(notation), &world, &pin);
    assert_eq!(
        after("a: !\nb: a\nc: b !"),
        "b upgrade edited; b downgrade edited"
    );
    assert_eq!(
        after("a: !\nb: a !\nc: a !"),
        r#"c stood on ["b"], now ["a"]"#
    );
    assert_eq!(after("a: !\nb: a !"), "c gone");
    assert!(world.applied().is_empty());
    // What the plan has behind it may change.
    assert_eq!(
        after("a: !\nb: a !\nc: b !\nd: c !"),
        "db1: done; did [a b c]; left []; at [c]"
    );
}
