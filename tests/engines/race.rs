//! Many starts at once: each revision runs once, and every start succeeds.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rev_testkit::program::{Running, wait_until};
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
    let project = behind_a_pooler();
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
    let project = behind_a_pooler();
    race(&project, "  SELECT pg_sleep(14);\n");
}

fn behind_a_pooler() -> Project {
    let project = Project::of(Engine::Postgres);
    let pooler = server_url("REV_TEST_PGBOUNCER_URL");
    project.bind(|scratch: &Scratch| scratch.url_on(&pooler));
    project
}

/// A run that is in the middle of a statement; who runs the same later does not meet it.
fn at_work(project: &Project) -> Running {
    project.database().execute("CREATE TABLE gate (n INT)");
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE t (n INT);\n  SELECT pg_sleep(60) FROM gate;\nirreversible: true\n",
    );
    project.database().execute("INSERT INTO gate VALUES (1)");
    let run = project.start(&["upgrade"]);
    wait_until("it is at work", || {
        let running = "SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' \
                       AND datname = current_database() \
                       AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()";
        project.database().query(running) == ["1"]
    });
    project.database().execute("DELETE FROM gate");
    run
}

/// Ends a run, and what the server does for it.
fn end(project: &Project, mut run: Running) {
    run.kill().expect("a kill");
    run.wait().expect("it is gone");
    project.database().execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' \
         AND datname = current_database() AND pid <> pg_backend_pid()",
    );
}

/// As where a session has the lock: who waits says for whom, and for no longer than it may.
#[test]
fn behind_a_pooler_the_wait_is_bounded_and_the_holder_is_named() {
    let project = behind_a_pooler();
    let first = at_work(&project);
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
    let holder = format!("@{}", hostname.trim());
    for (bound, is_said) in [("0", false), ("1s", true)] {
        let answer = project.rev(&["upgrade", "--lock-wait", bound]).exits(1);
        let answer = answer.says("another run holds the lock").says(&holder);
        assert!(!answer.text.contains("has run for"), "{}", answer.text);
        assert_eq!(
            answer.text.contains("waiting for `db1`: "),
            is_said,
            "{}",
            answer.text
        );
    }
    project.rev(&["status"]).says("at work");
    let mut waiting = project.start(&["upgrade"]);
    let mut told = BufReader::new(waiting.stderr.take().expect("a pipe"));
    let mut line = String::new();
    told.read_line(&mut line).expect("a line");
    assert!(
        line.contains("waiting for `db1`: ") && line.contains(&holder),
        "{line}"
    );
    end(&project, first);
    Answer::end_of(waiting).exits(0).says("1 revision applied");
}

/// The lock is free when a run looks, and another one has it when a transaction wants it.
#[test]
fn behind_a_pooler_a_lock_that_is_taken_meanwhile_is_waited_for_alike() {
    for bound in [None, Some("1s")] {
        let project = behind_a_pooler();
        project.revision(
            "a",
            "null",
            "upgrade: CREATE TABLE t (n INT)\nirreversible: true\n",
        );
        let go_on = project.root().join("go-on");
        let mut command = project.command(&["upgrade"]);
        command.args(
            bound
                .map(|bound| ["--lock-wait", bound])
                .into_iter()
                .flatten(),
        );
        command
            .env("REV_HALT_AT", "1")
            .env("REV_HALT_UNTIL", &go_on)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut run = Running::start(&mut command);
        let mut told = BufReader::new(run.stderr.take().expect("a pipe"));
        let mut line = String::new();
        told.read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), "halted");
        let other = at_work(&project);
        std::fs::write(&go_on, "").expect("a file");
        line.clear();
        told.read_line(&mut line).expect("a line");
        assert!(line.contains("waiting for `db1`"), "{line}");
        let mut rest = String::new();
        if bound.is_none() {
            end(&project, other);
            told.read_to_string(&mut rest).expect("text");
            Answer::end_of(run).exits(0).says("1 revision applied");
        } else {
            told.read_to_string(&mut rest).expect("text");
            Answer::end_of(run).exits(1).says("nothing changed");
            end(&project, other);
        }
        assert!(!rest.contains("has run for"), "{rest}");
    }
}
