//! What the error numbers of MySQL and MariaDB mean.
//! <https://mariadb.com/kb/en/mariadb-error-code-reference/>

use rev_engine::database::{DatabaseError, Sent, StatementFailure};
use sqlx::mysql::MySqlDatabaseError;

use super::place::Place;
use crate::writing::failure_of;

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

/// Whether the connection is of no more use after it: shut down, killed, sent
/// more than the server takes, or no answer that could be read.
pub(super) fn is_broken(error: &sqlx::Error) -> bool {
    account(error).is_none() || matches!(number(error), 1053 | 1153 | 1927 | 3169 | 4031)
}

/// An error outside a script's statements.
pub(super) fn from_sqlx(error: &sqlx::Error) -> DatabaseError {
    let Some(fault) = account(error) else {
        return DatabaseError::Lost {
            message: error.to_string(),
        };
    };
    let message = fault.message().to_owned();
    match fault.number() {
        // Lock wait timeout, deadlock.
        1205 | 1213 => DatabaseError::Busy { message },
        1290 | 1792 | 1836 => DatabaseError::ReadOnly { message },
        1044 | 1142 | 1143 | 1227 | 1370 => DatabaseError::Denied { message },
        1153 => DatabaseError::Other {
            message: format!("{message}: raise the server's max_allowed_packet"),
        },
        _ if is_broken(error) => DatabaseError::Lost { message },
        _ => DatabaseError::Other { message },
    }
}

/// An error on the way to the first query.
pub(super) fn on_connect(error: &sqlx::Error, place: &Place) -> DatabaseError {
    let message = match account(error) {
        Some(fault) => format!("{place}: {}", fault.message()),
        None => format!("{place}: {error}"),
    };
    DatabaseError::Connect { message }
}

/// The failure of a script's statement.
pub(super) fn failure(sent: Sent<'_>, fault: &MySqlDatabaseError) -> StatementFailure {
    let mut failure = failure_of(sent);
    let state = fault.code().map(|state| format!(" ({state})"));
    failure.code = Some(format!("{}{}", fault.number(), state.unwrap_or_default()));
    fault.message().clone_into(&mut failure.message);
    failure.offset += place_in(&sent.statement.text, fault.message());
    // Found out before anything is done: syntax, privileges, no such database or
    // routine. What else fails may have gone half way, as `DROP TABLE` of several.
    failure.is_undone = matches!(
        fault.number(),
        1044 | 1046 | 1049 | 1064 | 1142 | 1143 | 1227 | 1305 | 1370
    );
    failure
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
    use super::place_in;

    #[test]
    fn a_fault_is_placed_by_its_line_and_the_text_it_is_near() {
        let statement = "SELECT 'é',\n   nosuch nosuch2 FROM t";
        let message = "You have an error near 'nosuch2 FROM t' at line 2";
        assert_eq!(&statement[place_in(statement, message)..], "nosuch2 FROM t");
        assert_eq!(place_in(statement, "no place at all"), 0);
        assert_eq!(place_in("a\nb", "near '' at line 2"), 2);
    }
}
