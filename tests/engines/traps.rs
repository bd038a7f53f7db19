//! What drivers and servers do that one does not expect, and what a run makes of
//! it.

use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rev_testkit::program::wait_until;
use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::project::{Answer, Project};

/// A project whose only revision runs this.
fn running(engine: Engine, script: &str) -> Project {
    let project = Project::of(engine);
    project.database().execute("CREATE TABLE t (n INT)");
    let lines: String = script.lines().map(|line| format!("  {line}\n")).collect();
    project.revision(
        "a",
        "null",
        &format!("upgrade: |\n{lines}irreversible: true\n"),
    );
    project
}

const ROWS: &str = "SELECT n FROM t";

#[test]
fn an_error_has_the_place_in_the_file_and_not_in_the_servers_source() {
    let project = running(
        Engine::Postgres,
        "INSERT INTO t VALUES (1);\n-- é, which has two bytes\nSELECT 'é' AS é,\n  nosuch FROM t;",
    );
    let answer = project
        .rev(&["upgrade"])
        .exits(1)
        .says("revisions/a.yaml:8:5");
    let answer = answer.says("42703").says("nosuch");
    assert!(!answer.text.contains("at line"), "{}", answer.text);
    // MySQL counts lines from the failing statement.
    for engine in Engine::MYSQLS {
        let project = running(
            engine,
            "INSERT INTO t VALUES (1);\n\nSELECT n\n  FORM t WHERE;",
        );
        project
            .rev(&["upgrade"])
            .exits(1)
            .says("revisions/a.yaml:8")
            .says("1064");
    }
    let project = running(
        Engine::Sqlite,
        "INSERT INTO t VALUES (1);\nSELECT nosuch FROM t;",
    );
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("revisions/a.yaml:6")
        .says("nosuch");
}

#[test]
fn an_error_inside_a_function_tells_where_in_the_function() {
    let project = running(
        Engine::Postgres,
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1 / 0;\nEND $$;\nSELECT f();",
    );
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("22012")
        .says("PL/pgSQL function f() line 3")
        .says("revisions/a.yaml:9");
}

#[test]
fn a_detail_and_a_hint_of_the_server_are_shown() {
    let project = running(
        Engine::Postgres,
        "DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'a detail', HINT = 'a hint'; END $$;",
    );
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("a detail")
        .says("a hint")
        .says("P0001");
}

#[test]
fn a_constraint_that_fails_at_commit_leaves_nothing_and_records_nothing() {
    let project = running(
        Engine::Postgres,
        "CREATE TABLE p (id INT PRIMARY KEY);\n\
         CREATE TABLE c (p INT REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n\
         INSERT INTO c VALUES (7);",
    );
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("23503")
        .says("(p)=(7)");
    assert_eq!(project.database().tables(), ["t"]);
    project.rev(&["current"]).exits(0).says("base");
}

#[test]
fn a_script_cannot_end_its_transaction() {
    for engine in Engine::ALL {
        for word in ["COMMIT", "ROLLBACK", "BEGIN"] {
            let script = format!("INSERT INTO t VALUES (1);\n{word};\nINSERT INTO t VALUES (2);");
            let project = running(engine, &script);
            project
                .rev(&["upgrade"])
                .exits(1)
                .says("revisions/a.yaml:6:3")
                .says(word);
            assert_eq!(project.database().query(ROWS), [""; 0], "{engine:?}");
        }
    }
    // Hidden from the splitter, it is refused by the server or found out.
    let project = running(
        Engine::Postgres,
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;\nDO $$ BEGIN COMMIT; END $$;",
    );
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("2D000")
        .says("transaction: none");
}

#[test]
fn what_a_script_sets_in_its_session_does_not_reach_the_next_one() {
    let cases = [
        (
            Engine::Postgres.alone(),
            "SET search_path = nowhere; SET statement_timeout = 1; SET ROLE pg_monitor",
            "SELECT pg_sleep(0.05)",
        ),
        (
            Engine::MYSQLS,
            "SET sql_mode = 'ANSI_QUOTES'",
            "INSERT INTO t SELECT LENGTH(\"four\")",
        ),
        (Engine::MYSQLS, "USE mysql", "SELECT * FROM t"),
        (
            Engine::Sqlite.alone(),
            "PRAGMA recursive_triggers = ON",
            "SELECT n FROM t",
        ),
    ];
    let each = cases.into_iter().flat_map(|(engines, first, second)| {
        engines
            .into_iter()
            .map(move |engine| (engine, first, second))
    });
    for (engine, first, second) in each {
        let project = running(engine, &first.replace("; ", ";\n"));
        project.revision(
            "b",
            "a",
            &format!("upgrade: |\n  {second};\n  INSERT INTO t VALUES (7);\nirreversible: true\n"),
        );
        project.rev(&["upgrade"]).exits(0);
        let rows = project.database().query(ROWS);
        let last = rows.last().map(String::as_str);
        assert_eq!(last, Some("7"), "{engine:?}: {first}");
    }
}

#[test]
fn rows_from_standard_input_are_refused_in_words() {
    let project = running(
        Engine::Postgres,
        "INSERT INTO t VALUES (1);\nCOPY t FROM STDIN;",
    );
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("revisions/a.yaml:6")
        .says("COPY");
    assert_eq!(project.database().query(ROWS), [""; 0]);
}

#[test]
fn values_of_any_type_may_be_selected() {
    let project = running(
        Engine::Postgres,
        "SELECT 1.5::numeric, now(), gen_random_uuid(), '{}'::jsonb, 'x'::name, 1::oid, 'c'::\"char\", \
         ARRAY[1], 'x'::char(3), '1 day'::interval, point(1, 2), 'infinity'::timestamptz;",
    );
    project.rev(&["upgrade"]).exits(0);
    for engine in Engine::MYSQLS {
        let project = running(
            engine,
            "SELECT NOW(), CAST(1.5 AS DECIMAL(3, 1)), x'00ff', CAST('0000-00-00' AS DATE), b'1', TRUE;",
        );
        project.rev(&["upgrade"]).exits(0);
    }
}

#[test]
fn the_ledger_is_read_on_after_a_script_has_changed_what_was_selected() {
    for engine in Engine::ALL {
        let project = running(
            engine,
            "SELECT * FROM t;\nALTER TABLE t ADD COLUMN m INT;\nSELECT * FROM t;",
        );
        project.revision(
            "b",
            "a",
            "upgrade: |\n  SELECT * FROM t;\n  INSERT INTO t VALUES (1, 2);\nirreversible: true\n",
        );
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(
            project.database().query("SELECT m FROM t"),
            ["2"],
            "{engine:?}"
        );
    }
}

#[test]
fn sql_means_what_it_means_in_the_servers_own_client() {
    for engine in Engine::MYSQLS {
        // The driver's own mode would join the two texts.
        let project = running(engine, "INSERT INTO t VALUES ('1' || '0');");
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().query(ROWS), ["1"]);
    }
}

#[test]
fn what_a_url_says_is_stronger_than_the_environment_of_other_clients() {
    let project = running(Engine::Postgres, "INSERT INTO t VALUES (1);");
    let output = project
        .command(&["upgrade"])
        .env("PGHOST", "192.0.2.1")
        .env("PGPORT", "1")
        .env("PGUSER", "nobody")
        .env("PGPASSWORD", "wrong")
        .env("PGDATABASE", "postgres")
        .output()
        .expect("rev runs");
    Answer::of(&output).exits(0);
    assert_eq!(project.database().query(ROWS), ["1"]);
}

#[test]
fn an_unknown_parameter_of_a_url_is_told() {
    for engine in Engine::SERVERS {
        let project = running(engine, "INSERT INTO t VALUES (1);");
        project.bind(|scratch| format!("{}?nosuch=1", scratch.url()));
        let told = project.rev(&["upgrade"]).exits(1);
        told.says("parameter 1 of the URL is not one for")
            .says("hint: those are `");
    }
}

#[test]
fn no_level_of_logging_shows_a_password() {
    for engine in Engine::ALL {
        let project = running(engine, "INSERT INTO t VALUES (1);\nSELECT nosuch;");
        let output = project
            .command(&["upgrade"])
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .output()
            .expect("rev runs");
        Answer::of(&output).exits(1);
    }
}

#[test]
fn a_panic_shows_no_password_and_is_survived_like_a_kill() {
    for engine in Engine::SERVERS {
        let project = running(engine, "INSERT INTO t VALUES (1);\nCREATE TABLE u (n INT);");
        let words = format!("words with {}", project.database().url());
        let password = words
            .split(':')
            .nth(2)
            .and_then(|rest| rest.split('@').next());
        for words in [words.as_str(), password.expect("a password")] {
            let output = project
                .command(&["upgrade"])
                .env("REV_PANIC_AT", "3")
                .env("REV_PANIC_WORDS", words)
                .output()
                .expect("rev runs");
            Answer::of(&output)
                .exits(101)
                .says("a fault of rev")
                .says("***");
        }
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().query(ROWS), ["1"]);
    }
}

#[test]
fn a_statement_timeout_ends_the_statement_on_the_server() {
    for engine in Engine::SERVERS {
        let (sleep, living) = match engine {
            Engine::Postgres => (
                "SELECT pg_sleep(60)",
                "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%' AND state = 'active'",
            ),
            _ => (
                // A `SLEEP` on its own that is cut off is no error to MySQL.
                "SELECT n FROM t WHERE SLEEP(60)",
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT n FROM t WHERE SLEEP(60)%'",
            ),
        };
        let project = running(engine, &format!("INSERT INTO t VALUES (1);\n{sleep};"));
        project.add_setting("statement_timeout: 500ms");
        project
            .rev(&["upgrade"])
            .exits(1)
            .says("revisions/a.yaml:6")
            .says("timeout");
        assert_eq!(project.database().query(living), ["0"], "{engine:?}");
        assert_eq!(project.database().query(ROWS), [""; 0], "{engine:?}");
    }
}

#[test]
fn the_log_says_how_long_a_step_took() {
    for engine in Engine::SERVERS {
        let sleep = match engine {
            Engine::Postgres => "SELECT pg_sleep(0.3)",
            _ => "SELECT SLEEP(0.3)",
        };
        let project = running(engine, &format!("INSERT INTO t VALUES (1);\n{sleep};"));
        project.rev(&["upgrade"]).exits(0);
        let rows = project.database().query(
            "SELECT l.revision FROM rev_ledger l JOIN rev_log g ON g.revision = l.revision \
             WHERE l.elapsed_ms BETWEEN 300 AND 60000 AND g.elapsed_ms BETWEEN 300 AND 60000",
        );
        assert_eq!(rows, ["a"], "{engine:?}");
    }
}

#[test]
fn an_abort_ends_the_statement_on_the_server() {
    for engine in Engine::SERVERS {
        let (sleep, living) = match engine {
            Engine::Postgres => (
                "SELECT pg_sleep(59)",
                "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(59)%' AND state = 'active'",
            ),
            _ => (
                // A `SLEEP` on its own that is cut off is no error to MySQL.
                "SELECT n FROM t WHERE SLEEP(59)",
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT n FROM t WHERE SLEEP(59)%'",
            ),
        };
        let project = running(engine, &format!("INSERT INTO t VALUES (1);\n{sleep};"));
        let child = project.start(&["upgrade"]);
        wait_until(living, || project.database().query(living) == ["1"]);
        for _ in 0..2 {
            let signal = Command::new("kill")
                .args(["-INT", &child.id().to_string()])
                .status();
            assert!(signal.expect("kill runs").success());
            thread::sleep(Duration::from_millis(200));
        }
        Answer::end_of(child).exits(1).says("stopped");
        assert_eq!(project.database().query(living), ["0"], "{engine:?}");
        assert_eq!(project.database().query(ROWS), [""; 0], "{engine:?}");
    }
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    for engine in Engine::SERVERS {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = silent.local_addr().expect("an address").port();
        let project = running(engine, "INSERT INTO t VALUES (1);");
        project.bind(|scratch| {
            let url = scratch.url();
            let after = url.rsplit_once(':').expect("a port").1.to_owned();
            let rest = after.split_once('/').expect("a database").1.to_owned();
            let scheme_and_host = url.rsplit_once(':').expect("a port").0;
            format!("{scheme_and_host}:{port}/{rest}")
        });
        project
            .rev(&["upgrade"])
            .exits(1)
            .says("cannot open the database")
            .says("answer");
    }
}

#[test]
fn routines_and_statements_that_cannot_be_prepared_run() {
    for engine in Engine::MYSQLS {
        let project = running(
            engine,
            "DELIMITER //\nCREATE PROCEDURE fill(IN most INT)\nBEGIN\n  DECLARE i INT DEFAULT 0;\n  \
             WHILE i < most DO\n    INSERT INTO t VALUES (i);\n    SET i = i + 1;\n  END WHILE;\nEND//\n\
             DELIMITER ;\nCALL fill(3);\nDROP PROCEDURE fill;",
        );
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().query(ROWS), ["0", "1", "2"]);
    }
}

#[test]
fn a_new_value_of_an_enum_is_used_in_the_next_step() {
    let project = running(
        Engine::Postgres,
        "CREATE TYPE mood AS ENUM ('good');\nCREATE TABLE m (mood mood);",
    );
    project.revision(
        "b",
        "a",
        "upgrade: ALTER TYPE mood ADD VALUE 'bad'\nirreversible: true\n",
    );
    project.revision(
        "c",
        "b",
        "upgrade: INSERT INTO m VALUES ('bad')\nirreversible: true\n",
    );
    project.rev(&["upgrade"]).exits(0);
    assert_eq!(
        project.database().query("SELECT mood::text FROM m"),
        ["bad"]
    );
}

#[test]
fn the_ledger_lies_in_the_schema_that_was_named() {
    let project = running(Engine::Postgres, "CREATE TABLE here (n INT);");
    project.database().execute("CREATE SCHEMA \"My App\"");
    project.add_setting("schema: My App");
    project.rev(&["upgrade"]).exits(0);
    let tables = project.database().query(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'My App' ORDER BY 1",
    );
    assert_eq!(tables, ["here", "rev_ledger", "rev_log", "rev_state"]);
    project.bind(Scratch::url);
    project.add_setting("schema: missing");
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("CREATE SCHEMA \"missing\"");
}

#[test]
fn what_the_server_remarks_is_shown() {
    let project = running(
        Engine::Postgres,
        "DROP TABLE IF EXISTS gone;\nDO $$ BEGIN RAISE NOTICE 'seven rows'; END $$;",
    );
    project
        .rev(&["upgrade"])
        .exits(0)
        .says("seven rows")
        .says("does not exist, skipping");
}

#[test]
fn a_server_reached_by_another_word_for_its_host_is_still_one_database() {
    let project = running(Engine::Postgres, "INSERT INTO t VALUES (1);");
    let url = project.database().url();
    let other = server_url("REV_TEST_POSTGRES_SOCKET_URL");
    let text = format!(
        "databases:\n  db1:\n    url: \"{url}\"\n  db2:\n    url: \"{}\"\n",
        project.database().url_on(&other)
    );
    std::fs::write(project.root().join("rev.yaml"), text).expect("a file");
    project.rev(&["upgrade"]).exits(1).says("db1").says("db2");
    assert_eq!(project.database().query(ROWS), [""; 0]);
}

#[test]
fn a_session_has_the_same_time_zone_whatever_the_server_has() {
    for engine in Engine::SERVERS {
        let zone = match engine {
            Engine::Postgres => "current_setting('TimeZone')",
            _ => "@@session.time_zone",
        };
        let project = running(
            engine,
            &format!("CREATE TABLE zone AS SELECT {zone} AS name;"),
        );
        if engine == Engine::Postgres {
            let name = project.database().name().to_owned();
            let database = project.database();
            database.execute(&format!(
                "ALTER DATABASE {name} SET TimeZone = 'Asia/Tokyo'"
            ));
        }
        project.rev(&["upgrade"]).exits(0);
        let name = project.database().query("SELECT name FROM zone");
        assert!(name == ["UTC"] || name == ["+00:00"], "{name:?}");
    }
}
