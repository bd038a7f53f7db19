//! SQLite's catalogue, which is the text of each statement as it was typed.
//!
//! `ALTER TABLE` edits these texts and a rebuilt table brings its own, so equal
//! schemas are spelled in many ways. Here a text becomes sentences that do not
//! depend on case, quotes, white space or comments, on whether a key is written
//! beside its column or below all of them, or on where between the constraints a
//! column stands. Declared types, defaults and names stay: programs read them.

use rev_core::Dialect;

use crate::schema::sqlite::quoted::{self, Names};
use crate::split::{Token, TokenKind, tokens};

/// Asks for what [`sentences`] takes: type, name and text of each statement, and
/// the two numbers that a file keeps for its programs.
pub(super) const QUERY: &str = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema \
    WHERE tbl_name NOT IN ({own}) AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
    UNION ALL SELECT 'pragma', 'user_version', CAST(user_version AS TEXT) FROM pragma_user_version WHERE user_version <> 0 \
    UNION ALL SELECT 'pragma', 'application_id', CAST(application_id AS TEXT) FROM pragma_application_id WHERE application_id <> 0";

/// A row of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// `table`, `index`, `view`, `trigger`, or `pragma`.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The statement's text, or the value.
    pub text: String,
}

/// What the catalogue says, as sentences, sorted.
#[must_use]
pub fn sentences(rows: &[Stored]) -> Vec<String> {
    let names = Names::of(rows.iter().map(stored));
    let settled = rows.iter().map(|row| Stored {
        text: names.settled(stored(row)),
        ..row.clone()
    });
    let mut sentences: Vec<String> = settled.flat_map(|it| of_row(&it)).collect();
    sentences.sort_unstable();
    sentences
}

fn stored(row: &Stored) -> quoted::Stored<'_> {
    quoted::Stored {
        kind: &row.kind,
        name: &row.name,
        sql: &row.text,
    }
}

fn of_row(row: &Stored) -> Vec<String> {
    let tokens = tokens(&row.text, Dialect::Sqlite);
    let name = spelled(&row.name);
    if row.kind == "table"
        && let Some(table) = Table::of(&name, &tokens)
    {
        return table.sentences();
    }
    // `CREATE INDEX`, or the like, says what the kind says.
    let rest = tokens
        .iter()
        .position(|it| it.is(&row.kind))
        .map_or(0, |at| at + 1);
    let is_unique = tokens[..rest].iter().any(|it| it.is("unique"));
    let kind = match (is_unique, tokens.get(1).is_some_and(|it| it.is("virtual"))) {
        (true, _) => "unique index",
        (_, true) => "virtual table",
        _ => &row.kind,
    };
    match rest {
        0 => vec![format!("{kind} {name} {}", row.text)],
        _ => vec![format!("{kind} {}", written(&tokens[rest..]))],
    }
}

/// A table's statement, taken apart.
struct Table<'a> {
    name: &'a str,
    /// What stands between the commas of its body.
    items: Vec<&'a [Token<'a>]>,
    /// What stands behind its body.
    options: &'a [Token<'a>],
}

impl<'a> Table<'a> {
    /// `None` for a virtual table, or for one that no parenthesis describes.
    fn of(name: &'a str, tokens: &'a [Token<'a>]) -> Option<Self> {
        if tokens.get(1).is_some_and(|it| it.is("virtual")) {
            return None;
        }
        let open = tokens.iter().position(|it| it.is_symbol("("))?;
        let body = &tokens[open + 1..];
        let (mut depth, mut start) = (0_usize, 0);
        let mut items = Vec::new();
        for (at, token) in body.iter().enumerate() {
            match token.text {
                "(" if token.kind == TokenKind::Symbol => depth += 1,
                ")" if token.kind == TokenKind::Symbol && depth == 0 => {
                    items.push(&body[start..at]);
                    return Some(Self {
                        name,
                        items,
                        options: &body[at + 1..],
                    });
                }
                ")" if token.kind == TokenKind::Symbol => depth -= 1,
                "," if token.kind == TokenKind::Symbol && depth == 0 => {
                    items.push(&body[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        None
    }

    fn sentences(&self) -> Vec<String> {
        let mut options: Vec<String> = self
            .options
            .split(|it| it.is_symbol(","))
            .map(written)
            .filter(|it| !it.is_empty())
            .collect();
        options.sort_unstable();
        let title = ["table", self.name].into_iter().map(str::to_owned);
        let title: Vec<String> = title.chain(options).collect();
        let mut sentences = vec![title.join(" ")];
        let mut columns = Vec::new();
        for item in &self.items {
            match item.first() {
                Some(first) if opens_constraint(first) => sentences.push(self.constraint(item)),
                Some(first) => {
                    columns.push(word(first));
                    sentences.extend(self.column(item));
                }
                None => {}
            }
        }
        sentences.push(format!("columns {}: {}", self.name, columns.join(", ")));
        sentences
    }

    /// `[CONSTRAINT name] PRIMARY KEY (…)`, and the like.
    fn constraint(&self, item: &[Token<'_>]) -> String {
        let (name, rest) = named(item);
        let words = match rest.first() {
            Some(first) if first.is_any(&["primary", "foreign"]) => 2,
            _ => 1,
        };
        let (kind, rest) = rest.split_at(words.min(rest.len()));
        self.key(kind, &name, &written(rest))
    }

    fn key(&self, kind: &[Token<'_>], name: &str, rest: &str) -> String {
        format!("{} on {}{name} {rest}", written(kind), self.name)
    }

    /// The column by itself, and the keys and checks that are written beside it.
    fn column(&self, item: &[Token<'_>]) -> Vec<String> {
        let column = word(&item[0]);
        let clauses = clauses(&item[1..]);
        let mut sentences = Vec::new();
        let mut own = Vec::new();
        for clause in &clauses {
            let (name, rest) = named(clause);
            let with_column = |rest: &[Token<'_>]| {
                format!("({column}) {}", written(rest))
                    .trim_end()
                    .to_owned()
            };
            match rest.first() {
                Some(first) if first.is("primary") && rest.len() > 1 => {
                    sentences.push(self.key(&rest[..2], &name, &with_column(&rest[2..])));
                }
                Some(first) if first.is("unique") => {
                    sentences.push(self.key(&rest[..1], &name, &with_column(&rest[1..])));
                }
                Some(first) if first.is("references") => {
                    let rest = with_column(rest);
                    sentences.push(format!("foreign key on {}{name} {rest}", self.name));
                }
                Some(first) if first.is("check") => {
                    sentences.push(self.key(&rest[..1], &name, &written(&rest[1..])));
                }
                // That nothing forbids NULL goes without saying.
                Some(first) if first.is("null") => {}
                Some(first) if first.is_any(&["generated", "as"]) => own.push(computed(rest)),
                _ => own.push(written(rest)),
            }
        }
        // The type comes first; the rest may stand in any order.
        let is_type = clauses
            .first()
            .is_some_and(|it| !opens_clause(None, &it[0], it.get(1)));
        let first = usize::from(is_type).min(own.len());
        own[first..].sort_unstable();
        own.insert(0, format!("column {}.{column}", self.name));
        sentences.push(own.join(" "));
        sentences
    }
}

/// `AS (…)`: that it is generated always, and virtual, goes without saying.
fn computed(clause: &[Token<'_>]) -> String {
    let start = clause.iter().position(|it| it.is("as")).unwrap_or(0);
    let end = match clause.last() {
        Some(last) if last.is("virtual") => clause.len() - 1,
        _ => clause.len(),
    };
    written(&clause[start..end])
}

/// A constraint's name, with a space before it, and what follows.
fn named<'t, 'a>(tokens: &'t [Token<'a>]) -> (String, &'t [Token<'a>]) {
    match tokens {
        [first, name, rest @ ..] if first.is("constraint") => (format!(" {}", word(name)), rest),
        _ => (String::new(), tokens),
    }
}

fn opens_constraint(token: &Token<'_>) -> bool {
    token.is_any(&["constraint", "primary", "unique", "check", "foreign"])
}

/// What follows a column's name: its type, then a clause each.
fn clauses<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut starts = vec![0];
    let mut depth = 0_usize;
    let mut is_named = false;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0
            && opens_clause(
                at.checked_sub(1).map(|at| &tokens[at]),
                token,
                tokens.get(at + 1),
            )
        {
            // A name belongs to the clause behind it.
            if at > 0 && !is_named {
                starts.push(at);
            }
            is_named = token.is("constraint");
        }
    }
    starts.push(tokens.len());
    let pairs = starts.windows(2).map(|pair| &tokens[pair[0]..pair[1]]);
    pairs.filter(|it| !it.is_empty()).collect()
}

fn opens_clause(before: Option<&Token<'_>>, token: &Token<'_>, after: Option<&Token<'_>>) -> bool {
    let is_before = |words: &[&str]| before.is_some_and(|it| it.is_any(words));
    if is_before(&["default", "set", "on", "collate"]) {
        return false;
    }
    if token.is("null") {
        return !is_before(&["not"]);
    }
    if token.is("not") {
        return !after.is_some_and(|it| it.is("deferrable"));
    }
    if token.is("as") {
        return !is_before(&["always"]);
    }
    token.is_any(&[
        "constraint",
        "primary",
        "unique",
        "check",
        "default",
        "collate",
        "references",
        "generated",
    ])
}

/// Tokens in one spelling.
fn written(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut before: Option<&Token<'_>> = None;
    for token in tokens {
        if before.is_some_and(|before| parts(before, token)) {
            text.push(' ');
        }
        text.push_str(&word(token));
        before = Some(token);
    }
    text
}

/// Whether a space parts two tokens; what the source has there does not count.
fn parts(before: &Token<'_>, token: &Token<'_>) -> bool {
    let is_mark = |it: &Token<'_>| it.kind == TokenKind::Symbol;
    let is_bracket = |it: &Token<'_>| matches!(it.text, "(" | ")" | ",") && is_mark(it);
    if before.is_symbol("(")
        || before.is_symbol(".")
        || token.is_symbol(".")
        || token.kind == TokenKind::Semicolon
    {
        return false;
    }
    if token.is_symbol(")") || token.is_symbol(",") {
        return false;
    }
    // Two marks of one operator.
    let is_operator = |it: &Token<'_>| is_mark(it) && !is_bracket(it);
    !(is_operator(before) && is_operator(token))
}

/// A token in one spelling: names without quotes where they need none.
fn word(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::Word => token.text.to_ascii_lowercase(),
        TokenKind::Name => spelled(&unquoted(token.text)),
        _ => token.text.to_owned(),
    }
}

fn unquoted(name: &str) -> String {
    let Some(inner) = name.get(1..name.len().saturating_sub(1)) else {
        return name.to_owned();
    };
    match name.chars().next() {
        Some('"') => inner.replace("\"\"", "\""),
        Some('`') => inner.replace("``", "`"),
        Some('[') => inner.to_owned(),
        _ => name.to_owned(),
    }
}

fn spelled(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    match !name.is_empty() && name.chars().all(is_plain) {
        true => name.to_ascii_lowercase(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, name: &str, text: &str) -> String {
        let row = Stored {
            kind: kind.to_owned(),
            name: name.to_owned(),
            text: text.to_owned(),
        };
        sentences(&[row]).join("\n")
    }

    fn table(text: &str) -> String {
        of("table", "hero", text)
    }

    #[test]
    fn a_table_is_told_part_by_part() {
        let text = "CREATE TABLE hero (id INTEGER PRIMARY KEY AUTOINCREMENT, \
                    name VARCHAR(50) NOT NULL COLLATE NOCASE DEFAULT 'a, (b' UNIQUE ON CONFLICT IGNORE, \
                    city_id INT CONSTRAINT lives REFERENCES city (id) ON DELETE SET NULL NOT DEFERRABLE, \
                    rank REAL DEFAULT (1 + 2) CHECK (rank >= 0), \
                    upper_name TEXT GENERATED ALWAYS AS (upper(name)) STORED, any, \
                    CHECK (length(name) > 1), UNIQUE (rank, city_id)) STRICT, WITHOUT ROWID";
        insta::assert_snapshot!(table(text), @r"
        check on hero (length (name) > 1)
        check on hero (rank >= 0)
        column hero.any
        column hero.city_id int
        column hero.id integer
        column hero.name varchar (50) collate nocase default 'a, (b' not null
        column hero.rank real default (1 + 2)
        column hero.upper_name text as (upper (name)) stored
        columns hero: id, name, city_id, rank, upper_name, any
        foreign key on hero lives (city_id) references city (id) on delete set null not deferrable
        primary key on hero (id) autoincrement
        table hero strict without rowid
        unique on hero (name) on conflict ignore
        unique on hero (rank, city_id)
        ");
    }

    #[test]
    fn spelling_is_not_meaning() {
        let plain = "CREATE TABLE hero (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'x', city INT REFERENCES city (id), CHECK (city > 0))";
        for other in [
            "CREATE TABLE \"hero\" (\"id\" integer primary key, [name] text not null default 'x', `city` int references \"city\"(\"id\"), check(city>0))",
            // As a rebuild writes it.
            "CREATE TABLE \"hero\" (\n  id INTEGER NOT NULL, -- the key\n  name TEXT DEFAULT 'x' NOT NULL,\n  city INT,\n  PRIMARY KEY (id),\n  FOREIGN KEY (city) REFERENCES city (id),\n  CHECK (city > 0)\n)",
            // A column that was added again stands behind the constraints.
            "CREATE TABLE hero (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'x', CHECK (city > 0), city INT NULL REFERENCES city (id))",
        ] {
            let told =
                table(other).replace("column hero.id integer not null", "column hero.id integer");
            assert_eq!(told, table(plain), "{other}");
        }
    }

    #[test]
    fn what_programs_can_tell_is_told() {
        let plain = "CREATE TABLE hero (id INT, name TEXT DEFAULT 'x')";
        for other in [
            "CREATE TABLE hero (name TEXT DEFAULT 'x', id INT)",
            "CREATE TABLE hero (id INTEGER, name TEXT DEFAULT 'x')",
            "CREATE TABLE hero (id INT, name TEXT DEFAULT 'X')",
            "CREATE TABLE hero (id INT, name TEXT)",
            "CREATE TABLE hero (id INT, name TEXT DEFAULT 'x') STRICT",
            "CREATE TABLE hero (id INT, name TEXT DEFAULT 'x' COLLATE NOCASE)",
            "CREATE TABLE hero (id INT UNIQUE, name TEXT DEFAULT 'x')",
            "CREATE TABLE hero (id INT, name TEXT DEFAULT 'x', CHECK (id > 0))",
        ] {
            assert_ne!(table(other), table(plain), "{other}");
        }
    }

    #[test]
    fn other_objects_are_told_in_one_spelling() {
        let index = of(
            "index",
            "i",
            "CREATE UNIQUE INDEX i ON \"hero\"(lower( name ) DESC)\nWHERE name||'x'<>'' -- why",
        );
        assert_eq!(
            index,
            "unique index i on hero (lower (name) desc) where name || 'x' <> ''"
        );
        let view = of(
            "view",
            "v",
            "CREATE VIEW v AS SELECT a.\"id\" FROM [hero] AS a",
        );
        assert_eq!(view, "view v as select a.id from hero as a");
        let trigger = of(
            "trigger",
            "t",
            "CREATE TRIGGER t AFTER INSERT ON hero BEGIN DELETE FROM hero; SELECT 1; END",
        );
        assert_eq!(
            trigger,
            "trigger t after insert on hero begin delete from hero; select 1; end"
        );
        let search = of("table", "s", "CREATE VIRTUAL TABLE s USING fts5(a, b)");
        assert_eq!(search, "virtual table s using fts5 (a, b)");
        assert_eq!(of("pragma", "user_version", "3"), "pragma user_version 3");
    }
}
