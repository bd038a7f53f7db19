//! Statements that would run for ever, and what ends them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rev_core::{DatabaseUrl, Goal};
use rev_db::{Settings, open};
use rev_engine::event::{Event, Stop};
use rev_engine::executor;
use rev_testkit::sqlite;

use crate::setting::{Setting, TestClock, block_on, request, revision, settings, summary, table};

const ENDLESS: &str = "CREATE TABLE half (id);\n\
    INSERT INTO half WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
    SELECT max(i) FROM n;";

fn setting() -> Setting {
    let setting = Setting::new(vec![table("a", &[]), revision("b", &["a"], ENDLESS, "")]);
    setting.go(Goal::Upgrade, "a");
    setting
}

#[test]
fn a_statement_past_its_timeout_fails_and_leaves_nothing() {
    let setting = setting();
    let file = setting.file("db1");
    let before = sqlite::dump(&file, "rev_log");
    let mut job = setting.job("db1", "b");
    let settings = Settings {
        statement_timeout: Duration::from_millis(20),
        silence_timeout: Duration::ZERO,
        ..settings()
    };
    let url = DatabaseUrl::of_file(file.clone());
    job.database = open(&url, &settings).expect("a URL of SQLite");
    let (outcome, _) = setting.run(&request(Goal::Upgrade), vec![job]);
    insta::assert_snapshot!(summary(&outcome),
        @"db1: failed at b: the statement ran longer than its timeout; did []; left [b]; at [a]");
    assert_eq!(sqlite::dump(&file, "rev_log"), before);
}

#[test]
fn a_second_request_to_stop_aborts_the_statement_that_shows_that_it_lives() {
    let setting = setting();
    let before = sqlite::dump(&setting.file("db1"), "");
    let stop = Stop::default();
    let mut tell = |event| {
        if matches!(event, Event::StillRunning { statement: 2, .. }) {
            stop.request();
            stop.request();
        }
    };
    let outcome = block_on(executor::run(
        &request(Goal::Upgrade),
        &Arc::clone(&setting.graph),
        vec![setting.job("db1", "b")],
        &TestClock(Instant::now()),
        &stop,
        &mut tell,
    ));
    insta::assert_snapshot!(summary(&outcome),
        @"db1: stopped; did []; left [b]; at [a]");
    assert_eq!(sqlite::dump(&setting.file("db1"), ""), before);
}
