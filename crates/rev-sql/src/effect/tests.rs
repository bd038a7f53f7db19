//! Tables of statements and what they do.

use std::fmt::Write as _;

use super::*;

fn word(effect: &Effect) -> String {
    match effect {
        Effect::Rows => "rows".to_owned(),
        Effect::Repeatable => "repeatable".to_owned(),
        Effect::Session => "session".to_owned(),
        Effect::Unknown => "unknown".to_owned(),
        Effect::Object(change) => format!("{:?} {:?}", change.object.name, change.verb),
    }
}

fn table(dialect: Dialect, statements: &[&str]) -> String {
    let mut text = String::new();
    for statement in statements {
        let _ = writeln!(text, "{statement}\n    {}", word(&of(statement, dialect)));
    }
    text
}

#[test]
fn statements_of_mysql_are_sorted_by_what_can_be_known() {
    insta::assert_snapshot!(table(
        Dialect::Mysql,
        &[
            "INSERT INTO a VALUES (1)",
            "SELECT 1 INTO OUTFILE '/tmp/x'",
            "CALL p()",
            "CREATE TABLE `a b` (id INT PRIMARY KEY, Name VARCHAR(3) DEFAULT ',)', KEY k (id))",
            "CREATE TABLE a AS SELECT 1",
            "CREATE TABLE IF NOT EXISTS a (id INT)",
            "CREATE TABLE IF NOT EXISTS a AS SELECT 1",
            "CREATE TEMPORARY TABLE a (id INT)",
            "CREATE UNIQUE INDEX i ON s.t (a)",
            "CREATE OR REPLACE VIEW v AS SELECT 1",
            "CREATE DEFINER = x@y TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
            "DROP TABLE a",
            "DROP TABLE there, not_there",
            "DROP TABLE IF EXISTS a, b",
            "DROP INDEX i ON t",
            "RENAME TABLE a TO b",
            "RENAME TABLE a TO x, b TO a, x TO b",
            "ALTER TABLE a RENAME TO b",
            "ALTER TABLE a ADD COLUMN c INT, DROP COLUMN d, MODIFY e BIGINT, CHANGE f g INT",
            "ALTER TABLE a ADD c INT UNIQUE",
            "ALTER TABLE a ADD INDEX i (c), DROP PRIMARY KEY, ADD CONSTRAINT k CHECK (c > 0)",
            "ALTER TABLE a DROP INDEX i, DROP COLUMN d, ADD COLUMN d INT AFTER c, ADD INDEX I (d)",
            "ALTER TABLE a ENGINE = InnoDB",
            "ALTER TABLE a DEFAULT CHARACTER SET utf8mb4 COLLATE = utf8mb4_bin, COMMENT 'x'",
            "ALTER TABLE a COMMENT = 'x' PARTITION BY HASH (id)",
            "ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (c) REFERENCES b (id)",
            "ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY i (c) REFERENCES b (id)",
            "ALTER TABLE a /*!50100 ADD COLUMN c INT */",
            "SET @x := (SELECT max(id) FROM a)",
            "SET sql_mode = ''",
            "USE other",
            "LOCK TABLES a WRITE",
            "OPTIMIZE TABLE a",
            "LOAD DATA INFILE 'x' INTO TABLE t",
            "LOAD INDEX INTO CACHE t",
            "(SELECT 1) UNION (SELECT 2)",
            "SET GLOBAL a = 1",
            "SET PASSWORD FOR u = 'b'",
            "SET PASSWORD FOR u TO RANDOM",
            "SET STATEMENT a = 1 FOR CREATE TABLE t (n INT)",
            "SET STATEMENT a = 1 FOR INSERT INTO t VALUES (1)",
            "RESET PERSIST IF EXISTS a",
            "RESET PERSIST a",
            "RESET BINARY LOGS AND GTIDS",
            "REVOKE SELECT ON a.* FROM b",
            "ANALYZE FORMAT=JSON INSERT INTO t VALUES (1)",
            "ANALYZE TABLE t",
            "EXPLAIN INSERT INTO t VALUES (1)",
            "/*!40101 SET sql_mode = '' */",
            "/*!80000 SET sql_mode = '' */",
            "/*!80000 SET */ PASSWORD = 'b'",
            "/*!50001 CREATE VIEW v AS SELECT 1 */",
        ]
    ));
}

#[test]
fn statements_of_postgres_are_sorted_by_what_can_be_known() {
    insta::assert_snapshot!(table(
        Dialect::Postgres,
        &[
            "CREATE UNIQUE INDEX CONCURRENTLY Hero_Name ON ONLY s.hero (name)",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"I\" ON hero (name)",
            "DROP INDEX CONCURRENTLY s.hero_name",
            "REINDEX INDEX CONCURRENTLY hero_name",
            "VACUUM ANALYZE hero",
            "SET search_path = other",
            "SELECT set_config('a.b', 'c', false)",
            "EXPLAIN ANALYZE INSERT INTO t VALUES (1)",
            "EXPLAIN INSERT INTO t VALUES (1)",
            "RESET search_path",
            "REVOKE ALL ON t FROM b",
        ]
    ));
}

#[test]
fn what_must_be_alone_is_known() {
    let alone = |dialect, statements: &[&str]| {
        for statement in statements {
            assert!(needs_to_be_alone(statement, dialect), "{statement}");
        }
    };
    let together = |dialect, statements: &[&str]| {
        for statement in statements {
            assert!(!needs_to_be_alone(statement, dialect), "{statement}");
        }
    };
    alone(
        Dialect::Postgres,
        &[
            "create unique index concurrently i on t (a)",
            "DROP INDEX CONCURRENTLY i",
            "VACUUM",
            "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
            "CREATE DATABASE d",
        ],
    );
    together(
        Dialect::Postgres,
        &[
            "CREATE INDEX i ON t (a)",
            "ANALYZE t",
            "INSERT INTO t VALUES (1)",
            "CALL p()",
            "DO $$ BEGIN COMMIT; END $$",
        ],
    );
    alone(Dialect::Sqlite, &["VACUUM", "PRAGMA foreign_keys = OFF"]);
    together(Dialect::Sqlite, &["CREATE TABLE t (a)", "DROP TABLE t"]);
    alone(
        Dialect::Mysql,
        &[
            "CREATE TABLE t (a INT)",
            "CALL p()",
            "TRUNCATE t",
            "GRANT ALL ON a.* TO b",
        ],
    );
    together(Dialect::Mysql, &["UPDATE t SET a = 1", "SET @a = 1"]);
}

#[test]
fn what_may_end_its_transaction_is_known() {
    for statement in ["CALL p()", "DO $$ BEGIN COMMIT; END $$"] {
        assert!(may_commit(statement, Dialect::Postgres), "{statement}");
        assert!(!may_commit(statement, Dialect::Mysql), "{statement}");
    }
    let statement = "DO $$ BEGIN RAISE NOTICE 'x'; END $$";
    assert!(!may_commit(statement, Dialect::Postgres));
}

fn described(parts: &[&str]) -> Description {
    Description {
        exists: true,
        valid: true,
        parts: parts
            .iter()
            .map(|part| ((*part).to_owned(), "as is".to_owned()))
            .collect(),
    }
}

fn read(statement: &str, before: &[Description], now: &[Description]) -> Reading {
    match of(statement, Dialect::Mysql) {
        Effect::Object(change) => reading(&change, before, now),
        other => panic!("{statement} is {other:?}"),
    }
}

fn is_unclear(reading: &Reading) -> bool {
    matches!(reading, Reading::Unclear(_))
}

#[test]
fn a_creation_is_done_when_its_very_table_is_there() {
    let none = [Description::default()];
    let create = "CREATE TABLE t (id INT, Name TEXT, PRIMARY KEY (id))";
    assert_eq!(read(create, &none, &none), Reading::NotDone);
    let own = [described(&["column id", "column name", "index PRIMARY"])];
    assert_eq!(read(create, &none, &own), Reading::Done);
    let foreign = [described(&["column id"])];
    assert!(is_unclear(&read(create, &none, &foreign)));
    // What was there before it cannot have made: it fails again, and changes nothing.
    assert_eq!(read(create, &own, &own), Reading::NotDone);
    assert!(is_unclear(&read(create, &own, &foreign)));
}

#[test]
fn an_alteration_is_done_when_it_explains_every_difference() {
    let alter = "ALTER TABLE t ADD COLUMN c INT, DROP COLUMN d";
    let before = [described(&["column a", "column d"])];
    let done = [described(&["column a", "column c"])];
    let half = [described(&["column a", "column c", "column d"])];
    let foreign = [described(&["column a", "column d", "column z"])];
    let both = [described(&["column a", "column c", "column z"])];
    assert_eq!(read(alter, &before, &before), Reading::NotDone);
    assert_eq!(read(alter, &before, &done), Reading::Done);
    for now in [half, foreign, both] {
        assert!(is_unclear(&read(alter, &before, &now)), "{now:?}");
    }
    assert!(is_unclear(&read("ALTER TABLE t FORCE", &before, &before)));
}

#[test]
fn a_definition_is_stated_again_where_nobody_can_see_whether_it_was() {
    let before = [described(&["column a", "column d", "option kind"])];
    for alter in [
        "ALTER TABLE t MODIFY a INT",
        "ALTER TABLE t MODIFY a INT, ALTER d SET DEFAULT 1",
        "ALTER TABLE t COMMENT = 'x', ENGINE InnoDB",
    ] {
        assert_eq!(read(alter, &before, &before), Reading::NotDone, "{alter}");
    }
    // Values that came since would go.
    let anew = "ALTER TABLE t DROP COLUMN a, ADD COLUMN a INT, MODIFY d INT";
    assert!(is_unclear(&read(anew, &before, &before)));
    for alter in [
        "ALTER TABLE t ALTER a TYPE bigint USING a * 2",
        "ALTER TABLE t ALTER a RESTART",
    ] {
        let Effect::Object(change) = of(alter, Dialect::Postgres) else {
            panic!("it changes one object");
        };
        assert!(is_unclear(&reading(&change, &before, &before)), "{alter}");
    }
}

#[test]
fn a_foreign_key_may_bring_its_index() {
    let alter = "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (id)";
    let before = [described(&["column a"])];
    let alone = [described(&["column a", "constraint k"])];
    let both = [described(&["column a", "constraint k", "index k"])];
    let foreign = [described(&["column a", "constraint k", "index z"])];
    assert_eq!(read(alter, &before, &before), Reading::NotDone);
    assert_eq!(read(alter, &before, &alone), Reading::Done);
    assert_eq!(read(alter, &before, &both), Reading::Done);
    assert!(is_unclear(&read(alter, &before, &foreign)));
    let index = [described(&["column a", "index k"])];
    assert!(is_unclear(&read(alter, &before, &index)));
}

#[test]
fn a_drop_and_a_rename_are_told_from_what_others_did() {
    let (none, table) = (Description::default(), described(&["column a"]));
    let was = [table.clone()];
    assert_eq!(read("DROP TABLE t", &was, &was), Reading::NotDone);
    assert_eq!(
        read("DROP TABLE t", &was, std::slice::from_ref(&none)),
        Reading::Done
    );
    assert!(is_unclear(&read(
        "DROP TABLE t",
        &was,
        &[described(&["column z"])]
    )));

    let before = [table.clone(), none.clone()];
    let rename = "RENAME TABLE t TO u";
    assert_eq!(read(rename, &before, &before), Reading::NotDone);
    assert_eq!(
        read(rename, &before, &[none.clone(), table.clone()]),
        Reading::Done
    );
    assert!(is_unclear(&read(rename, &before, &[none.clone(), none])));
    assert!(is_unclear(&read(rename, &before, &[table.clone(), table])));
}

#[test]
fn an_invalid_index_counts_as_not_done_once_it_is_removed() {
    let Effect::Object(change) = of("CREATE INDEX CONCURRENTLY i ON s.t (a)", Dialect::Postgres)
    else {
        panic!("it changes one object");
    };
    let invalid = Description {
        exists: true,
        ..Description::default()
    };
    assert_eq!(
        reading(&change, &[Description::default()], &[invalid]),
        Reading::Remnant("DROP INDEX CONCURRENTLY \"s\".\"i\"".to_owned())
    );
}

proptest::proptest! {
    #[test]
    fn any_text_has_an_effect(text in "\\PC{0,60}") {
        for dialect in Dialect::ALL {
            let _ = (of(&text, dialect), needs_to_be_alone(&text, dialect));
        }
    }

    /// Whatever else has changed, a change that is not its own keeps a statement
    /// from counting as done.
    #[test]
    fn a_foreign_change_is_never_taken_for_ones_own(foreign in "[a-z]{2,6}") {
        let before = described(&["column a"]);
        let mut now = before.clone();
        now.parts.insert(format!("column {foreign}"), "int".to_owned());
        let reading = read("ALTER TABLE t ADD COLUMN c INT", &[before], &[now]);
        proptest::prop_assert!(is_unclear(&reading));
    }
}

#[test]
fn what_is_left_in_a_session_is_known() {
    use Dialect::{Mysql, Postgres, Sqlite};
    for (dialect, statement) in [
        (Mysql, "SET sql_mode = ''"),
        (Mysql, "/*!40101 SET NAMES utf8mb4 */"),
        (
            Mysql,
            "SET @OLD_X=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0",
        ),
        (
            Mysql,
            "SET @@session.sql_mode = CONCAT(@@sql_mode, ',ANSI')",
        ),
        (Mysql, "SET sql_mode = @old"),
        (Mysql, "USE other"),
        (Mysql, "PREPARE s FROM 'SELECT 1'"),
        (Postgres, "SET search_path = a"),
        (
            Postgres,
            "SELECT pg_catalog.set_config('search_path', '', false)",
        ),
        (Sqlite, "PRAGMA foreign_keys = OFF"),
        (Sqlite, "ATTACH 'other.sqlite' AS other"),
    ] {
        assert_eq!(
            trace(statement, dialect),
            Some(Trace::Settings),
            "{statement}"
        );
    }
    for (dialect, statement) in [
        (Mysql, "CREATE TEMPORARY TABLE t (n INT)"),
        (Mysql, "CREATE /*!80000 TEMPORARY */ TABLE t (n INT)"),
        (Mysql, "SET @n = (SELECT max(id) FROM t)"),
        (Mysql, "SET @n = NOW()"),
        (Mysql, "SET @n = CURRENT_TIMESTAMP"),
        (Mysql, "SET @n = @@last_insert_id"),
        (Mysql, "SET @n = 1, GLOBAL max_connections = 5"),
        (Mysql, "SELECT max(id) INTO @n FROM t"),
        (Mysql, "SELECT 1, 2 INTO @n, @m"),
        (Mysql, "UPDATE t SET n = (@n := @n + 1)"),
        (Mysql, "CALL p(@n)"),
        (Mysql, "LOAD DATA INFILE 'x' INTO TABLE t (@n) SET n = @n"),
        (Mysql, "SELECT GET_LOCK('a', 1)"),
        (Mysql, "EXECUTE s"),
        (Postgres, "CREATE TEMP TABLE t (n int)"),
        (Postgres, "SELECT 1 INTO TEMP t"),
        (Postgres, "SELECT pg_advisory_lock(1)"),
        (Postgres, "SELECT set_config('a.b', max(n), false) FROM t"),
        (Sqlite, "CREATE TEMP TABLE t (n)"),
        (Sqlite, "ATTACH ':memory:' AS other"),
    ] {
        let found = trace(statement, dialect);
        assert!(
            matches!(found, Some(Trace::Gone(_))),
            "{statement}: {found:?}"
        );
    }
    for (dialect, statement) in [
        (Mysql, "INSERT INTO t VALUES (1)"),
        (Mysql, "INSERT INTO t VALUES (@n)"),
        (Mysql, "SET GLOBAL max_connections = 5"),
        (Mysql, "SET PASSWORD FOR u = 'b'"),
        (Mysql, "RESET PERSIST a"),
        (Mysql, "CREATE PROCEDURE p() SELECT 1 INTO @n"),
        (Postgres, "SELECT pg_advisory_xact_lock(1)"),
        (Sqlite, "PRAGMA integrity_check"),
    ] {
        assert_eq!(trace(statement, dialect), None, "{statement}");
    }
}

#[test]
fn what_is_lost_with_a_session_is_what_the_rest_may_need() {
    let lost = |statements: &[&str], stand| {
        let lost = lost(statements, stand, Dialect::Mysql);
        lost.map(|it| format!("{} of {}", it.what, it.statement))
    };
    let temporary = "CREATE TEMPORARY TABLE tmp (n INT)";
    let uses = "INSERT INTO t SELECT n FROM tmp";
    assert_eq!(lost(&["INSERT INTO t VALUES (1)", uses], 1), None);
    let found = lost(&["SET a = 1", temporary, uses], 2);
    assert_eq!(found.as_deref(), Some("temporary object of 2"));
    assert_eq!(lost(&[temporary, uses], 2), None, "nothing is left to do");
    assert_eq!(
        lost(
            &[temporary, uses, "DROP TEMPORARY TABLE tmp", "SELECT 1"],
            3
        ),
        None
    );
    let (row, child) = (
        "INSERT INTO t VALUES (1)",
        "INSERT INTO u VALUES (LAST_INSERT_ID())",
    );
    assert_eq!(
        lost(&[row, child], 1).as_deref(),
        Some("`LAST_INSERT_ID()` of 1")
    );
    assert_eq!(lost(&[row, "CREATE TABLE v (n INT)", row, child], 2), None);
    let dump = "/*!40014 SET @OLD=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */";
    assert_eq!(lost(&[dump, row, row], 2), None);
}

#[test]
fn what_mysql_does_as_a_whole_is_known() {
    for statement in [
        "DROP TABLE a, nosuch",
        "RENAME TABLE a TO x, nosuch TO y",
        "DROP USER a, b",
        "CREATE DEFINER = x@y VIEW v AS SELECT 1",
        "GRANT SELECT ON a.* TO b",
        "TRUNCATE t",
        "ALTER TABLE t ENGINE = InnoDB",
    ] {
        assert!(is_atomic_on_mysql(statement), "{statement}");
    }
    for statement in [
        "DROP DATABASE d",
        "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')",
        "ALTER TABLE t ENGINE = MyISAM",
        "ALTER TABLE t DISCARD TABLESPACE",
        "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'",
        "INSTALL PLUGIN p SONAME 'x.so'",
        "INSERT INTO t VALUES (1)",
        "CALL p()",
    ] {
        assert!(!is_atomic_on_mysql(statement), "{statement}");
    }
}

#[test]
fn a_set_is_told_by_the_variables_that_it_names_in_any_scope() {
    let names = ["wsrep_OSU_method", "wsrep_on", "sql_log_bin"];
    let said = |statement| sets_one_of(statement, Dialect::Mysql, &names);
    for (statement, name) in [
        ("SET SESSION wsrep_OSU_method = 'RSU'", "wsrep_OSU_method"),
        ("SET GLOBAL wsrep_on = 0", "wsrep_on"),
        ("SET @a = 1, @@sql_log_bin = 0", "sql_log_bin"),
        ("set @@session.`SQL_LOG_BIN` := 0", "sql_log_bin"),
        ("/* before it */ SET sql_log_bin = 0", "sql_log_bin"),
        ("/*!50000 SET sql_log_bin = 0 */", "sql_log_bin"),
        ("SET /*!50000 sql_log_bin */ = 0", "sql_log_bin"),
        (
            "SET STATEMENT wsrep_on = 0 FOR CREATE TABLE a (n INT)",
            "wsrep_on",
        ),
    ] {
        assert_eq!(said(statement), Some(name), "{statement}");
    }
    for statement in [
        "INSERT INTO t VALUES ('wsrep_on')",
        "/* SET wsrep_on = 0 */ SELECT 1",
        "UPDATE t SET wsrep_on = 1",
        "SET @wsrep_on = 1",
        "SET @a = 'wsrep_on'",
    ] {
        assert_eq!(said(statement), None, "{statement}");
    }
}
