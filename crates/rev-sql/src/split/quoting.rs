//! How quoted text is read from one statement of a script to the next.
//!
//! A server reads a statement by the settings that its session has by then, and a script may
//! set them: dumps begin with `SET sql_mode = …` and end with what was there before. So each
//! statement is looked at once it is whole. What cannot be told, such as a mode that is asked
//! of a table, leaves everything as it is.
//! <https://dev.mysql.com/doc/refman/9.0/en/sql-mode.html>,
//! <https://www.postgresql.org/docs/current/runtime-config-compatible.html>

use rev_core::{Dialect, Quoting, Spelling};

use super::lexer::{Token, TokenKind};
use super::tokens::{tokens_as, unquoted};

/// What reads the statements of one script.
pub(super) struct Reader {
    dialect: Dialect,
    /// As the session begins.
    first: Quoting,
    now: Quoting,
    /// What a script has put by: `SET @old = @@sql_mode`.
    kept: Vec<(String, Quoting)>,
}

/// The modes that a name stands for, beside those that it is itself.
const ANSI: [&str; 8] = [
    "ANSI",
    "ANSI_QUOTES",
    "DB2",
    "MAXDB",
    "MSSQL",
    "ORACLE",
    "POSTGRESQL",
    "POSTGRES",
];
/// Their bits, where a mode is a number.
const ANSI_QUOTES: u64 = 4;
const NO_BACKSLASH_ESCAPES: u64 = 1 << 20;

/// How a server with this `sql_mode` reads quoted text: `ANSI_QUOTES,STRICT_TRANS_TABLES`.
#[must_use]
pub fn quoting_of_mode(mode: &str) -> Quoting {
    let mut quoting = Quoting {
        backslash: true,
        ansi_quotes: false,
    };
    put(&mut quoting, mode, true);
    quoting
}

/// Sets or takes the modes that a text names.
fn put(quoting: &mut Quoting, names: &str, is_set: bool) {
    for name in names.split(',').map(str::trim) {
        if name.eq_ignore_ascii_case("NO_BACKSLASH_ESCAPES") {
            quoting.backslash = !is_set;
        }
        if ANSI.iter().any(|it| name.eq_ignore_ascii_case(it)) {
            quoting.ansi_quotes = is_set;
        }
    }
}

impl Reader {
    pub(super) fn new(dialect: Dialect, first: Quoting) -> Self {
        Self {
            dialect,
            first,
            now: first,
            kept: Vec::new(),
        }
    }

    pub(super) fn quoting(&self) -> Quoting {
        self.now
    }

    /// Takes the next statement, and says whether those after it are read otherwise.
    pub(super) fn take(&mut self, statement: &str) -> bool {
        let before = self.now;
        let setting = match self.dialect {
            Dialect::Sqlite => return false,
            Dialect::Mysql => "sql_mode",
            Dialect::Postgres => "standard_conforming_strings",
        };
        let mentions = |name: &str| {
            let at = |it: &[u8]| it.eq_ignore_ascii_case(name.as_bytes());
            statement.as_bytes().windows(name.len()).any(at)
        };
        if mentions(setting)
            || (self.dialect == Dialect::Postgres && (mentions("RESET") || mentions("DISCARD")))
        {
            let spelling = Spelling {
                dialect: self.dialect,
                quoting: self.now,
            };
            let (mut tokens, _) = tokens_as(statement, spelling);
            tokens.retain(|token| token.kind != TokenKind::Fence);
            match self.dialect {
                Dialect::Postgres => self.take_postgres(&tokens),
                _ => self.take_mysql(&tokens),
            }
        }
        self.now != before
    }

    /// `SET [SESSION | LOCAL] standard_conforming_strings { TO | = } off`, `RESET …`, and
    /// `set_config`.
    fn take_postgres(&mut self, tokens: &[Token<'_>]) {
        const NAME: &str = "standard_conforming_strings";
        let is_name = |token: &Token<'_>| unquoted(token.text).eq_ignore_ascii_case(NAME);
        let Some(first) = tokens.first() else { return };
        if first.is("RESET") || first.is("DISCARD") {
            if tokens.iter().any(|it| is_name(it) || it.is("ALL")) {
                self.now.backslash = self.first.backslash;
            }
            return;
        }
        let Some(at) = tokens.iter().position(is_name) else {
            return;
        };
        let is_set = first.is("SET") && at <= 2;
        let is_call = at >= 2 && tokens[at - 2].is("set_config");
        // After `TO`, `=` or a comma.
        let Some(value) = tokens.get(at + 2).filter(|_| is_set || is_call) else {
            return;
        };
        match unquoted(value.text).to_lowercase().as_str() {
            "on" | "true" | "yes" | "1" | "t" | "y" => self.now.backslash = false,
            "off" | "false" | "no" | "0" | "f" | "n" => self.now.backslash = true,
            "default" => self.now.backslash = self.first.backslash,
            _ => {}
        }
    }

    /// The assignments of a `SET`, one after the other.
    fn take_mysql(&mut self, tokens: &[Token<'_>]) {
        let Some((first, rest)) = tokens.split_first() else {
            return;
        };
        // `SET STATEMENT … FOR` is of one statement, which was read before.
        if !first.is("SET") || rest.first().is_some_and(|it| it.is("STATEMENT")) {
            return;
        }
        // A word for the scope holds until the next one.
        let mut is_of_server = false;
        for part in parts(rest) {
            let Some(equals) = part.iter().position(|it| it.is_symbol("=")) else {
                continue;
            };
            let colon = usize::from(equals > 0 && part[equals - 1].is_symbol(":"));
            let (target, value) = (&part[..equals - colon], &part[equals + 1..]);
            let Some(name) = target.last() else { continue };
            let names_server = |it: &Token<'_>| {
                let mut words = ["GLOBAL", "PERSIST", "PERSIST_ONLY"].iter();
                words.any(|word| bare(it).eq_ignore_ascii_case(word))
            };
            let first = &target[0];
            if first.is_any(&["GLOBAL", "PERSIST", "PERSIST_ONLY", "SESSION", "LOCAL"]) {
                is_of_server = names_server(first);
            }
            let is_server = if first.text.starts_with('@') {
                target.iter().any(names_server)
            } else {
                is_of_server
            };
            if is_own(target) {
                let kept = (bare(name).to_lowercase(), self.mode(value));
                self.kept.retain(|(name, _)| *name != kept.0);
                self.kept.push(kept);
            } else if !is_server && bare(name).eq_ignore_ascii_case("sql_mode") {
                self.now = self.mode(value);
            }
        }
    }

    /// What a value says of the mode; as it is now, where that cannot be told.
    fn mode(&self, value: &[Token<'_>]) -> Quoting {
        let texts = value.iter().filter(|it| it.kind == TokenKind::Text);
        let texts = texts.map(|it| unquoted(it.text));
        let calls = value.iter().any(|it| it.is_symbol("("));
        if calls {
            let is_taken = value.iter().any(|it| it.is("REPLACE"));
            let mut quoting = self.now;
            for text in texts {
                put(&mut quoting, &text, !is_taken);
            }
            return quoting;
        }
        match value {
            [one] if one.kind == TokenKind::Text => quoting_of_mode(&unquoted(one.text)),
            [one] if one.is("DEFAULT") => self.first,
            [one] if one.text.bytes().all(|it| it.is_ascii_digit()) => {
                let bits: u64 = one.text.parse().unwrap_or_default();
                Quoting {
                    backslash: bits & NO_BACKSLASH_ESCAPES == 0,
                    ansi_quotes: bits & ANSI_QUOTES != 0,
                }
            }
            value if is_own(value) => {
                let name = value.last().map(bare).unwrap_or_default().to_lowercase();
                let kept = self.kept.iter().find(|it| it.0 == name);
                kept.map_or(self.now, |it| it.1)
            }
            [one] if one.kind == TokenKind::Word => quoting_of_mode(one.text),
            // `@@global.sql_mode`, which the session began with as far as is known.
            [.., scope, _, _] if bare(scope).eq_ignore_ascii_case("GLOBAL") => self.first,
            _ => self.now,
        }
    }
}

/// A name without quotes and without the sign of a variable.
fn bare<'t>(token: &'t Token<'_>) -> &'t str {
    token.text.trim_start_matches('@').trim_matches(['`', '"'])
}

/// Whether these tokens are one variable of a person's own: `@old`, and no `@@sql_mode`.
fn is_own(tokens: &[Token<'_>]) -> bool {
    match tokens {
        [one] => one.text.starts_with('@'),
        [at, name] => at.is_symbol("@") && !name.text.starts_with('@'),
        _ => false,
    }
}

/// The parts of a list, divided by commas outside of brackets.
fn parts<'t, 's>(tokens: &'t [Token<'s>]) -> Vec<&'t [Token<'s>]> {
    let mut depth = 0_i32;
    let comma = |token: &Token<'_>| {
        depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
        depth == 0 && token.is_symbol(",")
    };
    tokens.split(comma).collect()
}

#[cfg(test)]
mod tests {
    use rev_core::{Dialect, Quoting, Spelling, Sql, TransactionMode};

    use crate::split::split;

    fn spelling(dialect: Dialect, backslash: bool, ansi_quotes: bool) -> Spelling {
        let quoting = Quoting {
            backslash,
            ansi_quotes,
        };
        Spelling { dialect, quoting }
    }

    #[track_caller]
    fn splits(spelling: Spelling, script: &[&str]) {
        let text = script.join(";\n");
        let found = split(&Sql::text(&text), spelling, TransactionMode::Step);
        let found = found.unwrap_or_else(|error| panic!("{error}: {text}"));
        let found: Vec<&str> = found.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(found, script, "{spelling:?}");
    }

    #[test]
    fn a_server_that_was_told_otherwise_reads_otherwise() {
        let plain = spelling(Dialect::Mysql, false, false);
        splits(
            plain,
            &[r"INSERT INTO t VALUES ('C:\')", r#"SELECT "a\", ';'"#],
        );
        let ansi = spelling(Dialect::Mysql, true, true);
        splits(ansi, &[r#"CREATE TABLE "a\" (n INT)"#, r"SELECT 'it\'s ;'"]);
        let both = spelling(Dialect::Mysql, false, true);
        splits(both, &[r#"SELECT "a\"""";", '\'"#, "SELECT `a\\`, 1"]);
        let old = spelling(Dialect::Postgres, true, false);
        splits(
            old,
            &[
                r"SELECT 'it\'s ;'",
                r#"SELECT "a\""#,
                r"SELECT E'\';', $$\$$",
            ],
        );
        splits(Dialect::Postgres.into(), &[r"SELECT 'a\'", "SELECT 1"]);
    }

    #[test]
    fn a_script_that_sets_how_text_is_read_is_read_so() {
        let mysql = Dialect::Mysql.into();
        let sets = [
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET SESSION sql_mode = \"STRICT_ALL_TABLES,no_backslash_escapes\"",
            "SET @@sql_mode := 'NO_BACKSLASH_ESCAPES'",
            "SET @@session.sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')",
            "SET sql_mode = NO_BACKSLASH_ESCAPES",
            "SET sql_mode = 1048576",
            "SET GLOBAL max_connections = 100, SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET GLOBAL max_connections = 100, @@sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "/*!40101 SET @a = 1, `sql_mode` = 'NO_BACKSLASH_ESCAPES' */",
        ];
        for set in sets {
            splits(mysql, &[r"SELECT 'a\''", set, r"SELECT 'C:\', 'x'"]);
            let back = "SET sql_mode = DEFAULT";
            splits(mysql, &[set, r"SELECT 'C:\'", back, r"SELECT 'a\''"]);
        }
        let kept = "SET @OLD=@@SQL_MODE, SQL_MODE='NO_BACKSLASH_ESCAPES'";
        splits(
            mysql,
            &[kept, r"SELECT '\'", "SET SQL_MODE=@OLD", r"SELECT '\''"],
        );
        let taken = "SET sql_mode = REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '')";
        splits(
            spelling(Dialect::Mysql, false, false),
            &[r"SELECT '\'", taken, r"SELECT '\''"],
        );
        let ansi = "SET sql_mode = 'ANSI'";
        splits(mysql, &[r#"SELECT "\"""#, ansi, r#"SELECT 1 AS "\", '\''"#]);
        // What sets nothing of this session.
        for other in [
            "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET GLOBAL max_connections = 100, sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET @@persist.sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET STATEMENT sql_mode = 'NO_BACKSLASH_ESCAPES' FOR SELECT 1",
            "SELECT @@sql_mode, 'NO_BACKSLASH_ESCAPES'",
            "SET @sql_mode = 'NO_BACKSLASH_ESCAPES'",
        ] {
            splits(mysql, &[other, r"SELECT 'a\''"]);
        }

        let postgres = Dialect::Postgres.into();
        for set in [
            "SET standard_conforming_strings = off",
            "SET SESSION standard_conforming_strings TO 'off'",
            "SET LOCAL standard_conforming_strings = false",
            "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false)",
        ] {
            let back = [
                "RESET ALL",
                "DISCARD ALL",
                "SET standard_conforming_strings TO DEFAULT",
                "SET standard_conforming_strings = on",
            ];
            for back in back {
                splits(
                    postgres,
                    &[r"SELECT '\'", set, r"SELECT 'a\';'", back, r"SELECT '\'"],
                );
            }
        }
    }

    #[test]
    fn the_pieces_of_a_script_go_on_from_one_another() {
        let set = "SET sql_mode = 'NO_BACKSLASH_ESCAPES'".to_owned();
        let script = Sql(vec![set, r"SELECT 'C:\'".to_owned()]);
        let found = split(&script, Dialect::Mysql, TransactionMode::Step);
        assert_eq!(found.map(|it| it.len()), Ok(2));
    }
}
