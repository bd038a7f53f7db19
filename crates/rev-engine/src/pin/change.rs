//! How what is found differs from what was approved.

use rev_core::{Binding, Digest, RevisionId, TransactionMode};

use crate::database::LogEntry;

/// Something that is no longer as it was when a lane was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The database is bound otherwise.
    Rebound {
        /// As it was.
        was: Box<Binding>,
        /// As it is.
        now: Box<Binding>,
    },
    /// A revision was applied that was not.
    Came {
        /// The revision.
        revision: RevisionId,
        /// What the log says of it.
        entry: Option<Box<LogEntry>>,
    },
    /// A revision is not applied any more.
    Left {
        /// The revision.
        revision: RevisionId,
        /// What the log says of it.
        entry: Option<Box<LogEntry>>,
    },
    /// The same revisions are applied, but not by the same scripts.
    Redone {
        /// The last that the log says was done.
        entry: Option<Box<LogEntry>>,
    },
    /// Something was done after this plan's own steps, or in their place.
    Between {
        /// What the log says was done; `None`: it says nothing.
        entry: Option<Box<LogEntry>>,
        /// The step that it should have told of.
        revision: RevisionId,
    },
    /// A revision that neither files nor ledger have any more.
    Gone {
        /// The revision.
        revision: RevisionId,
    },
    /// A script is another one.
    Edited {
        /// The revision.
        revision: RevisionId,
        /// `upgrade` or `downgrade`.
        script: &'static str,
        /// As it was.
        was: Digest,
        /// As it is.
        now: Digest,
    },
    /// A revision stands on something else.
    Reparented {
        /// The revision.
        revision: RevisionId,
        /// As it was.
        was: Vec<String>,
        /// As it is.
        now: Vec<String>,
    },
    /// Statements are committed otherwise.
    Committed {
        /// The revision.
        revision: RevisionId,
        /// As it was.
        was: TransactionMode,
        /// As it is.
        now: TransactionMode,
    },
    /// A shortcut does the work of others.
    Replaces {
        /// The shortcut.
        revision: RevisionId,
        /// As it was.
        was: Vec<RevisionId>,
        /// As it is.
        now: Vec<RevisionId>,
    },
    /// The same script, taken apart into other statements: by another version of
    /// this program.
    Split {
        /// The revision.
        revision: RevisionId,
        /// The first statement that is another one, from 1.
        number: usize,
    },
    /// A script is another one of those whose work a shortcut does: it does not
    /// run, but the ledger is to have it. Which one, a plan does not know.
    Member {
        /// The shortcut.
        shortcut: RevisionId,
        /// The revisions that it replaces, ascending.
        members: Vec<RevisionId>,
    },
    /// The steps lead to other contents.
    Elsewhere {
        /// The heads that they led to.
        was: Vec<RevisionId>,
        /// The heads that they lead to.
        now: Vec<RevisionId>,
    },
}
