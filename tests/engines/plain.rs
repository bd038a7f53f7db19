//! One body of promises over all engines; what differs is a capability.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rev_testkit::program::Running;
use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::offline::run_script;
use crate::project::{Answer, Project, Still, contents};

const TABLE: &str = "upgrade: CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20))\n\
                     downgrade: DROP TABLE t\n";

#[test]
fn up_and_down_again_leaves_nothing() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        project.revision(
            "b",
            "a",
            "upgrade: |\n  INSERT INTO t VALUES (1, 'it''s é');\n  -- the end\n\
             downgrade: DELETE FROM t\n",
        );
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().query("SELECT name FROM t"), ["it's é"]);
        project.rev(&["upgrade"]).exits(0).says("nothing to do");
        project.rev(&["downgrade", "db1@base"]).exits(0);
        assert_eq!(project.database().tables(), [""; 0], "{engine:?}");
        project.rev(&["log"]).exits(0).says("downgrade");
        let long = project
            .database()
            .query("SELECT revision FROM rev_log WHERE elapsed_ms > 60000");
        assert_eq!(long, [""; 0], "{engine:?}");
    }
}

#[test]
fn reading_commands_write_nothing() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        for command in ["current", "status", "plan", "log"] {
            project.rev(&[command]).exits(0);
        }
        let database = project.database();
        match engine {
            Engine::Sqlite => assert!(!database.file().exists()),
            _ => assert!(
                database.try_query("SELECT * FROM rev_state").is_err(),
                "{engine:?}"
            ),
        }
    }
}

#[test]
fn a_failing_statement_is_placed_in_its_file_and_what_stands_is_said() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        project.revision(
            "b",
            "a",
            "upgrade: |\n  CREATE TABLE u (id INT PRIMARY KEY);\n  INSERT INTO t\n    VALUES (1, nosuch);\n\
             downgrade: DROP TABLE u\n",
        );
        let answer = project.rev(&["upgrade"]).exits(3).says("statement 2 of 2");
        match engine {
            // The engine names the very word.
            Engine::Postgres => answer.says("revisions/b.yaml:7").says("42703"),
            Engine::Sqlite => answer.says("revisions/b.yaml:7:16"),
            Engine::Mariadb | Engine::Mysql => answer.says("revisions/b.yaml:6"),
        };
        let tables = project.database().tables();
        if project.database().server().has_transactional_ddl() {
            assert_eq!(tables, ["t"], "{engine:?}");
        } else {
            assert_eq!(tables, ["t", "u"], "{engine:?}");
            project
                .rev(&["downgrade", "db1@base"])
                .exits(1)
                .says("half done");
            project
                .rev(&["repair"])
                .exits(4)
                .says("statement 1 of 2 stands");
        }
        project.revision(
            "b",
            "a",
            "upgrade: |\n  CREATE TABLE u (id INT PRIMARY KEY);\n  INSERT INTO t VALUES (1, 'mended');\n\
             downgrade: DROP TABLE u\n",
        );
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().query("SELECT name FROM t"), ["mended"]);
    }
}

#[test]
fn all_engines_run_side_by_side() {
    let names = ["db1", "db2", "search", "stats"].into_iter();
    let databases = names.zip(Engine::ALL.into_iter().map(Engine::scratch));
    let project = Project::new(databases.collect());
    project.revision("a", "null", TABLE);
    let names = project.databases.iter().map(|(name, _)| name);
    let heads: Vec<String> = names.map(|name| format!("{name}@head")).collect();
    let words = ["upgrade"].into_iter();
    let words = words.chain(heads.iter().map(String::as_str));
    project.rev(&words.collect::<Vec<_>>()).exits(0);
    for (name, database) in &project.databases {
        assert_eq!(database.tables(), ["t"], "{name}");
    }
}

#[test]
fn a_server_is_one_database_by_every_way_to_it() {
    let postgres = Project::of(Engine::Postgres);
    postgres.revision("a", "null", TABLE);
    postgres.rev(&["upgrade"]).exits(0);
    for way in ["REV_TEST_POSTGRES_SOCKET_URL", "REV_TEST_PGBOUNCER_URL"] {
        let server = server_url(way);
        postgres.bind(|scratch| scratch.url_on(&server));
        postgres.rev(&["upgrade"]).exits(0).says("nothing to do");
    }
    for engine in Engine::MYSQLS {
        let mysql = Project::of(engine);
        mysql.revision("a", "null", TABLE);
        mysql.rev(&["upgrade"]).exits(0);
        let server = engine.setting("SOCKET_URL");
        mysql.bind(|scratch| scratch.url_on(&server));
        mysql.rev(&["upgrade"]).exits(0).says("nothing to do");
    }
}

#[test]
fn through_a_pooler_steps_run_and_a_session_of_its_own_is_asked_for() {
    let project = Project::of(Engine::Postgres);
    let server = server_url("REV_TEST_PGBOUNCER_URL");
    project.bind(|scratch| scratch.url_on(&server));
    project.revision("a", "null", TABLE);
    project.revision(
        "b",
        "a",
        "transaction: none\nupgrade: CREATE INDEX CONCURRENTLY i ON t (name)\n\
         downgrade: DROP INDEX CONCURRENTLY i\n",
    );
    project.rev(&["upgrade", "db1@a"]).exits(0);
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("session of its own");
    // No lock of a session is left behind on a connection that others get.
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(project.database().query(locks), ["0"]);
    project.bind(Scratch::url);
    project.rev(&["upgrade"]).exits(0);
}

#[test]
fn several_concurrent_indexes_in_one_revision_work() {
    let project = Project::of(Engine::Postgres);
    project.revision("a", "null", TABLE);
    project.revision(
        "b",
        "a",
        "transaction: none\nupgrade:\n  - CREATE INDEX CONCURRENTLY i ON t (name)\n  \
         - CREATE INDEX CONCURRENTLY j ON t (id, name)\n  - VACUUM t\ndowngrade:\n  \
         - DROP INDEX CONCURRENTLY i\n  - DROP INDEX CONCURRENTLY j\n",
    );
    project.rev(&["upgrade"]).exits(0);
    project.rev(&["downgrade", "db1@a"]).exits(0);
    project.rev(&["upgrade"]).exits(0);
    assert!(project.database().dump().contains("(id, name)|true"));
}

#[test]
fn atomic_is_all_or_nothing_where_the_engine_can() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        project.revision(
            "b",
            "a",
            "upgrade: INSERT INTO nosuch VALUES (1)\nirreversible: true\n",
        );
        let answer = project.rev(&["upgrade", "--atomic"]).exits(1);
        match project.database().server().has_transactional_ddl() {
            true => answer.says("nosuch"),
            false => answer.says("commits by itself"),
        };
        assert_eq!(project.database().tables(), [""; 0], "{engine:?}");
    }
}

#[test]
fn two_starts_a_moment_apart_both_succeed_and_run_it_once() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        project.revision(
            "a",
            "null",
            "upgrade: CREATE TABLE counter (n INT)\ndowngrade: DROP TABLE counter\n",
        );
        project.revision(
            "b",
            "a",
            &format!(
                "upgrade: |\n{}  INSERT INTO counter VALUES (1);\nirreversible: true\n",
                wait(engine)
            ),
        );
        let first = project.start(&["upgrade"]);
        thread::sleep(Duration::from_millis(150));
        let second = project.start(&["upgrade"]);
        Answer::end_of(first).exits(0);
        Answer::end_of(second).exits(0);
        assert_eq!(
            project.database().query("SELECT n FROM counter"),
            ["1"],
            "{engine:?}"
        );
    }
}

#[test]
fn who_waits_is_told_for_whom_since_when_and_not_longer_than_asked() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        let script = format!("upgrade: |\n{0}{0}irreversible: true\n", wait(engine));
        project.revision("a", "null", &script);
        let operator = |name: &str, arguments: &[&str]| {
            let mut command = project.command(arguments);
            command
                .env("USER", name)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            Running::start(&mut command)
        };
        // MySQL knows its own user of a lock, and no more.
        let holder = match engine {
            Engine::Mariadb | Engine::Mysql => "rev@127.0.0.1",
            _ => "ann@",
        };
        let at_work = format!("at work: {holder}");
        let mut first = operator("ann", &["upgrade"]);
        while !project.rev(&["status"]).exits(0).text.contains(&at_work) {
            let ended = first.try_wait().expect("a process");
            assert_eq!(ended, None, "{engine:?}: it was not seen at work");
        }
        // Past what it does before the script, so that it stands still where readers may read.
        thread::sleep(Duration::from_millis(100));
        let first = Still::of(first);
        let second = operator("bob", &["upgrade", "--lock-wait", "200ms"]);
        let answer = Answer::end_of(second).exits(1);
        answer.says(holder).says("since 2").says("--lock-wait");
        project.rev(&["status"]).exits(0).says(&at_work);
        let mut third = operator("eve", &["upgrade", "--lock-wait", "60s"]);
        let mut told = BufReader::new(third.stderr.take().expect("a pipe"));
        let mut line = String::new();
        told.read_line(&mut line).expect("a line");
        assert!(
            line.contains(&format!("waiting for `db1`: {holder}")),
            "{line}"
        );
        Answer::end_of(first.goes_on()).exits(0);
        Answer::end_of(third).exits(0);
        let idle = project.rev(&["status"]).exits(0);
        assert!(!idle.text.contains("at work"), "{}", idle.text);
    }
}

#[test]
fn a_probe_exits_with_4_until_nothing_is_pending_half_done_or_drifted() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        project
            .rev(&["status", "--check"])
            .exits(4)
            .says("1 pending");
        project.rev(&["upgrade"]).exits(0);
        project
            .rev(&["status", "--check"])
            .exits(0)
            .says("up to date");
        project.revision("a", "null", &TABLE.replace("20", "30"));
        project.rev(&["status", "--check"]).exits(4).says("drift");
    }
}

#[test]
fn a_kill_during_a_long_statement_loses_and_doubles_nothing() {
    for engine in Engine::ALL {
        let script = format!(
            "upgrade: |\n  CREATE TABLE a (n INT);\n{}  CREATE TABLE b (n INT);\n  \
             INSERT INTO b VALUES (1);\nirreversible: true\n",
            wait(engine)
        );
        let undisturbed = Project::of(engine);
        undisturbed.revision("a", "null", &script);
        undisturbed.rev(&["upgrade"]).exits(0);
        let project = Project::of(engine);
        project.revision("a", "null", &script);
        let mut child = project.start(&["upgrade"]);
        thread::sleep(Duration::from_millis(900));
        child.kill().expect("a kill");
        Answer::end_of(child);
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(
            contents(project.database()),
            contents(undisturbed.database()),
            "{engine:?}"
        );
    }
}

/// A statement that takes two seconds.
fn wait(engine: Engine) -> &'static str {
    match engine {
        // A count of many rows, for there is no sleep.
        Engine::Sqlite => {
            "  WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 6000000) SELECT max(n) FROM c;\n"
        }
        Engine::Postgres => "  SELECT pg_sleep(2);\n",
        Engine::Mariadb | Engine::Mysql => "  SELECT SLEEP(2);\n",
    }
}

#[test]
fn no_ledger_row_holds_a_password() {
    for engine in Engine::SERVERS {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        project.revision(
            "b",
            "a",
            "upgrade: SELECT nosuch FROM t\nirreversible: true\n",
        );
        project.rev(&["upgrade"]).exits(3);
        for table in ["rev_ledger", "rev_log", "rev_state"] {
            let rows = project.database().query(&format!("SELECT * FROM {table}"));
            assert!(!rows.is_empty(), "{table} has rows");
            assert!(!rows.join("\n").contains("s3cret"), "{table}");
        }
    }
}

#[test]
fn a_plan_as_a_script_does_what_the_run_does() {
    for engine in Engine::ALL {
        let projects = [Project::of(engine), Project::of(engine)];
        for project in &projects {
            project.revision("a", "null", TABLE);
            project.revision(
                "b",
                "a",
                "upgrade: |\n  INSERT INTO t VALUES (1, 'it''s é;');\n  CREATE INDEX i ON t (name);\n\
                 downgrade: DROP INDEX i\n",
            );
        }
        let [run, scripted] = &projects;
        let script = scripted.rev(&["plan", "--from", "base", "--format", "sql"]);
        run_script(scripted.database(), &script.exits(0).text).done();
        run.rev(&["upgrade"]).exits(0);
        assert_eq!(
            contents(scripted.database()),
            contents(run.database()),
            "{engine:?}"
        );
        scripted.rev(&["upgrade"]).exits(0).says("nothing to do");
    }
}

/// Statements that an engine refuses in a transaction, or passes over there.
fn outside_transactions(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Postgres => &[
            "CREATE INDEX CONCURRENTLY i ON t (id)",
            "DROP INDEX CONCURRENTLY IF EXISTS nosuch",
            "REINDEX TABLE CONCURRENTLY t",
            "VACUUM t",
            "ALTER SYSTEM RESET work_mem",
        ],
        Engine::Sqlite => &[
            "VACUUM",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = OFF",
            "PRAGMA foreign_keys = OFF",
            "PRAGMA wal_checkpoint",
            "ATTACH ':memory:' AS beside",
        ],
        Engine::Mariadb | Engine::Mysql => &[],
    }
}

#[test]
fn what_no_transaction_holds_is_refused_with_the_words_that_help() {
    for engine in Engine::ALL {
        for statement in outside_transactions(engine) {
            let project = Project::of(engine);
            project.revision("a", "null", TABLE);
            let rest = format!("upgrade: |\n  {statement};\nirreversible: true\n");
            project.revision("b", "a", &rest);
            let answer = project.rev(&["check"]).exits(4);
            let is_of_keys = answer.text.contains("foreign keys");
            assert_eq!(
                is_of_keys,
                statement.contains("foreign_keys"),
                "{}",
                answer.text
            );
            answer.says("say `transaction: none` in the revision");
            project.revision("b", "a", &format!("transaction: none\n{rest}"));
            project.rev(&["check"]).exits(0);
            project.rev(&["upgrade"]).exits(0);
        }
    }
}

#[test]
fn a_check_tells_of_a_script_that_names_the_ledger_as_the_run_does() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        project.revision(
            "a",
            "null",
            "upgrade: |\n  CREATE TABLE t (id INT);\n  DELETE FROM rev_ledger;\ndowngrade: DROP TABLE t\n",
        );
        let check = project.rev(&["check"]).exits(4);
        assert!(check.text.contains("a.yaml:6"), "{}", check.text);
        check.says("names the ledger's table `rev_ledger`");
        project
            .rev(&["upgrade"])
            .says("may not name the ledger's table `rev_ledger`");
    }
}

#[test]
fn on_a_terminal_each_lane_has_a_line_that_moves() {
    let names = ["db1", "db2", "search"].into_iter();
    let databases = names.zip(Engine::SERVERS.into_iter().map(Engine::scratch));
    let project = Project::new(databases.collect());
    project.revision(
        "a",
        "null",
        "upgrade:\n  postgres: SELECT pg_sleep(2)\n  mysql: SELECT SLEEP(2)\nirreversible: true\n",
    );
    let rev = project.command(&["upgrade"]);
    let program = rev.get_program().to_string_lossy().into_owned();
    // The program of util-linux that gives a command a terminal.
    let output = Command::new("script")
        .args(["-qec", &format!("'{program}' upgrade"), "/dev/null"])
        .current_dir(project.root())
        .env_remove("CI")
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .expect("script runs");
    let answer = Answer::of(&output).exits(0);
    answer.says("upgrade a make a, statement 1: 1 s");
    let plain = project.rev(&["upgrade"]).exits(0);
    assert!(!plain.text.contains('\u{1b}'), "{}", plain.text);
}
