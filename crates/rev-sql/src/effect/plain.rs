//! Statements that can be sent together with their neighbours.

use rev_core::Dialect;

use super::{Words, is_rows};
use crate::split::{Token, TokenKind, tokens};

/// What a session remembers of the statement before, and what it keeps for later
/// ones.
const MEMORY: [&str; 8] = [
    "LAST_INSERT_ID",
    "ROW_COUNT",
    "FOUND_ROWS",
    "SQL_CALC_FOUND_ROWS",
    "GET_LOCK",
    "RELEASE_LOCK",
    "RELEASE_ALL_LOCKS",
    "SET_CONFIG",
];

/// Whether a statement changes rows and no more, and neither reads nor leaves
/// anything in its session. So it does the same again where its transaction is
/// undone and tried once more, and gives one answer.
#[must_use]
pub fn is_plain_rows(statement: &str, dialect: Dialect) -> bool {
    let tokens = tokens(statement, dialect);
    let remembers = |token: &Token<'_>| match token.kind {
        // What a server makes of a comment that it runs is not looked into.
        TokenKind::Fence => true,
        TokenKind::Name => token.text.starts_with('@'),
        _ => token.is_symbol("@") || token.is_any(&MEMORY),
    };
    is_rows(Words(&tokens), dialect) && !tokens.iter().any(remembers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_use_their_session_are_told_from_those_that_do_not() {
        for statement in [
            "INSERT INTO t VALUES (1, '@a LAST_INSERT_ID()')",
            "INSERT INTO t (`last_insert_id`) VALUES (1)",
            "UPDATE t SET a = 1 WHERE mail = 'a@b'",
            "WITH n AS (SELECT 1) SELECT * FROM n",
            "DELETE FROM t /* @x */ WHERE a = 1",
        ] {
            assert!(is_plain_rows(statement, Dialect::Mysql), "{statement}");
        }
        for statement in [
            "INSERT INTO t VALUES (@a)",
            "INSERT INTO t VALUES (@@session.last_insert_id)",
            "SELECT 1 INTO @a",
            "SELECT @a := 1",
            "INSERT INTO t VALUES (last_insert_id())",
            "INSERT INTO t SELECT ROW_COUNT ()",
            "DO GET_LOCK('a', 1)",
            "INSERT INTO t VALUES (/*!50000 @a */ 1)",
            "SELECT 1 INTO OUTFILE 'x'",
            "SET @a = 1",
            "CREATE TABLE t (a INT)",
            "CALL p()",
        ] {
            assert!(!is_plain_rows(statement, Dialect::Mysql), "{statement}");
        }
    }
}
