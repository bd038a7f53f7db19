//! What puts a session back after the statements of a step, by SQL alone.
//!
//! A run begins a new session after a step that touches its own. A script that is run by
//! an engine's client cannot, on MySQL and SQLite: it puts back what the statements say
//! that they set, to what it was (`SET @old = @@sql_mode`, as dumps do) or to what a
//! session begins with (`PRAGMA recursive_triggers = OFF`).

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::setting::{self, Scoped};
use super::{Words, is_temporary, runs_program, touches_session};
use crate::ledger;
use crate::split::{Token, TokenKind, pragma, readings, unquoted};

/// Settings of a connection with SQLite that later statements can meet, and what one of
/// ours begins with.
const PRAGMAS: [(&str, &str); 25] = [
    ("automatic_index", "ON"),
    ("case_sensitive_like", "OFF"),
    ("cell_size_check", "OFF"),
    ("checkpoint_fullfsync", "OFF"),
    ("count_changes", "OFF"),
    ("defer_foreign_keys", "OFF"),
    ("empty_result_callbacks", "OFF"),
    ("foreign_keys", "ON"),
    ("full_column_names", "OFF"),
    ("fullfsync", "OFF"),
    ("ignore_check_constraints", "OFF"),
    ("journal_size_limit", "-1"),
    ("legacy_alter_table", "OFF"),
    ("locking_mode", "NORMAL"),
    ("query_only", "OFF"),
    ("read_uncommitted", "OFF"),
    ("recursive_triggers", "OFF"),
    ("reverse_unordered_selects", "OFF"),
    ("secure_delete", "OFF"),
    ("short_column_names", "ON"),
    ("synchronous", "FULL"),
    ("temp_store", "DEFAULT"),
    ("threads", "0"),
    ("trusted_schema", "ON"),
    ("writable_schema", "RESET"),
];

/// What a program of the server may set, whose text is not in the script.
const OF_PROGRAMS: [&str; 9] = [
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "collation_connection",
    "foreign_key_checks",
    "sql_mode",
    "sql_safe_updates",
    "time_zone",
    "unique_checks",
];

/// Statements around those of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undo {
    /// Note what is to be put back.
    pub before: Vec<String>,
    /// Put it back.
    pub after: Vec<String>,
    /// Put back what the ledger's own rows have left: `LAST_INSERT_ID()`.
    pub end: Vec<String>,
}

/// What puts a session back that begins in the database `home`; nothing where no statement
/// touches it.
#[must_use]
pub fn undo(statements: &[&str], dialect: Dialect, home: Option<&str>) -> Undo {
    let touching = |it: &&str| touches_session(it, dialect);
    if !statements.iter().any(touching) {
        return Undo::default();
    }
    let mut found = Found::default();
    for statement in statements {
        match dialect {
            Dialect::Mysql => found.read_mysql(statement, home),
            Dialect::Sqlite => found.read_sqlite(statement),
            // Its client begins a new session, as the run does.
            Dialect::Postgres => {}
        }
    }
    match dialect {
        Dialect::Mysql => found.of_mysql(home),
        Dialect::Sqlite => Undo {
            after: found.settled,
            ..Undo::default()
        },
        Dialect::Postgres => Undo::default(),
    }
}

/// What statements have left so far.
#[derive(Debug, Default)]
struct Found {
    /// System variables, each with the version comment that its statement stands in.
    variables: Vec<(String, String)>,
    user_variables: BTreeSet<String>,
    prepared: BTreeSet<String>,
    has_role: bool,
    has_clock: bool,
    /// Where unqualified names lead, if elsewhere.
    schema: Option<String>,
    /// Statements that undo what stands.
    settled: Vec<String>,
}

impl Found {
    fn read_mysql(&mut self, statement: &str, home: Option<&str>) {
        let all = readings(statement, Dialect::Mysql);
        let comment = match statement.strip_prefix("/*!") {
            Some(rest) => {
                let digits = rest.find(|c: char| !c.is_ascii_digit());
                format!("/*!{} ", &rest[..digits.unwrap_or_default()])
            }
            None => String::new(),
        };
        for tokens in all.iter().filter(|tokens| !tokens.is_empty()) {
            let head = Words(tokens);
            self.note_names(tokens);
            match setting::scoped(head) {
                Some(found) => found.into_iter().for_each(|it| self.set(it, &comment)),
                None => self.read_other(head, home),
            }
        }
        if runs_program(statement) {
            let names = OF_PROGRAMS.iter();
            names.for_each(|name| self.set(Scoped::Variable((*name).to_owned()), ""));
        }
    }

    fn set(&mut self, scoped: Scoped, comment: &str) {
        match scoped {
            Scoped::Variable(name) if name == "timestamp" => self.has_clock = true,
            Scoped::Variable(name) => {
                if self.variables.iter().all(|(known, _)| *known != name) {
                    self.variables.push((name, comment.to_owned()));
                }
            }
            Scoped::Role => self.has_role = true,
        }
    }

    /// User variables: `@name`, and not `@@name`.
    fn note_names(&mut self, tokens: &[Token<'_>]) {
        for (at, token) in tokens.iter().enumerate() {
            let is_system = at > 0 && tokens[at - 1].is_symbol("@");
            if token.kind == TokenKind::Name && token.text.starts_with('@') && !is_system {
                self.user_variables.insert(token.text.to_owned());
            }
        }
    }

    fn read_other(&mut self, head: Words<'_, '_>, home: Option<&str>) {
        let name = |at: usize| head.0.get(at).map(|token| unquoted(token.text));
        if head.starts_any(&["USE"]) {
            self.schema = name(1);
        } else if head.starts_any(&["PREPARE"]) {
            self.prepared.extend(name(1));
        } else if head.starts(&["DEALLOCATE", "PREPARE"]) || head.starts(&["DROP", "PREPARE"]) {
            if let Some(name) = name(2) {
                self.prepared.remove(&name);
            }
        } else if head.calls("GET_LOCK") {
            self.settled.push("DO RELEASE_ALL_LOCKS()".to_owned());
        } else if is_temporary(head) {
            let kind = if head.0.iter().take(5).any(|it| it.is("SEQUENCE")) {
                "SEQUENCE"
            } else {
                "TABLE"
            };
            let schema = self.schema.as_deref().or(home);
            if let Some((within, name)) = made(head, kind) {
                let schema = within.or_else(|| schema.map(str::to_owned));
                let quoted = |name: &str| ledger::name(name, Dialect::Mysql);
                let name = match schema {
                    Some(schema) => format!("{}.{}", quoted(&schema), quoted(&name)),
                    None => quoted(&name),
                };
                self.settled
                    .push(format!("DROP TEMPORARY {kind} IF EXISTS {name}"));
            }
        }
    }

    fn of_mysql(self, home: Option<&str>) -> Undo {
        let mut undo = Undo::default();
        let mut after = self.settled;
        after.dedup();
        for (name, comment) in &self.variables {
            // A version comment has no other within it.
            let (comment, variable) = match renamed(name) {
                Some(both) => ("", both),
                None => (comment.as_str(), name.clone()),
            };
            let end = if comment.is_empty() { "" } else { " */" };
            let saved = format!("@rev_{name}");
            undo.before
                .push(format!("{comment}SET {saved} = @@SESSION.{variable}{end}"));
            after.push(format!("{comment}SET SESSION {variable} = {saved}{end}"));
        }
        if self.has_clock {
            after.push("SET SESSION timestamp = DEFAULT".to_owned());
        }
        if self.has_role {
            after.push("SET ROLE DEFAULT".to_owned());
        }
        after.extend(self.prepared.iter().map(|name| {
            let name = ledger::name(name, Dialect::Mysql);
            format!("DEALLOCATE PREPARE {name}")
        }));
        let names = self.user_variables.iter();
        after.extend(names.map(|name| format!("SET {name} = NULL")));
        if let Some(home) = home {
            after.push(format!("USE {}", ledger::name(home, Dialect::Mysql)));
        }
        undo.after = after;
        undo.end = vec!["SET SESSION last_insert_id = 0".to_owned()];
        undo
    }

    fn read_sqlite(&mut self, statement: &str) {
        for tokens in readings(statement, Dialect::Sqlite) {
            let head = Words(&tokens);
            let detach = |tokens: &[Token<'_>]| {
                let name = unquoted(tokens.last()?.text);
                Some(format!("DETACH {}", ledger::name(&name, Dialect::Sqlite)))
            };
            if let Some((name, true)) = pragma(&tokens) {
                let known = PRAGMAS
                    .iter()
                    .find(|(it, _)| it.eq_ignore_ascii_case(&name));
                self.settled
                    .extend(known.map(|(name, value)| format!("PRAGMA {name} = {value}")));
            } else if head.starts_any(&["ATTACH"]) {
                self.settled.extend(detach(&tokens));
            } else if head.starts_any(&["DETACH"]) {
                let attached = detach(&tokens);
                self.settled.retain(|it| Some(it) != attached.as_ref());
            } else if head.starts_any(&["CREATE"]) {
                self.settled.extend(temporary_of_sqlite(head));
            }
        }
    }
}

/// Both names of a variable that MySQL and MariaDB have under another one each.
fn renamed(name: &str) -> Option<String> {
    let rest = name
        .strip_prefix("transaction_")
        .or_else(|| name.strip_prefix("tx_"))?;
    ["isolation", "read_only"]
        .contains(&rest)
        .then(|| format!("/*!50720 transaction_{rest} */ /*M! tx_{rest} */"))
}

/// The schema and the name of what a statement makes, where it says `kind`.
fn made(head: Words<'_, '_>, kind: &str) -> Option<(Option<String>, String)> {
    let mut rest = head.0.iter().skip_while(|it| !it.is(kind)).skip(1);
    let first = rest.find(|it| !it.is_any(&["IF", "NOT", "EXISTS"]))?;
    match (rest.next(), rest.next()) {
        (Some(dot), Some(name)) if dot.is_symbol(".") => {
            Some((Some(unquoted(first.text)), unquoted(name.text)))
        }
        _ => Some((None, unquoted(first.text))),
    }
}

/// What drops a temporary object: `CREATE TEMP VIEW v`, `CREATE TABLE temp.t`.
fn temporary_of_sqlite(head: Words<'_, '_>) -> Option<String> {
    let kinds = ["TABLE", "VIEW", "TRIGGER"];
    let kind = kinds
        .into_iter()
        .find(|kind| head.0.iter().take(4).any(|it| it.is(kind)))?;
    let (schema, name) = made(head, kind)?;
    let is_one = is_temporary(head)
        || schema.is_some_and(|it| ["temp", "temporary"].contains(&it.to_lowercase().as_str()));
    let name = ledger::name(&name, Dialect::Sqlite);
    is_one.then(|| format!("DROP {kind} IF EXISTS temp.{name}"))
}
