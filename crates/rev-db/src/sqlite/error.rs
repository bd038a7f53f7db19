//! What SQLite's result codes mean. <https://sqlite.org/rescode.html>

use std::path::Path;

use rev_core::Dialect;
use rev_engine::failure::DatabaseError;
use rev_sql::split::only_place;

/// The primary result code, without the extended part.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether the progress handler ended the statement (`SQLITE_INTERRUPT`).
pub(super) fn is_interrupt(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(9)
}

/// Whether a foreign key leads nowhere (`SQLITE_CONSTRAINT_FOREIGNKEY`).
pub(super) fn is_foreign_key(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|fault| fault.code());
    code.is_some_and(|code| code == "787")
}

pub(super) fn from_sqlx(path: &Path, error: &sqlx::Error) -> DatabaseError {
    let message = error
        .as_database_error()
        .map_or_else(|| error.to_string(), |fault| fault.message().to_owned());
    match primary_code(error) {
        // SQLITE_BUSY, SQLITE_LOCKED
        Some(5 | 6) => DatabaseError::Busy { message },
        // SQLITE_READONLY
        Some(8) => DatabaseError::ReadOnly { message },
        // SQLITE_CANTOPEN
        Some(14) => DatabaseError::Connect {
            message: format!("`{}`: {message}", path.display()),
        },
        // SQLITE_CORRUPT, SQLITE_NOTADB
        Some(11 | 26) => DatabaseError::NotADatabase {
            path: path.display().to_string(),
            message,
        },
        _ => DatabaseError::Other { message },
    }
}

/// The offset of the fault in its statement: where the word stands that the message
/// names, if it stands there once. Else nothing tells which is meant, and it is the start.
pub(super) fn place_in(statement: &str, message: &str) -> usize {
    if message == "incomplete input" {
        let end = statement.trim_end().len();
        return statement.floor_char_boundary(end.saturating_sub(1));
    }
    let named = message
        .strip_prefix("near \"")
        .and_then(|rest| rest.rsplit_once("\": "))
        .map(|(near, _)| near)
        .or_else(|| message.rsplit_once(": ").map(|(_, name)| name))
        .unwrap_or_default();
    let named = named.rsplit_once("main.").map_or(named, |(_, name)| name);
    only_place(named, statement, Dialect::Sqlite).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::place_in;

    #[test]
    fn a_fault_stands_at_the_one_word_that_its_message_names() {
        for (message, statement, at) in [
            (
                "near \"CHEK\": syntax error",
                "CREATE TABLE t (a CHEK (1))",
                "CHEK",
            ),
            (
                "near \"FROM\": syntax error",
                "CREATE VIEW v AS SELECT FROM t",
                "FROM",
            ),
            (
                "near \"\"x\"\": syntax error",
                "CREATE TABLE t (a, \"b\" \"x\" ,, c)",
                "\"x\"",
            ),
            ("no such column: nope", "CREATE INDEX i ON t (nope)", "nope"),
            (
                "no such table: main.t",
                "CREATE INDEX i ON \"t\" (a)",
                "\"t\"",
            ),
            ("duplicate column name: a", "CREATE TABLE t (b, a)", "a)"),
            // Nothing tells which of them is meant.
            (
                "near \"a\": syntax error",
                "CREATE TABLE a (a a,)",
                "CREATE",
            ),
            (
                "near \")\": syntax error",
                "CREATE TABLE t (f(), b,)",
                "CREATE",
            ),
            (
                "index i already exists",
                "CREATE INDEX i ON t (a)",
                "CREATE",
            ),
            ("incomplete input", "CREATE TABLE t (a int", "t"),
            ("incomplete input", "", ""),
        ] {
            let place = place_in(statement, message);
            assert!(statement[place..].starts_with(at), "{message}: {place}");
        }
    }
}
