//! Which statements declare: what models may hold.
//!
//! Models are loaded into a throw-away database that stands beside live ones, under
//! the same login. So only what makes something in that very database is let
//! through; whatever could reach another one, or the server, is not.

mod treatment;

use rev_core::Dialect;

use crate::reach::{Neighbours, Reach, reaches};
use crate::split::{Statement, Token, TokenKind, code_tokens};

pub use treatment::{Treatment, treatment};

/// Why a statement is no declaration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undeclared {
    /// It drops something.
    #[error("`{0}` drops something")]
    Drop(String),
    /// It writes or reads rows.
    #[error("`{0}` is about rows")]
    Rows(String),
    /// It names something in a database of its own choice.
    #[error("`{0}` is in a database that the statement chooses itself")]
    Qualified(String),
    /// It makes a package of Oracle mode.
    #[error("`{0}` is about a package, which is not compared")]
    Package(String),
    /// It is anything else.
    #[error("`{0}` declares nothing that the database holds")]
    Other(String),
}

/// Words that may stand between `CREATE` and what is made.
const MODIFIERS: [&str; 20] = [
    "OR",
    "REPLACE",
    "TEMP",
    "TEMPORARY",
    "GLOBAL",
    "LOCAL",
    "UNLOGGED",
    "UNIQUE",
    "FULLTEXT",
    "SPATIAL",
    "VIRTUAL",
    "MATERIALIZED",
    "RECURSIVE",
    "JSON",
    "RELATIONAL",
    "DUALITY",
    "CONSTRAINT",
    "ONLINE",
    "OFFLINE",
    "IGNORE",
];

/// What a database holds, and a statement may make or change.
fn kinds(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite => &["TABLE", "INDEX", "VIEW", "TRIGGER"],
        Dialect::Mysql => &[
            "TABLE",
            "INDEX",
            "VIEW",
            "TRIGGER",
            "FUNCTION",
            "PROCEDURE",
            "EVENT",
            "SEQUENCE",
            "LIBRARY",
        ],
        Dialect::Postgres => &[
            "TABLE",
            "INDEX",
            "VIEW",
            "TRIGGER",
            "FUNCTION",
            "PROCEDURE",
            "ROUTINE",
            "AGGREGATE",
            "SEQUENCE",
            "TYPE",
            "DOMAIN",
            "SCHEMA",
            "EXTENSION",
            "POLICY",
            "RULE",
            "STATISTICS",
            "CAST",
            "COLLATION",
            "OPERATOR",
            "TEXT",
            "FOREIGN",
            "SERVER",
            "CONVERSION",
            "ACCESS",
            "TRUSTED",
            "PROCEDURAL",
            "LANGUAGE",
            "TRANSFORM",
        ],
    }
}

/// Whether a statement declares something of the database it runs in, or readies the
/// session for that.
///
/// # Errors
///
/// Why it does not.
pub fn declares(statement: &str, dialect: Dialect) -> Result<(), Undeclared> {
    let found = code_tokens(statement, dialect);
    let Some(verb) = found.first() else {
        return Ok(());
    };
    let declared = match verb.text.to_ascii_uppercase().as_str() {
        "CREATE" | "ALTER" => return makes(&found, dialect),
        "DROP" if drops_what_is_not_there(&found, dialect) => return Ok(()),
        "DROP" if is_of_package(&found, dialect) => return Err(Undeclared::Package(title(&found))),
        "DROP" => return Err(Undeclared::Drop(title(&found))),
        "DO" | "SELECT" if dialect == Dialect::Mysql => sets_a_sequence(&found),
        "SELECT" => dialect == Dialect::Postgres && is_setting_as_dumped(&found),
        "SET" => {
            dialect != Dialect::Mysql || !(leaves_the_session(&found) || runs_something(&found))
        }
        "PRAGMA" => found.get(1).is_some_and(|word| word.is("foreign_keys")),
        "COMMENT" => !found.get(2).is_some_and(is_of_the_server),
        _ => false,
    };
    match declared {
        true => Ok(()),
        false if verb.is_any(&ROWS) => Err(Undeclared::Rows(title(&found))),
        false => Err(Undeclared::Other(title(&found))),
    }
}

const ROWS: [&str; 9] = [
    "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "TRUNCATE", "COPY", "SELECT", "WITH",
];

/// `SELECT pg_catalog.set_config('search_path', '', false)`, which pg_dump writes.
fn is_setting_as_dumped(found: &[Token<'_>]) -> bool {
    let words: Vec<&str> = found.iter().map(|token| token.text).collect();
    matches!(
        words.as_slice(),
        [
            "SELECT",
            "pg_catalog",
            ".",
            "set_config",
            "(",
            _,
            ",",
            _,
            ",",
            _,
            ")"
        ]
    )
}

/// Whether a setting of MySQL outlives the session.
fn leaves_the_session(found: &[Token<'_>]) -> bool {
    const WORDS: [&str; 5] = ["global", "persist", "persist_only", "password", "role"];
    let mut names = found.iter().filter(|token| token.kind != TokenKind::Text);
    names.any(|token| {
        let text = token.text.trim_start_matches('@').to_ascii_lowercase();
        let scope = text.split('.').next().unwrap_or_default();
        WORDS.contains(&scope)
    })
}

/// Functions that models may call to set a variable: these run nothing else.
const HARMLESS: [&str; 9] = [
    "CONCAT",
    "CONCAT_WS",
    "REPLACE",
    "IF",
    "IFNULL",
    "COALESCE",
    "TRIM",
    "LOWER",
    "UPPER",
];

/// Whether setting a variable of MySQL calls a function that may do anything, or is
/// how another statement is told to run.
fn runs_something(found: &[Token<'_>]) -> bool {
    let calls = |pair: &[Token<'_>]| {
        let is_name = matches!(pair[0].kind, TokenKind::Word | TokenKind::Name);
        is_name && pair[1].is_symbol("(") && !pair[0].is_any(&HARMLESS)
    };
    found.get(1).is_some_and(|word| word.is("STATEMENT"))
        || found.iter().any(|word| word.is("FROM"))
        || found.windows(2).any(calls)
}

/// `DROP TABLE IF EXISTS hero`, which dumps of MySQL and MariaDB write before each
/// thing: an empty database has none.
fn drops_what_is_not_there(found: &[Token<'_>], dialect: Dialect) -> bool {
    dialect == Dialect::Mysql
        && found.get(1).is_some_and(|kind| kind.is_any(kinds(dialect)))
        && found.get(2).is_some_and(|word| word.is("IF"))
        && !found.iter().any(|token| token.is_symbol("."))
}

/// ``DO SETVAL(`numbers`, 1, 0)``, by which dumps of MariaDB say where a sequence stands.
fn sets_a_sequence(found: &[Token<'_>]) -> bool {
    let [
        _,
        function,
        open,
        name,
        first,
        value,
        second,
        is_used,
        close,
    ] = found
    else {
        return false;
    };
    let is_number = |token: &Token<'_>| token.text.bytes().all(|byte| byte.is_ascii_digit());
    let symbols = [(open, "("), (first, ","), (second, ","), (close, ")")];
    function.is("SETVAL")
        && name.kind == TokenKind::Name
        && is_number(value)
        && is_number(is_used)
        && symbols
            .iter()
            .all(|(token, symbol)| token.is_symbol(symbol))
}

/// Whether it is about a package of MariaDB's Oracle mode.
fn is_of_package(found: &[Token<'_>], dialect: Dialect) -> bool {
    let mut head = found.iter().take(12);
    dialect == Dialect::Mysql && head.any(|word| word.is("PACKAGE"))
}

/// The first declaration that could reach beyond the database as soon as it is loaded:
/// an event may fire at once, and call what else was declared.
#[must_use]
pub fn strays<'a>(
    statements: &'a [Statement],
    dialect: Dialect,
    neighbours: &Neighbours,
) -> Option<(&'a Statement, Reach)> {
    if dialect != Dialect::Mysql {
        return None;
    }
    let is_program = |statement: &&Statement, kinds: &[&str]| {
        let found = code_tokens(&statement.text, dialect);
        kind_at(&found, dialect).is_some_and(|at| found[at].is_any(kinds))
    };
    statements.iter().find(|it| is_program(it, &["EVENT"]))?;
    const PROGRAMS: [&str; 4] = ["EVENT", "FUNCTION", "PROCEDURE", "TRIGGER"];
    let mut programs = statements.iter().filter(|it| is_program(it, &PROGRAMS));
    programs.find_map(|it| Some((it, reaches(&it.text, dialect, neighbours)?)))
}

fn is_of_the_server(kind: &Token<'_>) -> bool {
    kind.is_any(&["DATABASE", "ROLE", "TABLESPACE", "SUBSCRIPTION"])
}

/// A statement that starts with `CREATE` or `ALTER`.
fn makes(found: &[Token<'_>], dialect: Dialect) -> Result<(), Undeclared> {
    let other = || Undeclared::Other(title(found));
    let at = kind_at(found, dialect);
    if is_of_package(&found[..at.unwrap_or(found.len())], dialect) {
        return Err(Undeclared::Package(title(found)));
    }
    let at = at.ok_or_else(other)?;
    if dialect != Dialect::Mysql {
        return Ok(());
    }
    // `CREATE FUNCTION … SONAME` adds to the server.
    if found[at].is("FUNCTION") && found.iter().any(|token| token.is("SONAME")) {
        return Err(other());
    }
    // Its rows may be what a function gives that does anything.
    if found[at].is("TABLE") && found.iter().any(|token| token.is("SELECT")) {
        return Err(Undeclared::Rows(format!("{} … SELECT", title(found))));
    }
    match qualified(found, at) {
        Some(name) => Err(Undeclared::Qualified(name)),
        None => Ok(()),
    }
}

/// Where the word stands that says what is made.
fn kind_at(found: &[Token<'_>], dialect: Dialect) -> Option<usize> {
    let kinds = kinds(dialect);
    let mut at = 1;
    loop {
        let token = found.get(at)?;
        if token.is_any(kinds) && !(token.is("AGGREGATE") && dialect == Dialect::Mysql) {
            return Some(at);
        }
        at += match token {
            it if it.is_any(&MODIFIERS) => 1,
            it if dialect != Dialect::Mysql => return it.is("DEFAULT").then_some(at),
            it if it.is("AGGREGATE") => 1,
            it if it.is("ALGORITHM") => 3,
            it if it.is("SQL") => 3,
            // `` DEFINER = `root`@`localhost` ``, in as many tokens as it takes.
            it if it.is("DEFINER") => {
                let ends = |token: &Token<'_>| {
                    token.is_any(&["SQL", "AGGREGATE", "JSON"]) || token.is_any(kinds)
                };
                1 + found[at + 1..].iter().position(ends)?
            }
            _ => return None,
        };
    }
}

/// The name with a database before it under which MySQL makes or changes something.
fn qualified(found: &[Token<'_>], at: usize) -> Option<String> {
    let kind = &found[at];
    let after = |skip: &[&str], from: usize| {
        let rest = found.get(from..)?;
        let start = rest.iter().position(|token| !token.is_any(skip))?;
        match &rest[start..] {
            [database, dot, name, ..] if dot.is_symbol(".") => {
                Some(format!("{}.{}", database.text, name.text))
            }
            _ => None,
        }
    };
    let own = after(&["IF", "NOT", "EXISTS"], at + 1);
    let following = |word: &'static str, skip: &[&str]| {
        let mut places = (at + 1..found.len()).filter(|place| found[*place].is(word));
        places.find_map(|place| after(skip, place + 1))
    };
    let of_table = || {
        let on = (at + 1..found.len()).find(|place| found[*place].is("ON"))?;
        after(&[], on + 1)
    };
    own.or_else(|| match kind {
        it if it.is_any(&["INDEX", "TRIGGER"]) => of_table(),
        it if it.is("TABLE") && found[0].is("ALTER") => {
            following("RENAME", &["TO", "AS"]).or_else(|| following("WITH", &["TABLE"]))
        }
        it if it.is("EVENT") => following("RENAME", &["TO"]),
        _ => None,
    })
}

/// What a statement is called in a message: its first words.
fn title(found: &[Token<'_>]) -> String {
    let words = found.iter().take_while(|it| it.kind == TokenKind::Word);
    let words: Vec<&str> = words.take(2).map(|it| it.text).collect();
    match words.is_empty() {
        // `\\connect`
        true => found.iter().take(2).map(|it| it.text).collect(),
        false => words.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use rev_core::Dialect::{Mysql, Postgres, Sqlite};

    use super::{Neighbours, Statement, Undeclared, declares, strays};

    #[test]
    fn what_makes_something_in_the_database_is_let_through() {
        for (dialect, text) in [
            (Sqlite, "create temp table t (a)"),
            (Sqlite, "CREATE VIRTUAL TABLE t USING fts5(a)"),
            (Sqlite, "PRAGMA foreign_keys = ON"),
            (Mysql, "CREATE TABLE IF NOT EXISTS `t` (a int default 1.5)"),
            (
                Mysql,
                "CREATE TABLE t (a int, FOREIGN KEY (a) REFERENCES other.t (a))",
            ),
            (Mysql, "CREATE FULLTEXT INDEX i ON t (a)"),
            (
                Mysql,
                "/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1*/",
            ),
            (
                Mysql,
                "CREATE ALGORITHM=UNDEFINED DEFINER=root@localhost SQL SECURITY DEFINER VIEW v AS SELECT t.a FROM t",
            ),
            (
                Mysql,
                "CREATE DEFINER=root@localhost JSON RELATIONAL DUALITY VIEW v AS SELECT JSON_DUALITY_OBJECT('_id': a) FROM t",
            ),
            (
                Mysql,
                "CREATE OR REPLACE AGGREGATE FUNCTION f(x INT) RETURNS INT BEGIN RETURN 1; END",
            ),
            (Mysql, "ALTER TABLE t RENAME COLUMN a TO b"),
            (Mysql, "SET foreign_key_checks = 0"),
            (
                Mysql,
                "SET sql_mode = (SELECT REPLACE(@@sql_mode, 'ANSI', ''))",
            ),
            (Mysql, "DROP TABLE IF EXISTS `t`"),
            (Mysql, "/*!50001 DROP VIEW IF EXISTS `v`*/"),
            (Mysql, "DO SETVAL(`s`, 1, 0)"),
            (
                Mysql,
                "CREATE TABLE t (a int COMMENT 'SELECT', `select` int)",
            ),
            (Mysql, "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE */"),
            (Postgres, "CREATE UNLOGGED TABLE app.t (a int)"),
            (
                Postgres,
                "CREATE OR REPLACE RECURSIVE VIEW v (a) AS SELECT 1",
            ),
            (
                Postgres,
                "CREATE CONSTRAINT TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()",
            ),
            (Postgres, "CREATE SCHEMA app"),
            (
                Postgres,
                "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC",
            ),
            (Postgres, "COMMENT ON COLUMN t.a IS 'DROP'"),
            (
                Postgres,
                "SELECT pg_catalog.set_config('search_path', '', false)",
            ),
        ] {
            assert_eq!(declares(text, dialect), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_could_reach_another_database_or_the_server_is_not() {
        for (dialect, text, title) in [
            (Sqlite, "ATTACH 'live.db' AS l", "ATTACH"),
            (
                Sqlite,
                "PRAGMA writable_schema = 1",
                "PRAGMA writable_schema",
            ),
            (Sqlite, "VACUUM INTO 'x'", "VACUUM INTO"),
            (Mysql, "USE live", "USE live"),
            (Mysql, "CREATE DATABASE evil", "CREATE DATABASE"),
            (Mysql, "create schema evil", "create schema"),
            (Mysql, "CREATE OR REPLACE USER x", "CREATE OR"),
            (
                Mysql,
                "CREATE FUNCTION f RETURNS STRING SONAME 'f.so'",
                "CREATE FUNCTION",
            ),
            (Mysql, "SET GLOBAL event_scheduler = ON", "SET GLOBAL"),
            (Mysql, "SET @@global.event_scheduler = ON", "SET"),
            (Mysql, "RENAME TABLE t TO live.t", "RENAME TABLE"),
            (Mysql, "SET @x = f()", "SET"),
            (Mysql, "SET @x = `f`()", "SET"),
            (Mysql, "SET @x = (SELECT a FROM live.t)", "SET"),
            (
                Mysql,
                "SET STATEMENT a = 1 FOR DROP TABLE live.t",
                "SET STATEMENT",
            ),
            (Mysql, "DO f()", "DO f"),
            (Mysql, "DO SETVAL(live.s, 1, 0)", "DO SETVAL"),
            (Postgres, "\\connect live", "\\connect"),
            (Postgres, "CREATE ROLE evil", "CREATE ROLE"),
            (Postgres, "ALTER SYSTEM SET a = 1", "ALTER SYSTEM"),
            (Postgres, "COMMENT ON DATABASE live IS ''", "COMMENT ON"),
            (Postgres, "GRANT evil TO good", "GRANT evil"),
            (Postgres, "DO $$ BEGIN END $$", "DO"),
        ] {
            let due = Undeclared::Other(title.to_owned());
            assert_eq!(declares(text, dialect), Err(due), "{text}");
        }
    }

    #[test]
    fn a_name_that_brings_its_database_is_refused_on_mysql() {
        for (text, name) in [
            ("CREATE TABLE live.t (a int)", "live.t"),
            (
                "CREATE TABLE IF NOT EXISTS `live`.`t` (a int)",
                "`live`.`t`",
            ),
            ("CREATE INDEX i ON live.t (a)", "live.t"),
            (
                "CREATE TRIGGER x BEFORE INSERT ON live.t FOR EACH ROW SET @a = 1",
                "live.t",
            ),
            ("ALTER TABLE live.t ADD b INT", "live.t"),
            ("ALTER TABLE t ADD b INT, RENAME TO live.t", "live.t"),
            (
                "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE live.t",
                "live.t",
            ),
        ] {
            let due = Undeclared::Qualified(name.to_owned());
            assert_eq!(declares(text, Mysql), Err(due), "{text}");
        }
    }

    #[test]
    fn an_event_may_call_what_reaches_another_database() {
        let neighbours = Neighbours {
            databases: vec!["live".to_owned()],
            is_caseless: false,
        };
        let found = |texts: &[&str]| {
            let statements: Vec<Statement> = texts.iter().map(|it| Statement::alone(it)).collect();
            strays(&statements, Mysql, &neighbours).map(|(statement, _)| statement.text.clone())
        };
        let tidy = "CREATE PROCEDURE tidy() DELETE FROM live.t";
        let event = "CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO CALL tidy()";
        assert_eq!(
            found(&[tidy, "CREATE VIEW v AS SELECT * FROM live.t"]),
            None
        );
        assert_eq!(found(&[tidy, event]).as_deref(), Some(tidy));
    }

    #[test]
    fn drops_and_rows_are_told_apart() {
        for text in ["DROP TABLE t", "DROP TABLE IF EXISTS live.t"] {
            assert_eq!(
                declares(text, Mysql),
                Err(Undeclared::Drop("DROP TABLE".to_owned()))
            );
        }
        assert_eq!(
            declares("CREATE TABLE t AS SELECT f() AS a", Mysql),
            Err(Undeclared::Rows("CREATE TABLE … SELECT".to_owned()))
        );
        for text in [
            "CREATE DEFINER=\"root\"@\"%\" PACKAGE \"p\" AS PROCEDURE p(); END",
            "CREATE OR REPLACE PACKAGE BODY p AS END",
        ] {
            assert!(matches!(declares(text, Mysql), Err(Undeclared::Package(_))));
        }
        assert_eq!(
            declares("INSERT INTO t VALUES (1)", Sqlite),
            Err(Undeclared::Rows("INSERT INTO".to_owned()))
        );
        assert_eq!(
            declares("SELECT set_config('a', pg_read_file('b'), false)", Postgres),
            Err(Undeclared::Rows("SELECT set_config".to_owned()))
        );
    }
}
