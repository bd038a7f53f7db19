//! Indexes of PostgreSQL that are there and of no use, since what built them was cut off.
//!
//! `CREATE INDEX IF NOT EXISTS` takes such a one for what is wanted, and `REINDEX … CONCURRENTLY`
//! of more than one index passes over it: both end as if all were well. So after either the
//! catalogue is asked.

use rev_core::Dialect;

use crate::ledger;
use crate::split::{Token, TokenKind, code_tokens, unquoted};

/// What asks which unusable indexes a statement that was done has left among those that it is
/// about, one name a row; `None`: it leaves none.
#[must_use]
pub fn left_by(statement: &str) -> Option<String> {
    let tokens = code_tokens(statement, Dialect::Postgres);
    let mut words = Words(&tokens);
    let which = if words.takes("CREATE") {
        created(&mut words)?
    } else if words.takes("REINDEX") {
        rebuilt(&mut words)?
    } else {
        return None;
    };
    // A partitioned index is invalid by rights until each partition has its own.
    Some(format!(
        "SELECT i.oid::pg_catalog.regclass::text FROM pg_catalog.pg_index x \
         JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid \
         JOIN pg_catalog.pg_class t ON t.oid = x.indrelid \
         WHERE NOT x.indisvalid AND i.relkind = 'i' AND {which}"
    ))
}

/// `[UNIQUE] INDEX [CONCURRENTLY] IF NOT EXISTS name ON [ONLY] table`
fn created(words: &mut Words<'_, '_>) -> Option<String> {
    words.takes("UNIQUE");
    if !words.takes("INDEX") {
        return None;
    }
    words.takes("CONCURRENTLY");
    if !(words.takes("IF") && words.takes("NOT") && words.takes("EXISTS")) {
        return None;
    }
    let name = words.name()?;
    if !words.takes("ON") {
        return None;
    }
    words.takes("ONLY");
    let table = words.name()?;
    let name = if name.starts_with('"') {
        unquoted(&name)
    } else {
        // As the server folds it.
        name.to_ascii_lowercase()
    };
    Some(format!(
        "i.relname = {} AND t.relnamespace = (SELECT relnamespace FROM pg_catalog.pg_class \
         WHERE oid = pg_catalog.to_regclass({}))",
        text(&name),
        text(&table)
    ))
}

/// `[(option, …)] [VERBOSE] INDEX | TABLE | SCHEMA | DATABASE [CONCURRENTLY] [name]`
fn rebuilt(words: &mut Words<'_, '_>) -> Option<String> {
    words.skip_options();
    words.takes("VERBOSE");
    let kinds = ["INDEX", "TABLE", "SCHEMA", "DATABASE"];
    let kind = kinds.into_iter().find(|kind| words.takes(kind))?;
    words.takes("CONCURRENTLY");
    let name = words.name().map(|name| text(&name));
    Some(match (kind, name) {
        ("DATABASE", _) => "true".to_owned(),
        ("INDEX", Some(name)) => format!("i.oid = pg_catalog.to_regclass({name})"),
        ("TABLE", Some(name)) => format!("t.oid = pg_catalog.to_regclass({name})"),
        (_, Some(name)) => format!("i.relnamespace = pg_catalog.to_regnamespace({name})"),
        (_, None) => return None,
    })
}

fn text(text: &str) -> String {
    ledger::text(text, Dialect::Postgres)
}

/// The tokens that are not read yet.
struct Words<'t, 'a>(&'t [Token<'a>]);

impl Words<'_, '_> {
    fn takes(&mut self, keyword: &str) -> bool {
        let is_next = self.0.first().is_some_and(|token| token.is(keyword));
        if is_next {
            self.0 = &self.0[1..];
        }
        is_next
    }

    fn skip_options(&mut self) {
        if self.0.first().is_some_and(|token| token.is_symbol("(")) {
            let end = self.0.iter().position(|token| token.is_symbol(")"));
            self.0 = &self.0[end.map_or(self.0.len(), |end| end + 1)..];
        }
    }

    /// A name as written, with its schema where it has one.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let (token, rest) = self.0.split_first()?;
            if !matches!(token.kind, TokenKind::Word | TokenKind::Name) {
                return None;
            }
            name.push_str(token.text);
            self.0 = rest;
            let Some((dot, rest)) = rest.split_first().filter(|(it, _)| it.is_symbol(".")) else {
                return Some(name);
            };
            name.push_str(dot.text);
            self.0 = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::left_by;

    #[test]
    fn what_may_leave_an_unusable_index_is_asked_after() {
        for (statement, which) in [
            (
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS I ON s.t (a)",
                "i.relname = 'i' AND t.relnamespace = (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass('s.t'))",
            ),
            (
                "create unique index if not exists \"I\" on only t (a)",
                "i.relname = 'I' AND t.relnamespace = (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass('t'))",
            ),
            (
                "REINDEX (VERBOSE, TABLESPACE x) INDEX CONCURRENTLY s.i",
                "i.oid = pg_catalog.to_regclass('s.i')",
            ),
            ("REINDEX TABLE t", "t.oid = pg_catalog.to_regclass('t')"),
            (
                "REINDEX SCHEMA CONCURRENTLY \"S\"",
                "i.relnamespace = pg_catalog.to_regnamespace('\"S\"')",
            ),
            ("REINDEX DATABASE CONCURRENTLY", "true"),
        ] {
            let question = left_by(statement).unwrap_or_default();
            assert!(
                question.ends_with(&format!(" AND {which}")),
                "{statement}: {question}"
            );
        }
    }

    #[test]
    fn what_leaves_none_is_not_asked_after() {
        for statement in [
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "CREATE TABLE IF NOT EXISTS t (a int)",
            "DROP INDEX IF EXISTS i",
            "REINDEX SYSTEM",
            "INSERT INTO t VALUES ('REINDEX TABLE t')",
        ] {
            assert_eq!(left_by(statement), None, "{statement}");
        }
    }
}
