//! How a statement of models is loaded.
//!
//! Dumps of PostgreSQL hold statements that no comparison looks at, such as grants, and some
//! that would run a query. Such a statement is not refused: it is left out, or cut short.

use rev_core::Dialect;

use crate::split::{Token, code_tokens};

/// How a statement of models is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Treatment {
    /// As it is, if it declares: see [`super::declares`].
    AsItIs,
    /// Likewise, yet what it makes is not compared: others may stand on that.
    NotCompared(&'static str),
    /// Not at all: nothing stands on what it makes, and it may reach roles or servers that
    /// the throw-away database knows nothing of.
    LeftOut(&'static str),
    /// Up to this place and then `WITH NO DATA`, so that no query runs.
    WithoutData(usize),
}

use Treatment::{LeftOut, NotCompared};

/// What is declared by these words after `CREATE`, `ALTER` or `COMMENT ON`, and is not
/// compared.
const KINDS: [(&[&str], Treatment); 16] = [
    (&["EVENT", "TRIGGER"], LeftOut("event triggers")),
    (&["PUBLICATION"], LeftOut("publications")),
    (&["SUBSCRIPTION"], LeftOut("subscriptions")),
    (&["USER", "MAPPING"], LeftOut("user mappings")),
    (&["DEFAULT", "PRIVILEGES"], LeftOut("privileges")),
    (&["TEXT", "SEARCH"], NotCompared("text search")),
    (&["FOREIGN", "TABLE"], NotCompared("foreign tables")),
    (&["FOREIGN", "DATA"], NotCompared("foreign servers")),
    (&["SERVER"], NotCompared("foreign servers")),
    (&["OPERATOR"], NotCompared("operators")),
    (&["CAST"], NotCompared("casts")),
    (&["CONVERSION"], NotCompared("conversions")),
    (&["COLLATION"], NotCompared("collations")),
    (&["ACCESS", "METHOD"], NotCompared("access methods")),
    (&["LANGUAGE"], NotCompared("languages")),
    (&["TRANSFORM"], NotCompared("transforms")),
];

/// How a statement of models is loaded.
#[must_use]
pub fn treatment(statement: &str, dialect: Dialect) -> Treatment {
    let found = code_tokens(statement, dialect);
    let is = |at: usize, word: &str| found.get(at).is_some_and(|token| token.is(word));
    if dialect == Dialect::Mysql && is(0, "CREATE") && is(1, "LIBRARY") {
        return NotCompared("libraries");
    }
    if dialect != Dialect::Postgres {
        return Treatment::AsItIs;
    }
    if is(0, "SECURITY") && is(1, "LABEL") {
        return LeftOut("security labels");
    }
    // Without `ON` it is about roles, which belong to the server.
    let is_right = (is(0, "GRANT") || is(0, "REVOKE")) && found.iter().any(|it| it.is("ON"));
    if is_right {
        return LeftOut("privileges");
    }
    if is(0, "ALTER") && gives_owner(&found) {
        return LeftOut("owners");
    }
    let start = match found.first() {
        Some(verb) if verb.is("COMMENT") => 2,
        Some(verb) if verb.is_any(&["CREATE", "ALTER"]) => 1,
        _ => return Treatment::AsItIs,
    };
    let skipped = ["OR", "REPLACE", "TRUSTED", "PROCEDURAL", "DEFAULT"];
    let first = |it: &Token<'_>| !it.is_any(&skipped) || it.is("DEFAULT") && is(2, "PRIVILEGES");
    let kind = found[start..].iter().position(first).map(|it| it + start);
    let Some(kind) = kind else {
        return Treatment::AsItIs;
    };
    let is_meant = |words: &[&str]| (kind..).zip(words).all(|(at, word)| is(at, word));
    match KINDS.into_iter().find(|(words, _)| is_meant(words)) {
        Some((_, treatment)) => treatment,
        None if is(0, "CREATE") && queries(&found) => without_data(&found),
        None => Treatment::AsItIs,
    }
}

/// `ALTER … OWNER TO somebody`, and no more.
fn gives_owner(found: &[Token<'_>]) -> bool {
    match found {
        [.., owner, to, _] => owner.is("OWNER") && to.is("TO"),
        _ => false,
    }
}

/// Whether a statement fills what it makes by a query: a materialized view, or a table that
/// is `AS` one.
fn queries(found: &[Token<'_>]) -> bool {
    let kind = found
        .iter()
        .find(|it| it.is_any(&["TABLE", "MATERIALIZED", "VIEW", "AS"]));
    let mut depth = 0;
    let has_query = found.iter().any(|token| {
        depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
        depth == 0 && token.is("AS")
    });
    // Nothing but these may stand before the kind.
    let is_first = |kind: &Token<'_>| {
        let words = ["CREATE", "TEMP", "TEMPORARY", "UNLOGGED", "GLOBAL", "LOCAL"];
        let before = found.iter().take_while(|it| it.start < kind.start);
        before.into_iter().all(|it| it.is_any(&words))
    };
    kind.is_some_and(|it| it.is_any(&["TABLE", "MATERIALIZED"]) && is_first(it)) && has_query
}

fn without_data(found: &[Token<'_>]) -> Treatment {
    let rest = match found {
        [.., with, no, data] if with.is("WITH") && no.is("NO") && data.is("DATA") => {
            return Treatment::AsItIs;
        }
        [rest @ .., with, data] if with.is("WITH") && data.is("DATA") => rest,
        all => all,
    };
    Treatment::WithoutData(rest.last().map_or(0, Token::end))
}

#[cfg(test)]
mod tests {
    use rev_core::Dialect::{Mysql, Postgres};

    use super::Treatment::{AsItIs, LeftOut, NotCompared, WithoutData};
    use super::treatment;

    #[test]
    fn what_dumps_hold_beside_a_schema_is_left_out_or_not_compared() {
        for (text, due) in [
            ("GRANT SELECT ON TABLE t TO reader", LeftOut("privileges")),
            (
                "REVOKE ALL ON SCHEMA public FROM PUBLIC",
                LeftOut("privileges"),
            ),
            ("GRANT admin TO somebody", AsItIs),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT SELECT ON TABLES TO b",
                LeftOut("privileges"),
            ),
            (
                "ALTER TABLE public.t OWNER TO \"Some One\"",
                LeftOut("owners"),
            ),
            ("ALTER TABLE t ADD owner int", AsItIs),
            (
                "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
                LeftOut("event triggers"),
            ),
            ("COMMENT ON PUBLICATION p IS 'x'", LeftOut("publications")),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'host=live' PUBLICATION p",
                LeftOut("subscriptions"),
            ),
            (
                "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple)",
                NotCompared("text search"),
            ),
            (
                "CREATE OPERATOR FAMILY f USING btree",
                NotCompared("operators"),
            ),
            (
                "CREATE OR REPLACE PROCEDURAL LANGUAGE plpgsql",
                NotCompared("languages"),
            ),
            (
                "CREATE FOREIGN TABLE t (a int) SERVER s",
                NotCompared("foreign tables"),
            ),
            ("CREATE TABLE server (text int)", AsItIs),
        ] {
            assert_eq!(treatment(text, Postgres), due, "{text}");
        }
        assert_eq!(treatment("GRANT SELECT ON t TO x", Mysql), AsItIs);
        let library = "CREATE LIBRARY l LANGUAGE JAVASCRIPT AS 'export function f() {}'";
        assert_eq!(treatment(library, Mysql), NotCompared("libraries"));
    }

    #[test]
    fn no_query_runs_while_models_are_loaded() {
        for (text, due) in [
            ("CREATE MATERIALIZED VIEW v AS SELECT f()", WithoutData(40)),
            (
                "CREATE MATERIALIZED VIEW v (a) WITH (fillfactor = 70) AS SELECT 1",
                WithoutData(65),
            ),
            (
                "CREATE MATERIALIZED VIEW v AS SELECT 1 WITH NO DATA",
                AsItIs,
            ),
            ("CREATE UNLOGGED TABLE t AS TABLE u", WithoutData(34)),
            (
                "CREATE TABLE t (a int GENERATED ALWAYS AS (1) STORED)",
                AsItIs,
            ),
            ("CREATE OR REPLACE VIEW v AS SELECT 1", AsItIs),
            ("CREATE TYPE t AS (a int)", AsItIs),
        ] {
            assert_eq!(treatment(text, Postgres), due, "{text}");
        }
    }
}
