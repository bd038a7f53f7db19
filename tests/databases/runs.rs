//! Lanes side by side, drift, and runs that meet.

use rev_core::revision::{Script, Sql};
use rev_core::{Goal, Graph};
use rev_engine::event::Event;
use rev_testkit::sqlite;
use std::sync::Arc;

use crate::setting::{Setting, block_on, graph, request, revision, run, summary, table};

#[test]
fn two_databases_go_where_each_is_told() {
    let setting = Setting::new(vec![table("a", &[]), table("b", &["a"])]);
    let jobs = vec![setting.job("db1", "b"), setting.job("db2", "a")];
    let (outcome, events) = setting.run(&request(Goal::Upgrade), jobs);
    insta::assert_snapshot!(summary(&outcome), @"
    db1: done; did [a b]; left []; at [b]
    db2: done; did [a]; left []; at [a]
    ");
    let done = events
        .iter()
        .filter(|event| matches!(event, Event::StepDone { .. }));
    assert_eq!(done.count(), 3);
}

#[test]
fn a_refusal_in_one_lane_leaves_every_database_alone() {
    let setting = Setting::new(vec![table("a", &[])]);
    let jobs = vec![setting.job("db1", "head"), setting.job("db2", "nosuch")];
    let (outcome, _) = setting.run(&request(Goal::Upgrade), jobs);
    insta::assert_snapshot!(summary(&outcome), @"
    db1: held back; did []; left [a]; at []
    db2: refused (unknown_revision): there is no revision or label `nosuch`; did []; left []; at [?]
    ");
    assert!(!setting.file("db1").exists());
}

#[test]
fn a_failure_in_one_lane_stops_the_others_unless_they_may_go_on() {
    let mut bad = table("b", &["a"]);
    let db2 = rev_core::DatabaseName::new("db2").expect("a name");
    let mut entry = bad.scripts.top.clone();
    entry.upgrade = Some(Script::Any(Sql::text("SELECT nonsense")));
    bad.scripts.databases.insert(db2, entry);
    for keep_going in [false, true] {
        let setting = Setting::new(vec![table("a", &[]), bad.clone(), table("c", &["b"])]);
        let mut request = request(Goal::Upgrade);
        request.keep_going = keep_going;
        request.jobs = 1;
        let jobs = vec![setting.job("db2", "head"), setting.job("db1", "head")];
        let (outcome, _) = setting.run(&request, jobs);
        let summary = summary(&outcome);
        assert!(
            summary.contains(
                "db2: failed at b: no such column: nonsense; did [a]; left [b c]; at [a]"
            ),
            "{summary}"
        );
        let other = if keep_going {
            "db1: done; did [a b c]"
        } else {
            "db1: held back; did []; left [a b c]"
        };
        assert!(summary.contains(other), "{summary}");
        assert!(outcome.has_changed() && !outcome.is_complete());
    }
}

#[test]
fn eight_runs_at_once_apply_each_revision_once_and_all_succeed() {
    let revisions: Vec<_> = (0..10)
        .map(|n| {
            let parent = (n > 0).then(|| format!("r{}", n - 1));
            let parents: Vec<&str> = parent.iter().map(String::as_str).collect();
            table(&format!("r{n}"), &parents)
        })
        .collect();
    let setting = Setting::new(revisions);
    let runs = (0..8).map(|_| {
        let (graph, job) = (setting.graph.clone(), setting.job("db1", "head"));
        async move { run(&request(Goal::Upgrade), &graph, vec![job]).await.0 }
    });
    let outcomes = block_on(futures_util::future::join_all(runs));
    let applied: usize = outcomes
        .iter()
        .map(|outcome| outcome.lanes[0].done.len())
        .sum();
    for outcome in &outcomes {
        assert!(outcome.is_complete(), "{}", summary(outcome));
    }
    assert_eq!(applied, 10);
    let log = "SELECT revision FROM rev_log WHERE outcome = 'done'";
    assert_eq!(sqlite::query(&setting.file("db1"), log).len(), 10);
}

/// Rows that do not fit into the cache, so that SQLite locks the file for the rest of the
/// transaction, and then a statement that takes its time.
const LOCKS_FOR_LONG: &str = "CREATE TABLE big (id INTEGER PRIMARY KEY, body);\n\
    INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) \
    SELECT i, randomblob(1000) FROM n;\n\
    INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000000) \
    SELECT 20000 + count(*), NULL FROM n;";

#[test]
fn a_run_that_lets_nobody_read_meanwhile_is_waited_for() {
    let long = revision("b", &["a"], LOCKS_FOR_LONG, "DROP TABLE big");
    let setting = Setting::new(vec![table("a", &[]), long]);
    setting.go(Goal::Upgrade, "a");
    let file = setting.file("db1");
    let (at_work, other) = std::thread::scope(|scope| {
        let at_work = scope.spawn(|| setting.go(Goal::Upgrade, "head"));
        while !sqlite::is_locked(&file) && !at_work.is_finished() {
            std::thread::yield_now();
        }
        let other = setting.go(Goal::Upgrade, "head");
        (at_work.join().expect("a run"), other)
    });
    insta::assert_snapshot!(summary(&at_work), @"db1: done; did [b]; left []; at [b]");
    insta::assert_snapshot!(summary(&other), @"db1: nothing; did []; left []; at [b]");
}

fn with_graph(setting: Setting, graph: Arc<Graph>) -> Setting {
    Setting { graph, ..setting }
}

#[test]
fn an_edited_revision_stops_an_upgrade_whether_it_has_work_or_not() {
    let setting = Setting::new(vec![table("a", &[])]);
    setting.go(Goal::Upgrade, "head");
    let edited = revision("a", &[], "CREATE TABLE other (id)", "DROP TABLE other");
    let setting = with_graph(setting, graph(vec![edited, table("b", &["a"])]));
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "a")),
        @"db1: refused (drift): the files and the ledger of `db1` disagree; did []; left []; at [?]");
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "head")),
        @"db1: refused (drift): the files and the ledger of `db1` disagree; did []; left []; at [?]");
    // The way down is the one that undoes what ran, not the file's.
    insta::assert_snapshot!(summary(&setting.go(Goal::Downgrade, "base")),
        @"db1: done; did [a]; left []; at []");
    assert_eq!(sqlite::dump(&setting.file("db1"), "rev_"), "");
}

#[test]
fn a_revision_without_a_file_is_taken_down_by_what_the_ledger_kept() {
    let setting = Setting::new(vec![table("a", &[]), table("x", &["a"])]);
    setting.go(Goal::Upgrade, "head");
    let setting = with_graph(setting, graph(vec![table("a", &[]), table("b", &["a"])]));
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "a")),
        @"db1: nothing; did []; left []; at [x]");
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "head")),
        @"db1: refused (unknown_revisions): `db1` holds a revision that this checkout lacks; did []; left []; at [?]");
    insta::assert_snapshot!(summary(&setting.go(Goal::Switch, "head")),
        @"db1: done; did [x b]; left []; at [b]");
    let tables = sqlite::query(
        &setting.file("db1"),
        "SELECT name FROM sqlite_schema WHERE name LIKE 't_%' ORDER BY name",
    );
    assert_eq!(tables, ["t_a", "t_b"]);
}

#[test]
fn work_beside_an_unknown_revision_is_done_when_asked_for() {
    let setting = Setting::new(vec![table("a", &[]), table("x", &["a"])]);
    setting.go(Goal::Upgrade, "head");
    let setting = with_graph(setting, graph(vec![table("a", &[]), table("b", &["a"])]));
    let mut request = request(Goal::Upgrade);
    request.beside = true;
    let (outcome, _) = setting.run(&request, vec![setting.job("db1", "head")]);
    insta::assert_snapshot!(summary(&outcome), @"db1: done; did [b]; left []; at [b x]");
}

#[test]
fn what_cannot_be_taken_down_is_refused_before_anything_is() {
    let stuck = revision("b", &["a"], "CREATE TABLE b (id)", "");
    let setting = Setting::new(vec![table("a", &[]), stuck, table("c", &["b"])]);
    setting.go(Goal::Upgrade, "head");
    let before = sqlite::dump(&setting.file("db1"), "");
    insta::assert_snapshot!(summary(&setting.go(Goal::Downgrade, "base")),
        @"db1: refused (no_way_down): there is no way down from `b`; did []; left []; at [?]");
    assert_eq!(sqlite::dump(&setting.file("db1"), ""), before);
}

#[test]
fn a_script_of_comments_is_not_run_as_if_it_did_something() {
    let setting = Setting::new(vec![revision("a", &[], "-- to be written", "")]);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "head")),
        @"db1: refused (unwritten_script): the upgrade script of revision `a` holds no statement; did []; left []; at [?]");
    assert!(!setting.file("db1").exists());
}

#[test]
fn one_file_under_two_names_is_refused() {
    let setting = Setting::new(vec![table("a", &[])]);
    let mut twin = setting.job("db1", "head");
    twin.binding = crate::setting::binding("db2");
    let (outcome, _) = setting.run(
        &request(Goal::Upgrade),
        vec![setting.job("db1", "head"), twin],
    );
    insta::assert_snapshot!(summary(&outcome), @"
    db1: held back; did []; left [a]; at []
    db2: refused (same_database): `db1` and `db2` are the same database; did []; left []; at [?]
    ");
}
