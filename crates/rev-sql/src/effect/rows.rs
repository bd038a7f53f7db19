//! Statements that put rows into an empty database.

use rev_core::Dialect;

use super::Words;
use crate::split::{Token, readings};

/// Whether a statement may leave rows in tables that were empty. Whatever only
/// changes rows or takes some away does nothing there.
#[must_use]
pub fn makes_rows(statement: &str, dialect: Dialect) -> bool {
    let readings = readings(statement, dialect);
    readings.iter().any(|tokens| fills(tokens, dialect))
}

fn fills(tokens: &[Token<'_>], dialect: Dialect) -> bool {
    const WRITERS: [&str; 6] = ["INSERT", "REPLACE", "MERGE", "COPY", "LOAD", "IMPORT"];
    // What a routine does its call does not tell.
    const CALLS: [&str; 3] = ["CALL", "EXECUTE", "EXEC"];
    let head = Words(tokens);
    let writes = head.starts_any(&WRITERS) || head.starts_any(&CALLS);
    let block = dialect == Dialect::Postgres && head.starts_any(&["DO"]);
    let within = head.starts_any(&["WITH"]) && WRITERS.iter().any(|word| head.has(word));
    let into =
        dialect == Dialect::Postgres && head.starts_any(&["SELECT", "WITH"]) && head.has("INTO");
    writes || block || within || into || makes_table_of_rows(head)
}

/// The first statement, from 0, that asks `ROW_COUNT()` of MySQL or MariaDB after a
/// statement that may leave a row as it was. The number is another one than in the
/// server's own client: the driver has rows counted that were found, and not those that
/// were changed.
#[must_use]
pub fn counts_found_rows(statements: &[&str]) -> Option<usize> {
    let mut has_updated = false;
    statements.iter().position(|statement| {
        readings(statement, Dialect::Mysql).iter().any(|tokens| {
            let head = Words(tokens);
            // The body of a routine runs later.
            if head.starts_any(&["CREATE", "ALTER", "DROP"]) {
                return false;
            }
            has_updated |= head.has("UPDATE");
            has_updated && head.calls("ROW_COUNT")
        })
    })
}

/// `CREATE TABLE … AS SELECT`, which MySQL takes without `AS`.
fn makes_table_of_rows(head: Words<'_, '_>) -> bool {
    let kind = head.0.iter().skip(1).find(|token| {
        token.is_any(&[
            "TABLE",
            "VIEW",
            "TRIGGER",
            "FUNCTION",
            "PROCEDURE",
            "INDEX",
            "EVENT",
        ])
    });
    let is_table = kind.is_some_and(|token| token.is("TABLE"));
    head.starts_any(&["CREATE"])
        && is_table
        && ["SELECT", "VALUES", "EXECUTE"]
            .iter()
            .any(|word| head.has(word))
        && !head.has_phrase(&["PARTITION", "OF"])
        && !head.has_phrase(&["VALUES", "LESS"])
        && !head.has_phrase(&["VALUES", "IN"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_of_rows_behind_an_update_is_found() {
        let update = "UPDATE hero SET n = n";
        let asks = "INSERT INTO log SELECT ROW_COUNT()";
        let keeps = "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE n = n";
        assert_eq!(counts_found_rows(&[update, asks]), Some(1));
        assert_eq!(counts_found_rows(&[keeps, "SET @n = row_count()"]), Some(1));
        assert_eq!(counts_found_rows(&["DELETE FROM hero", asks, update]), None);
        let routine = "CREATE PROCEDURE p() SELECT ROW_COUNT()";
        assert_eq!(counts_found_rows(&[update, routine]), None);
    }

    #[test]
    fn what_puts_rows_into_empty_tables_is_told_from_what_does_not() {
        use Dialect::{Mysql, Postgres, Sqlite};
        for (dialect, statement) in [
            (Sqlite, "INSERT INTO t VALUES (1)"),
            (Sqlite, "insert or ignore into t values (1)"),
            (Sqlite, "REPLACE INTO t VALUES (1)"),
            (Sqlite, "WITH n AS (SELECT 1) INSERT INTO t SELECT * FROM n"),
            (Sqlite, "CREATE TABLE t AS SELECT 1"),
            (Mysql, "CREATE TEMPORARY TABLE t SELECT 1"),
            (Mysql, "LOAD DATA INFILE 'x' INTO TABLE t"),
            (Mysql, "CALL fill()"),
            (Postgres, "SELECT 1 INTO t"),
            (Postgres, "DO $$ BEGIN INSERT INTO t VALUES (1); END $$"),
            (Postgres, "COPY t FROM '/x'"),
            (
                Postgres,
                "MERGE INTO t USING s ON true WHEN NOT MATCHED THEN INSERT VALUES (1)",
            ),
        ] {
            assert!(makes_rows(statement, dialect), "{statement}");
        }
        for (dialect, statement) in [
            (Sqlite, "UPDATE t SET a = 1"),
            (Sqlite, "DELETE FROM t"),
            (
                Sqlite,
                "CREATE TABLE \"insert\" (\"select\" TEXT DEFAULT 'INSERT')",
            ),
            (
                Sqlite,
                "CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO u VALUES (1); END",
            ),
            (Sqlite, "CREATE VIEW v AS SELECT * FROM t"),
            (Mysql, "DO SLEEP(1)"),
            (
                Mysql,
                "CREATE TABLE t (a INT) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (1))",
            ),
            (Postgres, "CREATE TABLE p PARTITION OF t FOR VALUES IN (1)"),
            (Postgres, "SELECT setval('s', 1)"),
        ] {
            assert!(!makes_rows(statement, dialect), "{statement}");
        }
    }
}
