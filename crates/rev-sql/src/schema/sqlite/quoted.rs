//! Words in double quotes that are texts.
//! <https://sqlite.org/quirks.html#double_quoted_string_literals_are_accepted>
//!
//! Where `"x"` stands in an expression and no column is called so, SQLite takes it for `'x'`. Each
//! `ALTER TABLE` that drops or renames a column spells it so from then on, in every stored text.

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;

use crate::schema::ddl::is_reserved;
use crate::split::{Token, TokenKind, tokens, unquoted};

/// The names that stored texts may mean.
#[derive(Debug, Default)]
pub(in crate::schema) struct Names {
    /// Of tables, in small letters: their columns.
    columns: BTreeMap<String, BTreeSet<String>>,
    /// Of views: all that may be a column of theirs.
    of_views: BTreeMap<String, BTreeSet<String>>,
}

/// A row of `sqlite_schema`: kind, name, text.
#[derive(Debug, Clone, Copy)]
pub(in crate::schema) struct Stored<'a> {
    pub(in crate::schema) kind: &'a str,
    pub(in crate::schema) name: &'a str,
    pub(in crate::schema) sql: &'a str,
}

impl Names {
    pub(in crate::schema) fn of<'a>(all: impl Iterator<Item = Stored<'a>>) -> Self {
        let mut names = Self::default();
        for stored in all {
            let found = tokens(stored.sql, Dialect::Sqlite);
            let name = stored.name.to_ascii_lowercase();
            match stored.kind {
                "table" => drop(names.columns.insert(name, columns(&found))),
                "view" => drop(names.of_views.insert(name, said(&found))),
                _ => {}
            }
        }
        names
    }

    /// A stored text with its texts in single quotes.
    pub(in crate::schema) fn settled(&self, stored: Stored<'_>) -> String {
        let found = tokens(stored.sql, Dialect::Sqlite);
        if !found.iter().any(is_doubtful) {
            return stored.sql.to_owned();
        }
        let of_table = |name: &str| self.columns.get(&name.to_ascii_lowercase());
        let is_virtual = found.get(1).is_some_and(|it| it.is("VIRTUAL"));
        match stored.kind {
            "table" if !is_virtual => {
                let within = expressions(&found);
                let known = of_table(stored.name).cloned().unwrap_or_default();
                replaced(stored.sql, &found, |at| {
                    within[at] && !is_of(&known, &found[at])
                })
            }
            "index" => {
                let known = of_table(&table_of(&found)).cloned().unwrap_or_default();
                let open = found.iter().position(|it| it.is_symbol("("));
                replaced(stored.sql, &found, |at| {
                    open.is_some_and(|open| at > open)
                        && !is_of(&known, &found[at])
                        && !is_whole_part(&found, at)
                })
            }
            "view" | "trigger" => {
                let known = self.of_object(&found);
                replaced(stored.sql, &found, |at| !is_of(&known, &found[at]))
            }
            _ => stored.sql.to_owned(),
        }
    }

    /// All that a view or trigger may mean: what it names itself, and columns of what it uses.
    fn of_object(&self, found: &[Token<'_>]) -> BTreeSet<String> {
        let mut known = said(found);
        let mut queue: Vec<String> = known.iter().cloned().collect();
        queue.push(table_of(found));
        let quoted = found.iter().filter(|it| it.kind == TokenKind::Name);
        queue.extend(quoted.map(lower));
        let mut seen = BTreeSet::new();
        while let Some(name) = queue.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            known.extend(self.columns.get(&name).into_iter().flatten().cloned());
            if let Some(more) = self.of_views.get(&name) {
                known.extend(more.iter().cloned());
                queue.extend(more.iter().cloned());
            }
            if self.columns.contains_key(&name) || self.of_views.contains_key(&name) {
                known.insert(name);
            }
        }
        known
    }
}

/// Whether a token may be a text though it looks like a name.
fn is_doubtful(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Name && token.text.starts_with('"')
}

fn lower(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::Word => token.text.to_ascii_lowercase(),
        _ => unquoted(token.text).to_ascii_lowercase(),
    }
}

/// The table of an index or a trigger, in small letters.
fn table_of(found: &[Token<'_>]) -> String {
    let on = found.iter().position(|it| it.is("ON"));
    let name = on.and_then(|on| found.get(on + 1));
    name.map(lower).unwrap_or_default()
}

fn is_of(known: &BTreeSet<String>, token: &Token<'_>) -> bool {
    let name = lower(token);
    known.contains(&name) || ["rowid", "oid", "_rowid_"].contains(&name.as_str())
}

/// Whether a token is a part of an index by itself, which has to be a column.
fn is_whole_part(found: &[Token<'_>], at: usize) -> bool {
    let last = at.checked_sub(1).map(|it| &found[it]);
    let next = found.get(at + 1);
    last.is_some_and(|it| it.is_symbol("(") || it.is_symbol(","))
        && next.is_some_and(|it| it.is_symbol(",") || it.is_symbol(")"))
}

/// Names that a text uses for sure: not in double quotes, or where no text can stand.
fn said(found: &[Token<'_>]) -> BTreeSet<String> {
    let names = found
        .iter()
        .enumerate()
        .filter(|(at, token)| match token.kind {
            TokenKind::Word => !is_reserved(&token.text.to_ascii_lowercase(), Dialect::Sqlite),
            TokenKind::Name => !is_doubtful(token) || !may_be_text(found, *at),
            _ => false,
        });
    names.map(|(_, token)| lower(token)).collect()
}

/// Whether a word in double quotes stands where a value may.
fn may_be_text(found: &[Token<'_>], at: usize) -> bool {
    const BEFORE_NAMES: [&str; 18] = [
        "AS",
        "COLLATE",
        "VIEW",
        "TRIGGER",
        "INDEX",
        "TABLE",
        "ON",
        "FROM",
        "JOIN",
        "INTO",
        "UPDATE",
        "OF",
        "EXISTS",
        "CONSTRAINT",
        "REFERENCES",
        "WITH",
        "RECURSIVE",
        "BY",
    ];
    let next = |symbol| found.get(at + 1).is_some_and(|it| it.is_symbol(symbol));
    let Some(last) = at.checked_sub(1).map(|it| &found[it]) else {
        return false;
    };
    let follows_operand = match last.kind {
        TokenKind::Name | TokenKind::Text => true,
        TokenKind::Word => !is_reserved(&last.text.to_ascii_lowercase(), Dialect::Sqlite),
        _ => last.is_symbol(")") || last.is_symbol("."),
    };
    let is_after_name = last.is_any(&BEFORE_NAMES) && !(last.is("ON") || last.is("BY"));
    !next("(")
        && !next(".")
        && !follows_operand
        && !is_after_name
        && !is_title(found, at)
        && !is_in_column_list(found, at)
}

/// Whether it is the table of an index or a trigger.
fn is_title(found: &[Token<'_>], at: usize) -> bool {
    let is_on = at > 0 && found[at - 1].is("ON");
    is_on && !found[..at].iter().any(|it| it.is("JOIN"))
}

/// Whether it stands in `name (column, column) AS` or `INTO name (column, column)`.
fn is_in_column_list(found: &[Token<'_>], at: usize) -> bool {
    let is_item = |it: &Token<'_>| {
        it.kind == TokenKind::Name || it.kind == TokenKind::Word || it.is_symbol(",")
    };
    let open = found[..at].iter().rposition(|it| !is_item(it));
    let close = found[at..].iter().position(|it| !is_item(it));
    let Some((open, close)) = open.zip(close.map(|it| at + it)) else {
        return false;
    };
    let is_list = found[open].is_symbol("(") && found[close].is_symbol(")");
    let names_it = open > 0
        && match found[open - 1].kind {
            TokenKind::Name => true,
            TokenKind::Word => {
                !is_reserved(&found[open - 1].text.to_ascii_lowercase(), Dialect::Sqlite)
            }
            _ => false,
        };
    let is_insert = open > 1 && found[open - 2].is("INTO");
    is_list && names_it && (is_insert || found.get(close + 1).is_some_and(|it| it.is("AS")))
}

/// The texts in double quotes of a statement, given as it is stored and as it is settled.
pub(super) fn texts(stored: &str, settled: &str) -> Vec<String> {
    if stored == settled {
        return Vec::new();
    }
    let pairs = tokens(stored, Dialect::Sqlite).into_iter();
    let pairs = pairs.zip(tokens(settled, Dialect::Sqlite));
    pairs
        .filter(|(one, other)| one.kind != other.kind)
        .map(|(one, _)| unquoted(one.text))
        .collect()
}

/// What follows `DEFAULT`, where no column can be meant.
pub(in crate::schema) fn default(text: &str) -> String {
    let found = tokens(text, Dialect::Sqlite);
    let is_only = |at: usize| found.len() == 1 && at == 0;
    let mut settled = replaced(text, &found, |_| true);
    if is_only(0) && is_doubtful(&found[0]) {
        settled = format!("'{}'", unquoted(found[0].text).replace('\'', "''"));
    }
    settled
}

fn replaced(source: &str, found: &[Token<'_>], is_text: impl Fn(usize) -> bool) -> String {
    let mut text = String::new();
    let mut copied = 0;
    for (at, token) in found.iter().enumerate() {
        if is_doubtful(token) && may_be_text(found, at) && is_text(at) {
            text.push_str(&source[copied..token.start]);
            text.push_str(&format!("'{}'", unquoted(token.text).replace('\'', "''")));
            copied = token.end();
        }
    }
    text.push_str(&source[copied..]);
    text
}

/// The columns of a table, in small letters, by its statement.
fn columns(found: &[Token<'_>]) -> BTreeSet<String> {
    let mut depth = 0_u32;
    let mut columns = BTreeSet::new();
    let mut begins = false;
    for token in found {
        if token.is_symbol("(") {
            depth += 1;
            begins = depth == 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        } else if token.is_symbol(",") {
            begins = depth == 1;
        } else if begins {
            columns.insert(match token.kind {
                TokenKind::Text => unquoted(token.text).to_ascii_lowercase(),
                _ => lower(token),
            });
            begins = false;
        }
    }
    columns
}

/// Of each token of a table's statement, whether it is part of an expression.
fn expressions(found: &[Token<'_>]) -> Vec<bool> {
    let mut depth = 0_u32;
    let mut since = None;
    let mut within = Vec::with_capacity(found.len());
    for (at, token) in found.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
            let opens = at > 0 && found[at - 1].is_any(&["CHECK", "AS", "DEFAULT"]);
            if since.is_none() && opens {
                since = Some(depth);
            }
        } else if token.is_symbol(")") {
            if since == Some(depth) {
                since = None;
            }
            depth = depth.saturating_sub(1);
        }
        let is_default = at > 0 && found[at - 1].is("DEFAULT");
        within.push(since.is_some() || is_default);
    }
    within
}
