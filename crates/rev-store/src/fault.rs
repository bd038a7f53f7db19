//! Faults: what is wrong in `rev.yaml` and in revision files, and where.
//!
//! A fault is a value: a stable code, a file, a place and the facts. Readers
//! collect faults and go on, so that one run reports all of them; hints are the
//! business of whoever shows them.

use std::fmt;

use rev_core::unseen;
use rev_core::{
    DatabaseName, GraphFault, Label, NameError, Need, RevisionId, ScriptError, TargetError,
};

/// A place in a text file. Lines and columns count from one, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// How many characters of that line are meant; zero where that is unknown.
    pub length: usize,
}

impl Place {
    /// A place of unknown length.
    #[must_use]
    pub const fn at(line: usize, column: usize) -> Self {
        Self {
            line,
            column,
            length: 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, relative to the project root where it is inside, with forward
    /// slashes.
    pub path: String,
    /// Where in the file, where that is known.
    pub place: Option<Place>,
    /// What is wrong.
    pub problem: Problem,
}

impl Fault {
    /// The stable code of the problem, such as `unknown_key`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.problem.code()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(place) = self.place {
            write!(f, ":{place}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Faults, in the order of their paths and places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Sorts faults by path, place and code.
    #[must_use]
    pub fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort_by(|a, b| {
            (&a.path, a.place, a.code())
                .cmp(&(&b.path, b.place, b.code()))
                .then_with(|| a.problem.to_string().cmp(&b.problem.to_string()))
        });
        faults.dedup();
        Self(faults)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The faults, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// What can be wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system would not give it.
    #[error("the file cannot be read: {reason}")]
    Unreadable {
        /// In the system's words.
        reason: String,
    },
    /// A folder whose name ends like a revision file's.
    #[error("a folder has the name of a revision file")]
    IsFolder,
    /// Something else than a file or a folder.
    #[error("this is neither a file nor a folder")]
    NotAFile,
    /// A link that leads out of the project.
    #[error("this is a link that leads out of the project, and is left aside")]
    LinkOut {
        /// The folder that it leads to, or to a file in.
        folder: String,
    },
    /// Something that is missing, and may be behind a link that is left aside.
    #[error(
        "{problem}; it may be behind {}, which is left aside: a link that leads out of the project",
        quoted(links)
    )]
    PerhapsAside {
        /// What is missing.
        problem: Box<Problem>,
        /// The links, as shown.
        links: Vec<String>,
    },
    /// Something wrong with a file that is not shown, since a link leads to it.
    #[error(
        "what it leads to is no settings file of `rev` ({code}); nothing of it is shown, since it is out of the project"
    )]
    Elsewhere {
        /// The code of what is wrong.
        code: &'static str,
    },
    /// A search without end.
    #[error("more than {folders} folders or {entries} files lie here, and not all are searched")]
    TooMany {
        /// The most folders.
        folders: usize,
        /// The most entries of folders.
        entries: usize,
    },
    /// A revision folder that is not there.
    #[error("the revision folder `{folder}` does not exist")]
    NoFolder {
        /// As written.
        folder: String,
    },
    /// A `dump:` that is no place for a schema.
    #[error("`{path}` is no place for a schema")]
    NoDump {
        /// As written.
        path: String,
    },
    /// A `dump:` that some database's models take in.
    #[error("no schema can be kept in `{path}`, which `models: {models}` takes in")]
    DumpInModels {
        /// As written.
        path: String,
        /// What is written under `models:`.
        models: String,
    },
    /// A word under `models:` that names no file.
    #[error("there is no model file `{path}`")]
    NoModels {
        /// As written.
        path: String,
    },
    /// A list that needs something in it.
    #[error("`{key}` is empty")]
    EmptyList {
        /// What it is under.
        key: &'static str,
    },
    /// A rename that is none.
    #[error("`{text}` is not OLD:NEW, with tables or with columns such as `hero.power:strength`")]
    BadRename {
        /// As written.
        text: String,
    },
    /// A pattern that begins with no kind.
    #[error("`{pattern}` begins with `{kind}`, which is no kind of object")]
    BadPattern {
        /// As written.
        pattern: String,
        /// What stands before the colon.
        kind: String,
    },
    /// A byte that no UTF-8 text holds.
    #[error("the file is not UTF-8: byte {offset} is {byte:#04x}")]
    NotUtf8 {
        /// Bytes before the offender.
        offset: usize,
        /// The offender.
        byte: u8,
    },
    /// A NUL character, raw or escaped.
    #[error("the text holds a NUL character, which no database takes")]
    Nul,
    /// A file beyond the cap.
    #[error("the file has {size} bytes; at most {limit} are read")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The cap.
        limit: u64,
    },

    /// A merge of git that is not finished.
    #[error("the file holds conflict markers of git")]
    Conflict,
    /// Not YAML, in the parser's words.
    #[error("this is not valid YAML: {detail}")]
    Syntax {
        /// In the parser's words.
        detail: String,
    },
    /// A value that does not suit its place in a file that `rev` writes itself, in
    /// the reader's words.
    #[error("this is not what it should be: {detail}")]
    Shape {
        /// In the reader's words.
        detail: String,
    },
    /// `&name`.
    #[error("anchors are not allowed: `&{name}`")]
    Anchor {
        /// As written.
        name: String,
    },
    /// `*name`, or `<<`.
    #[error("aliases are not allowed: `{text}`")]
    Alias {
        /// As written.
        text: String,
    },
    /// `!tag`.
    #[error("tags are not allowed: `{tag}`")]
    Tag {
        /// As written.
        tag: String,
    },
    /// A second document in one file.
    #[error("a file holds one document; a second one begins here")]
    SeveralDocuments,
    /// Collections nested beyond any use.
    #[error("collections are nested too deep")]
    TooDeep,
    /// Nothing but comments.
    #[error("the file is empty")]
    EmptyFile,
    /// A key that is a list, a map or nothing.
    #[error("a key must be a word")]
    OddKey,
    /// A key written twice in one map.
    #[error("key `{key}` is written twice, first on line {first_line}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it was first written.
        first_line: usize,
    },

    /// A required key that is not there.
    #[error("key `{key}` is missing")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A key that means nothing here.
    #[error("key `{key}` is not known here")]
    UnknownKey {
        /// As written.
        key: String,
        /// Known keys that look like it.
        similar: Vec<&'static str>,
    },
    /// A value of the wrong shape.
    #[error("{what} must be {expected}, not {found}")]
    WrongType {
        /// The key whose value it is, or "the file".
        what: String,
        /// What would be right.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A word outside a fixed choice.
    #[error("`{text}` is not a {what}")]
    NotAChoice {
        /// What the text was to be.
        what: &'static str,
        /// As written.
        text: String,
        /// The choice.
        choices: &'static [&'static str],
    },
    /// A name that `rev.yaml` binds to nothing.
    #[error("there is no database or group `{name}` in rev.yaml")]
    Unbound {
        /// As written.
        name: String,
        /// What it may have been meant to be, likeliest first.
        similar: Vec<String>,
    },
    /// A text that is no target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A text that is not the name it should be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A list that has the same member twice.
    #[error("`{text}` is written twice")]
    Repeated {
        /// As written.
        text: String,
    },

    /// A script without text.
    #[error("`{direction}` is empty")]
    EmptyScript {
        /// `upgrade` or `downgrade`.
        direction: &'static str,
    },
    /// A downgrade in a revision that says it has none.
    #[error("the revision says that it is irreversible, but has a downgrade script")]
    IrreversibleDowngrade,
    /// A word about the rows that a downgrade loses, where there is no downgrade.
    #[error("the revision says that its downgrade loses data, but that it has none")]
    IrreversibleLoss,
    /// `depends_on: [db@id]` of a database that `rev.yaml` does not bind.
    #[error("`{need}` names a database that rev.yaml does not bind: `{}`", need.database)]
    UnboundNeed {
        /// As written.
        need: Need,
        /// Databases that it may have been meant to be, likeliest first.
        similar: Vec<String>,
    },

    /// An id that two files claim.
    #[error("revision `{id}` is also declared in {other}")]
    DuplicateId {
        /// The id.
        id: RevisionId,
        /// The other file.
        other: String,
    },
    /// What keeps the revisions from being a graph.
    #[error(transparent)]
    Graph(#[from] GraphFault),
    /// A name that a database or group has already.
    #[error("{what} `{name}` has the name of a {owner}")]
    NameTaken {
        /// "branch label", "revision" or "group".
        what: &'static str,
        /// The name.
        name: String,
        /// "database" or "group".
        owner: &'static str,
    },
    /// A `follow:` entry that no revision declares.
    #[error("database `{database}` follows branch `{label}`, which no revision declares")]
    UnknownBranch {
        /// The database.
        database: DatabaseName,
        /// As written.
        label: Label,
        /// Labels that look like it.
        similar: Vec<String>,
    },
    /// An entry for a database or group that `rev.yaml` does not bind.
    #[error("`{name}` is neither a database nor a group in rev.yaml, so its scripts run nowhere")]
    UnknownDatabase {
        /// As written.
        name: DatabaseName,
        /// Bound names that look like it.
        similar: Vec<String>,
    },
    /// A parent that another parent stands on already.
    #[error("parent `{parent}` says nothing: parent `{through}` stands on it")]
    RedundantParent {
        /// It.
        parent: RevisionId,
        /// The other one.
        through: RevisionId,
    },
    /// A file whose name does not begin with the id of its revision.
    #[error("the name of this file does not begin with the id of its revision, `{id}`")]
    Misnamed {
        /// The revision.
        id: RevisionId,
        /// How the file would be named.
        expected: String,
    },
    /// A character that nobody sees, or that turns what stands around it.
    #[error("{}", unseen(*character))]
    Unseen {
        /// It.
        character: char,
    },
    /// A revision without a message.
    #[error("revision `{id}` has no message")]
    Nameless {
        /// The revision.
        id: RevisionId,
    },
    /// Scripts among which a database cannot choose.
    #[error(transparent)]
    Script(#[from] ScriptError),

    /// A text that is no duration.
    #[error("`{text}` is not a duration such as `500ms`, `5s`, `2m` or `0`")]
    Duration {
        /// As written.
        text: String,
    },
    /// `${…` that is not closed, or not a name.
    ///
    /// What is written instead is not shown: it may be part of a password.
    #[error("a `${{` here does not begin `${{NAME}}` or `${{NAME:-default}}`")]
    Reference,
    /// A URL that can never be right.
    #[error(transparent)]
    Url(#[from] crate::config::UrlFault),
    /// A search path without schemas, or with one that has no name.
    #[error("this is no search path of PostgreSQL's")]
    SearchPath,
    /// A table prefix that would need quoting.
    #[error(
        "`{text}` is not a table prefix: at most 32 ASCII letters, digits and `_`, no digit first"
    )]
    Prefix {
        /// As written.
        text: String,
    },
    /// A line of `.env` that sets nothing.
    #[error("this line is not `NAME=value`")]
    EnvironmentLine,
}

fn unseen(character: char) -> String {
    let what = match unseen::turns(character) {
        true => "turns the direction of what stands around it",
        false => "is a character that nobody sees",
    };
    format!("U+{:04X} {what}", u32::from(character))
}

/// "`a`, `b`".
fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

impl Problem {
    /// The stable code, such as `unknown_key`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Problem::Unreadable { .. } => "unreadable",
            Problem::IsFolder => "is_folder",
            Problem::NotAFile => "not_a_file",
            Problem::LinkOut { .. } => "link_out",
            Problem::PerhapsAside { problem, .. } => problem.code(),
            Problem::Elsewhere { .. } => "settings_elsewhere",
            Problem::TooMany { .. } => "too_many",
            Problem::NoFolder { .. } => "no_folder",
            Problem::NoDump { .. } => "no_dump",
            Problem::DumpInModels { .. } => "dump_in_models",
            Problem::NoModels { .. } => "no_models",
            Problem::EmptyList { .. } => "empty_list",
            Problem::BadRename { .. } => "bad_rename",
            Problem::BadPattern { .. } => "bad_pattern",
            Problem::NotUtf8 { .. } => "not_utf8",
            Problem::Nul => "nul",
            Problem::TooLarge { .. } => "too_large",
            Problem::Conflict => "conflict_markers",
            Problem::Syntax { .. } => "yaml_syntax",
            Problem::Shape { .. } => "bad_shape",
            Problem::Anchor { .. } => "yaml_anchor",
            Problem::Alias { .. } => "yaml_alias",
            Problem::Tag { .. } => "yaml_tag",
            Problem::SeveralDocuments => "several_documents",
            Problem::TooDeep => "too_deep",
            Problem::EmptyFile => "empty_file",
            Problem::OddKey => "odd_key",
            Problem::DuplicateKey { .. } => "duplicate_key",
            Problem::MissingKey { .. } => "missing_key",
            Problem::UnknownKey { .. } => "unknown_key",
            Problem::WrongType { .. } => "wrong_type",
            Problem::NotAChoice { .. } => "not_a_choice",
            Problem::Unbound { .. } => "unknown_database",
            Problem::Target(error) => error.code(),
            Problem::Name(_) => "bad_name",
            Problem::Repeated { .. } => "repeated",
            Problem::EmptyScript { .. } => "empty_script",
            Problem::IrreversibleDowngrade => "irreversible_downgrade",
            Problem::IrreversibleLoss => "irreversible_loss",
            Problem::UnboundNeed { .. } => "unbound_need",
            Problem::DuplicateId { .. } => "duplicate_id",
            Problem::Graph(fault) => fault.code(),
            Problem::NameTaken { .. } => "name_taken",
            Problem::UnknownBranch { .. } => "unknown_branch",
            Problem::UnknownDatabase { .. } => "unknown_database",
            Problem::RedundantParent { .. } => "redundant_parent",
            Problem::Misnamed { .. } => "misnamed_file",
            Problem::Unseen { .. } => "unseen_character",
            Problem::Nameless { .. } => "no_message",
            Problem::Script(ScriptError::TwoGroups { .. }) => "two_groups",
            Problem::Script(_) => "no_dialect",
            Problem::Duration { .. } => "bad_duration",
            Problem::Reference => "bad_reference",
            Problem::Url(_) => "bad_url",
            Problem::SearchPath => "bad_search_path",
            Problem::Prefix { .. } => "bad_prefix",
            Problem::EnvironmentLine => "bad_env_line",
        }
    }
}
