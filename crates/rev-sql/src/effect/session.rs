//! What statements leave in their session, and what they ask of it.
//!
//! A session ends with its run. Whoever goes on with a step later makes it again
//! statement by statement, as far as that gives the same; where it would not, a person
//! is asked, since the rest would run on other terms than its author wrote it for.

use rev_core::Dialect;

use super::setting::{self, Setting};
use super::{Effect, Words};
use crate::split::{Token, TokenKind, readings, tokens};

/// What a statement leaves in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Settings that the statement makes again, if it is sent to a fresh session after
    /// those before it: `SET sql_mode = ''`, `USE other`, `PRAGMA foreign_keys = OFF`.
    Settings,
    /// Something that is gone with the session, in words: `temporary table`.
    Gone(&'static str),
}

/// The effect of a statement that changes only its session.
pub(super) fn effect(head: Words<'_, '_>, dialect: Dialect) -> Option<Effect> {
    match (dialect, setting_of(head, dialect)) {
        (Dialect::Mysql, Some(Setting::Session { .. })) => return Some(Effect::Session),
        (Dialect::Mysql, Some(Setting::Server { is_fixed: true, .. })) => {
            return Some(Effect::Repeatable);
        }
        (Dialect::Mysql, Some(Setting::Server { .. } | Setting::Other)) => {
            return Some(Effect::Unknown);
        }
        _ => {}
    }
    let is_of_session = match dialect {
        Dialect::Mysql => {
            head.starts_any(&["USE", "PREPARE", "DEALLOCATE", "HANDLER"])
                || head.starts(&["DROP", "PREPARE"])
        }
        Dialect::Postgres => head.starts_any(&[
            "SET",
            "RESET",
            "DISCARD",
            "PREPARE",
            "DEALLOCATE",
            "LISTEN",
            "UNLISTEN",
            "LOAD",
            "DECLARE",
            "CLOSE",
        ]),
        Dialect::Sqlite => head.starts_any(&["ATTACH", "DETACH"]),
    };
    (is_of_session || is_temporary(head)).then_some(Effect::Session)
}

fn setting_of(head: Words<'_, '_>, dialect: Dialect) -> Option<Setting> {
    (dialect == Dialect::Mysql)
        .then(|| setting::read(head))
        .flatten()
}

pub(super) fn is_temporary(head: Words<'_, '_>) -> bool {
    let words = ["TEMP", "TEMPORARY"];
    head.starts_any(&["CREATE"]) && head.0.iter().take(4).any(|token| token.is_any(&words))
}

/// What a statement leaves in its session that later ones would meet; `None`: nothing
/// that its text shows.
#[must_use]
pub fn trace(statement: &str, dialect: Dialect) -> Option<Trace> {
    let readings = readings(statement, dialect);
    let traces = readings
        .iter()
        .map(|tokens| trace_of(Words(tokens), dialect));
    traces.max_by_key(|trace| match trace {
        None => 0,
        Some(Trace::Settings) => 1,
        Some(Trace::Gone(_)) => 2,
    })?
}

fn trace_of(head: Words<'_, '_>, dialect: Dialect) -> Option<Trace> {
    if is_temporary(head) {
        return Some(Trace::Gone("temporary object"));
    }
    match dialect {
        Dialect::Mysql => of_mysql(head),
        Dialect::Postgres => of_postgres(head),
        Dialect::Sqlite => of_sqlite(head),
    }
}

fn of_mysql(head: Words<'_, '_>) -> Option<Trace> {
    if let Some(inner) = setting::inner(head) {
        return trace_of(inner, Dialect::Mysql);
    }
    match setting::read(head) {
        Some(Setting::Session { is_fixed: true }) => return Some(Trace::Settings),
        Some(Setting::Session { is_fixed: false }) => return Some(Trace::Gone("setting")),
        Some(Setting::Server {
            is_mixed: false, ..
        }) => return None,
        Some(Setting::Server { is_mixed: true, .. } | Setting::Other) => {
            return Some(Trace::Gone("setting"));
        }
        None => {}
    }
    if head.starts_any(&["USE", "PREPARE", "DEALLOCATE"]) || head.starts(&["DROP", "PREPARE"]) {
        return Some(Trace::Settings);
    }
    if head.starts_any(&["EXECUTE"]) {
        return Some(Trace::Gone("session of what it executed"));
    }
    if head.starts_any(&["HANDLER"]) {
        return Some(Trace::Gone("open handler"));
    }
    if head.calls("GET_LOCK") {
        return Some(Trace::Gone("lock"));
    }
    // The body of a routine runs elsewhere and later.
    let defines = head.starts_any(&["CREATE", "ALTER", "DROP"]);
    (!defines && sets_variables(head)).then_some(Trace::Gone("variable"))
}

/// Whether a statement that is no `SET` gives a value to a variable of the session:
/// `@n := 1`, `INTO @n`, `CALL p(@n)`, `GET DIAGNOSTICS @n = ROW_COUNT`.
fn sets_variables(head: Words<'_, '_>) -> bool {
    let is_variable =
        |token: &Token<'_>| token.kind == TokenKind::Name && token.text.starts_with('@');
    let assigned = |trio: &[Token<'_>]| {
        is_variable(&trio[0]) && trio[1].is_symbol(":") && trio[2].is_symbol("=")
    };
    let has_any = || head.0.iter().any(is_variable);
    let is_writer = head.starts_any(&[
        "CALL", "LOAD", "GET", "BEGIN", "IF", "CASE", "FOR", "REPEAT",
    ]);
    let mut after_into = (head.0.iter())
        .skip_while(|token| !token.is("INTO"))
        .skip(1);
    head.0.windows(3).any(assigned)
        || (is_writer && has_any())
        || after_into.next().is_some_and(is_variable)
}

fn of_postgres(head: Words<'_, '_>) -> Option<Trace> {
    if head.starts_any(&["SET", "RESET", "DISCARD", "PREPARE", "DEALLOCATE"])
        || head.starts_any(&["LISTEN", "UNLISTEN", "LOAD"])
    {
        return Some(Trace::Settings);
    }
    if head.starts_any(&["DECLARE"]) {
        return Some(Trace::Gone("cursor"));
    }
    // `SELECT … INTO TEMP t`, `CREATE TABLE pg_temp.t`
    let into = ["TEMP", "TEMPORARY"]
        .iter()
        .any(|word| head.has_phrase(&["INTO", word]));
    if into || (head.starts_any(&["CREATE"]) && head.has("PG_TEMP")) {
        return Some(Trace::Gone("temporary object"));
    }
    if head.calls("set_config") {
        return Some(match sets_one(head) {
            true => Trace::Settings,
            false => Trace::Gone("setting"),
        });
    }
    if head.calls("setseed") {
        return Some(Trace::Gone("seed"));
    }
    let locks = [
        "pg_advisory_lock",
        "pg_advisory_lock_shared",
        "pg_try_advisory_lock",
        "pg_try_advisory_lock_shared",
    ];
    (locks.iter().any(|name| head.calls(name))).then_some(Trace::Gone("lock"))
}

/// `SELECT pg_catalog.set_config('search_path', '', false)`, as every dump has it.
fn sets_one(head: Words<'_, '_>) -> bool {
    let is_plain = |token: &Token<'_>| {
        token.is_any(&["SELECT", "PG_CATALOG", "SET_CONFIG", "TRUE", "FALSE"])
            || [".", "(", ")", ","].iter().any(|it| token.is_symbol(it))
            || token.kind == TokenKind::Text
    };
    head.starts_any(&["SELECT"]) && head.0.iter().all(is_plain)
}

fn of_sqlite(head: Words<'_, '_>) -> Option<Trace> {
    // A question has no value: `PRAGMA integrity_check`.
    let has_value = head
        .0
        .iter()
        .any(|it| it.is_symbol("=") || it.is_symbol("("));
    if (head.starts_any(&["PRAGMA"]) && has_value) || head.starts_any(&["DETACH"]) {
        return Some(Trace::Settings);
    }
    if head.starts_any(&["ATTACH"]) {
        let in_memory = |token: &Token<'_>| {
            token.kind == TokenKind::Text
                && (token.text.len() == 2 || token.text.contains(":memory:"))
        };
        let text = head.0.iter().any(|it| it.kind == TokenKind::Text);
        return Some(match text && !head.0.iter().any(in_memory) {
            true => Trace::Settings,
            false => Trace::Gone("attached database"),
        });
    }
    let temporary = head.0.windows(2).any(|pair| {
        let name = pair[0].is_any(&["TEMP", "TEMPORARY"]);
        name && pair[1].is_symbol(".")
    });
    (head.starts_any(&["CREATE"]) && temporary).then_some(Trace::Gone("temporary object"))
}

/// What a statement asks of the rows that the statements before it wrote in the same
/// session: `LAST_INSERT_ID()`.
fn leans_on(statement: &str, dialect: Dialect) -> Option<&'static str> {
    let readings = readings(statement, dialect);
    readings
        .iter()
        .find_map(|tokens| asks(Words(tokens), dialect))
}

fn asks(head: Words<'_, '_>, dialect: Dialect) -> Option<&'static str> {
    let functions: &[&'static str] = match dialect {
        Dialect::Mysql => &[
            "LAST_INSERT_ID()",
            "ROW_COUNT()",
            "FOUND_ROWS()",
            "LASTVAL()",
        ],
        Dialect::Postgres => &["lastval()", "currval()"],
        Dialect::Sqlite => &["last_insert_rowid()", "changes()", "total_changes()"],
    };
    // The body of a routine asks elsewhere and later.
    if head.starts_any(&["CREATE", "ALTER", "DROP"]) {
        return None;
    }
    let called = |name: &&&'static str| head.calls(name.trim_end_matches("()"));
    if let Some(name) = functions.iter().find(called) {
        return Some(name);
    }
    let variables = ["@last_insert_id", "@identity"];
    let is_one = |token: &Token<'_>| {
        token.kind == TokenKind::Name
            && variables
                .iter()
                .any(|it| it.eq_ignore_ascii_case(token.text))
    };
    let asks = |pair: &[Token<'_>]| pair[0].is_symbol("@") && is_one(&pair[1]);
    let is_system = dialect == Dialect::Mysql && head.0.windows(2).any(asks);
    is_system.then_some("LAST_INSERT_ID()")
}

/// Something that the statements of a step have left in a session that is gone, that
/// cannot be made again, and that the rest of the step may need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Which statement left it, from 1.
    pub statement: usize,
    /// What it was, in words: `temporary object`.
    pub what: String,
}

/// What is lost of a step of which the first `stand` statements ran in a session that is
/// gone: the first such thing, if any.
#[must_use]
pub fn lost(statements: &[&str], stand: usize, dialect: Dialect) -> Option<Lost> {
    let (done, rest) = statements.split_at_checked(stand)?;
    if rest.is_empty() {
        return None;
    }
    let gone = done.iter().enumerate().find_map(|(index, statement)| {
        let Trace::Gone(what) = trace(statement, dialect)? else {
            return None;
        };
        let later = &done[index + 1..];
        let is_dropped = later.iter().any(|it| drops(it, statement, dialect));
        (!is_dropped).then(|| Lost {
            statement: index + 1,
            what: what.to_owned(),
        })
    });
    gone.or_else(|| leaning(done, rest, dialect))
}

/// The rest asks for what the last rows that stand have told their session.
fn leaning(done: &[&str], rest: &[&str], dialect: Dialect) -> Option<Lost> {
    let writes = |statement: &&str| super::of(statement, dialect) == Effect::Rows;
    let last = done.iter().rposition(writes)?;
    let until_rows = rest.iter().position(|it| super::makes_rows(it, dialect));
    let first = &rest[..until_rows.map_or(rest.len(), |at| at + 1)];
    let asked = first.iter().find_map(|it| leans_on(it, dialect))?;
    Some(Lost {
        statement: last + 1,
        what: format!("`{asked}`"),
    })
}

/// Whether a statement drops the temporary object that another made.
fn drops(statement: &str, maker: &str, dialect: Dialect) -> bool {
    let made = tokens(maker, dialect);
    let words = ["TABLE", "VIEW", "SEQUENCE", "INDEX", "TRIGGER"];
    let mut after = made.iter().skip_while(|it| !it.is_any(&words)).skip(1);
    let name = after.find(|it| !it.is_any(&["IF", "NOT", "EXISTS"]));
    let dropping = tokens(statement, dialect);
    let is_it = |token: &Token<'_>| name.is_some_and(|name| name.text == token.text);
    let is_temporary = is_temporary(Words(&made));
    is_temporary && Words(&dropping).starts_any(&["DROP"]) && dropping.iter().any(is_it)
}

/// Whether a statement leaves something in its session that later ones would meet: a
/// setting, a temporary table, a lock; or may, as a routine does.
#[must_use]
pub fn touches_session(statement: &str, dialect: Dialect) -> bool {
    let routine = |tokens: &Vec<Token<'_>>| Words(tokens).starts_any(&["CALL", "EXECUTE"]);
    let readings = readings(statement, dialect);
    trace(statement, dialect).is_some()
        || readings.iter().any(routine)
        || does_in_block(statement, dialect)
}

/// Whether PostgreSQL's `DO` block sets something.
fn does_in_block(statement: &str, dialect: Dialect) -> bool {
    let all = tokens(statement, dialect);
    let body =
        |token: &Token<'_>| token.kind == TokenKind::Text && token.text.contains("set_config");
    dialect == Dialect::Postgres && Words(&all).starts_any(&["DO"]) && all.iter().any(body)
}
