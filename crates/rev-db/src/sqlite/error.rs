//! What SQLite's result codes mean. <https://sqlite.org/rescode.html>

use std::path::Path;

use rev_engine::database::DatabaseError;

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
