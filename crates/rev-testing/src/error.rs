//! Why a test could not be made of a project.

use rev_core::plan::WaitError;
use rev_core::{DatabaseName, ResolveError, ScriptError, TargetError};
use rev_engine::failure::DatabaseError;
use rev_engine::outcome::Refusal;
use rev_store::config::UrlError;
use rev_store::project::OpenError;

/// Why a test could not be made of a project.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project cannot be read.
    #[error("the project cannot be read: {0}")]
    Open(#[from] OpenError),
    /// A target is none.
    #[error("`{text}` is no target")]
    Target {
        /// What was written.
        text: String,
        /// Why.
        #[source]
        error: TargetError,
    },
    /// A name that `rev.yaml` does not bind.
    #[error("`{name}` is no database, group or pattern of rev.yaml")]
    Unbound {
        /// The name.
        name: String,
    },
    /// A database whose dialect cannot be told.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A point that means nothing.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// There is no such plan.
    #[error("there is no such plan for `{database}`: {refusal}")]
    Refused {
        /// The database.
        database: DatabaseName,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// Lanes that do not go together.
    #[error(transparent)]
    Across(#[from] WaitError),
    /// It cannot be told what runs on a database.
    #[error("it cannot be told what runs on `{database}`: {}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Scripts {
        /// The database.
        database: DatabaseName,
        /// Why, for each revision.
        errors: Vec<ScriptError>,
    },
    /// A throw-away database cannot be made.
    #[error("a throw-away database cannot be made")]
    Database(#[from] DatabaseError),
    /// A database that is not SQLite's.
    #[error("`{database}` is no database of SQLite, which is all that is made here")]
    NotSqlite {
        /// The database.
        database: DatabaseName,
    },
    /// Revisions did not come up.
    #[error("the revisions do not come up on `{database}`: {reason}")]
    NotUp {
        /// The database.
        database: DatabaseName,
        /// What went wrong.
        reason: String,
    },
    /// No thread can be started, or the like.
    #[error(transparent)]
    System(#[from] std::io::Error),
}
