//! What PostgreSQL's error codes mean.
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>

use rev_core::{Dialect, UrlFault};
use rev_engine::database::Sent;
use rev_engine::failure::{DatabaseError, StatementFailure, StepError};
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use super::place::Place;
use crate::writing::{failure_of, unsaid};
use crate::{certificate, lost};

/// The server's account of an error, if it is the server's.
pub(super) fn account(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error
        .as_database_error()
        .and_then(|fault| fault.try_downcast_ref())
}

pub(super) fn has_code(error: &sqlx::Error, code: &str) -> bool {
    account(error).is_some_and(|fault| fault.code() == code)
}

/// Whether the connection is of no more use after it.
pub(super) fn is_broken(error: &sqlx::Error) -> bool {
    match account(error) {
        // The server ends the session, or never began it.
        Some(fault) => matches!(fault.code(), "57P01" | "57P02" | "57P03" | "57P05"),
        None => true,
    }
}

/// An error outside a script's statements.
pub(super) fn from_sqlx(error: &sqlx::Error) -> DatabaseError {
    let Some(fault) = account(error) else {
        return DatabaseError::Lost {
            message: lost::words(error),
        };
    };
    let message = fault.message().to_owned();
    match fault.code() {
        _ if is_broken(error) => DatabaseError::Lost { message },
        code if code.starts_with("08") => DatabaseError::Lost { message },
        // Lock not available, deadlock, serialization failure.
        "55P03" | "40P01" | "40001" => DatabaseError::Busy { message },
        // Read-only transaction.
        "25006" => DatabaseError::ReadOnly { message },
        // Insufficient privilege.
        "42501" => DatabaseError::Denied { message },
        code => DatabaseError::Other {
            message: match fault.detail() {
                Some(detail) => format!("{message} ({code}): {detail}"),
                None => format!("{message} ({code})"),
            },
        },
    }
}

/// What ended a statement of a script, which stood at `start` in the text sent.
pub(super) fn step_error(
    step: usize,
    sent: Sent<'_>,
    text: &str,
    start: usize,
    error: &sqlx::Error,
) -> StepError {
    let mapped = from_sqlx(error);
    let failure = match account(error) {
        Some(fault) => failure(sent, start, position(error, text), fault),
        None => unsaid(sent, &mapped),
    };
    StepError::of_statement(step, failure, mapped)
}

/// How far into a text the server says that an error is, in bytes.
pub(super) fn position(error: &sqlx::Error, text: &str) -> Option<usize> {
    match account(error)?.position()? {
        // Characters, counted from 1, over all that was sent.
        PgErrorPosition::Original(position) => {
            let at = text.char_indices().nth(position.saturating_sub(1));
            Some(at.map_or(text.len(), |(at, _)| at))
        }
        PgErrorPosition::Internal { .. } => None,
    }
}

/// An error on the way to the first query.
pub(super) fn on_connect(error: &sqlx::Error, place: &Place) -> DatabaseError {
    // Its words quote a character of the password.
    if matches!(error, sqlx::Error::Configuration(text) if text.to_string().contains("saslprep")) {
        return DatabaseError::Url(UrlFault::Password);
    }
    if let Some(fault) = certificate::fault(error, &place.to_string(), Dialect::Postgres) {
        return fault;
    }
    let message = match account(error) {
        Some(fault) => format!("{place}: {}", fault.message()),
        None => format!("{place}: {}", lost::words(error)),
    };
    let code = account(error).map(|fault| fault.code().to_owned());
    match (code.as_deref(), error) {
        (Some("3D000"), _) => DatabaseError::NoDatabase { message },
        // The user, the password or the way to prove it; the right to connect.
        (Some("28000" | "28P01" | "42501"), _) => DatabaseError::TurnedAway { message },
        (None, sqlx::Error::Protocol(_)) => DatabaseError::NotOfItsKind { message },
        _ => DatabaseError::Connect { message },
    }
}

/// The failure of a script's statement, which stood at `start` in the text sent.
fn failure(
    sent: Sent<'_>,
    start: usize,
    at: Option<usize>,
    fault: &PgDatabaseError,
) -> StatementFailure {
    let mut failure = failure_of(sent);
    failure.code = Some(fault.code().to_owned());
    fault.message().clone_into(&mut failure.message);
    failure.detail = fault.detail().map(str::to_owned);
    failure.hint = fault.hint().map(str::to_owned);
    failure.context = fault.r#where().map(str::to_owned);
    if let Some(at) = at {
        let within = at.saturating_sub(start).min(sent.statement.text.len());
        failure.offset += within;
    }
    failure.is_undone = true;
    failure
}
