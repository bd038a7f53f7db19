//! What a database answers when it cannot: why it could not be asked, and why a step failed.

use rev_core::UrlFault;

/// Why a database could not be asked or told something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// It cannot be reached or opened.
    #[error("cannot open the database: {message}")]
    Connect {
        /// What the driver or system said.
        message: String,
    },
    /// Its URL cannot be used, whatever is at the other end.
    #[error("the URL cannot be used: {0}")]
    Url(#[from] UrlFault),
    /// A server answers, and lets this user in not at all, or not there.
    #[error("cannot open the database: {message}")]
    TurnedAway {
        /// What the server said.
        message: String,
    },
    /// A server answers, and has no database of this name.
    #[error("cannot open the database: {message}")]
    NoDatabase {
        /// What the server said.
        message: String,
    },
    /// Others have it open, which keeps it from being dropped.
    #[error("it is in use: {}", by.join("; "))]
    InUse {
        /// Who, each as a phrase: `app@localhost, process 512`.
        by: Vec<String>,
    },
    /// What answers is no server of this kind.
    #[error("cannot open the database: {message}")]
    NotOfItsKind {
        /// What was met.
        message: String,
    },
    /// The ledger's tables are not there and cannot be made.
    #[error("the ledger cannot be made: {message}")]
    NoLedger {
        /// What the server said.
        message: String,
    },
    /// It answers, and its certificate proves nothing.
    #[error("cannot open the database: {message}")]
    Certificate {
        /// What is wrong with the certificate.
        message: String,
        /// What would mend it.
        remedy: &'static str,
    },
    /// A schema of the search path is not there.
    #[error("{}", match schema {
        Some(schema) => format!("there is no schema `{schema}`"),
        None => "no schema of its search path exists".to_owned(),
    })]
    NoSchema {
        /// The one that `schema:` names; `None`: none of the server's own path is there.
        schema: Option<String>,
    },
    /// The connection broke, or the server ended it: what was under way may stand
    /// or not.
    #[error("the connection was lost: {message}")]
    Lost {
        /// What the driver said.
        message: String,
    },
    /// The user may not do that.
    #[error("the database does not let this user do that: {message}")]
    Denied {
        /// What the server said.
        message: String,
    },
    /// It is reached through a pooler that gives each transaction another session.
    #[error("the URL leads through a pooler that parts sessions by transaction")]
    Pooled,
    /// It is a node of a cluster, and what a run does there would not reach the others,
    /// though the ledger would.
    #[error("the other nodes of the cluster would not get what runs here: {setting}")]
    NotReplicated {
        /// The setting, and its value.
        setting: String,
    },
    /// It can prepare no transactions.
    #[error("the database cannot prepare transactions: {message}")]
    NoTwoPhase {
        /// Why.
        message: String,
    },
    /// It is there, but is no database of this kind.
    #[error("`{path}` is not a database: {message}")]
    NotADatabase {
        /// The file.
        path: String,
        /// What the driver said.
        message: String,
    },
    /// Its ledger was written by a newer program.
    #[error("the ledger has format {found}; this program knows formats up to {known}")]
    NewerLedger {
        /// The ledger's.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// Its ledger cannot be understood.
    #[error("the ledger is damaged: {message}")]
    Damaged {
        /// What is wrong with it.
        message: String,
        /// Where.
        part: Part,
    },
    /// Something else has it locked.
    #[error("the database is locked by another program: {message}")]
    Busy {
        /// What the driver said.
        message: String,
    },
    /// It may not be written.
    #[error("the database cannot be written: {message}")]
    ReadOnly {
        /// What the driver said.
        message: String,
    },
    /// Anything else.
    #[error("{message}")]
    Other {
        /// What the driver said.
        message: String,
    },
}

/// The part of a ledger that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// These tables are missing.
    Tables(Vec<String>),
    /// `rev_state` has no row, or one that no run has left.
    State,
    /// What is in flight.
    InFlight,
    /// A column of a revision's row.
    Row {
        /// The revision, as it stands there.
        revision: String,
        /// The column.
        column: &'static str,
    },
    /// Something that only a person can mend.
    Other,
}

impl DatabaseError {
    /// A ledger that cannot be understood.
    #[must_use]
    pub fn damaged(part: Part, message: impl ToString) -> Self {
        let message = message.to_string();
        Self::Damaged { message, part }
    }

    /// The same, met while the ledger was made: what is no matter of the server's state is
    /// told as the ledger's, so that nobody looks for it in a script.
    #[must_use]
    pub fn while_making_ledger(self) -> Self {
        match self {
            Self::Denied { message } | Self::Other { message } => Self::NoLedger { message },
            other => other,
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            DatabaseError::Connect { .. } => "cannot_connect",
            DatabaseError::TurnedAway { .. } => "turned_away",
            DatabaseError::NoDatabase { .. } => "no_such_database",
            DatabaseError::InUse { .. } => "in_use",
            DatabaseError::NotOfItsKind { .. } => "not_of_its_kind",
            DatabaseError::NoLedger { .. } => "no_ledger",
            DatabaseError::Url(_) => "bad_url",
            DatabaseError::NoSchema { .. } => "no_schema",
            DatabaseError::Certificate { .. } => "bad_certificate",
            DatabaseError::Lost { .. } => "connection_lost",
            DatabaseError::Denied { .. } => "denied",
            DatabaseError::Pooled => "pooled",
            DatabaseError::NotReplicated { .. } => "not_replicated",
            DatabaseError::NoTwoPhase { .. } => "no_two_phase",
            DatabaseError::NotADatabase { .. } => "not_a_database",
            DatabaseError::NewerLedger { .. } => "newer_ledger",
            DatabaseError::Damaged { .. } => "damaged_ledger",
            DatabaseError::Busy { .. } => "database_locked",
            DatabaseError::ReadOnly { .. } => "read_only",
            DatabaseError::Other { .. } => "database_error",
        }
    }
}

/// Why a batch failed; nothing of it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// A statement of a script failed.
    #[error("{}", failure.message)]
    Statement {
        /// Which step of the batch, from 0.
        step: usize,
        /// What failed.
        failure: Box<StatementFailure>,
    },
    /// A statement of a script was kept from running by what is no fault of it: a lock, a
    /// connection that broke, a server that takes no writes.
    #[error("{error}")]
    Hindered {
        /// Which step of the batch, from 0.
        step: usize,
        /// The statement.
        failure: Box<StatementFailure>,
        /// By what.
        error: DatabaseError,
    },
    /// The script left foreign keys that lead nowhere.
    #[error("the script leaves foreign keys that lead nowhere: {}", violations.join("; "))]
    ForeignKeys {
        /// Which step of the batch, from 0.
        step: usize,
        /// Each as a phrase: table, row, the table referred to.
        violations: Vec<String>,
    },
    /// Something other than a script's statement failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl StepError {
    /// What ended a statement that a driver met an error in: its own fault, unless the error
    /// says only that the server could not serve anybody.
    #[must_use]
    pub fn of_statement(step: usize, failure: StatementFailure, error: DatabaseError) -> Self {
        let failure = Box::new(failure);
        match error {
            DatabaseError::Busy { .. }
            | DatabaseError::Lost { .. }
            | DatabaseError::ReadOnly { .. } => Self::Hindered {
                step,
                failure,
                error,
            },
            _ => Self::Statement { step, failure },
        }
    }

    /// The database's error, where it is no statement's.
    #[must_use]
    pub fn database(&self) -> Option<&DatabaseError> {
        match self {
            Self::Database(error) | Self::Hindered { error, .. } => Some(error),
            Self::Statement { .. } | Self::ForeignKeys { .. } => None,
        }
    }

    /// The statement that it ended.
    #[must_use]
    pub fn statement(&self) -> Option<&StatementFailure> {
        match self {
            Self::Statement { failure, .. } | Self::Hindered { failure, .. } => Some(failure),
            Self::Database(_) | Self::ForeignKeys { .. } => None,
        }
    }

    /// The same where no script runs, so that it can only be the database's.
    #[must_use]
    pub fn into_database_error(self) -> DatabaseError {
        match self {
            StepError::Database(error) | StepError::Hindered { error, .. } => error,
            other => DatabaseError::Other {
                message: other.to_string(),
            },
        }
    }
}

/// A statement that the database refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatementFailure {
    /// Which one, from 1.
    pub number: usize,
    /// Its text.
    pub statement: String,
    /// The piece of the script that holds it, from 0.
    pub piece: usize,
    /// Where in the piece the fault is, in bytes: the place that the server
    /// named, else the statement's start.
    pub offset: usize,
    /// The server's code, if it has one.
    pub code: Option<String>,
    /// What the server said.
    pub message: String,
    /// What it said besides.
    pub detail: Option<String>,
    /// What it advised.
    pub hint: Option<String>,
    /// Where in the database's own code it happened, such as a function's line.
    pub context: Option<String>,
    /// Whether the server promises that nothing of the statement stands.
    pub is_undone: bool,
}
