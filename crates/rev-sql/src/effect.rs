//! What a statement does, as far as its text tells, and what became of it, as
//! far as the catalogue tells.
//!
//! A statement that cannot share a transaction with its mark may be cut off by a
//! kill so that nobody saw whether it took effect. [`of`] sorts statements by what
//! could be known then; [`reading`] compares what the catalogue said of an object
//! before with what it says now. It calls a change done only where the statement
//! explains every difference, and not done only where nothing differs that would
//! have to: whatever else there is, is left to a person.

mod change;
mod plain;
mod rows;
mod session;
mod setting;
#[cfg(test)]
mod tests;
mod undo;

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;
use serde::{Deserialize, Serialize};

use crate::ledger;
use crate::split::{Token, readings, stands_alone_on_sqlite, tokens};

pub use plain::is_plain_rows;
pub use rows::{counts_found_rows, makes_rows};
use session::is_temporary;
pub use session::{Lost, Trace, lost, touches_session, trace};
pub use setting::sets_one_of;
pub use undo::{Undo, undo};

/// What running a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Changes or reads rows, and no more: it can share a transaction with its
    /// mark, where its tables have transactions.
    Rows,
    /// Changes one object of the schema.
    Object(Change),
    /// Running it twice is the same as running it once.
    Repeatable,
    /// Changes only the session, and is lost with it; what it leaves there is its
    /// [`trace`].
    Session,
    /// Nobody can know from the text and the catalogue.
    Unknown,
}

/// A change of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it changes.
    pub object: Object,
    /// How.
    pub verb: Verb,
    dialect: Dialect,
}

/// An object of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Of which kind it is.
    pub kind: ObjectKind,
    /// Its schema, where the statement names it.
    pub schema: Option<String>,
    /// Its name, as the catalogue has it.
    pub name: String,
    /// The table of an index or trigger, where the statement names it.
    pub table: Option<String>,
}

/// The kinds of objects whose catalogue entries are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A table.
    Table,
    /// An index.
    Index,
    /// A view.
    View,
    /// A trigger.
    Trigger,
    /// A function or procedure.
    Routine,
    /// An event of the server's scheduler.
    Event,
    /// A database or schema.
    Schema,
}

/// How an object is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// It appears.
    Create {
        /// A table's or index's columns, where the statement lists them plainly.
        columns: Option<BTreeSet<String>>,
        /// Whether a failure may leave it behind unusable.
        concurrently: bool,
    },
    /// It goes.
    Drop,
    /// It gets another name, the second object's.
    Rename(Object),
    /// Its parts change; `None`: in a way that is not understood.
    Alter(Option<Vec<Clause>>),
}

/// One change of a table's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// A part appears: `column c`, `index i`, `constraint k`.
    Add(String),
    /// A part goes.
    Drop(String),
    /// A part's definition changes.
    Change(String),
    /// A part gets a definition, stated whole: to state it again changes nothing more.
    Define(String),
    /// A foreign key of this name appears, and an index of the same name where none fits.
    Refer(String),
    /// A part gets another name, and perhaps another definition.
    Rename(String, String),
}

/// What the catalogue says of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Description {
    /// Whether it is there.
    pub exists: bool,
    /// Whether it can be used: an index may be there and be invalid.
    pub valid: bool,
    /// Its named parts and their definitions: `column id` is `bigint NOT NULL`,
    /// `index hero_name` is `btree (name)`, `option engine` is `InnoDB`.
    pub parts: BTreeMap<String, String>,
}

/// What became of a statement whose run was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It took effect.
    Done,
    /// It did not.
    NotDone,
    /// It left something unusable, which this statement removes; then it is as if
    /// it had not run.
    Remnant(String),
    /// Nobody can know, and why.
    Unclear(String),
}

/// What running a statement does, on every server that may be told it.
#[must_use]
pub fn of(statement: &str, dialect: Dialect) -> Effect {
    let readings = readings(statement, dialect);
    let said = readings.iter().filter(|tokens| !tokens.is_empty());
    let effects = said.map(|tokens| read(Words(tokens), dialect));
    let joined = effects.reduce(|one, other| if one == other { one } else { Effect::Unknown });
    // A comment to every server does nothing.
    joined.unwrap_or(Effect::Repeatable)
}

fn read(head: Words<'_, '_>, dialect: Dialect) -> Effect {
    if dialect == Dialect::Mysql
        && let Some(inner) = setting::inner(head)
    {
        return read(inner, dialect);
    }
    if let Some(effect) = session::effect(head, dialect) {
        return effect;
    }
    if is_rows(head, dialect) {
        return Effect::Rows;
    }
    if is_repeatable(head, dialect) {
        return Effect::Repeatable;
    }
    change::read(head.0, dialect).map_or(Effect::Unknown, Effect::Object)
}

/// Whether a statement cannot share a transaction with anything else: some server
/// refuses it there, or it commits by itself.
#[must_use]
pub fn needs_to_be_alone(statement: &str, dialect: Dialect) -> bool {
    let readings = readings(statement, dialect);
    let said = readings.iter().filter(|tokens| !tokens.is_empty());
    said.map(|tokens| Words(tokens))
        .any(|head| stands_alone(head, dialect))
}

fn stands_alone(head: Words<'_, '_>, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Postgres => stands_alone_on_postgres(head),
        Dialect::Sqlite => stands_alone_on_sqlite(head.0),
        Dialect::Mysql => !shares_on_mysql(head),
    }
}

/// Whether a statement of MySQL or MariaDB is known to leave the transaction open. Only
/// these few do: nearly everything else ends it, some of it depending on its operands.
/// <https://dev.mysql.com/doc/refman/9.0/en/implicit-commit.html>
fn shares_on_mysql(head: Words<'_, '_>) -> bool {
    if let Some(inner) = setting::inner(head) {
        return shares_on_mysql(inner);
    }
    let is_setting = matches!(setting::read(head), Some(setting::Setting::Session { .. }));
    is_setting || head.starts_any(&["USE"]) || is_rows(head, Dialect::Mysql)
}

/// The table that a statement makes, where that is all it does.
#[must_use]
pub fn made_table(statement: &str, dialect: Dialect) -> Option<Object> {
    match of(statement, dialect) {
        Effect::Object(Change {
            object,
            verb: Verb::Create { .. },
            ..
        }) if object.kind == ObjectKind::Table => Some(object),
        _ => None,
    }
}

/// Whether a statement may end transactions by itself, where it runs outside any.
#[must_use]
pub fn may_commit(statement: &str, dialect: Dialect) -> bool {
    if dialect != Dialect::Postgres {
        return false;
    }
    let tokens = tokens(statement, dialect);
    let head = Words(&tokens);
    let text = statement.to_uppercase();
    let ends = ["COMMIT", "ROLLBACK"]
        .iter()
        .any(|word| text.contains(word));
    head.starts_any(&["CALL"]) || (head.starts_any(&["DO"]) && ends)
}

/// Whether a statement runs a program of several statements, which may fail at any of
/// them: `CALL p()`, `BEGIN NOT ATOMIC … END`.
#[must_use]
pub fn runs_program(statement: &str) -> bool {
    const VERBS: [&str; 9] = [
        "CALL", "EXECUTE", "BEGIN", "IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR",
    ];
    let readings = readings(statement, Dialect::Mysql);
    readings.iter().any(|tokens| {
        let head = Words(tokens);
        setting::inner(head).unwrap_or(head).starts_any(&VERBS)
    })
}

/// Whether MySQL from 8.0 on does a statement as a whole or not at all, as long as the
/// tables that it names are of a transactional engine.
/// <https://dev.mysql.com/doc/refman/9.0/en/atomic-ddl.html>
#[must_use]
pub fn is_atomic_on_mysql(statement: &str) -> bool {
    let readings = readings(statement, Dialect::Mysql);
    readings.iter().all(|tokens| is_atomic(Words(tokens)))
}

/// Not of a database, whose folder goes last, nor of files and plugins.
fn is_atomic(head: Words<'_, '_>) -> bool {
    const HELD: [&str; 10] = [
        "TABLE",
        "TABLES",
        "INDEX",
        "VIEW",
        "TRIGGER",
        "FUNCTION",
        "PROCEDURE",
        "EVENT",
        "USER",
        "ROLE",
    ];
    const NOT_HELD: [&str; 6] = [
        "DATABASE",
        "SCHEMA",
        "SERVER",
        "TABLESPACE",
        "LOGFILE",
        "INSTANCE",
    ];
    let mut things = head.0.iter();
    let thing = things.find(|token| token.is_any(&HELD) || token.is_any(&NOT_HELD));
    let is_held = thing.is_some_and(|thing| thing.is_any(&HELD));
    let defines = head.starts_any(&["CREATE", "ALTER", "DROP", "RENAME"]) && is_held;
    let files = ["DISCARD", "IMPORT", "SONAME"]
        .iter()
        .any(|word| head.has(word));
    let mut engine = head.0.iter().skip_while(|it| !it.is("ENGINE")).skip(1);
    let engine = engine.find(|it| !it.is_symbol("="));
    let is_other_engine = engine.is_some_and(|it| !it.is("InnoDB"));
    (defines || head.starts_any(&["TRUNCATE", "GRANT", "REVOKE"])) && !files && !is_other_engine
}

/// A statement by its leading words.
#[derive(Debug, Clone, Copy)]
struct Words<'t, 's>(&'t [Token<'s>]);

impl Words<'_, '_> {
    /// The words behind opening parentheses: `(SELECT 1) UNION (SELECT 2)`.
    fn within_parentheses(self) -> Self {
        let at = self.0.iter().position(|token| !token.is_symbol("("));
        Self(&self.0[at.unwrap_or_default()..])
    }

    /// Whether a function of this name is called.
    fn calls(self, name: &str) -> bool {
        let is_call = |pair: &[Token<'_>]| pair[0].is(name) && pair[1].is_symbol("(");
        self.0.windows(2).any(is_call)
    }

    fn starts(self, words: &[&str]) -> bool {
        let tokens = self.0.iter();
        self.0.len() >= words.len() && tokens.zip(words).all(|(token, word)| token.is(word))
    }

    fn starts_any(self, words: &[&str]) -> bool {
        self.0.first().is_some_and(|token| token.is_any(words))
    }

    fn has(self, word: &str) -> bool {
        self.0.iter().any(|token| token.is(word))
    }

    /// Whether these words stand next to one another.
    fn has_phrase(self, words: &[&str]) -> bool {
        let phrase = |window: &[Token<'_>]| window.iter().zip(words).all(|(t, word)| t.is(word));
        self.0.windows(words.len()).any(phrase)
    }
}

fn is_rows(head: Words<'_, '_>, dialect: Dialect) -> bool {
    const VERBS: [&str; 9] = [
        "INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "VALUES", "TABLE", "MERGE",
    ];
    let head = head.within_parentheses();
    if is_asked_and_run(head, dialect) {
        return true;
    }
    let loads = head.starts(&["LOAD", "DATA"]) || head.starts(&["LOAD", "XML"]);
    // `SELECT … INTO OUTFILE` writes a file, which nothing takes back.
    let writes_file = head.has("OUTFILE") || head.has("DUMPFILE");
    let is_row_verb = head.starts_any(&VERBS);
    match dialect {
        Dialect::Mysql => (is_row_verb || head.starts_any(&["DO"]) || loads) && !writes_file,
        // What is prepared there can only be of rows.
        Dialect::Postgres => is_row_verb || head.starts_any(&["EXECUTE", "NOTIFY"]),
        Dialect::Sqlite => is_row_verb,
    }
}

/// `EXPLAIN ANALYZE INSERT …` and MariaDB's `ANALYZE FORMAT=JSON UPDATE …` do what they
/// explain.
fn is_asked_and_run(head: Words<'_, '_>, dialect: Dialect) -> bool {
    let names_rows = ["INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "MERGE"];
    let explains = head.starts_any(&["EXPLAIN", "DESCRIBE", "DESC"]);
    let runs = match dialect {
        Dialect::Mysql => head.starts_any(&["ANALYZE"]) || (explains && head.has("ANALYZE")),
        Dialect::Postgres => explains && (head.has("ANALYZE") || head.has("ANALYSE")),
        Dialect::Sqlite => false,
    };
    let first = head.0.iter().position(|token| token.is_any(&names_rows));
    let table = head
        .0
        .iter()
        .position(|token| token.is_any(&["TABLE", "TABLES"]));
    runs && first.is_some_and(|first| table.is_none_or(|table| first < table))
}

/// Statements whose second run changes nothing that their first has not. Those
/// that make or drop only what is missing or there are so, unless another hand
/// works on the same names at the same time.
fn is_repeatable(head: Words<'_, '_>, dialect: Dialect) -> bool {
    let maintains = head.starts_any(match dialect {
        Dialect::Postgres => &[
            "ANALYZE",
            "VACUUM",
            "REINDEX",
            "CLUSTER",
            "REFRESH",
            "COMMENT",
            "SECURITY",
            "GRANT",
            "REVOKE",
            "EXPLAIN",
            "SHOW",
            "CHECKPOINT",
        ],
        // A second `REVOKE` is an error there, and a log that was reset is one that is gone.
        Dialect::Mysql => &[
            "ANALYZE", "OPTIMIZE", "CHECK", "CHECKSUM", "REPAIR", "FLUSH", "CACHE", "LOAD",
            "GRANT", "EXPLAIN", "DESCRIBE", "DESC", "SHOW", "HELP",
        ],
        Dialect::Sqlite => &["ANALYZE", "VACUUM", "REINDEX", "EXPLAIN", "PRAGMA"],
    });
    let spares = (head.starts_any(&["CREATE"]) && head.has_phrase(&["IF", "NOT", "EXISTS"]))
        || (head.starts_any(&["DROP", "REVOKE", "RESET"]) && head.has_phrase(&["IF", "EXISTS"]));
    let replaces = head.starts(&["CREATE", "OR", "REPLACE"])
        && !head.starts(&["CREATE", "OR", "REPLACE", "TABLE"]);
    // A table made from rows is filled by the first run only, and CONCURRENTLY
    // may leave an index that is there and cannot be used.
    maintains
        || ((spares || replaces) && !head.has("SELECT") && !head.has("CONCURRENTLY"))
        || (replaces && !head.has("CONCURRENTLY"))
}

fn stands_alone_on_postgres(head: Words<'_, '_>) -> bool {
    let concurrently = head.has("CONCURRENTLY");
    head.starts_any(&["VACUUM"])
        || head.starts(&["ALTER", "SYSTEM"])
        || head.starts(&["DISCARD", "ALL"])
        || ["DATABASE", "TABLESPACE", "SUBSCRIPTION"]
            .iter()
            .any(|thing| {
                head.starts(&["CREATE", thing])
                    || head.starts(&["DROP", thing])
                    || head.starts(&["ALTER", thing])
            })
        || (concurrently && head.starts_any(&["REINDEX"]))
        || (concurrently && head.starts(&["DROP", "INDEX"]))
        || (concurrently && head.starts_any(&["CREATE"]) && head.has("INDEX"))
        || (concurrently && head.starts(&["ALTER", "TABLE"]) && head.has("DETACH"))
        || head.starts(&["REINDEX", "DATABASE"])
        || head.starts(&["REINDEX", "SYSTEM"])
        || head.starts(&["REINDEX", "SCHEMA"])
        || (head.starts_any(&["CLUSTER"]) && head.0.len() == 1)
}

impl Change {
    /// The objects to describe before and after: one, or both names of a rename.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        match &self.verb {
            Verb::Rename(to) => vec![self.object.clone(), to.clone()],
            _ => vec![self.object.clone()],
        }
    }
}

/// What became of a change, by the descriptions of [`Change::objects`].
#[must_use]
pub fn reading(change: &Change, before: &[Description], now: &[Description]) -> Reading {
    let unclear = |reason: &str| Reading::Unclear(reason.to_owned());
    let (Some(was), Some(is)) = (before.first(), now.first()) else {
        return unclear("the catalogue was not read before it ran");
    };
    match &change.verb {
        // It fails on what is there, or puts the same in its place: so it can be sent again.
        Verb::Create { .. } if was.exists && was == is => Reading::NotDone,
        Verb::Create { .. } if was.exists => unclear("what it creates was there before"),
        Verb::Create { .. } if !is.exists => Reading::NotDone,
        Verb::Create {
            concurrently: true, ..
        } if !is.valid => Reading::Remnant(change.removal()),
        Verb::Create { columns, .. } => match columns {
            Some(columns) if !is_made_of(is, change.object.kind, columns) => {
                unclear("there is one of that name now, and it has other columns")
            }
            _ => Reading::Done,
        },
        Verb::Drop if !was.exists => unclear("what it drops was not there before"),
        Verb::Drop if !is.exists => Reading::Done,
        Verb::Drop if was == is => Reading::NotDone,
        // A concurrent drop that was cut off leaves an index nobody can use.
        Verb::Drop if was.valid && !is.valid => Reading::NotDone,
        Verb::Drop => unclear("what it drops is there, and is not what it was"),
        Verb::Rename(_) => renamed(before, now),
        Verb::Alter(_) if !was.exists || !is.exists => unclear("what it alters is not there"),
        Verb::Alter(None) => unclear("the catalogue need not show what it alters"),
        Verb::Alter(Some(clauses)) => altered(clauses, was, is),
    }
}

fn renamed(before: &[Description], now: &[Description]) -> Reading {
    let [Some(was), Some(target), Some(is), Some(there)] =
        [before.first(), before.get(1), now.first(), now.get(1)]
    else {
        return Reading::Unclear("the catalogue was not read before it ran".to_owned());
    };
    if target.exists || !was.exists {
        return Reading::Unclear("its names were not free before".to_owned());
    }
    match (is.exists, there.exists) {
        (true, false) if was == is => Reading::NotDone,
        (false, true) if was.parts == there.parts => Reading::Done,
        _ => Reading::Unclear("its names hold something else now".to_owned()),
    }
}

/// Whether a table has these columns and no others, or an index names them all.
fn is_made_of(description: &Description, kind: ObjectKind, columns: &BTreeSet<String>) -> bool {
    if kind == ObjectKind::Table {
        return *columns == column_names(description);
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let definitions: Vec<String> = description
        .parts
        .values()
        .map(|definition| definition.to_lowercase())
        .collect();
    let words: BTreeSet<&str> = definitions
        .iter()
        .flat_map(|definition| definition.split(|c| !is_part(c)))
        .collect();
    // A name that must be quoted is no word.
    let mut plain = columns.iter().filter(|column| column.chars().all(is_part));
    plain.all(|column| words.contains(column.as_str()))
}

fn column_names(description: &Description) -> BTreeSet<String> {
    let names = description.parts.keys();
    names
        .filter_map(|part| part.strip_prefix("column "))
        .map(str::to_lowercase)
        .collect()
}

/// Every difference must be one that a clause makes, and every clause must have
/// made its difference; or there is none of both.
fn altered(clauses: &[Clause], was: &Description, is: &Description) -> Reading {
    if clauses.is_empty() {
        return Reading::Unclear("the catalogue need not show what it alters".to_owned());
    }
    if was == is {
        // A definition may be changed to what it was. Whether that was done does not
        // matter where it can be done again.
        let must_show = |clause: &Clause| !matches!(clause, Clause::Change(_) | Clause::Define(_));
        let can_repeat = |clause: &Clause| matches!(clause, Clause::Define(_));
        return match clauses.iter().any(must_show) || clauses.iter().all(can_repeat) {
            true => Reading::NotDone,
            false => Reading::Unclear(
                "the catalogue says the same as before, as it would if it changed nothing"
                    .to_owned(),
            ),
        };
    }
    let mut expected = BTreeSet::new();
    for clause in clauses {
        let stands = match clause {
            Clause::Add(part) => !has(was, part) && has(is, part),
            Clause::Drop(part) => has(was, part) && !has(is, part),
            Clause::Change(part) | Clause::Define(part) => has(was, part) && has(is, part),
            Clause::Refer(name) => {
                let part = format!("constraint {name}");
                !has(was, &part) && has(is, &part)
            }
            Clause::Rename(from, to) => has(was, from) && !has(is, from) && has(is, to),
        };
        if !stands {
            return Reading::Unclear(
                "the catalogue shows a part of it only, or another's work".to_owned(),
            );
        }
        match clause {
            Clause::Add(part)
            | Clause::Drop(part)
            | Clause::Change(part)
            | Clause::Define(part) => {
                expected.insert(part.to_lowercase());
            }
            Clause::Refer(name) => {
                let name = name.to_lowercase();
                expected.extend([format!("constraint {name}"), format!("index {name}")]);
            }
            Clause::Rename(from, to) => {
                expected.extend([from.to_lowercase(), to.to_lowercase()]);
            }
        }
    }
    let differs = |part: &&String| was.parts.get(*part) != is.parts.get(*part);
    let all: BTreeSet<&String> = was.parts.keys().chain(is.parts.keys()).collect();
    let others = all
        .into_iter()
        .filter(differs)
        .any(|part| !expected.contains(&part.to_lowercase()));
    match others {
        false => Reading::Done,
        true => Reading::Unclear("the catalogue shows changes that are not its own".to_owned()),
    }
}

fn has(description: &Description, part: &str) -> bool {
    description
        .parts
        .keys()
        .any(|known| known.eq_ignore_ascii_case(part))
}

impl Change {
    /// What removes an index that is there and cannot be used.
    fn removal(&self) -> String {
        let name = |name: &str| ledger::name(name, self.dialect);
        let schema = self.object.schema.as_deref();
        let schema = schema.map(|schema| format!("{}.", name(schema)));
        format!(
            "DROP INDEX CONCURRENTLY {}{}",
            schema.unwrap_or_default(),
            name(&self.object.name)
        )
    }
}
