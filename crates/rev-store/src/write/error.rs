//! Why nothing was written.

use std::io;
use std::path::{Path, PathBuf};

use rev_core::{DatabaseName, RevisionId};

use crate::fault::{Place, Problem};

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is a file already.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("`{}` cannot be written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A database of that name is bound already.
    #[error("`{}` binds a database `{database}` already", path.display())]
    Bound {
        /// The settings.
        path: PathBuf,
        /// The name.
        database: DatabaseName,
    },
    /// Settings that cannot be added to by themselves.
    #[error("`{}` is written in a way that cannot be added to by itself", path.display())]
    Unadded {
        /// The settings.
        path: PathBuf,
        /// The lines to paste.
        entry: String,
    },
    /// A folder that a link leads to, out of the project.
    #[error("`{path}` leads out of the project by a link, and nothing is written there")]
    LinkOut {
        /// The folder, as shown.
        path: String,
    },
    /// Settings that would be a fault: nothing was written.
    #[error(transparent)]
    Settings {
        /// What is wrong with them.
        problem: Box<Problem>,
    },
    /// Something that would read back as something else; the file was not put in
    /// place.
    #[error("`{}` would read back as something else", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// Parents that cannot be changed without changing what stands around them.
    #[error("the parents in `{}` are written in a way that cannot be changed by itself", path.display())]
    Fixed {
        /// The file, which is as it was.
        path: PathBuf,
        /// Where they stand.
        place: Option<Place>,
    },
    /// A database's entry that `models:` cannot be added to.
    #[error("`models:` cannot be added to `{database}` in `{}` by itself, as it is written", path.display())]
    Undeclared {
        /// The settings, which are as they were.
        path: PathBuf,
        /// The database.
        database: DatabaseName,
        /// What was to be said.
        models: String,
    },
    /// A revision that YAML cannot carry; the file was not put in place.
    #[error("revision `{id}` would read back as something else")]
    NotFaithful {
        /// The revision.
        id: RevisionId,
    },
}

impl WriteError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists { path },
            _ => WriteError::Io { path, source },
        }
    }
}

impl WriteError {
    /// A draft that cannot be written is told as the file that was asked for.
    pub(super) fn of_draft(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| WriteError::Io { path, source }
    }
}
