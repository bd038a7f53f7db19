//! Rows next to one another in a step with changes of the schema: they share a
//! transaction, and whatever happens inside it is told of the one statement.

use std::process::Command;

use rev_testkit::program::{Running, wait_until};
use rev_testkit::scratch::{Engine, Scratch};

use crate::project::{Answer, Project};

const ROWS: &str = "SELECT n FROM t ORDER BY n";
/// Of how many characters what is in flight is.
const LENGTH: &str = "SELECT COALESCE(LENGTH(in_flight), 0) FROM rev_state";

/// A revision of a table and rows `1` to `count`, with some statements in between.
fn filled(engine: Engine, count: usize, among: &[(usize, &str)]) -> Project {
    let project = Project::of(engine);
    write(&project, count, among);
    project
}

fn write(project: &Project, count: usize, among: &[(usize, &str)]) {
    let mut script = "  CREATE TABLE t (n INT PRIMARY KEY, w VARCHAR(300));\n".to_owned();
    for n in 1..=count {
        script += &format!("  INSERT INTO t VALUES ({n}, '; -- no end of {n}');\n");
        for (_, statement) in among.iter().filter(|(after, _)| *after == n) {
            script += &format!("  {statement};\n");
        }
    }
    let rest = format!("upgrade: |\n{script}irreversible: true\n");
    project.revision("a", "null", &rest);
}

fn numbers(rows: impl Iterator<Item = usize>) -> Vec<String> {
    rows.map(|n| n.to_string()).collect()
}

fn interrupt(child: &Running) {
    let mut kill = Command::new("kill");
    let kill = kill.args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
}

fn wait_for(database: &Scratch, query: &str, wanted: &str) {
    wait_until(query, || database.query(query) == [wanted]);
}

#[test]
fn an_error_in_a_group_is_told_of_its_statement_and_leaves_nothing_of_the_group() {
    for engine in Engine::MYSQLS {
        for at in [1, 2, 500, 1_499, 1_500] {
            let faulty = "INSERT INTO t VALUES (1, 'twice')";
            let project = filled(engine, 1_500, &[(at, faulty)]);
            project
                .rev(&["upgrade"])
                .exits(3)
                .says("Duplicate entry")
                .says(&format!("revisions/a.yaml:{}", 5 + at + 1))
                .says(faulty);
            // The table, and the first thousand rows where the error comes after them.
            let stands = if at < 1_000 { 0 } else { 1_000 };
            let word = match stands {
                0 => "statement 1 of 1502 stands",
                _ => "statements 1 to 1001 of 1502 stand",
            };
            project.rev(&["repair"]).exits(4).says(word);
            assert_eq!(project.database().query(ROWS), numbers(1..=stands));
            write(&project, 1_500, &[]);
            project.rev(&["upgrade"]).exits(0);
            assert_eq!(project.database().query(ROWS), numbers(1..=1_500));
        }
    }
}

#[test]
fn a_syntax_error_in_a_group_speaks_of_its_own_statement_only() {
    for engine in Engine::MYSQLS {
        let project = filled(
            engine,
            40,
            &[(20, "INSERT INTO t VALUES (100,\n  'x') nonsense")],
        );
        let answer = project.rev(&["upgrade"]).exits(3).says("nonsense");
        assert!(!answer.text.contains("no end of 21"), "{}", answer.text);
        answer.says("revisions/a.yaml:27");
        assert_eq!(project.database().query(ROWS), [""; 0]);
    }
}

#[test]
fn the_journal_of_thousands_of_rows_is_as_small_as_that_of_a_few() {
    for engine in Engine::MYSQLS {
        let journal = |count| {
            let last = (count, "INSERT INTO nosuch VALUES (1)");
            let project = filled(engine, count, &[(count, "CREATE TABLE u (n INT)"), last]);
            project.rev(&["upgrade"]).exits(3).says("nosuch");
            assert_eq!(project.database().query(ROWS), numbers(1..=count));
            let length = project.database().query(LENGTH);
            length[0].parse::<usize>().expect("a length")
        };
        let (few, many) = (journal(97), journal(3_097));
        assert!(many < few + 500, "{few} bytes, {many} bytes");
    }
}

#[test]
fn an_edited_row_that_stands_is_told_to_within_a_hundred() {
    for engine in Engine::MYSQLS {
        let faulty = (1_200, "INSERT INTO nosuch VALUES (1)");
        let project = filled(engine, 1_200, &[faulty]);
        project.rev(&["upgrade"]).exits(3).says("nosuch");
        let path = project.root().join("revisions/a.yaml");
        let script = std::fs::read_to_string(&path).expect("a file");
        std::fs::write(&path, script.replace("VALUES (250,", "VALUES (9250,")).expect("a file");
        project
            .rev(&["upgrade"])
            .exits(1)
            .says("one of the statements 201 to 300")
            .says("revisions/a.yaml:205");
        // What does not stand yet may be mended.
        let script = script.replace("VALUES (1150,", "VALUES (9150,");
        std::fs::write(
            &path,
            script.replace("nosuch VALUES (1)", "t VALUES (7000, '')"),
        )
        .expect("a file");
        project.rev(&["upgrade"]).exits(0);
        let wanted = (1..=1_200).filter(|n| *n != 1_150).chain([7_000, 9_150]);
        assert_eq!(project.database().query(ROWS), numbers(wanted));
    }
}

#[test]
fn a_row_that_takes_too_long_is_cancelled_by_itself() {
    const SLOW: &str = "INSERT INTO t SELECT 900, BENCHMARK(2000000000, SHA2('a', 512))";
    for engine in Engine::MYSQLS {
        let project = filled(engine, 60, &[(30, SLOW)]);
        project.add_setting("statement_timeout: 1s");
        project
            .rev(&["upgrade"])
            .exits(3)
            .says("timeout")
            .says("revisions/a.yaml:36")
            .says("statement 1 of 62 stands");
        assert_eq!(project.database().query(ROWS), [""; 0], "{engine:?}");
    }
}

#[test]
fn a_stop_inside_a_group_begins_no_further_row() {
    const SLOW: &str = "INSERT INTO t SELECT 900, BENCHMARK(2000000000, SHA2('b', 512))";
    const RUNS: &str = "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
         WHERE INFO LIKE '%BENCHMARK(2000000000, SHA2(''b''%' AND INFO NOT LIKE '%PROCESSLIST%'";
    for engine in Engine::MYSQLS {
        let project = filled(engine, 60, &[(30, SLOW)]);
        let child = project.start(&["upgrade"]);
        wait_for(project.database(), RUNS, "1");
        interrupt(&child);
        // Whether the statement at hand is waited for or not: nothing of the group stands.
        interrupt(&child);
        Answer::end_of(child)
            .says("stopped")
            .says("statement 1 of 62 stands");
        assert_eq!(project.database().query(RUNS), ["0"], "{engine:?}");
        assert_eq!(project.database().query(ROWS), [""; 0], "{engine:?}");
        write(&project, 60, &[]);
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().query(ROWS), numbers(1..=60));
    }
}

#[test]
fn rows_of_tables_without_transactions_go_one_by_one_be_it_by_a_trigger() {
    for engine in Engine::MYSQLS {
        for hidden in [false, true] {
            let project = Project::of(engine);
            let database = project.database();
            let strict = "SHOW VARIABLES WHERE Variable_name = 'enforce_gtid_consistency' \
                 AND Value = 'ON'";
            if hidden && !database.query(strict).is_empty() {
                // The server itself refuses a statement that changes tables of both kinds.
                continue;
            }
            database.execute("CREATE TABLE plain (n INT) ENGINE = MyISAM");
            database.execute("CREATE TABLE t (n INT PRIMARY KEY)");
            if hidden {
                database.execute(
                    "CREATE TRIGGER r AFTER INSERT ON t FOR EACH ROW INSERT INTO plain VALUES (NEW.n)",
                );
            }
            let rows = |table: &str| {
                let rows = (1..=5).map(|n| format!("  INSERT INTO {table} VALUES ({n});\n"));
                rows.collect::<String>()
            };
            let table = if hidden { "t" } else { "plain" };
            let script = format!(
                "  CREATE TABLE u (n INT);\n{}  INSERT INTO {table} WRONG 2;\n",
                rows(table)
            );
            let rest = format!("upgrade: |\n{script}irreversible: true\n");
            project.revision("a", "null", &rest);
            project.rev(&["upgrade"]).exits(3);
            // No transaction could take them back.
            project
                .rev(&["repair"])
                .exits(4)
                .says("statements 1 to 6 of 7 stand");
            let database = project.database();
            assert_eq!(
                database.query("SELECT n FROM plain ORDER BY n"),
                numbers(1..=5)
            );
            project.revision("a", "null", &rest.replace("WRONG 2", "VALUES (6)"));
            project.rev(&["upgrade"]).exits(0);
            let database = project.database();
            assert_eq!(
                database.query("SELECT n FROM plain ORDER BY n"),
                numbers(1..=6)
            );
        }
    }
}
