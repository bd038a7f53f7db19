//! `SET` of MySQL and MariaDB, read one assignment at a time.
//!
//! One word opens very different statements: `SET @x = 1` changes the session,
//! `SET GLOBAL` the server, `SET PASSWORD` an account, which commits, and MariaDB's
//! `SET STATEMENT … FOR` runs another statement. MariaDB mixes them in one list.
//! <https://dev.mysql.com/doc/refman/9.0/en/set-variable.html>,
//! <https://mariadb.com/kb/en/set/>

use rev_core::Dialect;

use super::Words;
use crate::split::{Token, TokenKind, inner_statement, readings, unquoted};

/// What a `SET` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// Changes only its session. `is_fixed`: sent again to a fresh session, after the
    /// settings before it, it says the same.
    Session { is_fixed: bool },
    /// Changes the server's variables or an account. `is_fixed`: to the same each time;
    /// `is_mixed`: and its session.
    Server { is_fixed: bool, is_mixed: bool },
    /// Not understood.
    Other,
}

/// Variables that say what happened, and not what was set.
const HAPPENINGS: [&str; 18] = [
    "ERROR_COUNT",
    "GTID_EXECUTED",
    "GTID_NEXT",
    "GTID_OWNED",
    "GTID_BINLOG_POS",
    "GTID_BINLOG_STATE",
    "GTID_CURRENT_POS",
    "GTID_SLAVE_POS",
    "IDENTITY",
    "INSERT_ID",
    "IN_TRANSACTION",
    "LAST_GTID",
    "LAST_INSERT_ID",
    "PSEUDO_THREAD_ID",
    "RAND_SEED1",
    "RAND_SEED2",
    "TIMESTAMP",
    "WARNING_COUNT",
];

/// Functions that say the same whenever they are asked the same.
const PURE: [&str; 30] = [
    "ABS",
    "CAST",
    "CHAR",
    "COALESCE",
    "CONCAT",
    "CONCAT_WS",
    "CONVERT",
    "FLOOR",
    "GREATEST",
    "HEX",
    "IF",
    "IFNULL",
    "LCASE",
    "LEAST",
    "LEFT",
    "LENGTH",
    "LOWER",
    "LTRIM",
    "NULLIF",
    "OLD_PASSWORD",
    "PASSWORD",
    "REGEXP_REPLACE",
    "REPLACE",
    "RIGHT",
    "ROUND",
    "RTRIM",
    "SUBSTRING",
    "TRIM",
    "UCASE",
    "UPPER",
];

/// Words in a value that are asked of the data, or of the clock.
const ASKING: [&str; 14] = [
    "SELECT",
    "VALUES",
    "TABLE",
    "WITH",
    "EXISTS",
    "NEXT",
    "PREVIOUS",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "UTC_TIMESTAMP",
    "SYSDATE",
];

/// The first of these variables that a `SET` names, in whatever scope, `SET STATEMENT` and
/// version comments with it.
#[must_use]
pub fn sets_one_of<'n>(statement: &str, dialect: Dialect, names: &[&'n str]) -> Option<&'n str> {
    let readings = readings(statement, dialect);
    let mut sets = readings.iter().filter(|tokens| {
        let first = tokens.first();
        first.is_some_and(|first| first.is("SET"))
    });
    sets.find_map(|tokens| {
        let is_named = |name: &&&str| (0..tokens.len()).any(|at| is_variable(tokens, at, name));
        names.iter().find(is_named).copied()
    })
}

/// Whether a token is the name of this variable of the server: `a` or `@@a`; `@a` is a
/// person's own.
fn is_variable(tokens: &[Token<'_>], at: usize, name: &str) -> bool {
    let token = &tokens[at];
    let text = token.text.trim_start_matches('@');
    let is_own = text.len() < token.text.len() && !(at > 0 && tokens[at - 1].is_symbol("@"));
    is_name(token) && !is_own && unquoted(text).eq_ignore_ascii_case(name)
}

/// The statement that MariaDB's `SET STATEMENT a = 1 FOR …` runs.
pub(super) fn inner<'t, 's>(head: Words<'t, 's>) -> Option<Words<'t, 's>> {
    inner_statement(head.0).map(Words)
}

/// What a `SET` does; `None`: it is none.
pub(super) fn read(head: Words<'_, '_>) -> Option<Setting> {
    let (first, rest) = head.0.split_first()?;
    if !first.is("SET") {
        return None;
    }
    let is_of_session = |rest: &[Token<'_>]| {
        let words = Words(rest);
        words.starts_any(&["TRANSACTION"])
            || (words.starts(&["SESSION", "TRANSACTION"])
                || words.starts(&["LOCAL", "TRANSACTION"]))
    };
    if is_of_session(rest) {
        return Some(Setting::Session { is_fixed: true });
    }
    if Words(rest).starts(&["GLOBAL", "TRANSACTION"]) {
        return Some(Setting::Server {
            is_fixed: true,
            is_mixed: false,
        });
    }
    Some(list(rest))
}

/// What a list of assignments does. A word of scope holds until the next one.
fn list(rest: &[Token<'_>]) -> Setting {
    let mut has_session = false;
    let mut has_server = false;
    let mut is_fixed = true;
    for part in super::change::parts(rest) {
        let Some((target, is_same)) = assignment(part) else {
            return Setting::Other;
        };
        has_session |= target == Target::Session;
        has_server |= target == Target::Server;
        is_fixed &= is_same;
    }
    if has_server {
        return Setting::Server {
            is_fixed,
            is_mixed: has_session,
        };
    }
    Setting::Session { is_fixed }
}

/// What a `SET` changes of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scoped {
    /// A system variable, by its name in small letters.
    Variable(String),
    /// The role.
    Role,
}

/// What a `SET` changes of its session, without user variables; `None`: it is no `SET`.
pub(super) fn scoped(head: Words<'_, '_>) -> Option<Vec<Scoped>> {
    let (first, rest) = head.0.split_first()?;
    if !first.is("SET") || inner(head).is_some() {
        return None;
    }
    let variable = |name: &str| Scoped::Variable(name.to_owned());
    let words = Words(rest);
    if words.starts(&["SESSION", "TRANSACTION"]) || words.starts(&["LOCAL", "TRANSACTION"]) {
        return Some(
            ["transaction_isolation", "transaction_read_only"]
                .map(variable)
                .into(),
        );
    }
    let mut found = Vec::new();
    let mut is_server = false;
    for part in super::change::parts(rest) {
        let words = Words(part);
        if words.starts_any(&["GLOBAL", "PERSIST", "PERSIST_ONLY"]) {
            is_server = true;
        } else if words.starts_any(&["SESSION", "LOCAL"]) {
            is_server = false;
        }
        if words.starts_any(&["NAMES", "CHARSET"]) || words.starts(&["CHARACTER", "SET"]) {
            let names = ["client", "connection", "results"];
            found.extend(names.map(|it| variable(&format!("character_set_{it}"))));
            found.push(variable("collation_connection"));
        } else if words.starts_any(&["ROLE"]) {
            found.push(Scoped::Role);
        } else if !is_server && let Some((Target::Session, _)) = assignment(part) {
            found.extend(named(part).map(Scoped::Variable));
        }
    }
    Some(found)
}

/// The system variable that an assignment sets, in small letters: the last name before
/// the sign of equality.
fn named(part: &[Token<'_>]) -> Option<String> {
    let equals = part.iter().position(|token| token.is_symbol("="))?;
    let target = &part[..equals];
    let target = match target {
        [before @ .., colon] if colon.is_symbol(":") => before,
        _ => target,
    };
    let (last, before) = target.split_last()?;
    let is_system = before
        .last()
        .is_some_and(|it| it.is_symbol("@") || it.is_symbol("."));
    if last.text.starts_with('@') && !is_system {
        return None;
    }
    let name = unquoted(last.text.trim_start_matches('@')).to_lowercase();
    let is_happening = HAPPENINGS.iter().any(|it| it.eq_ignore_ascii_case(&name));
    (!is_happening || name == "timestamp").then_some(name)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Session,
    Server,
}

/// What one assignment sets, and whether its value is the same each time; `None` where
/// it is not understood.
fn assignment(part: &[Token<'_>]) -> Option<(Target, bool)> {
    let words = Words(part);
    if words.starts_any(&["NAMES", "CHARSET", "ROLE"]) || words.starts(&["CHARACTER", "SET"]) {
        return Some((Target::Session, true));
    }
    // An account: `PASSWORD FOR u = 'x'`, `DEFAULT ROLE ALL TO u`.
    if words.starts_any(&["PASSWORD"]) {
        // `PASSWORD FOR u TO RANDOM` has no value.
        let at = part.iter().position(|token| token.is_symbol("="));
        return Some((
            Target::Server,
            at.is_some_and(|at| is_fixed(&part[at + 1..])),
        ));
    }
    if words.starts(&["DEFAULT", "ROLE"]) {
        return Some((Target::Server, true));
    }
    let equals = part.iter().position(|token| token.is_symbol("="))?;
    let is_long = equals > 0 && part[equals - 1].is_symbol(":");
    let (target, value) = (&part[..equals - usize::from(is_long)], &part[equals + 1..]);
    Some((scope(target)?, is_fixed(value)))
}

/// Whose variable is set.
fn scope(target: &[Token<'_>]) -> Option<Target> {
    let is_server = |word: &str| {
        ["GLOBAL", "PERSIST", "PERSIST_ONLY"]
            .iter()
            .any(|it| it.eq_ignore_ascii_case(word))
    };
    let is_session = |word: &str| {
        ["SESSION", "LOCAL"]
            .iter()
            .any(|it| it.eq_ignore_ascii_case(word))
    };
    match target {
        // `@a`, `sql_mode`
        [name] if is_name(name) => Some(Target::Session),
        // `@@sql_mode`
        [at, name] if at.is_symbol("@") && is_name(name) => Some(Target::Session),
        [at, other, _] if at.is_symbol("@") && other.is_symbol("@") => Some(Target::Session),
        [word, name] if word.kind == TokenKind::Word && is_name(name) => (is_server(word.text)
            .then_some(Target::Server))
        .or_else(|| is_session(word.text).then_some(Target::Session)),
        // `@@global.max_connections`
        [at, word, dot, _] if at.is_symbol("@") && dot.is_symbol(".") => {
            let word = word.text.trim_start_matches('@');
            (is_server(word).then_some(Target::Server))
                .or_else(|| is_session(word).then_some(Target::Session))
        }
        _ => None,
    }
}

fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::Name)
}

/// Whether a value is the same each time: it asks no data, no clock and nothing that
/// happened, only what was set before.
fn is_fixed(value: &[Token<'_>]) -> bool {
    value.iter().enumerate().all(|(at, token)| {
        let calls = value.get(at + 1).is_some_and(|next| next.is_symbol("("));
        let is_system = at > 0 && (value[at - 1].is_symbol("@") || value[at - 1].is_symbol("."));
        match token.kind {
            TokenKind::Word if calls => token.is_any(&PURE),
            TokenKind::Word | TokenKind::Name if is_system => {
                let name = unquoted(token.text.trim_start_matches('@'));
                !HAPPENINGS.iter().any(|it| it.eq_ignore_ascii_case(&name))
            }
            TokenKind::Word => !token.is_any(&ASKING),
            // Only a schema's own function is called by a quoted name.
            TokenKind::Name => !calls,
            _ => true,
        }
    })
}
