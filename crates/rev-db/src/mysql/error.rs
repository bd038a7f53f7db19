//! What the error numbers of MySQL and MariaDB mean.
//! <https://mariadb.com/kb/en/mariadb-error-code-reference/>

use rev_core::Dialect;
use rev_engine::database::Sent;
use rev_engine::failure::{DatabaseError, StatementFailure};
use rev_sql::effect;
use sqlx::mysql::MySqlDatabaseError;

use super::place::Place;
use crate::writing::failure_of;
use crate::{certificate, lost};

/// The server's account of an error, if it is the server's.
pub(super) fn account(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    error
        .as_database_error()
        .and_then(|fault| fault.try_downcast_ref())
}

pub(super) fn number(error: &sqlx::Error) -> u16 {
    account(error).map_or(0, MySqlDatabaseError::number)
}

/// Whether the statement was cancelled: by `KILL QUERY`, or by a limit.
pub(super) fn is_cancelled(error: &sqlx::Error) -> bool {
    matches!(number(error), 1317 | 1969 | 3024)
}

/// Whether a number came out greater than numbers can be.
pub(super) fn is_out_of_range(error: &sqlx::Error) -> bool {
    number(error) == 1690
}

/// Whether a transaction was refused for its size, or for the locks that it holds.
pub(super) fn is_too_much(error: &sqlx::Error) -> bool {
    matches!(number(error), 1197 | 1206)
}

/// Whether the connection is of no more use after it: shut down, killed, sent
/// more than the server takes, or no answer that could be read.
pub(super) fn is_broken(error: &sqlx::Error) -> bool {
    account(error).is_none() || matches!(number(error), 1053 | 1153 | 1927 | 3169 | 4031)
}

/// An error outside a script's statements.
pub(super) fn from_sqlx(error: &sqlx::Error) -> DatabaseError {
    let Some(fault) = account(error) else {
        return DatabaseError::Lost {
            message: lost::words(error),
        };
    };
    let message = fault.message().to_owned();
    match fault.number() {
        // Lock wait timeout, deadlock; a plugin undid the commit, as Group Replication does
        // where another member was first.
        1205 | 1213 | 3101 => DatabaseError::Busy { message },
        // "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT": the same, where
        // another member's change was applied just then.
        1180 if names_lock(&message) => DatabaseError::Busy { message },
        // "WSREP has not yet prepared node for application use".
        1047 => DatabaseError::Busy {
            message: format!(
                "{message}: the node is joining its cluster, or has lost the majority"
            ),
        },
        1792 | 1836 => DatabaseError::ReadOnly { message },
        // `--secure-file-priv` and `--skip-grant-tables` have the same number.
        1290 if names_read_only(&message) => DatabaseError::ReadOnly { message },
        1044 | 1142 | 1143 | 1227 | 1370 => DatabaseError::Denied { message },
        1153 => DatabaseError::Other {
            message: format!("{message}: raise the server's max_allowed_packet"),
        },
        _ if is_broken(error) => DatabaseError::Lost { message },
        _ => DatabaseError::Other { message },
    }
}

/// Whether a storage engine gave up a commit for a lock: its lock wait timeout, or deadlock.
fn names_lock(message: &str) -> bool {
    ["Got error 146 ", "Got error 149 "]
        .iter()
        .any(|start| message.starts_with(start))
}

/// Whether the option that keeps a server from something is one that keeps all writes
/// away: `--read-only`, `--super-read-only`, `--innodb-read-only`, `--transaction_read_only`.
fn names_read_only(message: &str) -> bool {
    message.contains("read-only") || message.contains("read_only")
}

/// An error on the way to the first query.
///
/// MySQL's own ways to log in send the password over TLS alone, unless the server still
/// has the account in its cache from an earlier login. The driver could encrypt it with a
/// key that the server sends, but whoever stands between could send that key; so there is
/// no such login here, and what the driver says of it is advice for its programmers. By a
/// socket the server takes the driver's request for that key for a wrong password.
pub(super) fn on_connect(error: &sqlx::Error, place: &Place) -> DatabaseError {
    if let Some(fault) = certificate::fault(error, &place.to_string(), Dialect::Mysql) {
        return fault;
    }
    let message = match account(error) {
        Some(fault) if fault.number() == 1045 && !place.has_tls() => format!(
            "{place}: {}; without TLS a right password is refused, too, where the account \
             has MySQL's default authentication: say `ssl-mode=REQUIRED` in the URL",
            fault.message()
        ),
        None if matches!(error, sqlx::Error::Configuration(text) if text.to_string().contains("RSA")) =>
        {
            format!(
                "{place}: this login sends its password only over TLS: say `ssl-mode=REQUIRED` in \
             the URL, and switch TLS on at the server where it has none"
            )
        }
        Some(fault) => format!("{place}: {}", fault.message()),
        None => format!("{place}: {}", lost::words(error)),
    };
    match (number(error), error) {
        (1049, _) => DatabaseError::NoDatabase { message },
        // The database, the user or the password; the host or the way to log in.
        (1044 | 1045 | 1130 | 1698, _) => DatabaseError::TurnedAway { message },
        (0, sqlx::Error::Protocol(_)) => DatabaseError::NotOfItsKind { message },
        _ => DatabaseError::Connect { message },
    }
}

/// The failure of a script's statement.
pub(super) fn failure(sent: Sent<'_>, fault: &MySqlDatabaseError) -> StatementFailure {
    let mut failure = failure_of(sent);
    let state = fault.code().map(|state| format!(" ({state})"));
    failure.code = Some(format!("{}{}", fault.number(), state.unwrap_or_default()));
    failure.message = in_own_words(&sent.statement.text, fault.message());
    failure.offset += place_in(&sent.statement.text, &failure.message);
    let text = &sent.statement.text;
    failure.is_undone = if effect::runs_program(text) {
        // What a program of many statements meets may be met at its end, unless it is the
        // program itself that is not there or may not be run.
        matches!(fault.number(), 1305 | 1318 | 1370) && names_program_of(text, fault.message())
    } else {
        is_raised_first(fault.number())
    };
    failure
}

/// Whether a message is about a routine that the statement itself names: `PROCEDURE
/// db.p does not exist`.
fn names_program_of(statement: &str, message: &str) -> bool {
    let words = [" PROCEDURE ", " FUNCTION ", " routine "];
    let padded = format!(" {message}");
    let mut after = words
        .iter()
        .filter_map(|word| Some(padded.split_once(word)?.1));
    let Some(name) = after.next().and_then(|rest| rest.split([' ', ';']).next()) else {
        return false;
    };
    let name = name.rsplit('.').next().unwrap_or(name);
    let name = name.trim_matches(['\'', '`', '"']).to_lowercase();
    !name.is_empty() && statement.to_lowercase().contains(&name)
}

/// Whether an error is found out before anything is done. What else fails may have gone
/// half way, as `DROP TABLE` of several.
fn is_raised_first(number: u16) -> bool {
    matches!(
        number,
        // No such file, or one that may not be read or is there already.
        13 | 29 | 1085 | 1086
        // Privileges, no database, no such database, syntax, no such variable or routine.
        | 1044 | 1046 | 1049 | 1064 | 1142 | 1143 | 1193 | 1227 | 1305 | 1370
        // An option keeps the server from it; no function while there is a binary log.
        | 1290 | 1419
        // What global transaction ids do not allow.
        | 1785 | 1786 | 1787
        // A table is not fit for Group Replication, or lacks the primary key that it must
        // have; loading a file of the client's is off.
        | 3098 | 3750 | 3948
    )
}

/// A message without what it quotes of the statements that were sent behind this one.
fn in_own_words(statement: &str, message: &str) -> String {
    let parts = message.split_once(" near '").and_then(|(before, rest)| {
        let (near, line) = rest.rsplit_once("' at line ")?;
        Some((before, near, line))
    });
    match parts {
        Some((before, near, line)) if !statement.contains(near) => {
            let ends = near.char_indices().map(|(end, _)| &near[..end]);
            let own = ends.rev().find(|own| statement.ends_with(own));
            format!("{before} near '{}' at line {line}", own.unwrap_or_default())
        }
        _ => message.to_owned(),
    }
}

/// The offset of the fault, by `near '…' at line N`: lines count from 1, from the
/// statement's first.
fn place_in(statement: &str, message: &str) -> usize {
    let Some((before, line)) = message.rsplit_once(" at line ") else {
        return 0;
    };
    let Ok(line) = line.trim().parse::<usize>() else {
        return 0;
    };
    let lines = statement.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let near = before.split_once(" near '").map_or("", |(_, near)| near);
    let near = near
        .trim_end_matches('\'')
        .lines()
        .next()
        .unwrap_or_default();
    match near.is_empty() {
        true => start,
        false => start + statement[start..].find(near).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{in_own_words, names_program_of, names_read_only, place_in};

    #[test]
    fn a_routine_that_is_not_there_is_told_from_one_that_another_calls() {
        let missing = "PROCEDURE d.fill does not exist";
        assert!(names_program_of("CALL Fill(1)", missing));
        assert!(names_program_of("CALL `d`.`fill`()", missing));
        assert!(!names_program_of("CALL outer_one()", missing));
        let denied = "execute command denied to user 'u'@'%' for routine 'd.fill'";
        assert!(names_program_of("CALL fill()", denied));
        let many = "Incorrect number of arguments for PROCEDURE d.fill; expected 1, got 0";
        assert!(names_program_of("CALL fill()", many));
        assert!(!names_program_of(
            "CALL fill()",
            "Table 'd.fill' doesn't exist"
        ));
    }

    #[test]
    fn an_option_that_forbids_one_thing_does_not_forbid_all_writes() {
        let says = |option: &str| {
            format!(
                "The MySQL server is running with the {option} option so it cannot execute this statement"
            )
        };
        for option in [
            "--read-only",
            "--super-read-only",
            "--transaction_read_only",
        ] {
            assert!(names_read_only(&says(option)), "{option}");
        }
        for option in [
            "--secure-file-priv",
            "--skip-grant-tables",
            "--skip-name-resolve",
        ] {
            assert!(!names_read_only(&says(option)), "{option}");
        }
    }

    #[test]
    fn what_a_message_quotes_of_the_next_statement_is_left_out() {
        let statement = "INSERT INTO t VALUES (1) nonsense";
        let own = "You have an error near 'nonsense' at line 1";
        let message = "You have an error near 'nonsense;\nINSERT INTO u' at line 1";
        assert_eq!(in_own_words(statement, message), own);
        assert_eq!(in_own_words(statement, own), own);
        let message = "You have an error near ';\nINSERT INTO u' at line 1";
        let own = "You have an error near '' at line 1";
        assert_eq!(in_own_words(statement, message), own);
        assert_eq!(
            in_own_words(statement, "no place at all"),
            "no place at all"
        );
    }

    #[test]
    fn a_fault_is_placed_by_its_line_and_the_text_it_is_near() {
        let statement = "SELECT 'é',\n   nosuch nosuch2 FROM t";
        let message = "You have an error near 'nosuch2 FROM t' at line 2";
        assert_eq!(&statement[place_in(statement, message)..], "nosuch2 FROM t");
        assert_eq!(place_in(statement, "no place at all"), 0);
        assert_eq!(place_in("a\nb", "near '' at line 2"), 2);
    }
}
