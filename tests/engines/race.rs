//! Many starts at once: each revision runs once, and every start succeeds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::project::{Answer, Project};

const STARTS: usize = 16;

/// Starts the same upgrade many times at once on an empty database, and looks at
/// what was done.
fn race(project: &Project, wait: &str) {
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE t (n INT)\ndowngrade: DROP TABLE t\n",
    );
    project.revision(
        "b",
        "a",
        &format!("upgrade: |\n{wait}  INSERT INTO t VALUES (1);\nirreversible: true\n"),
    );
    project.revision(
        "c",
        "b",
        "upgrade: |\n  ALTER TABLE t ADD COLUMN m INT;\n  INSERT INTO t VALUES (2, 2);\nirreversible: true\n",
    );
    let starts: Vec<_> = (0..STARTS).map(|_| project.start(&["upgrade"])).collect();
    let answers: Vec<Answer> = starts.into_iter().map(Answer::end_of).collect();
    let database = project.database();
    let engine = database.engine();
    let applied: usize = answers.iter().map(applied).sum();
    assert_eq!(applied, 3, "{engine:?}: {answers:#?}");
    for answer in answers {
        answer.exits(0);
    }
    assert_eq!(
        database.query("SELECT n FROM t ORDER BY n"),
        ["1", "2"],
        "{engine:?}"
    );
    let runs =
        database.query("SELECT revision FROM rev_log WHERE action = 'upgrade' ORDER BY sequence");
    assert_eq!(runs, ["a", "b", "c"], "{engine:?}");
}

/// How many revisions a start says that it has applied.
fn applied(answer: &Answer) -> usize {
    let words: Vec<&str> = answer.text.split_whitespace().collect();
    let said = words
        .windows(3)
        .find(|words| words[1].starts_with("revision") && words[2].starts_with("applied"));
    said.map_or(0, |words| words[0].parse().expect("a number"))
}

#[test]
fn sixteen_starts_on_each_engine() {
    for engine in Engine::ALL {
        race(&Project::of(engine), "");
    }
}

/// A table that is made or changed after a snapshot was taken cannot be read in
/// it: who reads while another run makes the ledger must not be told so.
#[test]
fn reading_goes_on_while_the_ledgers_tables_are_made_anew() {
    for engine in Engine::MYSQLS {
        reading_goes_on(engine);
    }
}

fn reading_goes_on(engine: Engine) {
    let project = Project::of(engine);
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE t (n INT)\nirreversible: true\n",
    );
    project.rev(&["upgrade"]).exits(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for table in ["rev_ledger", "rev_state"] {
                    let anew = format!("ALTER TABLE {table} FORCE");
                    project.database().execute(&anew);
                }
            }
        });
        let answers: Vec<Answer> = (0..40).map(|_| project.rev(&["current"])).collect();
        is_over.store(true, Ordering::Relaxed);
        for answer in answers {
            answer.exits(0).says("a");
        }
    });
}

#[test]
fn sixteen_starts_through_a_pooler() {
    let project = Project::of(Engine::Postgres);
    let pooler = server_url("REV_TEST_PGBOUNCER_URL");
    project.bind(|scratch| scratch.url_on(&pooler));
    race(&project, "");
}

/// Longer than the busy timeout, the lock timeout of the project (2 s) and all
/// its retries together.
#[test]
fn sixteen_starts_while_a_migration_runs_longer_than_any_wait() {
    let postgres = Project::of(Engine::Postgres);
    race(&postgres, "  SELECT pg_sleep(14);\n");
    for engine in Engine::MYSQLS {
        race(&Project::of(engine), "  SELECT SLEEP(14);\n");
    }
    let sqlite = Project::of(Engine::Sqlite);
    race(
        &sqlite,
        "  WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 30000000)\n  \
         SELECT max(n) FROM c;\n",
    );
}

#[test]
fn sixteen_starts_through_a_pooler_while_a_migration_runs_longer_than_any_wait() {
    let project = Project::of(Engine::Postgres);
    let pooler = server_url("REV_TEST_PGBOUNCER_URL");
    project.bind(|scratch: &Scratch| scratch.url_on(&pooler));
    race(&project, "  SELECT pg_sleep(14);\n");
}
