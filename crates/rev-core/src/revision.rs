//! Revisions: one change each, with its scripts for every database.
//!
//! A database takes its own entry, else the entry of the one group that names
//! it, else, if it is shared, the top-level entry, else it has nothing to do.
//! An entry is taken whole, never mixed key by key with another.

use std::collections::BTreeMap;

use crate::{Binding, DatabaseName, Dialect, Label, RevisionId};

/// One change, as a node of the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its identity.
    pub id: RevisionId,
    /// `down_revision`, as written.
    pub parents: Vec<RevisionId>,
    /// `depends_on` within each database, as written: ids and labels.
    pub depends_on: Vec<String>,
    /// `depends_on` across databases: what another one must have first.
    pub needs: Vec<Need>,
    /// Names of the branch that starts here.
    pub labels: Vec<Label>,
    /// What the change is, for people.
    pub message: String,
    /// When it was written, as written; informative only.
    pub created: Option<String>,
    /// What runs where.
    pub scripts: Scripts,
    /// Whether it says on purpose that there is no way down.
    pub irreversible: bool,
    /// Whether it says on purpose that rows are gone once it was taken down.
    pub loses_data: bool,
    /// `replaces`, as written: the revisions whose work it does in one step.
    pub replaces: Vec<RevisionId>,
}

impl Revision {
    /// A revision of this id and these parents, with nothing to do anywhere.
    #[must_use]
    pub fn new(id: RevisionId, parents: Vec<RevisionId>) -> Self {
        Self {
            id,
            parents,
            depends_on: Vec::new(),
            needs: Vec::new(),
            labels: Vec::new(),
            message: String::new(),
            created: None,
            scripts: Scripts::default(),
            irreversible: false,
            loses_data: false,
            replaces: Vec::new(),
        }
    }

    /// Whether this id is written as something that the revision stands on or
    /// needs of another database.
    #[must_use]
    pub fn names(&self, id: &RevisionId) -> bool {
        self.parents.contains(id)
            || self.depends_on.iter().any(|it| it == id.as_str())
            || self.needs.iter().any(|it| it.revision == id.as_str())
    }
}

/// `database@revision` in `depends_on`: wherever the revision that says so has
/// work, it runs only once that database has this revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The other database.
    pub database: DatabaseName,
    /// An id or a label, as written.
    pub revision: String,
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.database, self.revision)
    }
}

/// All scripts of a revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scripts {
    /// The top-level scripts, for every database without an entry of its own.
    pub top: Entry,
    /// The entries under `databases:`, by database or group.
    pub databases: BTreeMap<DatabaseName, Entry>,
}

/// What a revision does to one database or group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The way up.
    pub upgrade: Option<Script>,
    /// The way down.
    pub downgrade: Option<Script>,
    /// How the statements are committed.
    pub transaction: TransactionMode,
}

/// How a step's statements are committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TransactionMode {
    /// All of them together with the ledger row.
    #[default]
    Step,
    /// Each by itself.
    None,
}

impl TransactionMode {
    /// The word used in files, plans and ledgers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            TransactionMode::Step => "step",
            TransactionMode::None => "none",
        }
    }
}

/// A script, the same for every dialect or one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// One text for whatever dialect the database speaks.
    Any(Sql),
    /// A text a dialect; `None` says on purpose that there is nothing to do.
    ByDialect(BTreeMap<Dialect, Option<Sql>>),
}

/// The text of a script: one or more pieces, each a statement or several, run
/// in order. Written in YAML as a string (one piece) or a list of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql(pub Vec<String>);

impl Sql {
    /// A script of one piece.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(vec![text.to_owned()])
    }

    /// The pieces in the form that is hashed and compared: line ends as LF, no
    /// white space at the end of a piece.
    pub fn normalized(&self) -> impl Iterator<Item = String> + '_ {
        self.0
            .iter()
            .map(|piece| piece.replace("\r\n", "\n").trim_end().to_owned())
    }
}

/// What a revision does to one database, its dialect already chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work<'a> {
    /// The way up; `None`: nothing to do.
    pub upgrade: Option<&'a Sql>,
    /// The way down; `None`: nothing to undo, or no way to.
    pub downgrade: Option<&'a Sql>,
    /// How the statements are committed.
    pub transaction: TransactionMode,
}

impl Work<'_> {
    /// Whether there is nothing to do in either direction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.upgrade.is_none() && self.downgrade.is_none()
    }
}

/// Why a database has no one script in a revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// A database whose groups have more than one entry here.
    #[error(
        "revision `{revision}` has entries for two groups of database `{database}`: `{first}` and `{second}`"
    )]
    TwoGroups {
        /// The revision.
        revision: RevisionId,
        /// The database.
        database: DatabaseName,
        /// One group.
        first: DatabaseName,
        /// Another.
        second: DatabaseName,
    },
    /// A dialect map that does not speak of the database's dialect.
    #[error(
        "revision `{revision}` has {direction} scripts by dialect, but none for database `{database}` ({dialect})"
    )]
    NoDialect {
        /// The revision.
        revision: RevisionId,
        /// The database.
        database: DatabaseName,
        /// What it speaks.
        dialect: Dialect,
        /// `upgrade` or `downgrade`.
        direction: &'static str,
    },
}

impl Revision {
    /// The entry that `database` takes, whole; `None`: nothing to do there.
    ///
    /// # Errors
    ///
    /// [`ScriptError::TwoGroups`].
    pub fn entry(&self, database: &Binding) -> Result<Option<&Entry>, ScriptError> {
        if let Some(own) = self.scripts.databases.get(&database.name) {
            return Ok(Some(own));
        }
        let mut of_groups = database
            .groups
            .iter()
            .filter_map(|group| self.scripts.databases.get_key_value(group));
        match (of_groups.next(), of_groups.next()) {
            (Some((first, _)), Some((second, _))) => Err(ScriptError::TwoGroups {
                revision: self.id.clone(),
                database: database.name.clone(),
                first: first.clone(),
                second: second.clone(),
            }),
            (Some((_, entry)), None) => Ok(Some(entry)),
            _ => Ok(database.shared.then_some(&self.scripts.top)),
        }
    }

    /// What this revision does to `database`, both ways.
    ///
    /// # Errors
    ///
    /// [`ScriptError`], where it cannot be told.
    pub fn work(&self, database: &Binding) -> Result<Work<'_>, ScriptError> {
        let Some(entry) = self.entry(database)? else {
            return Ok(Work::default());
        };
        Ok(Work {
            upgrade: self.script(entry.upgrade.as_ref(), "upgrade", database)?,
            downgrade: self.script(entry.downgrade.as_ref(), "downgrade", database)?,
            transaction: entry.transaction,
        })
    }

    fn script<'a>(
        &self,
        script: Option<&'a Script>,
        direction: &'static str,
        database: &Binding,
    ) -> Result<Option<&'a Sql>, ScriptError> {
        match script {
            None => Ok(None),
            Some(script) => {
                script
                    .for_dialect(database.dialect)
                    .ok_or_else(|| ScriptError::NoDialect {
                        revision: self.id.clone(),
                        database: database.name.clone(),
                        dialect: database.dialect,
                        direction,
                    })
            }
        }
    }
}

impl Script {
    /// The text for one dialect: `None` where the map does not speak of it,
    /// `Some(None)` where it says that there is nothing to do.
    #[must_use]
    pub fn for_dialect(&self, dialect: Dialect) -> Option<Option<&Sql>> {
        match self {
            Script::Any(sql) => Some(Some(sql)),
            Script::ByDialect(map) => map.get(&dialect).map(Option::as_ref),
        }
    }
}
