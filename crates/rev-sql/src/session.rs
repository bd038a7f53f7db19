//! What a session of a run begins with, for the run itself and for the script that is
//! shown of it: settings that lead our own statements, or bound their time.
//!
//! What a script means is left as the server has it, so that it does here what it does in
//! the server's own client.

use std::time::Duration;

use rev_core::{Dialect, SearchPath};

use crate::ledger;

/// The longest lock wait that every version of MySQL and MariaDB takes, in seconds.
const LONGEST_WAIT: u64 = 31_536_000;

/// What every session with MySQL or MariaDB begins with.
///
/// - `autocommit`, `completion_type`: transactions begin and end where we say so. With
///   `autocommit = 0` the first look into the catalogue would begin one.
/// - `sql_mode`: the driver asks for `IGNORE_SPACE`, by which the names of built-in
///   functions are reserved words, and which is stored with every routine. The clients
///   do not ask for it.
/// - `wait_timeout` and the like: the guard's session is idle while a statement runs.
///   24 days is the longest that every platform takes.
/// - `sql_select_limit`, `sql_big_selects`, `sql_auto_is_null`: a ledger read in part is
///   a wrong one. Rows that a script selects are thrown away.
/// - `max_execution_time`, `max_statement_time`: `statement_timeout` says how long one
///   may run.
///
/// A comment of a version between 5.7 and 5.9 is MySQL's alone, `M!` MariaDB's.
pub const MYSQL_BEGINNING: &str = "SET SESSION autocommit = 1, completion_type = 0, \
     sql_mode = IF(FIND_IN_SET('IGNORE_SPACE', @@global.sql_mode), @@sql_mode, \
       TRIM(BOTH ',' FROM REPLACE(CONCAT(',', @@sql_mode, ','), ',IGNORE_SPACE,', ','))), \
     wait_timeout = 2147483, sql_select_limit = 18446744073709551615, sql_big_selects = 1, \
     sql_auto_is_null = 0 \
     /*!50708 , max_execution_time = 0 */ \
     /*M!100309 , max_statement_time = 0, idle_transaction_timeout = 0, \
       idle_readonly_transaction_timeout = 0, idle_write_transaction_timeout = 0 */";

/// What `rev.yaml` says of the sessions with a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// PostgreSQL: the search path.
    pub schema: Option<SearchPath>,
    /// How long one statement may wait for a lock.
    pub lock_timeout: Duration,
    /// How long one statement may run; 0: as long as it takes.
    pub statement_timeout: Duration,
}

impl Terms {
    /// Settings of PostgreSQL, by `SET` or `SET LOCAL`: one statement a line.
    #[must_use]
    pub fn postgres(&self, set: &str) -> String {
        let milliseconds =
            |duration: Duration| i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
        let mut text = format!(
            "{set} client_encoding = 'UTF8';\n{set} TimeZone = 'UTC';\n\
             {set} DateStyle = 'ISO, MDY';\n\
             {set} lock_timeout = {};\n{set} statement_timeout = {};\n",
            milliseconds(self.lock_timeout),
            milliseconds(self.statement_timeout),
        );
        if let Some(path) = &self.schema {
            let schemas = path.schemas().map(|it| ledger::name(it, Dialect::Postgres));
            let schemas: Vec<String> = schemas.collect();
            text.push_str(&format!("{set} search_path = {};\n", schemas.join(", ")));
        }
        text
    }

    /// Settings of MySQL and MariaDB, beside [`MYSQL_BEGINNING`]: one statement. Metadata
    /// locks and row locks are waited for alike.
    #[must_use]
    pub fn mysql(&self) -> String {
        let seconds = self.lock_timeout.as_millis().div_ceil(1000);
        let seconds = u64::try_from(seconds).unwrap_or(LONGEST_WAIT);
        let seconds = seconds.clamp(1, LONGEST_WAIT);
        format!("SET SESSION lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}")
    }

    /// What a session of an engine's own client begins with, to be one of ours.
    #[must_use]
    pub fn of_client(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Postgres => self.postgres("SET"),
            Dialect::Mysql => format!(
                "SET NAMES utf8mb4;\n{MYSQL_BEGINNING};\n{};\n",
                self.mysql()
            ),
            Dialect::Sqlite => "PRAGMA foreign_keys = ON;\n".to_owned(),
        }
    }
}
