//! Steps that go statement by statement, and what of them shares a transaction.

use std::sync::Arc;

use rev_core::revision::{Script, Sql};
use rev_core::testing::revisions;
use rev_core::{Dialect, Goal, Graph, TransactionMode};

use super::fake::{World, request, summary};
use super::{run, run_until, upgrade};
use crate::event::{Event, Stop};
use crate::journal::InFlight;

/// A database on which each change of the schema commits by itself.
fn world() -> World {
    World::of("db1", Dialect::Mysql)
}

/// A chain of revisions `a`, `b`, … with these statements.
fn chain(scripts: &[Vec<String>], mode: TransactionMode) -> Arc<Graph> {
    let names = ["a", "b", "c", "d"];
    let lines = scripts.iter().enumerate().map(|(place, _)| {
        let parent = place.checked_sub(1).map_or("", |before| names[before]);
        format!("{}: {parent} !\n", names[place])
    });
    let mut revisions = revisions(&lines.collect::<String>());
    for (revision, script) in revisions.iter_mut().zip(scripts) {
        revision.scripts.top.upgrade = Some(Script::Any(Sql(script.clone())));
        revision.scripts.top.transaction = mode;
    }
    let revisions = revisions.into_iter().map(Arc::new).collect();
    Arc::new(Graph::new(revisions).expect("a chain is a graph"))
}

fn table(name: &str) -> Vec<String> {
    vec![format!("CREATE TABLE {name} (id INT)")]
}

fn rows(name: &str, count: usize) -> Vec<String> {
    let numbers = 1..=count;
    numbers
        .map(|n| format!("INSERT INTO {name} VALUES ({n})"))
        .collect()
}

/// What the ledger says of the statements that stand, and of the one in doubt.
fn journal(world: &World) -> Option<(usize, Option<String>)> {
    let text = world.in_flight()?;
    let step = InFlight::from_json(&text).expect("what was written");
    let step = step.step().expect("no two-phase run").clone();
    Some((step.done.len(), step.next.map(|intent| intent.statement)))
}

#[test]
fn rows_next_to_one_another_share_a_transaction_and_the_last_ones_with_the_ledger() {
    let script = [table("t"), rows("t", 2_500)].concat();
    let (graph, world) = (chain(&[script], TransactionMode::Step), world());
    assert_eq!(
        upgrade(&graph, &world, "head"),
        "db1: done; did [a]; left []; at [a]"
    );
    assert_eq!(world.ran().len(), 2_501);
    // The note of the table; twice a thousand rows; the rest with the ledger's row.
    assert_eq!(world.generation(), 4);
    assert_eq!(journal(&world), None);
}

#[test]
fn the_journal_of_many_statements_stays_as_small_as_that_of_few() {
    let longest = |count| {
        let script = [table("t"), rows("t", count), table("u")].concat();
        let (graph, world) = (chain(&[script], TransactionMode::None), world());
        upgrade(&graph, &world, "head");
        assert_eq!(world.ran().len(), count + 2);
        world.longest_note()
    };
    let (few, many) = (longest(99), longest(5_099));
    assert!(many < few + 500, "{few} bytes, {many} bytes");
}

#[test]
fn where_each_statement_is_to_be_committed_by_itself_none_shares_a_transaction() {
    let script = [table("t"), rows("t", 20)].concat();
    let (graph, world) = (chain(&[script], TransactionMode::None), world());
    upgrade(&graph, &world, "head");
    // The note of the table, twenty rows, the ledger's row.
    assert_eq!(world.generation(), 22);
}

#[test]
fn a_row_that_reads_what_its_session_remembers_is_in_no_group() {
    let reads = "INSERT INTO t VALUES (LAST_INSERT_ID())".to_owned();
    let script = [table("t"), rows("t", 5), vec![reads], rows("t", 5)].concat();
    let (graph, world) = (chain(&[script], TransactionMode::Step), world());
    upgrade(&graph, &world, "head");
    assert_eq!(world.ran().len(), 12);
    // The note of the table, five rows, the one row, five rows with the ledger's row.
    assert_eq!(world.generation(), 4);
}

#[test]
fn the_note_of_the_next_statement_shares_a_transaction_with_what_comes_before_it() {
    let script = [table("t"), rows("t", 3), table("u")].concat();
    let (graph, world) = (
        chain(&[script, table("v"), table("w")], TransactionMode::Step),
        world(),
    );
    assert_eq!(
        upgrade(&graph, &world, "head"),
        "db1: done; did [a b c]; left []; at [c]"
    );
    // `t` noted; three rows with `u` noted; the ledger's row with `v` noted; the same
    // with `w`; the last ledger's row.
    assert_eq!(world.generation(), 5);
    assert_eq!(journal(&world), None);
}

#[test]
fn fail_at_each_statement_of_a_group_run_again_and_arrive() {
    let scripts = [
        [table("t"), rows("t", 5), table("u"), rows("u", 4)].concat(),
        [rows("x", 2), table("v"), rows("v", 3)].concat(),
    ];
    let graph = chain(&scripts, TransactionMode::Step);
    let all = scripts.concat();
    let before = scripts[0].len();
    for statement in 0..all.len() {
        let world = world();
        let number = if statement < before {
            statement + 1
        } else {
            statement - before + 1
        };
        world.fail_text(&all[statement], number);
        let (outcome, events) = run(&request(Goal::Upgrade), &graph, &[(&world, "head")]);
        assert!(outcome.contains("failed"), "{statement}: {outcome}");
        let failed = events.iter().find_map(|event| match event {
            Event::StepFailed {
                failure: Some(failure),
                ..
            } => Some((failure.number, failure.statement.clone())),
            _ => None,
        });
        assert_eq!(failed, Some((number, all[statement].clone())));
        // What the journal says stands is what stands, and nothing is in doubt.
        let stands = world.ran().len();
        let applied = if world.applied().is_empty() {
            0
        } else {
            before
        };
        let (done, next) = journal(&world).unwrap_or_default();
        assert_eq!((applied + done, next), (stands, None), "at {statement}");
        assert!(stands <= statement);
        let second = upgrade(&graph, &world, "head");
        assert!(second.contains("db1: done"), "{second}");
        assert_eq!(world.ran(), all);
        assert_eq!(world.applied(), ["a", "b"]);
        assert_eq!(journal(&world), None);
    }
}

#[test]
fn a_step_that_was_noted_and_not_begun_is_taken_back_by_a_stop() {
    let graph = chain(&[table("t"), table("u"), table("v")], TransactionMode::Step);
    let world = world();
    let lanes = [(&world, "head")];
    let (outcome, _) = run_until(
        &request(Goal::Upgrade),
        &graph,
        &lanes,
        &Stop::default(),
        |event, stop| {
            if matches!(event, Event::StepDone { .. }) {
                stop.request();
            }
        },
    );
    assert_eq!(
        summary(&outcome),
        "db1: stopped; did [a]; left [b c]; at [a]"
    );
    assert_eq!(journal(&world), None);
    assert_eq!(
        upgrade(&graph, &world, "head"),
        "db1: done; did [b c]; left []; at [c]"
    );
}

#[test]
fn a_statement_that_was_noted_and_not_sent_is_not_in_doubt_after_a_stop() {
    let script = [rows("t", 3), table("u"), rows("u", 3)].concat();
    let graph = chain(std::slice::from_ref(&script), TransactionMode::Step);
    let world = world();
    let lanes = [(&world, "head")];
    let (outcome, _) = run_until(
        &request(Goal::Upgrade),
        &graph,
        &lanes,
        &Stop::default(),
        |event, stop| {
            if matches!(event, Event::StatementStarted { statement: 1, .. }) {
                stop.request();
            }
        },
    );
    assert!(summary(&outcome).contains("stopped"));
    assert!(!world.is_entered(), "what was set for the step holds on");
    let stands = world.ran().len();
    assert_eq!(journal(&world), (stands > 0).then_some((stands, None)));
    assert_eq!(
        upgrade(&graph, &world, "head"),
        "db1: done; did [a]; left []; at [a]"
    );
    assert_eq!(world.ran(), script);
}

#[test]
fn a_group_that_the_server_takes_for_too_large_is_sent_in_smaller_ones() {
    for most in [1, 7, 300] {
        let script = [table("t"), rows("t", 700), table("u"), rows("u", 700)].concat();
        let graph = chain(std::slice::from_ref(&script), TransactionMode::Step);
        let world = world();
        world.hold_at_most(most);
        assert_eq!(
            upgrade(&graph, &world, "head"),
            "db1: done; did [a]; left []; at [a]"
        );
        assert_eq!(world.ran(), script);
    }
}

#[test]
fn of_rows_that_a_group_cannot_hold_each_is_noted_before_it_is_sent() {
    let alone = |n| format!("INSERT INTO untransacted VALUES ({n})");
    let script = [
        table("t"),
        rows("t", 2),
        vec![alone(1), alone(2)],
        rows("t", 2),
    ];
    let (graph, world) = (chain(&[script.concat()], TransactionMode::Step), world());
    upgrade(&graph, &world, "head");
    assert_eq!(world.ran(), script.concat());
    // The note of the table; two rows; two notes; two rows with the ledger's row.
    assert_eq!(world.generation(), 5);
}
