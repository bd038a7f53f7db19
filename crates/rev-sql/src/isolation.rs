//! The isolation level that a script chooses for its transaction: `SET TRANSACTION …`.
//!
//! PostgreSQL takes it only before the transaction's first query, and MySQL and MariaDB only
//! before the transaction. Whoever runs a script has queries and a beginning of its own there,
//! so what chooses is sent before these: see [`first`]. A choice that could not be kept is a
//! [`Fault`], which is told before anything runs.
//!
//! PostgreSQL takes a snapshot of the rows with the first query, too, so what the script locks
//! before its own first query is locked before ours.
//! <https://www.postgresql.org/docs/current/sql-set-transaction.html>,
//! <https://dev.mysql.com/doc/refman/9.0/en/set-transaction.html>

use rev_core::{Dialect, TransactionMode};

use crate::effect;
use crate::split::{Statement, Token, readings};

/// Why a choice could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Something before it has begun the work of the transaction.
    NotFirst,
    /// No transaction holds the statements of the script.
    NoTransaction,
    /// The ledger's row could not be written in the same transaction.
    ReadOnly,
}

/// What a statement chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Choice {
    /// Whether it is for the next transaction alone, and not for all of the session's.
    is_for_one: bool,
    is_read_only: bool,
}

/// The places of the statements at the beginning that choose, and nothing beside them.
#[must_use]
pub fn choices(statements: &[Statement], dialect: Dialect) -> Vec<usize> {
    let leading = statements[..leading(statements, dialect)].iter();
    let chooses = leading.map(|it| choice(&it.text, dialect).is_some());
    (0..)
        .zip(chooses)
        .filter(|(_, it)| *it)
        .map(|(at, _)| at)
        .collect()
}

/// The places of the statements that are sent before anything of whoever runs the script, in
/// order; none, where it chooses nothing.
#[must_use]
pub fn first(statements: &[Statement], dialect: Dialect) -> Vec<usize> {
    let mut found = Vec::new();
    let mut chooses = false;
    // What is locked in front, and set for that, keeps its order; behind a change of the role,
    // or of how texts are read, nothing is moved but the choice, for which these mean nothing.
    let mut is_open = dialect == Dialect::Postgres;
    for (at, statement) in statements[..leading(statements, dialect)]
        .iter()
        .enumerate()
    {
        let is_choice = choice(&statement.text, dialect).is_some();
        chooses |= is_choice;
        is_open &= is_choice || may_go_first(&statement.text);
        if is_choice || is_open {
            found.push(at);
        }
    }
    if chooses { found } else { Vec::new() }
}

/// What a script chooses, such as `SETTRANSACTIONISOLATIONLEVELSERIALIZABLE`, to be compared.
#[must_use]
pub fn chosen(statements: &[Statement], dialect: Dialect) -> Option<String> {
    let chosen = statements
        .iter()
        .filter(|it| choice(&it.text, dialect).is_some());
    let texts = chosen.flat_map(|it| {
        readings(&it.text, dialect)
            .into_iter()
            .next()
            .unwrap_or_default()
    });
    let text: String = texts.map(|token| token.text.to_uppercase()).collect();
    Some(text).filter(|it| !it.is_empty())
}

/// The place of the first choice for one transaction, and why nobody could keep it.
#[must_use]
pub fn fault(
    statements: &[Statement],
    dialect: Dialect,
    transaction: TransactionMode,
) -> Option<(usize, Fault)> {
    let leading = leading(statements, dialect);
    let is_one = transaction != TransactionMode::None && !is_apart(statements, dialect);
    let mut choices = statements.iter().enumerate();
    choices.find_map(|(at, it)| {
        let choice = choice(&it.text, dialect)?;
        // One for the session counts for our transaction too, where it goes before that.
        if !(choice.is_for_one || choice.is_read_only && is_one && at < leading) {
            return None;
        }
        if !is_one {
            Some((at, Fault::NoTransaction))
        } else if choice.is_read_only {
            Some((at, Fault::ReadOnly))
        } else {
            (at >= leading).then_some((at, Fault::NotFirst))
        }
    })
}

/// Whether a script chooses for one transaction alone.
#[must_use]
pub fn is_for_one(statements: &[Statement], dialect: Dialect) -> Option<usize> {
    let is_it = |it: &Statement| choice(&it.text, dialect).is_some_and(|it| it.is_for_one);
    statements.iter().position(is_it)
}

/// Whether a statement of MySQL or MariaDB ends the transaction that it stands in.
fn is_apart(statements: &[Statement], dialect: Dialect) -> bool {
    dialect == Dialect::Mysql
        && statements
            .iter()
            .any(|it| effect::needs_to_be_alone(&it.text, dialect))
}

/// How many statements at the beginning ask nothing of the data.
fn leading(statements: &[Statement], dialect: Dialect) -> usize {
    const POSTGRES: [&str; 7] = [
        "SET", "RESET", "SHOW", "LOCK", "LISTEN", "UNLISTEN", "NOTIFY",
    ];
    let words: &[&str] = match dialect {
        Dialect::Postgres => &POSTGRES,
        Dialect::Mysql => &["SET", "USE"],
        Dialect::Sqlite => &[],
    };
    let asks_nothing = |it: &&Statement| {
        readings(&it.text, dialect)
            .iter()
            .all(|tokens| tokens.first().is_none_or(|first| first.is_any(words)))
    };
    statements.iter().take_while(asks_nothing).count()
}

/// `LOCK TABLE t`, `SET LOCAL lock_timeout = '2s'`, `SET search_path = app`: what our own
/// statements mean the same after, since they name their tables with the schema.
fn may_go_first(statement: &str) -> bool {
    const SETTINGS: [&str; 5] = [
        "search_path",
        "work_mem",
        "maintenance_work_mem",
        "client_min_messages",
        "application_name",
    ];
    let readings = readings(statement, Dialect::Postgres);
    readings.iter().all(|tokens| {
        let name = tokens
            .iter()
            .skip(1)
            .find(|it| !it.is_any(&["LOCAL", "SESSION"]));
        let is_harmless = name.is_some_and(|it| {
            let name = it.text.to_lowercase();
            name.ends_with("_timeout") || SETTINGS.contains(&name.as_str())
        });
        tokens.first().is_some_and(|first| {
            first.is_any(&["LOCK", "SHOW", "LISTEN", "UNLISTEN", "NOTIFY"])
                || (first.is("SET") && is_harmless)
        })
    })
}

fn choice(statement: &str, dialect: Dialect) -> Option<Choice> {
    if dialect == Dialect::Sqlite {
        return None;
    }
    let readings = readings(statement, dialect);
    readings.iter().find_map(|tokens| read(tokens, dialect))
}

fn read(tokens: &[Token<'_>], dialect: Dialect) -> Option<Choice> {
    let (first, rest) = tokens.split_first()?;
    if !first.is("SET") {
        return None;
    }
    let has_pair = |one: &str, other: &str| {
        rest.windows(2)
            .any(|pair| pair[0].is(one) && pair[1].is(other))
    };
    let is_scoped = rest
        .first()
        .is_some_and(|it| it.is_any(&["SESSION", "LOCAL"]));
    let is_transaction = rest
        .get(usize::from(is_scoped))
        .is_some_and(|it| it.is("TRANSACTION"));
    if is_transaction {
        return Some(Choice {
            // To PostgreSQL the word of scope before it says nothing.
            is_for_one: dialect == Dialect::Postgres || !is_scoped,
            is_read_only: has_pair("READ", "ONLY"),
        });
    }
    let said: String = rest.iter().map(|token| token.text.to_lowercase()).collect();
    let (scope, name) = scope(&said);
    let names: &[&str] = match dialect {
        Dialect::Postgres => &[
            "transaction_isolation",
            "transaction_read_only",
            "transaction_deferrable",
        ],
        _ => &[
            "transaction_isolation",
            "tx_isolation",
            "transaction_read_only",
            "tx_read_only",
        ],
    };
    let (name, value) = names
        .iter()
        .find_map(|it| Some((*it, name.strip_prefix(it)?)))?;
    let value = value
        .strip_prefix(":=")
        .or_else(|| value.strip_prefix('='))
        .or_else(|| value.strip_prefix("to"))?;
    let value = value.trim_matches(['\'', '"']);
    Some(Choice {
        is_for_one: dialect == Dialect::Postgres || scope == "@@",
        is_read_only: name.ends_with("read_only") && ["1", "on", "true", "yes"].contains(&value),
    })
}

/// The scope of a variable, and its name and what follows: `@@`, `session`, or nothing.
fn scope(said: &str) -> (&'static str, &str) {
    for (written, scope) in [
        ("@@session.", "session"),
        ("@@local.", "session"),
        ("@@", "@@"),
        ("session", "session"),
        ("local", "session"),
    ] {
        if let Some(rest) = said.strip_prefix(written) {
            return (scope, rest);
        }
    }
    ("", said)
}

#[cfg(test)]
mod tests {
    use rev_core::{Dialect, TransactionMode};

    use super::{Fault, chosen, fault, first};
    use crate::split::Statement;

    fn statements(script: &str) -> Vec<Statement> {
        script.split("; ").map(Statement::alone).collect()
    }

    #[test]
    fn what_chooses_goes_first_and_what_waits_or_locks_beside_it() {
        for (dialect, script, due) in [
            (
                Dialect::Postgres,
                "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1",
                &[0][..],
            ),
            (
                Dialect::Postgres,
                "SET LOCAL transaction_isolation = 'repeatable read'; SELECT 1",
                &[0],
            ),
            (
                Dialect::Postgres,
                "SET transaction_isolation TO serializable",
                &[0],
            ),
            (
                Dialect::Postgres,
                "SET lock_timeout = '2s'; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; LOCK TABLE t; UPDATE t SET n = 1",
                &[0, 1, 2],
            ),
            (
                Dialect::Postgres,
                "SET search_path TO app; SHOW search_path; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; LOCK TABLE t; UPDATE t SET n = 1",
                &[0, 1, 2, 3],
            ),
            (
                Dialect::Postgres,
                "SET standard_conforming_strings = off; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; LOCK TABLE t",
                &[1],
            ),
            (
                Dialect::Postgres,
                "SET ROLE r; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; LOCK TABLE t",
                &[1],
            ),
            (
                Dialect::Postgres,
                "SET lock_timeout = '2s'; LOCK TABLE t",
                &[],
            ),
            (
                Dialect::Postgres,
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                &[],
            ),
            (Dialect::Postgres, "SET transaction_timeout = 0", &[]),
            (
                Dialect::Mysql,
                "SET NAMES utf8mb4; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; UPDATE t SET n = 1",
                &[1],
            ),
            (
                Dialect::Mysql,
                "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE; UPDATE t SET n = 1",
                &[0],
            ),
            (
                Dialect::Mysql,
                "SET @@transaction_isolation = 'SERIALIZABLE'",
                &[0],
            ),
            (
                Dialect::Mysql,
                "SET @@session.tx_isolation := 'SERIALIZABLE'",
                &[0],
            ),
            (
                Dialect::Mysql,
                "UPDATE t SET n = 1; SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                &[],
            ),
            (
                Dialect::Mysql,
                "SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                &[],
            ),
            (Dialect::Mysql, "SET @transaction_isolation = 1", &[]),
        ] {
            assert_eq!(first(&statements(script), dialect), due, "{script}");
        }
    }

    #[test]
    fn a_choice_that_nobody_could_keep_is_a_fault() {
        use TransactionMode::{None as Each, Step};
        let level = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";
        for (dialect, script, mode, due) in [
            (Dialect::Postgres, level.to_owned(), Step, None),
            (
                Dialect::Postgres,
                level.to_owned(),
                Each,
                Some((0, Fault::NoTransaction)),
            ),
            (
                Dialect::Postgres,
                format!("SELECT 1; {level}"),
                Step,
                Some((1, Fault::NotFirst)),
            ),
            (
                Dialect::Postgres,
                format!("{level}, READ ONLY"),
                Step,
                Some((0, Fault::ReadOnly)),
            ),
            (
                Dialect::Postgres,
                "SET transaction_read_only = on".to_owned(),
                Step,
                Some((0, Fault::ReadOnly)),
            ),
            (
                Dialect::Postgres,
                format!("{level}, READ WRITE"),
                Step,
                None,
            ),
            (
                Dialect::Mysql,
                format!("{level}; UPDATE t SET n = 1"),
                Step,
                None,
            ),
            (
                Dialect::Mysql,
                format!("{level}; CREATE TABLE t (n int)"),
                Step,
                Some((0, Fault::NoTransaction)),
            ),
            (
                Dialect::Mysql,
                "SET SESSION TRANSACTION READ ONLY; CREATE TABLE t (n int)".to_owned(),
                Each,
                None,
            ),
            (
                Dialect::Mysql,
                format!("UPDATE t SET n = 1; {level}"),
                Step,
                Some((1, Fault::NotFirst)),
            ),
            (
                Dialect::Mysql,
                "SET SESSION TRANSACTION READ ONLY; SELECT 1".to_owned(),
                Step,
                Some((0, Fault::ReadOnly)),
            ),
        ] {
            assert_eq!(fault(&statements(&script), dialect, mode), due, "{script}");
        }
    }

    #[test]
    fn the_same_choice_is_the_same_however_it_is_spelt() {
        let one = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1";
        let other = "set  transaction isolation /* so */ level\nserializable";
        let chosen = |script: &str| chosen(&statements(script), Dialect::Postgres);
        assert_eq!(chosen(one), chosen(other));
        assert_ne!(
            chosen(one),
            chosen("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        );
        assert_eq!(chosen("SELECT 1"), None);
    }
}
