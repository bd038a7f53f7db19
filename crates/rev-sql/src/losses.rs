//! What a script takes away for good, as far as its text says so plainly: tables, columns, rows.
//!
//! Plans show it to people, and a protected database is guarded by it. So only what the script
//! itself made before is no loss, and a table whose rows went into one that then takes its name
//! (SQLite's rebuild). Rows that are written over are none either, be it by `UPDATE` or `REPLACE`.
//! Bodies are read as far as the script holds them; of others it is said that they cannot be.

mod body;

use rev_core::Dialect;

use crate::split::{Token, TokenKind, code_tokens, inner_statement, unquoted};
use body::{Reader, Run};

/// The phrases of what these statements take away, in their order: "drops table `hero`".
#[must_use]
pub fn losses(statements: &[&str], dialect: Dialect) -> Vec<String> {
    let mut reader = Reader::new(dialect);
    statements.iter().for_each(|text| reader.read(text));
    let within = reader.runs.iter().map(|run| match run {
        Run::Within(text) => code_tokens(text, dialect),
        Run::Statement(_) | Run::Unread(_) => Vec::new(),
    });
    let within: Vec<Vec<Token<'_>>> = within.collect();
    let read: Vec<&[Token<'_>]> = { reader.runs.iter().zip(&within) }
        .map(|(run, within)| match run {
            Run::Statement(tokens) => tokens,
            Run::Within(_) | Run::Unread(_) => within,
        })
        .map(|tokens| inner_statement(tokens).unwrap_or(tokens))
        .collect();
    let mut past = Past::default();
    let mut losses: Vec<String> = Vec::new();
    for (at, (run, tokens)) in reader.runs.iter().zip(&read).enumerate() {
        if let Run::Unread(phrase) = run
            && !losses.contains(phrase)
        {
            losses.push(phrase.clone());
        }
        for loss in of_statement(tokens) {
            let phrase = loss.to_string();
            if !past.excuses(&loss, &read[at + 1..], dialect) && !losses.contains(&phrase) {
                losses.push(phrase);
            }
        }
        past.note(tokens, dialect);
    }
    losses
}

/// Something with a name: a table, a type.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Thing {
    kind: &'static str,
    name: String,
}

const TABLE: &str = "table";
const SCHEMA: &str = "schema";
const TYPE: &str = "type";
const DOMAIN: &str = "domain";

/// The keywords of what `CREATE` makes and `DROP` takes away with what it holds.
const KINDS: [(&[&str], &str); 10] = [
    (&["TABLE"], TABLE),
    (&["TABLES"], TABLE),
    (&["FOREIGN", "TABLE"], TABLE),
    (&["SCHEMA"], SCHEMA),
    (&["DATABASE"], SCHEMA),
    (&["SEQUENCE"], "sequence"),
    (&["TYPE"], TYPE),
    (&["DOMAIN"], DOMAIN),
    (&["TABLESPACE"], "tablespace"),
    (&["FOREIGN", "DATA", "WRAPPER"], "foreign data wrapper"),
];

/// What the statements before have done.
#[derive(Default)]
struct Past {
    made: Vec<Thing>,
    /// What was called one thing, and is now called another.
    moved: Vec<(Thing, Thing)>,
    /// The tables that the script made and filled, each with one that its rows are from.
    filled: Vec<(String, String)>,
}

impl Past {
    /// Whether this is no loss after all; `later` is what comes after it.
    fn excuses(&mut self, loss: &Loss, later: &[&[Token<'_>]], dialect: Dialect) -> bool {
        let table = match loss {
            Loss::Thing(thing) => return self.is_replaced(thing, later, dialect),
            Loss::Owned(_) => return false,
            Loss::Attribute(name, _) => {
                let kind = TYPE;
                let name = name.clone();
                return self.made.contains(&Thing { kind, name });
            }
            Loss::Column(table, _)
            | Loss::Part(table, _)
            | Loss::RowsOfPart(table, _)
            | Loss::AllRows(table)
            | Loss::Rows(table)
            | Loss::Replaced(table) => table,
        };
        // It no longer holds all that went into it.
        self.filled.retain(|(into, _)| into != table);
        self.has_made(table)
    }

    fn has_made(&self, table: &str) -> bool {
        let mut made = self.made.iter();
        made.any(|it| it.kind == TABLE && it.name == table)
    }

    fn is_replaced(&self, thing: &Thing, later: &[&[Token<'_>]], dialect: Dialect) -> bool {
        let has_rows = |(from, to): &(Thing, Thing)| {
            let rows = (from.name.clone(), to.name.clone());
            to == thing && self.made.contains(from) && self.filled.contains(&rows)
        };
        let mut moves = later.iter().flat_map(|tokens| moves(tokens, dialect));
        // A type that has another one in its place has no values left.
        let is_type = thing.kind == TYPE || thing.kind == DOMAIN;
        let mut moved = self.moved.iter();
        self.made.contains(thing)
            || (thing.kind == TABLE && moves.any(|it| has_rows(&it)))
            || (is_type && moved.any(|(from, to)| to == thing && self.made.contains(from)))
    }

    fn note(&mut self, tokens: &[Token<'_>], dialect: Dialect) {
        for loss in of_statement(tokens) {
            if let Loss::Thing(thing) = loss {
                self.made.retain(|it| *it != thing);
                self.filled.retain(|(into, _)| *into != thing.name);
            }
        }
        if let Some(thing) = made(tokens) {
            self.fill(&thing.name, tokens);
            self.made.push(thing);
        } else if let Some(table) = written(tokens)
            && self.has_made(&table)
        {
            self.fill(&table, tokens);
        }
        for (from, to) in moves(tokens, dialect) {
            let holds_others = self.filled.iter().any(|(into, _)| *into == from.name);
            let is_made = self.made.contains(&from);
            self.made.retain(|it| *it != from && *it != to);
            if is_made && !holds_others {
                self.made.push(to.clone());
            }
            self.moved.push((from, to));
        }
    }

    fn fill(&mut self, table: &str, tokens: &[Token<'_>]) {
        let sources = tokens.windows(2).enumerate().filter_map(|(at, pair)| {
            let is_before = pair[0].is_any(&["FROM", "JOIN"]);
            is_before.then(|| Words(&tokens[at + 1..]).name())?
        });
        self.filled
            .extend(sources.map(|source| (table.to_owned(), source)));
    }
}

/// What one statement takes away.
#[derive(Debug)]
enum Loss {
    Thing(Thing),
    /// All that a role owns.
    Owned(String),
    Attribute(String, String),
    Column(String, String),
    Part(String, String),
    RowsOfPart(String, String),
    AllRows(String),
    Rows(String),
    /// Rows that give way to others of the table, which get their key.
    Replaced(String),
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Loss::Thing(Thing { kind, name }) => write!(f, "drops {kind} `{name}`"),
            Loss::Owned(role) => write!(f, "drops what `{role}` owns"),
            Loss::Attribute(of, name) => write!(f, "drops attribute `{of}.{name}`"),
            Loss::Column(table, name) => write!(f, "drops column `{table}.{name}`"),
            Loss::Part(table, name) => write!(f, "drops partition `{name}` of `{table}`"),
            Loss::RowsOfPart(table, name) => write!(f, "empties partition `{name}` of `{table}`"),
            Loss::AllRows(table) => write!(f, "empties table `{table}`"),
            Loss::Rows(table) => write!(f, "deletes rows of `{table}`"),
            Loss::Replaced(table) => write!(f, "replaces rows of `{table}`"),
        }
    }
}

fn of_statement(tokens: &[Token<'_>]) -> Vec<Loss> {
    let mut words = Words(tokens);
    if words.take(&["DROP"]) {
        of_drop(words)
    } else if words.take(&["TRUNCATE"]) {
        words.take(&["TABLE"]);
        words.take(&["ONLY"]);
        words.names().into_iter().map(Loss::AllRows).collect()
    } else if words.take(&["ALTER"]) {
        of_alter(words)
    } else if words.take(&["CREATE", "OR", "REPLACE", "TABLE"]) {
        let (kind, name) = (TABLE, words.name());
        let thing = name.map(|name| Loss::Thing(Thing { kind, name }));
        thing.into_iter().collect()
    } else if tokens
        .first()
        .is_some_and(|it| it.is_any(&["WITH", "COPY"]))
    {
        let pairs = tokens.windows(2).enumerate();
        let heads = pairs.filter(|(_, pair)| pair[0].is_symbol("(") || pair[0].is_symbol(")"));
        heads
            .flat_map(|(at, _)| of_rows(&tokens[at + 1..]))
            .collect()
    } else {
        of_rows(tokens)
    }
}

fn of_drop(mut words: Words<'_, '_>) -> Vec<Loss> {
    if words.take(&["OWNED", "BY"]) {
        return words.names().into_iter().map(Loss::Owned).collect();
    }
    let Some(kind) = words.kind() else {
        return Vec::new();
    };
    words.if_exists();
    let names = words.names().into_iter();
    names
        .map(|name| Loss::Thing(Thing { kind, name }))
        .collect()
}

/// What statements of rows take away.
fn of_rows(tokens: &[Token<'_>]) -> Vec<Loss> {
    let mut words = Words(tokens);
    if words.take(&["DELETE"]) {
        return of_delete(words);
    }
    let is_merge = words.take(&["MERGE"]);
    // `REPLACE` writes rows over, as `UPDATE` does; this one takes away those that are in the way.
    let replaces = words.take(&["UPDATE", "OR", "REPLACE"]);
    words.take(&["INTO"]);
    words.take(&["ONLY"]);
    let mut pairs = tokens.windows(2);
    let loss = if replaces {
        Loss::Replaced
    } else if is_merge && pairs.any(|it| it[0].is("THEN") && it[1].is("DELETE")) {
        Loss::Rows
    } else {
        return Vec::new();
    };
    words.name().map(loss).into_iter().collect()
}

/// `DELETE FROM hero`, and MySQL's `DELETE h FROM hero h` and `DELETE FROM h USING hero h`.
fn of_delete(mut words: Words<'_, '_>) -> Vec<Loss> {
    while ["LOW_PRIORITY", "QUICK", "IGNORE"].map(|it| words.take(&[it])) != [false; 3] {}
    let is_plain = words.take(&["FROM"]) || words.take(&["HISTORY", "FROM"]);
    words.take(&["ONLY"]);
    let names = words.names();
    if !is_plain && !words.0.first().is_some_and(|it| it.is("FROM")) {
        return Vec::new();
    }
    let tables = words.0;
    let called = |name: String| meant(&name, tables).unwrap_or(name);
    names
        .into_iter()
        .map(|name| Loss::Rows(called(name)))
        .collect()
}

/// The table that has an alias.
fn meant(alias: &str, tables: &[Token<'_>]) -> Option<String> {
    let mut pairs = tables.windows(2).enumerate();
    pairs.find_map(|(at, pair)| {
        let is_before = pair[0].is_any(&["FROM", "USING", "JOIN"])
            || pair[0].is_symbol(",")
            || pair[0].is_symbol("(");
        let mut words = Words(&tables[at + 1..]);
        let table = is_before.then(|| words.name())??;
        words.take(&["AS"]);
        (words.name()? == alias).then_some(table)
    })
}

fn of_alter(mut words: Words<'_, '_>) -> Vec<Loss> {
    let kind = words.altered();
    words.if_exists();
    words.take(&["ONLY"]);
    let Some(name) = words.name() else {
        return Vec::new();
    };
    match kind {
        Some(TABLE) => of_table(&name, words),
        Some(TYPE) => clauses(words.0)
            .filter_map(|it| of_attribute(&name, it))
            .collect(),
        _ => Vec::new(),
    }
}

fn of_table(table: &str, mut words: Words<'_, '_>) -> Vec<Loss> {
    let all = |loss: fn(String, String) -> Loss, names: Vec<String>| {
        let names = names.into_iter();
        names.map(|name| loss(table.to_owned(), name)).collect()
    };
    if words.take(&["TRUNCATE", "PARTITION"]) {
        return all(Loss::RowsOfPart, words.names());
    }
    if words.0.first().is_some_and(|it| it.is("DROP"))
        && is_part(&words.0[1..], &["PARTITION"])
        && words.take(&["DROP", "PARTITION"])
    {
        words.if_exists();
        return all(Loss::Part, words.names());
    }
    if words.take(&["DISCARD"]) {
        return vec![Loss::AllRows(table.to_owned())];
    }
    clauses(words.0)
        .filter_map(|it| of_clause(table, it))
        .collect()
}

/// What `DROP` means in a clause of `ALTER TABLE` where it names no column.
const OTHER_PARTS: [&str; 8] = [
    "CONSTRAINT",
    "INDEX",
    "KEY",
    "PRIMARY",
    "FOREIGN",
    "CHECK",
    "SYSTEM",
    "PERIOD",
];

/// Whether one of these keywords and a name stand here: `DROP key` alone drops a column.
fn is_part(tokens: &[Token<'_>], keywords: &[&str]) -> bool {
    let is_name = |it: &Token<'_>| !it.is_any(&["CASCADE", "RESTRICT"]) && !it.is_symbol(",");
    tokens.first().is_some_and(|it| it.is_any(keywords)) && tokens.get(1).is_some_and(is_name)
}

fn of_clause(table: &str, tokens: &[Token<'_>]) -> Option<Loss> {
    let mut words = Words(tokens);
    if !words.take(&["DROP"]) || is_part(words.0, &OTHER_PARTS) {
        return None;
    }
    words.take(&["COLUMN"]);
    words.if_exists();
    Some(Loss::Column(table.to_owned(), words.name()?))
}

fn of_attribute(name: &str, tokens: &[Token<'_>]) -> Option<Loss> {
    let mut words = Words(tokens);
    if !words.take(&["DROP", "ATTRIBUTE"]) {
        return None;
    }
    words.if_exists();
    Some(Loss::Attribute(name.to_owned(), words.name()?))
}

/// The clauses of a statement: parted by the commas that stand in no bracket.
fn clauses<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = &'t [Token<'a>]> {
    let mut depth = 0_usize;
    tokens.split(move |token| {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is_symbol(",")
    })
}

/// What a statement makes.
fn made(tokens: &[Token<'_>]) -> Option<Thing> {
    let mut words = Words(tokens);
    if !words.take(&["CREATE"]) {
        return None;
    }
    words.take(&["OR", "REPLACE"]);
    let before = ["GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED"];
    while before.iter().any(|it| words.take(&[it])) {}
    let kind = words.kind()?;
    if words.take(&["IF", "NOT", "EXISTS"]) {
        return None;
    }
    let name = words.name()?;
    Some(Thing { kind, name })
}

/// The table that a statement adds rows to.
fn written(tokens: &[Token<'_>]) -> Option<String> {
    let is_write = tokens.first()?.is_any(&["INSERT", "REPLACE"]);
    let into = tokens.iter().position(|it| it.is("INTO"))?;
    is_write.then(|| Words(&tokens[into + 1..]).name())?
}

/// What a statement gives another name.
fn moves(tokens: &[Token<'_>], dialect: Dialect) -> Vec<(Thing, Thing)> {
    let mut words = Words(tokens);
    if words.take(&["RENAME", "TABLE"]) || words.take(&["RENAME", "TABLES"]) {
        words.if_exists();
        let pairs = clauses(words.0).filter_map(|it| {
            let mut words = Words(it);
            let from = words.name()?;
            let to = words.take(&["TO"]).then(|| words.name())??;
            Some((from, to))
        });
        let thing = |name| Thing { kind: TABLE, name };
        return pairs.map(|(from, to)| (thing(from), thing(to))).collect();
    }
    if !words.take(&["ALTER"]) {
        return Vec::new();
    }
    let Some(kind) = words.altered() else {
        return Vec::new();
    };
    words.if_exists();
    words.take(&["ONLY"]);
    let Some(from) = words.name() else {
        return Vec::new();
    };
    let schema = from.rsplit_once('.').map(|(schema, _)| schema);
    let names = clauses(words.0).filter_map(|it| {
        let mut words = Words(it);
        words.take(&["RENAME"]).then_some(())?;
        while words.take(&["TO"]) || words.take(&["AS"]) {}
        let to = words.name()?;
        // `RENAME a TO b` is of a column.
        words.0.is_empty().then_some(to)
    });
    let whole = |to: String| match schema {
        Some(schema) if dialect != Dialect::Mysql => format!("{schema}.{to}"),
        _ => to,
    };
    let thing = |name| Thing { kind, name };
    names
        .map(|to| (thing(from.clone()), thing(whole(to))))
        .collect()
}

/// The words that are left to read.
struct Words<'t, 'a>(&'t [Token<'a>]);

impl Words<'_, '_> {
    /// Takes these keywords, all or none.
    fn take(&mut self, keywords: &[&str]) -> bool {
        let is_there = keywords.len() <= self.0.len()
            && self
                .0
                .iter()
                .zip(keywords)
                .all(|(token, keyword)| token.is(keyword));
        if is_there {
            self.0 = &self.0[keywords.len()..];
        }
        is_there
    }

    fn if_exists(&mut self) {
        self.take(&["IF", "EXISTS"]);
    }

    /// Takes the keywords of a kind of things.
    fn kind(&mut self) -> Option<&'static str> {
        let mut kinds = KINDS.iter();
        kinds.find_map(|(keywords, kind)| self.take(keywords).then_some(*kind))
    }

    /// Takes the keywords between `ALTER` and a name.
    fn altered(&mut self) -> Option<&'static str> {
        while self.take(&["ONLINE"]) || self.take(&["OFFLINE"]) || self.take(&["IGNORE"]) {}
        self.kind()
    }

    /// A name, with its schema if that is said.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let (first, rest) = self.0.split_first()?;
            if !matches!(
                first.kind,
                TokenKind::Word | TokenKind::Name | TokenKind::Text
            ) {
                return None;
            }
            name.push_str(&unquoted(first.text));
            self.0 = rest;
            match rest.first() {
                // MySQL's `DELETE hero.* FROM …`.
                Some(dot)
                    if dot.is_symbol(".") && rest.get(1).is_some_and(|it| it.is_symbol("*")) =>
                {
                    self.0 = &rest[2..];
                    return Some(name);
                }
                Some(dot) if dot.is_symbol(".") => {
                    name.push('.');
                    self.0 = &rest[1..];
                }
                _ => return Some(name),
            }
        }
    }

    /// Names parted by commas.
    fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            match self.0.first() {
                Some(comma) if comma.is_symbol(",") => self.0 = &self.0[1..],
                _ => break,
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_takes_away_is_said() {
        let both = [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite];
        for (statement, expected) in [
            ("DROP TABLE hero", "drops table `hero`"),
            (
                "drop table if exists a, \"b\" cascade",
                "drops table `a`; drops table `b`",
            ),
            ("DROP TABLE shop.hero", "drops table `shop.hero`"),
            ("DROP SCHEMA old", "drops schema `old`"),
            (
                "TRUNCATE TABLE a, b",
                "empties table `a`; empties table `b`",
            ),
            ("DELETE FROM hero WHERE id > 3", "deletes rows of `hero`"),
            (
                "ALTER TABLE hero ADD a decimal(3, 1), DROP COLUMN b, DROP c",
                "drops column `hero.b`; drops column `hero.c`",
            ),
            (
                "ALTER TABLE hero DROP CONSTRAINT k, DROP INDEX i, DROP PRIMARY KEY",
                "",
            ),
            ("ALTER TABLE hero ALTER COLUMN a DROP DEFAULT", ""),
            (
                "ALTER TABLE hero DROP PARTITION p",
                "drops partition `p` of `hero`",
            ),
            (
                "ALTER TABLE hero DROP PARTITION p0, p1",
                "drops partition `p0` of `hero`; drops partition `p1` of `hero`",
            ),
            (
                "ALTER TABLE hero TRUNCATE PARTITION p0, p1",
                "empties partition `p0` of `hero`; empties partition `p1` of `hero`",
            ),
            // Names that are keywords elsewhere.
            ("ALTER TABLE hero DROP \"key\"", "drops column `hero.key`"),
            ("ALTER TABLE hero DROP key", "drops column `hero.key`"),
            ("ALTER TABLE hero DROP policy", "drops column `hero.policy`"),
            (
                "ALTER TABLE hero DROP partition CASCADE",
                "drops column `hero.partition`",
            ),
            ("DROP /* x */ TABLE hero", "drops table `hero`"),
            ("DROP TYPE IF EXISTS mood", "drops type `mood`"),
            ("DROP DOMAIN code", "drops domain `code`"),
            ("DROP SEQUENCE s", "drops sequence `s`"),
            ("DROP OWNED BY ann", "drops what `ann` owns"),
            (
                "ALTER TYPE place DROP ATTRIBUTE a, ADD ATTRIBUTE b int",
                "drops attribute `place.a`",
            ),
            (
                "CREATE OR REPLACE TABLE hero (id INT)",
                "drops table `hero`",
            ),
            (
                "WITH x AS (SELECT 1) DELETE FROM hero",
                "deletes rows of `hero`",
            ),
            (
                "WITH gone AS (DELETE FROM hero RETURNING id) INSERT INTO old SELECT id FROM gone",
                "deletes rows of `hero`",
            ),
            (
                "WITH x AS (SELECT (replace(a, 'b', 'c')) FROM hero) SELECT 1 FROM x",
                "",
            ),
            ("DELETE QUICK FROM hero", "deletes rows of `hero`"),
            (
                "DELETE LOW_PRIORITY IGNORE FROM hero",
                "deletes rows of `hero`",
            ),
            ("DELETE h FROM hero h", "deletes rows of `hero`"),
            (
                "DELETE h.*, m FROM hero AS h JOIN mission m ON m.id = h.id",
                "deletes rows of `hero`; deletes rows of `mission`",
            ),
            (
                "DELETE FROM h USING hero h, mission m",
                "deletes rows of `hero`",
            ),
            ("REPLACE INTO hero VALUES (1)", ""),
            ("INSERT OR REPLACE INTO hero VALUES (1)", ""),
            (
                "UPDATE OR REPLACE hero SET id = 1",
                "replaces rows of `hero`",
            ),
            ("INSERT INTO hero VALUES (1)", ""),
            (
                "MERGE INTO hero USING a ON true WHEN MATCHED THEN DELETE",
                "deletes rows of `hero`",
            ),
            ("CREATE TABLE hero (a text DEFAULT 'DROP TABLE x')", ""),
            ("DROP INDEX i", ""),
            ("DROP VIEW v", ""),
            ("UPDATE hero SET a = 1", ""),
        ] {
            for dialect in both {
                let found = losses(&[statement], dialect).join("; ");
                assert_eq!(found, expected, "{dialect}: {statement}");
            }
        }
        let quoted = losses(&["ALTER TABLE `a b` DROP `c`"], Dialect::Mysql);
        assert_eq!(quoted, ["drops column `a b.c`"]);
    }

    #[test]
    fn a_table_that_another_one_takes_the_place_of_is_no_loss() {
        let rebuild = [
            "CREATE TABLE hero_new (id INTEGER PRIMARY KEY)",
            "INSERT INTO hero_new SELECT id FROM hero",
            "DROP TABLE hero",
            "ALTER TABLE hero_new RENAME TO hero",
        ];
        assert_eq!(losses(&rebuild, Dialect::Sqlite), [""; 0]);
        // Not where only a column gets the name.
        let not_so = ["DROP TABLE hero", "ALTER TABLE a RENAME COLUMN b TO hero"];
        assert_eq!(losses(&not_so, Dialect::Sqlite), ["drops table `hero`"]);
        // A type whose columns have all gone to the one in its place.
        let relabelled = [
            "ALTER TYPE shop.mood RENAME TO mood_old",
            "CREATE TYPE shop.mood AS ENUM ('calm')",
            "ALTER TABLE hero ALTER COLUMN m TYPE shop.mood USING m::text::shop.mood",
            "DROP TYPE shop.mood_old",
        ];
        assert_eq!(losses(&relabelled, Dialect::Postgres), [""; 0]);
        let helper = ["CREATE TABLE t (a INT)", "DELETE FROM t", "DROP TABLE t"];
        assert_eq!(losses(&helper, Dialect::Postgres), [""; 0]);
    }

    #[test]
    fn bodies_that_run_are_read() {
        const UNREAD: &str = "runs SQL that is put together as it runs and cannot be read";
        let gone = "drops table `hero`";
        let deleted = "deletes rows of `hero`";
        for (script, expected) in [
            (&["DO $$ BEGIN DROP TABLE hero; END $$"][..], gone),
            (
                &["DO $$ BEGIN DROP TABLE hero; END $$ LANGUAGE 'plpgsql'"],
                gone,
            ),
            (
                &["DO LANGUAGE 'plpgsql' $$ BEGIN DROP TABLE hero; END $$"],
                gone,
            ),
            (
                &[
                    "do language plpgsql $x$ DECLARE n int; BEGIN IF n > 1 THEN DELETE FROM hero; END IF; END $x$",
                ],
                deleted,
            ),
            (
                &["DO 'BEGIN FOR r IN DELETE FROM hero RETURNING id LOOP NULL; END LOOP; END'"],
                deleted,
            ),
            (&["DO $$ BEGIN EXECUTE 'DROP TABLE hero'; END $$"], gone),
            (
                &["DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'hero'); END $$"],
                UNREAD,
            ),
            (&["DO $$ BEGIN EXECUTE statement; END $$"], UNREAD),
            (
                &["DO $$ BEGIN EXECUTE 'DROP TABLE ' || name; END $$"],
                UNREAD,
            ),
            (
                &["DO LANGUAGE plpython3u $$ plpy.execute('DROP TABLE hero') $$"],
                "runs a block whose statements cannot be read",
            ),
            // What the block itself made.
            (
                &["DO $$ BEGIN CREATE TEMP TABLE t (a int); DROP TABLE t; END $$"],
                "",
            ),
            (&["DO $$ BEGIN INSERT INTO hero VALUES (1); END $$"], ""),
            (
                &[
                    "DO $$ BEGIN CREATE TYPE mood AS ENUM ('calm'); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
                ],
                "",
            ),
            (
                &["PREPARE gone AS DELETE FROM hero", "EXECUTE gone"],
                deleted,
            ),
            // Making a routine runs nothing.
            (
                &["CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM hero $$"],
                "",
            ),
            (
                &[
                    "CREATE OR REPLACE FUNCTION shop.f(a int) RETURNS void AS $$ BEGIN DELETE FROM hero; END $$ LANGUAGE plpgsql",
                    "SELECT shop.f(1)",
                ],
                deleted,
            ),
            (
                &[
                    "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM hero; END",
                    "SELECT f()",
                ],
                deleted,
            ),
            (
                &["CALL clean()"],
                "calls `clean`, whose body cannot be read here",
            ),
        ] {
            let found = losses(script, Dialect::Postgres).join("; ");
            assert_eq!(found, expected, "{script:?}");
        }
        for (script, expected) in [
            (
                &[
                    "CREATE PROCEDURE p() BEGIN IF 1 THEN DROP TABLE hero; END IF; END",
                    "CALL p()",
                ][..],
                gone,
            ),
            (
                &["CREATE PROCEDURE p() DELETE FROM hero", "CALL p"],
                deleted,
            ),
            (&["CREATE PROCEDURE p() DELETE FROM hero"], ""),
            (
                &["CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW DELETE FROM hero"],
                "",
            ),
            (
                &["CREATE PROCEDURE p() BEGIN CALL p(); END", "CALL p()"],
                "runs statements within statements, too deep to be read",
            ),
            (
                &["CALL shop.clean(1)"],
                "calls `clean`, whose body cannot be read here",
            ),
            (&["BEGIN NOT ATOMIC DELETE FROM hero; END"], deleted),
            (&["EXECUTE IMMEDIATE 'DROP TABLE hero'"], gone),
            (&["EXECUTE IMMEDIATE CONCAT('DROP TABLE ', @a)"], UNREAD),
            (&["PREPARE s FROM 'DROP TABLE hero'", "EXECUTE s"], gone),
            (&["PREPARE s FROM @sql", "EXECUTE s USING @a"], UNREAD),
        ] {
            let found = losses(script, Dialect::Mysql).join("; ");
            assert_eq!(found, expected, "{script:?}");
        }
    }

    #[test]
    fn what_comes_after_a_loss_does_not_undo_it() {
        let create = "CREATE TABLE hero (id INT)";
        let new = "CREATE TABLE hero_new (id INT)";
        let copy = "INSERT INTO hero_new SELECT id FROM hero";
        let rename = "ALTER TABLE hero_new RENAME TO hero";
        for (script, expected) in [
            (&["DROP TABLE hero", create][..], "drops table `hero`"),
            (
                &["DROP TABLE hero", "ALTER TABLE hero_archive RENAME TO hero"],
                "drops table `hero`",
            ),
            (
                &["DELETE FROM hero", "DROP TABLE hero", create],
                "deletes rows of `hero`; drops table `hero`",
            ),
            // The new one has none of the old one's rows, or no longer.
            (
                &["DROP TABLE hero", new, copy, rename],
                "drops table `hero`",
            ),
            (&[new, "DROP TABLE hero", rename], "drops table `hero`"),
            (
                &[new, copy, "DELETE FROM hero_new", "DROP TABLE hero", rename],
                "drops table `hero`",
            ),
            // What took the place holds the rows from then on.
            (
                &[new, copy, "DROP TABLE hero", rename, "DELETE FROM hero"],
                "deletes rows of `hero`",
            ),
            (
                &[create, "DROP TABLE hero", "DROP TABLE hero"],
                "drops table `hero`",
            ),
            (
                &[
                    "CREATE TABLE IF NOT EXISTS hero (id INT)",
                    "DROP TABLE hero",
                ],
                "drops table `hero`",
            ),
        ] {
            for dialect in [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite] {
                let found = losses(script, dialect).join("; ");
                assert_eq!(found, expected, "{dialect}: {script:?}");
            }
        }
    }
}
