//! The end of a step and the next step's statement, which go to the server as one text.

use std::io::{BufRead as _, BufReader};
use std::process::Command;
use std::thread;
use std::time::Duration;

use rev_testkit::scratch::{Engine, MysqlSession};

use crate::project::{Answer, Project};
use crate::proxy::{Break, Proxy};

/// The statement that is under way there, or waits for a lock.
const ALTERS: &str = "SELECT 'yes' FROM information_schema.PROCESSLIST \
     WHERE DB = DATABASE() AND INFO LIKE 'ALTER TABLE p%'";

/// Three revisions, of which the second one's statement waits for as long as somebody reads `p`.
fn project(engine: Engine) -> Project {
    let project = Project::of(engine);
    project.bind_with(rev_testkit::scratch::Scratch::url, "10m");
    project.database().execute("CREATE TABLE p (n INT)");
    for (id, parent, statement) in [
        ("first", "null", "CREATE TABLE a (n INT)"),
        ("second", "first", "ALTER TABLE p ADD COLUMN m INT"),
        ("third", "second", "CREATE TABLE c (n INT)"),
    ] {
        let rest = format!("upgrade: {statement}\nirreversible: true\n");
        project.revision(id, parent, &rest);
    }
    project
}

/// Somebody who reads `p`, up to a `COMMIT`.
fn reader(project: &Project) -> MysqlSession {
    let mut reader = MysqlSession::new(&project.database().url());
    let read = reader.query("START TRANSACTION; SELECT n FROM p");
    assert_eq!(read.expect("rows"), [""; 0]);
    reader
}

#[test]
fn a_step_is_told_while_the_statement_sent_along_runs_and_a_stop_lets_that_one_end() {
    for engine in Engine::MYSQLS {
        let project = project(engine);
        let mut reader = reader(&project);
        let mut child = project.start(&["upgrade"]);
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut wait_for_line = |words: &str| {
            let line = lines.find_map(|line| line.ok().filter(|line| line.contains(words)));
            assert!(line.is_some(), "{engine:?}: `{words}` is never said");
        };
        wait_for_line("[1/3] upgrade first");
        while project.database().query(ALTERS) != ["yes"] {
            let applied = project.database().query("SELECT revision FROM rev_ledger");
            assert_eq!(applied, ["first"], "{engine:?}");
            thread::sleep(Duration::from_millis(20));
        }
        let mut kill = Command::new("kill");
        let kill = kill.args(["-INT", &child.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
        wait_for_line("stopping");
        reader.query("COMMIT").expect("it lets go");
        wait_for_line("[2/3] upgrade second");
        let answer = Answer::end_of(child);
        assert_eq!(answer.code, Some(3), "{}", answer.text);
        let applied = "SELECT revision FROM rev_ledger ORDER BY revision";
        let applied = project.database().query(applied);
        assert_eq!(applied, ["first", "second"], "{engine:?}");
        project.rev(&["upgrade"]).exits(0).says("[1/1]");
    }
}

/// How many texts a chain of steps of a table each sends.
fn requests(engine: Engine, steps: usize) -> usize {
    let project = Project::of(engine);
    let mut parent = "null".to_owned();
    for step in 0..steps {
        let id = format!("step_{step}");
        let rest = format!("upgrade: CREATE TABLE t{step} (n INT)\nirreversible: true\n");
        project.revision(&id, &parent, &rest);
        parent = id;
    }
    let proxy = Proxy::breaking(&project.database().url(), usize::MAX, Break::Closes);
    project.bind(|scratch| proxy.url(&scratch.url()));
    project.rev(&["upgrade"]).exits(0);
    proxy.requests()
}

#[test]
fn a_step_of_one_table_takes_one_round_trip() {
    for engine in Engine::MYSQLS {
        let (few, many) = (requests(engine, 10), requests(engine, 90));
        // What is asked every second comes beside, once more a step where a step takes so long.
        let taken = many - few;
        assert!(taken < 80 * 2, "{engine:?}: {taken} for 80 steps");
    }
}

/// The server goes on with a text whose client is gone.
#[test]
fn what_was_sent_along_by_a_killed_run_is_waited_for_and_runs_once() {
    for engine in Engine::MYSQLS {
        let project = project(engine);
        let mut reader = reader(&project);
        let mut child = project.start(&["upgrade"]);
        while project.database().query(ALTERS) != ["yes"] {
            thread::sleep(Duration::from_millis(20));
        }
        child.kill().expect("a kill");
        Answer::end_of(child);
        let mut next = project.start(&["upgrade"]);
        let mut lines = BufReader::new(next.stderr.take().expect("a pipe")).lines();
        let waits = lines.find_map(|line| line.ok().filter(|line| line.contains("ALTER TABLE p")));
        assert!(waits.is_some(), "{engine:?}: it does not wait");
        reader.query("COMMIT").expect("it lets go");
        for line in lines {
            line.expect("text");
        }
        assert_eq!(Answer::end_of(next).code, Some(0), "{engine:?}");
        let made = project.database().tables();
        assert!(
            ["a", "c", "p"]
                .iter()
                .all(|it| made.contains(&(*it).to_owned()))
        );
        let columns = project.database().query("SELECT n, m FROM p");
        assert_eq!(columns, [""; 0], "{engine:?}");
    }
}

/// What a script sets in its session, and what shows the next one that it is gone.
#[test]
fn a_session_that_a_script_has_touched_takes_nothing_along() {
    for engine in Engine::MYSQLS {
        for (set, next) in [
            ("USE `{other}`", "CREATE TABLE b (n INT)"),
            (
                "SET sql_mode = 'ANSI_QUOTES'",
                "CREATE TABLE b (n VARCHAR(9) DEFAULT \"x\")",
            ),
        ] {
            let other = engine.scratch();
            let project = Project::of(engine);
            let set = set.replace("{other}", other.name());
            let of = |rest: &str| {
                let rest = rest.replace('\n', "\n  ");
                format!("upgrade: |\n  {rest};\nirreversible: true\n")
            };
            let home = project.database().name();
            project.revision("zero", "null", &of("CREATE TABLE a (n INT)"));
            let touched = format!("{set};\nCREATE TABLE `{home}`.c (n INT)");
            project.revision("one", "zero", &of(&touched));
            project.revision("two", "one", &of(next));
            project.revision("three", "two", &of("CREATE TABLE d (n INT)"));
            project.rev(&["upgrade"]).exits(0);
            assert_eq!(
                project.database().tables(),
                ["a", "b", "c", "d"],
                "{engine:?}: {set}"
            );
            assert_eq!(other.tables(), [""; 0], "{engine:?}: {set}");
        }
    }
}
