//! The cases that undo other tools, by name.

use std::thread;

use rev_testkit::program::{Running, wait_until};
use rev_testkit::scratch::{Engine, Scratch, postgres};

use crate::project::{Answer, Project};

/// One revision over tables that are there already, killed at every boundary.
struct Case {
    engine: Engine,
    before: &'static str,
    revision: &'static str,
    /// What another hand does between the kill and the next run.
    meanwhile: fn(&Scratch),
    /// Whether the statement that a run asks about took effect.
    truth: fn(&Scratch) -> bool,
    /// What a query must give in the end, whatever happened.
    wanted: (&'static str, &'static [&'static str]),
}

impl Case {
    #[track_caller]
    fn holds(&self) {
        for boundary in 1.. {
            let project = Project::of(self.engine);
            project.database().execute(self.before);
            project.revision("a", "null", self.revision);
            let is_killed = project.kill_at(&["upgrade"], boundary);
            if is_killed {
                (self.meanwhile)(project.database());
                self.arrive(&project);
            }
            let (query, wanted) = self.wanted;
            let found = project.database().query(query);
            assert_eq!(found, wanted, "killed at boundary {boundary}");
            if !is_killed {
                assert!(boundary > 4, "{boundary} boundaries are too few");
                return;
            }
        }
    }

    fn arrive(&self, project: &Project) {
        for _ in 0..5 {
            let answer = project.rev(&["upgrade"]);
            if answer.code == Some(0) {
                return;
            }
            let is_question = answer.exits(1).text.contains("rev repair");
            let choice = match (self.truth)(project.database()) {
                true => "--applied",
                false => "--not-applied",
            };
            if is_question {
                project.rev(&["repair", "db1", choice]).exits(0);
            }
        }
        panic!("it never arrives");
    }
}

fn nothing(_: &Scratch) {}

fn has_column(database: &Scratch, table: &str, column: &str) -> bool {
    let query = format!(
        "SELECT column_name FROM information_schema.columns \
         WHERE table_name = '{table}' AND column_name = '{column}' AND table_schema = DATABASE()"
    );
    !database.query(&query).is_empty()
}

#[test]
fn a_swap_of_two_tables_by_three_renames_is_not_swapped_back() {
    for engine in Engine::MYSQLS {
        Case {
            engine,
            before: "CREATE TABLE a (x INT); CREATE TABLE b (y INT)",
            revision: "upgrade: |\n  RENAME TABLE a TO c, b TO a, c TO b;\n  INSERT INTO a VALUES (1);\n\
                       irreversible: true\n",
            meanwhile: nothing,
            truth: |database| has_column(database, "a", "y"),
            wanted: ("SELECT y FROM a", &["1"]),
        }
        .holds();
    }
}

#[test]
fn a_change_by_another_hand_between_kill_and_resume_is_not_taken_for_ours() {
    for engine in Engine::MYSQLS {
        Case {
            engine,
            before: "CREATE TABLE t (id INT)",
            revision: "upgrade: |\n  ALTER TABLE t ADD COLUMN ours INT;\n  INSERT INTO t (ours) VALUES (1);\n\
                       irreversible: true\n",
            meanwhile: |database| database.execute("ALTER TABLE t ADD COLUMN theirs INT"),
            truth: |database| has_column(database, "t", "ours"),
            wanted: ("SELECT id, ours FROM t", &["NULL|1"]),
        }
        .holds();
    }
}

#[test]
fn an_index_that_another_hand_made_by_the_same_name_is_not_taken_for_ours() {
    for engine in Engine::MYSQLS {
        const COLUMNS: &str = "SELECT column_name FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND index_name = 'i'";
        Case {
            engine,
            before: "CREATE TABLE t (id INT, ours INT, theirs INT)",
            revision: "upgrade: |\n  CREATE INDEX i ON t (ours);\n  INSERT INTO t VALUES (1, 1, 1);\n\
                       irreversible: true\n",
            meanwhile: |database| {
                if database.query(COLUMNS).is_empty() && database.query("SELECT id FROM t").is_empty() {
                    database.execute("CREATE INDEX i ON t (theirs)");
                }
            },
            truth: |database| {
                // A person looks, and removes what is in the way.
                let is_ours = database.query(COLUMNS) == ["ours"];
                if !is_ours {
                    database.execute("DROP INDEX i ON t");
                }
                is_ours
            },
            wanted: (COLUMNS, &["ours"]),
        }
        .holds();
    }
}

#[test]
fn of_several_dropped_tables_one_that_is_missing_leaves_a_choice_only_where_half_of_it_stands() {
    for engine in Engine::MYSQLS {
        let project = Project::of(engine);
        project.database().execute("CREATE TABLE there (n INT)");
        let script = |drop: &str| {
            format!("upgrade: |\n  CREATE TABLE u (n INT);\n  {drop};\nirreversible: true\n")
        };
        project.revision("a", "null", &script("DROP TABLE there, not_there"));
        let answer = project.rev(&["upgrade"]).exits(3).says("not_there");
        if project.database().server().has_atomic_ddl() {
            answer.says("statement 1 of 2 stands; mend the cause");
            assert_eq!(project.database().tables(), ["there", "u"]);
            project.revision("a", "null", &script("DROP TABLE there"));
        } else {
            assert_eq!(project.database().tables(), ["u"], "half of it stands");
            project
                .rev(&["upgrade"])
                .exits(1)
                .says("rev repair db1 --applied");
            // There is no third statement to go on with.
            let ways = project.rev(&["repair"]).exits(4);
            ways.says("then `rev repair db1 --resume` ends the step");
            project.rev(&["repair", "db1", "--applied"]).exits(0);
        }
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().tables(), ["u"]);
    }
}

#[test]
fn a_table_that_was_there_before_is_told_from_one_that_the_statement_made() {
    const TABLE: &str = "CREATE TABLE hero (id INT PRIMARY KEY)";
    for engine in Engine::MYSQLS {
        for (is_there, way) in [
            (true, "alone"),
            (true, "along"),
            (false, "alone"),
            (false, "along"),
        ] {
            let mut kills = 0;
            // How many of them came before the statement was sent, and how many after.
            let (mut before, mut after) = (0, 0);
            for boundary in 1.. {
                let project = Project::of(engine);
                if is_there {
                    project.database().execute(TABLE);
                    project.database().execute("INSERT INTO hero VALUES (7)");
                }
                // Noted by itself, or with the end of the revision before, and sent along with
                // that; asked for by itself, or with the next ones.
                let parent = if way == "alone" { "null" } else { "first" };
                if way == "along" {
                    project.revision("first", "null", "upgrade: CREATE TABLE f (id INT)\n");
                    project.revision("last", "a", "upgrade: CREATE TABLE l (id INT)\n");
                }
                project.revision(
                    "a",
                    parent,
                    &format!("upgrade: {TABLE}\nirreversible: true\n"),
                );
                let is_killed = project.kill_at(&["upgrade"], boundary);
                kills += usize::from(is_killed);
                if is_killed && !is_there {
                    let is_made = project.database().tables().contains(&"hero".to_owned());
                    *(if is_made { &mut after } else { &mut before }) += 1;
                }
                let rows = if is_there {
                    let answer = project.rev(&["upgrade"]).says("already exists");
                    assert!(matches!(answer.code, Some(1 | 3)), "{}", answer.text);
                    &["7"][..]
                } else {
                    project.rev(&["upgrade"]).exits(0);
                    &[]
                };
                let database = project.database();
                let context = format!("{engine:?}, {is_there}, {way}, killed at {boundary}");
                assert_eq!(database.query("SELECT id FROM hero"), rows, "{context}");
                let applied =
                    database.query("SELECT revision FROM rev_ledger WHERE revision = 'a'");
                assert_eq!(applied.is_empty(), is_there, "{context}");
                let in_flight = "SELECT in_flight FROM rev_state WHERE in_flight IS NOT NULL";
                assert_eq!(database.query(in_flight), [""; 0], "{context}");
                if !is_killed {
                    break;
                }
            }
            assert!(kills > 4, "{kills} kills are too few");
            let both = before > 2 && after > 2;
            assert!(both || is_there, "{before} kills before, {after} after");
        }
    }
}

#[test]
fn rows_of_a_table_without_transactions_are_written_once() {
    for engine in Engine::MYSQLS {
        let project = Project::of(engine);
        project
            .database()
            .execute("CREATE TABLE loose (n INT) ENGINE = MyISAM");
        project.revision(
            "a",
            "null",
            "upgrade: INSERT INTO loose SELECT SLEEP(3) + 1\nirreversible: true\n",
        );
        kill_in(&project, "INSERT INTO loose");
        // The server goes on by itself; the next run waits for that, and then asks.
        project.rev(&["upgrade"]).exits(1).says("no transaction");
        assert_eq!(project.database().query("SELECT n FROM loose"), ["1"]);
        project.rev(&["repair", "db1", "--applied"]).exits(0);
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().query("SELECT n FROM loose"), ["1"]);
    }
}

const INDEX: &str = "transaction: none\nupgrade:\n  - CREATE INDEX CONCURRENTLY i ON t (n)\n  \
                     - INSERT INTO t VALUES (2)\nirreversible: true\n";

const INDEXES: &str = "SELECT indisvalid::text FROM pg_index WHERE indrelid = 't'::regclass";

#[test]
fn an_index_left_invalid_by_a_killed_server_session_is_made_anew() {
    let project = Project::of(Engine::Postgres);
    project
        .database()
        .execute("CREATE TABLE t (n INT); INSERT INTO t VALUES (1)");
    project.revision("a", "null", INDEX);
    let writer = hold_back_writes(&project, 4);
    let child = project.start(&["upgrade"]);
    wait_for(project.database(), INDEXES, &["false"]);
    end_of(child);
    project.database().execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE query LIKE '%CONCURRENTLY%' AND pid <> pg_backend_pid()",
    );
    assert_eq!(project.database().query(INDEXES), ["false"]);
    writer.join().expect("the writer ends");
    project.rev(&["upgrade"]).exits(0);
    assert_eq!(project.database().query(INDEXES), ["true"]);
    assert_eq!(project.database().query("SELECT n FROM t"), ["1", "2"]);
}

#[test]
fn an_index_that_the_server_finishes_without_its_client_is_waited_for() {
    let project = Project::of(Engine::Postgres);
    project
        .database()
        .execute("CREATE TABLE t (n INT); INSERT INTO t VALUES (1)");
    project.revision("a", "null", INDEX);
    let writer = hold_back_writes(&project, 3);
    let child = project.start(&["upgrade"]);
    wait_for(project.database(), INDEXES, &["false"]);
    end_of(child);
    project.rev(&["upgrade"]).exits(0);
    writer.join().expect("the writer ends");
    assert_eq!(project.database().query(INDEXES), ["true"]);
    assert_eq!(project.database().query("SELECT n FROM t"), ["1", "2"]);
}

#[test]
fn a_concurrent_unique_index_that_fails_leaves_no_invalid_one() {
    let project = Project::of(Engine::Postgres);
    project
        .database()
        .execute("CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (1)");
    project.revision("a", "null", &INDEX.replace("INDEX C", "UNIQUE INDEX C"));
    project.rev(&["upgrade"]).exits(1).says("duplicated");
    assert_eq!(project.database().query(INDEXES), [""; 0]);
    project
        .database()
        .execute("DELETE FROM t; INSERT INTO t VALUES (1)");
    project.rev(&["upgrade"]).exits(0);
    assert_eq!(project.database().query(INDEXES), ["true"]);
}

#[test]
fn of_a_half_done_step_what_is_left_may_be_mended_and_what_ran_may_not() {
    for engine in Engine::MYSQLS {
        let script = |first: &str, second: &str| {
            format!("upgrade: |\n  {first};\n  {second};\nirreversible: true\n")
        };
        let project = Project::of(engine);
        let (first, mended) = ("CREATE TABLE t (n INT)", "INSERT INTO t VALUES (1)");
        project.revision("a", "null", &script(first, "INSERT INTO t VALUES (nosuch)"));
        project.rev(&["upgrade"]).exits(3).says("nosuch");
        for command in ["current", "status", "plan"] {
            let answer = project
                .rev(&[command])
                .exits(0)
                .says("half done: upgrade a");
            answer.says("rev repair db1");
        }
        project.revision("a", "null", &script("CREATE TABLE t (n BIGINT)", mended));
        project.rev(&["upgrade"]).exits(1).says("statement 1");
        project.revision("a", "null", &script(first, mended));
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().query("SELECT n FROM t"), ["1"]);
    }
}

#[test]
fn a_session_that_goes_on_without_its_client_can_be_ended() {
    for engine in Engine::MYSQLS {
        let project = Project::of(engine);
        project.database().execute("CREATE TABLE t (n INT)");
        project.revision(
            "a",
            "null",
            "upgrade: |\n  CREATE TABLE u AS SELECT SLEEP(30) AS n;\n  CREATE TABLE v (n INT);\n\
             irreversible: true\n",
        );
        kill_in(&project, "CREATE TABLE u");
        project
            .rev(&["upgrade", "--lock-wait", "1s"])
            .exits(1)
            .says("--end-session");
        project.rev(&["upgrade", "--end-session"]).exits(0);
        assert_eq!(project.database().tables(), ["t", "u", "v"]);
    }
}

/// Kills an upgrade while the server is at a statement that begins with these words.
fn kill_in(project: &Project, words: &str) {
    let child = project.start(&["upgrade"]);
    let running = format!(
        "SELECT 'yes' FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '{words}%'"
    );
    wait_for(project.database(), &running, &["yes"]);
    end_of(child);
}

fn end_of(mut child: Running) {
    child.kill().expect("a kill");
    Answer::end_of(child);
}

/// Writes a row in a transaction that stays open for some seconds: no index is
/// finished meanwhile.
fn hold_back_writes(project: &Project, seconds: u32) -> thread::JoinHandle<()> {
    let url = project.database().url();
    let writer = thread::spawn(move || {
        let sql = format!("BEGIN; UPDATE t SET n = n; SELECT pg_sleep({seconds}); COMMIT");
        postgres(&url, &sql).expect("the writer's SQL runs");
    });
    wait_for(
        project.database(),
        "SELECT 'yes' FROM pg_locks WHERE relation = 't'::regclass AND mode = 'RowExclusiveLock'",
        &["yes"],
    );
    writer
}

/// Waits until a query gives these rows.
#[track_caller]
fn wait_for(database: &Scratch, query: &str, wanted: &[&str]) {
    wait_until(query, || database.query(query) == wanted);
}
