//! The script that is shown does what the run does: the engines' own clients are the judges.

use std::collections::BTreeSet;
use std::process::Command;

use rev_testkit::program::fed;
use rev_testkit::random::Random;
use rev_testkit::scratch::{Engine, Scratch};

use crate::project::{Project, contents};

/// How a client came to the end of a script.
pub(crate) struct Ran {
    is_done: bool,
    errors: String,
    script: String,
}

impl Ran {
    /// It did.
    pub(crate) fn done(&self) {
        assert!(self.is_done, "{}\n{}", self.errors, self.script);
    }

    /// Whether it did, or what the client said.
    pub(crate) fn ended(self) -> Result<(), String> {
        if self.is_done {
            Ok(())
        } else {
            Err(self.errors)
        }
    }

    /// It stopped, and said this.
    fn stopped(&self, why: &str) {
        assert!(!self.is_done, "{}", self.script);
        assert!(
            self.errors.contains(why),
            "{}\n{}",
            self.errors,
            self.script
        );
    }
}

/// The engine's own client, for this database.
pub(crate) fn client(database: &Scratch) -> Command {
    let url = database.url();
    match database.engine() {
        Engine::Sqlite => {
            let mut client = Command::new("sqlite3");
            client.arg("-bail").arg(database.file());
            client
        }
        Engine::Postgres => {
            let mut client = Command::new("psql");
            client.args(["-q", "-X", &url]);
            client
        }
        engine @ (Engine::Mariadb | Engine::Mysql) => {
            let (user, rest) = url["mysql://".len()..].split_once(':').expect("a password");
            let (password, rest) = rest.split_once('@').expect("a host");
            let (host, rest) = rest.split_once(':').expect("a port");
            let (port, name) = rest.split_once('/').expect("a database");
            let program = match engine {
                Engine::Mysql => format!("{}/mysql", engine.setting("BIN")),
                _ => "mariadb".to_owned(),
            };
            let mut client = Command::new(program);
            if engine == Engine::Mariadb {
                // It leaves comments out of bodies, unless it is asked to keep them.
                client.arg("--comments");
            }
            client.args(["-u", user, "-h", host, "-P", port, name]);
            client.env("MYSQL_PWD", password);
            client
        }
    }
}

/// Feeds a script to the engine's own client, as its first lines say it.
pub(crate) fn run_script(database: &Scratch, script: &str) -> Ran {
    // A client that stops reads no more.
    let (output, _) = fed(&mut client(database), script);
    Ran {
        is_done: output.status.success(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        script: script.to_owned(),
    }
}

/// Statements that change the session, each with what shows it in rows. Those of the
/// second list need `transaction: none`.
fn pieces(engine: Engine) -> (&'static [&'static str], &'static [&'static str]) {
    match engine {
        Engine::Postgres => (
            &[
                "SELECT pg_catalog.set_config('search_path', '', false)",
                "SET search_path = pg_catalog, public",
                "SET TimeZone = 'Asia/Tokyo'; INSERT INTO public.made SELECT timestamptz '2020-01-01 00:00+00'::text",
                "SET DateStyle = 'SQL, DMY'; INSERT INTO public.made SELECT date '2020-02-01'::text",
                "SET standard_conforming_strings = off",
                "SET ROLE pg_monitor",
                "SET SESSION AUTHORIZATION pg_monitor",
                "SET app.tenant = 'x'; INSERT INTO public.made SELECT current_setting('app.tenant')",
                "CREATE TEMP TABLE made AS SELECT 1 AS id",
                "PREPARE ask AS SELECT 1",
                "SELECT pg_catalog.pg_advisory_lock(7)",
                "SET session_replication_role = replica",
                "SET client_encoding = 'LATIN1'",
                "SET lock_timeout = 0; SET statement_timeout = '1h'",
                "SET default_transaction_isolation = 'serializable'",
                "SET extra_float_digits = -3; INSERT INTO public.made SELECT (0.1::float8 * 3)::text",
                "DO $$ BEGIN PERFORM set_config('bytea_output', 'escape', false); END $$",
                "SET LOCAL enable_seqscan = off",
                "RESET ALL",
            ],
            &["CREATE INDEX CONCURRENTLY IF NOT EXISTS hero_name ON public.hero (name)"],
        ),
        Engine::Mariadb | Engine::Mysql => (
            &[
                "USE information_schema",
                "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'; INSERT INTO made VALUES ('a' || 'b')",
                "SET SESSION sql_mode = ''; INSERT INTO made VALUES (NULL)",
                "SET @old = @@sql_mode, sql_mode = 'NO_BACKSLASH_ESCAPES'",
                "SET time_zone = '+09:00'; INSERT INTO made VALUES (FROM_UNIXTIME(0))",
                "SET FOREIGN_KEY_CHECKS = 0, UNIQUE_CHECKS = 0",
                "/*!40101 SET NAMES latin1 */",
                "/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */",
                "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                "SET @@session.sql_safe_updates = 1, @tenant = 'x'; INSERT INTO made VALUES (@tenant)",
                "SELECT 5 INTO @counted",
                "CREATE TEMPORARY TABLE passing (id INT); INSERT INTO passing VALUES (1)",
                "PREPARE ask FROM 'SELECT 1'",
                "SET timestamp = 86400; INSERT INTO made VALUES (UNIX_TIMESTAMP())",
                // A session that has just ended may hold it for a moment yet.
                "DO GET_LOCK('mine', 60)",
                "SET auto_increment_increment = 7; INSERT INTO counted (name) VALUES ('a'), ('b')",
                "SET GLOBAL max_connect_errors = 200, SESSION div_precision_increment = 9",
                "CALL lax()",
                "SET SESSION group_concat_max_len = 7, max_error_count = 3",
                "SET LOCAL lc_time_names = 'de_DE'; INSERT INTO made VALUES (DATE_FORMAT('2020-05-01', '%M'))",
                "SET SESSION sql_select_limit = 1, sql_auto_is_null = 1",
            ],
            &["ALTER TABLE hero COMMENT 'x'"],
        ),
        Engine::Sqlite => (
            &[
                "PRAGMA recursive_triggers = ON",
                "PRAGMA case_sensitive_like = ON",
                "PRAGMA defer_foreign_keys = ON",
                "PRAGMA legacy_alter_table = ON",
                "PRAGMA ignore_check_constraints = ON; INSERT INTO checked VALUES (7)",
                "PRAGMA reverse_unordered_selects = ON",
                "PRAGMA user_version = 7",
                "CREATE TEMP TABLE made (a); INSERT INTO temp.made VALUES (1)",
                "CREATE VIEW temp.hidden AS SELECT 1 AS one",
                "PRAGMA writable_schema = ON",
                "CREATE TABLE hero2 AS SELECT * FROM hero; DROP TABLE hero; ALTER TABLE hero2 RENAME TO hero",
            ],
            &[
                "PRAGMA foreign_keys = OFF; INSERT INTO part VALUES (9)",
                "ATTACH ':memory:' AS beside; CREATE TABLE beside.hero (id)",
                "PRAGMA synchronous = OFF",
                "VACUUM",
            ],
        ),
    }
}

/// What every step meets: all that the engine lists of a session, but for what is of the
/// moment or of the program that connects.
fn seen(engine: Engine) -> String {
    match engine {
        Engine::Postgres => "SELECT name, setting FROM pg_catalog.pg_settings WHERE name NOT IN \
             ('application_name', 'idle_in_transaction_session_timeout', 'idle_session_timeout', \
             'transaction_timeout') UNION ALL SELECT 'tenant', pg_catalog.current_setting('app.tenant', true) \
             UNION ALL SELECT 'path', pg_catalog.current_schemas(true)::text \
             UNION ALL SELECT 'user', current_user::text \
             UNION ALL SELECT 'prepared', count(*)::text FROM pg_catalog.pg_prepared_statements \
             UNION ALL SELECT 'locks', count(*)::text FROM pg_catalog.pg_locks WHERE locktype = 'advisory' \
             AND objid = 7 AND pid = pg_catalog.pg_backend_pid()"
            .to_owned(),
        Engine::Mariadb | Engine::Mysql => {
            let settings = match engine {
                Engine::Mariadb => "information_schema.SESSION_VARIABLES",
                _ => "performance_schema.session_variables",
            };
            format!(
                "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM {settings} WHERE LOWER(VARIABLE_NAME) NOT IN \
                 ('error_count', 'warning_count', 'gtid_executed', 'gtid_next', 'in_transaction', \
                 'pseudo_thread_id', 'rand_seed1', 'rand_seed2', 'statement_id', 'timestamp', 'last_gtid', \
                 'gtid_binlog_pos', 'gtid_current_pos', 'gtid_binlog_state', 'max_connect_errors', 'identity', 'last_insert_id') \
                 UNION ALL SELECT 'last', LAST_INSERT_ID() = 0 \
                 UNION ALL SELECT 'old', @old UNION ALL SELECT 'tenant', @tenant \
                 UNION ALL SELECT 'counted', @counted UNION ALL SELECT 'fk', @OLD_FOREIGN_KEY_CHECKS \
                 UNION ALL SELECT 'lock', IS_USED_LOCK('mine') = CONNECTION_ID() \
                 UNION ALL SELECT 'clock', ABS(UNIX_TIMESTAMP() - UNIX_TIMESTAMP(SYSDATE())) < 1000 \
                 UNION ALL SELECT 'month', DATE_FORMAT('2020-05-01', '%M')"
            )
        }
        Engine::Sqlite => {
            let names = [
                "foreign_keys",
                "recursive_triggers",
                "defer_foreign_keys",
                "legacy_alter_table",
                "ignore_check_constraints",
                "reverse_unordered_selects",
                "writable_schema",
                "synchronous",
                "temp_store",
            ];
            let of = |name: &str| format!("SELECT '{name}' AS a, {name} AS b FROM pragma_{name} UNION ALL ");
            let settings: String = names.map(of).concat();
            format!(
                "{settings} SELECT 'like', 'a' LIKE 'A' UNION ALL SELECT 'beside', count(*) FROM \
                 pragma_database_list WHERE name = 'beside' UNION ALL SELECT 'temporary', count(*) FROM \
                 sqlite_temp_schema WHERE name NOT LIKE 'rev%'"
            )
        }
    }
}

const FIRST: &str = "upgrade: |
  CREATE TABLE hero (id INT PRIMARY KEY, name VARCHAR(20));
  CREATE TABLE made (a VARCHAR(60));
  CREATE TABLE seen (step VARCHAR(20), name VARCHAR(80), value TEXT);
";

fn write_first(project: &Project, engine: Engine) {
    let more = match engine {
        Engine::Postgres => "",
        Engine::Mariadb | Engine::Mysql => {
            "  CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(9));
  CREATE PROCEDURE lax() SET SESSION sql_mode = '', SESSION unique_checks = 0;
"
        }
        Engine::Sqlite => {
            "  CREATE TABLE whole (id INTEGER PRIMARY KEY);
  CREATE TABLE part (id INTEGER REFERENCES whole (id));
  CREATE TABLE checked (a CHECK (a < 5));
"
        }
    };
    project.revision("r0", "null", &format!("{FIRST}{more}irreversible: true\n"));
}

fn script(statements: &[String]) -> String {
    let text = statements.join(";\n").replace('\n', "\n  ");
    format!("|\n  {text};\n")
}

/// A chain of steps that each note what they meet, and then change the session.
fn write_chain(project: &Project, engine: Engine, random: &mut Random, steps: usize) {
    let (inside, outside) = pieces(engine);
    let made = match engine {
        Engine::Postgres => "public.made",
        _ => "made",
    };
    for step in 1..=steps {
        let is_none = random.below(3) == 0;
        let mut way = |name: &str| {
            let table = if engine == Engine::Postgres {
                "public.seen"
            } else {
                "seen"
            };
            let seen = seen(engine);
            let mut statements = vec![
                format!("INSERT INTO {table} SELECT '{name}', s.* FROM ({seen}) s"),
                format!("INSERT INTO {made} VALUES ('{name}')"),
            ];
            for _ in 0..random.below(3) {
                let pool = if is_none && random.below(2) == 0 {
                    outside
                } else {
                    inside
                };
                let piece = pool[random.below(pool.len())];
                // Once a role is given up nothing of the database may be written.
                let gives_up =
                    |it: &String| it.contains("pg_monitor") || it.contains("information_schema;");
                if statements.iter().any(gives_up) || (is_none && piece.contains("pg_monitor")) {
                    break;
                }
                if !statements.iter().any(|it| it == piece) {
                    statements.push(piece.to_owned());
                }
                if piece == "USE information_schema"
                    || piece.contains("search_path")
                    || piece.contains("TEMP")
                {
                    break;
                }
            }
            script(&statements)
        };
        let (up, down) = (way(&format!("up {step}")), way(&format!("down {step}")));
        let mode = if is_none { "none" } else { "step" };
        project.revision(
            &format!("r{step}"),
            &format!("r{}", step - 1),
            &format!("transaction: {mode}\nupgrade: {up}downgrade: {down}"),
        );
    }
}

/// The lines that only one of two texts has.
fn differences(run: &str, script: &str) -> Vec<String> {
    let lines = |text: &str| {
        text.lines()
            .map(str::to_owned)
            .collect::<BTreeSet<String>>()
    };
    let (run, script) = (lines(run), lines(script));
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>, who: &str| {
        let lines = one.difference(other).map(|line| format!("{who}: {line}"));
        lines.collect::<Vec<String>>()
    };
    [only(&run, &script, "run"), only(&script, &run, "script")].concat()
}

fn check_chains(engine: Engine, chains: u64, steps: usize) {
    for seed in 0..chains {
        let projects = [Project::of(engine), Project::of(engine)];
        for project in &projects {
            write_first(project, engine);
            write_chain(project, engine, &mut Random::new(seed), steps);
        }
        let [run, scripted] = &projects;
        for (action, target) in [("upgrade", "db1@head"), ("downgrade", "db1@r0")] {
            run.rev(&[action, target]).exits(0);
            let plan = scripted.rev(&["plan", action, target, "--format", "sql", "-q"]);
            run_script(scripted.database(), &plan.exits(0).text).done();
            let differences =
                differences(&contents(run.database()), &contents(scripted.database()));
            assert!(
                differences.is_empty(),
                "{engine:?}, seed {seed}, {action}: {differences:#?}"
            );
            let states = "SELECT format, in_flight IS NULL FROM rev_state";
            assert_eq!(
                scripted.database().query(states),
                run.database().query(states)
            );
        }
    }
}

#[test]
fn a_script_of_sqlite_does_what_the_run_does_whatever_scripts_set() {
    check_chains(Engine::Sqlite, 12, 8);
}

#[test]
fn a_script_of_postgres_does_what_the_run_does_whatever_scripts_set() {
    check_chains(Engine::Postgres, 10, 8);
}

#[test]
fn a_script_of_mariadb_does_what_the_run_does_whatever_scripts_set() {
    check_chains(Engine::Mariadb, 10, 8);
}

#[test]
fn a_script_of_mysql_does_what_the_run_does_whatever_scripts_set() {
    for engine in Engine::Mysql.alone() {
        check_chains(engine, 10, 8);
    }
}

/// The script for `db1` as `rev plan` prints it.
fn planned(project: &Project, words: &[&str]) -> String {
    let words = [&["plan"], words, &["--format", "sql", "-q"]].concat();
    project.rev(&words).exits(0).text
}

#[test]
fn a_script_that_stops_in_a_step_by_statement_says_what_stands() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        let upgrade = |last: &str| {
            format!(
                "transaction: none\nupgrade:\n  - CREATE TABLE one (id INT PRIMARY KEY)\n  \
                 - INSERT INTO one VALUES (1)\n  - {last}\n  - CREATE TABLE two (id INT PRIMARY KEY)\n\
                 irreversible: true\n"
            )
        };
        project.revision("a", "null", &upgrade("INSERT INTO nosuch VALUES (2)"));
        let script = planned(&project, &["upgrade"]);
        run_script(project.database(), &script).stopped("nosuch");
        let answer = project.rev(&["current"]).exits(0);
        answer.says("half done: upgrade a (2 statements done");
        project.revision("a", "null", &upgrade("INSERT INTO one VALUES (2)"));
        project.rev(&["upgrade"]).exits(0);
        let rows = project.database().query("SELECT id FROM one ORDER BY id");
        assert_eq!(rows, ["1", "2"], "{engine:?}");
        assert!(project.database().tables().contains(&"two".to_owned()));
        project.rev(&["upgrade"]).exits(0).says("nothing to do");
    }
}

#[test]
fn a_script_that_stops_leaves_whole_steps_and_records_these_alone() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        let step = |id: &str, parent: &str, upgrade: &str| {
            let rest = format!("upgrade: {upgrade}\nirreversible: true\n");
            project.revision(id, parent, &rest);
        };
        step("a", "null", "CREATE TABLE one (id INT PRIMARY KEY)");
        step("b", "a", "INSERT INTO one VALUES (1), (1)");
        step("c", "b", "CREATE TABLE two (id INT PRIMARY KEY)");
        let script = planned(&project, &["upgrade"]);
        run_script(project.database(), &script).stopped("");
        let rows = project.database().query("SELECT revision FROM rev_ledger");
        assert_eq!(rows, ["a"], "{engine:?}");
        assert_eq!(project.database().tables(), ["one"], "{engine:?}");
        step("b", "a", "INSERT INTO one VALUES (1)");
        project.rev(&["upgrade"]).exits(0);
    }
}

#[test]
fn a_script_that_leads_to_another_database_writes_its_own_ledger() {
    for engine in Engine::MYSQLS {
        let other = engine.scratch();
        let projects = [Project::of(engine), Project::of(engine)];
        let beside = Project::new(vec![("db1", other)]);
        beside.revision(
            "z",
            "null",
            "upgrade: CREATE TABLE kept (id INT)\nirreversible: true\n",
        );
        beside.rev(&["upgrade"]).exits(0);
        let name = beside.database().name().to_owned();
        for project in &projects {
            project.revision(
                "a",
                "null",
                &format!(
                    "upgrade: |\n  CREATE TABLE one (id INT);\n  USE `{name}`;\n  \
                     INSERT INTO kept VALUES (1);\nirreversible: true\n"
                ),
            );
            project.revision(
                "b",
                "a",
                "upgrade: CREATE TABLE two (id INT)\nirreversible: true\n",
            );
        }
        let [run, scripted] = &projects;
        run.rev(&["upgrade"]).exits(0);
        let script = planned(scripted, &["upgrade", "--from", "base"]);
        run_script(scripted.database(), &script).done();
        assert_eq!(contents(scripted.database()), contents(run.database()));
        assert_eq!(
            beside.database().query("SELECT revision FROM rev_ledger"),
            ["z"]
        );
        assert_eq!(beside.database().query("SELECT COUNT(*) FROM kept"), ["2"]);
    }
}

#[test]
fn a_script_of_a_rebuild_fails_where_keys_lead_nowhere_as_the_run_does() {
    let projects = [Project::of(Engine::Sqlite), Project::of(Engine::Sqlite)];
    for project in &projects {
        project.revision(
            "a",
            "null",
            "upgrade: |\n  CREATE TABLE hero (id INTEGER PRIMARY KEY);\n  CREATE TABLE mission \
             (hero INTEGER REFERENCES hero (id));\n  INSERT INTO hero VALUES (1);\n  \
             INSERT INTO mission VALUES (1);\nirreversible: true\n",
        );
        project.revision("b", "a", "upgrade: DROP TABLE hero\nirreversible: true\n");
    }
    let [run, scripted] = &projects;
    run.rev(&["upgrade"]).exits(3);
    let script = planned(scripted, &["upgrade"]);
    run_script(scripted.database(), &script).stopped("CHECK constraint failed");
    assert_eq!(contents(scripted.database()), contents(run.database()));
}

#[test]
fn a_script_that_cannot_name_its_database_is_not_written() {
    let project = Project::of(Engine::Sqlite);
    std::fs::write(
        project.root().join("rev.yaml"),
        "databases:\n  db1: {url: \"${NOT_SET_URL}\", dialect: mysql}\n",
    )
    .expect("a file");
    let steps = |upgrade: &str| {
        project.revision(
            "a",
            "null",
            &format!("upgrade: {upgrade}\nirreversible: true\n"),
        );
    };
    let words = ["plan", "--from", "base", "--format", "sql"];
    steps("USE other");
    project
        .rev(&words)
        .exits(1)
        .says("--url db1=mysql://localhost/NAME");
    let named = [&words[..], &["--url", "db1=mysql://localhost/app"]].concat();
    project.rev(&named).exits(0).says("USE `app`");
    steps("CREATE TABLE one (id INT)");
    project
        .rev(&words)
        .exits(0)
        .says("INSERT INTO `rev_ledger`");
}
