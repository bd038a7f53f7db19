//! Objects over a table of PostgreSQL whose column gets another name: the server keeps columns by
//! their numbers, so it prints the new name from then on.
//!
//! What this does not find is no harm: the text differs then, and the object is made again.

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::{is_text, place};
use crate::schema::postgres::statement;
use crate::schema::{Kind, Name, Object, Text};
use crate::split::{Token, TokenKind, tokens, unquoted};

/// Gives the text of an object the new name of a column of these tables, one and what inherits
/// from it.
pub(super) fn rename(object: &mut Object, tables: &BTreeSet<Name>, from: &Text, to: &Text) {
    let is_over = object.needs.iter().chain(&object.on);
    if !is_over.clone().any(|it| tables.contains(it)) {
        return;
    }
    let is_view = matches!(object.kind, Kind::View | Kind::MaterializedView);
    let is_bound = [
        Kind::Trigger,
        Kind::Policy,
        Kind::RewriteRule,
        Kind::Statistics,
    ];
    if !is_view && !is_bound.contains(&object.kind) {
        return;
    }
    let Some(first) = object.create.first_mut() else {
        return;
    };
    let new = Renamed {
        found: tokens(first.as_str(), Dialect::Postgres),
        source: first.as_str(),
        from,
        to,
    };
    if let Some(text) = new.text(tables, is_view) {
        let is_sorted = object.kind == Kind::Statistics;
        *first = statement(&if is_sorted { sorted(&text) } else { text });
    }
}

struct Renamed<'a> {
    found: Vec<Token<'a>>,
    source: &'a str,
    from: &'a Text,
    to: &'a Text,
}

impl Renamed<'_> {
    /// The text with the new name; nothing where that would take more than its words.
    fn text(&self, tables: &BTreeSet<Name>, is_view: bool) -> Option<String> {
        let selects = self.found.iter().filter(|it| it.is("SELECT")).count();
        let is_plain = selects == usize::from(is_view);
        if !is_plain || self.found.iter().any(|it| it.is_any(&["USING"])) && is_view {
            return None;
        }
        let start = if is_view {
            self.found.iter().position(|it| it.is("SELECT"))?
        } else {
            0
        };
        let names = self.qualifiers(tables);
        let is_alone = self.tables_shown() < 2;
        let may = place::of_columns(&self.found);
        let spelt = crate::schema::ddl::spell(self.to, Dialect::Postgres);
        let mut text = String::new();
        let mut copied = 0;
        for (at, token) in self.found.iter().enumerate().skip(start) {
            if !self.is_it(token) || self.is_title(at) || is_view && self.is_relation(at) {
                continue;
            }
            let is_its = match self.qualifier(at) {
                Some(qualifier) => names.contains(&qualifier),
                None => may[at] && (!is_view || is_alone),
            };
            if !is_its {
                continue;
            }
            text.push_str(&self.source[copied..token.start]);
            text.push_str(&spelt);
            copied = token.end();
            if is_view && self.is_item(start, at) {
                text.push_str(" AS ");
                text.push_str(token.text);
            }
        }
        text.push_str(&self.source[copied..]);
        Some(text)
    }

    fn is_it(&self, token: &Token<'_>) -> bool {
        match token.kind {
            TokenKind::Word => is_text(self.from, token.text),
            TokenKind::Name => is_text(self.from, &unquoted(token.text)),
            _ => false,
        }
    }

    /// Whether a token is the name of the object.
    fn is_title(&self, at: usize) -> bool {
        let last = at.checked_sub(1).map(|it| &self.found[it]);
        let titles = ["TRIGGER", "POLICY", "RULE", "STATISTICS"];
        last.is_some_and(|it| it.is_any(&titles))
    }

    /// What stands before the point before a token.
    fn qualifier(&self, at: usize) -> Option<String> {
        let point = at.checked_sub(1).map(|it| &self.found[it])?;
        let name = at.checked_sub(2).map(|it| &self.found[it])?;
        point.is_symbol(".").then(|| plain(name))
    }

    /// The names by which the text calls these tables.
    fn qualifiers(&self, tables: &BTreeSet<Name>) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = ["new", "old"].map(str::to_owned).into();
        for table in tables {
            let own = table.name.as_str();
            for (at, token) in self.found.iter().enumerate() {
                if !self.is_relation(at) || plain(token) != own {
                    continue;
                }
                let alias = self.found.get(at + 1).filter(|it| is_alias(it));
                names.insert(alias.map_or_else(|| own.to_owned(), plain));
            }
        }
        names
    }

    /// Whether a token ends the name of a table in `FROM` or `JOIN`.
    fn is_relation(&self, at: usize) -> bool {
        let mut first = at;
        while first >= 2 && self.found[first - 1].is_symbol(".") {
            first -= 2;
        }
        let last = first.checked_sub(1).map(|it| &self.found[it]);
        // `EXTRACT(year FROM at)` has one within parentheses.
        self.depth(0, at) == 0
            && last.is_some_and(|it| it.is_any(&["FROM", "JOIN"]))
            && !self.found.get(at + 1).is_some_and(|it| it.is_symbol("."))
    }

    fn tables_shown(&self) -> usize {
        let all = 0..self.found.len();
        all.filter(|&at| self.is_relation(at)).count()
    }

    /// Whether a column is all of an item of the list that is shown, so that it gives the item
    /// its name.
    fn is_item(&self, start: usize, at: usize) -> bool {
        let first = if self.qualifier(at).is_some() {
            at - 2
        } else {
            at
        };
        let mut places = start..at;
        let is_over = places.any(|it| self.found[it].is("FROM") && self.depth(start, it) == 0);
        let last = first.checked_sub(1).map(|it| &self.found[it]);
        let begins = last.is_some_and(|it| it.is_any(&["SELECT", "DISTINCT"]) || it.is_symbol(","))
            || self.ends_distinct_on(first);
        let next = self.found.get(at + 1);
        let ends = next.is_none_or(|it| it.is("FROM") || it.is_symbol(","));
        self.depth(start, at) == 0 && !is_over && begins && ends
    }

    /// Whether `DISTINCT ON (…)` ends right before a token.
    fn ends_distinct_on(&self, at: usize) -> bool {
        let is_on = |it: &usize| {
            self.found[*it].is("DISTINCT") && self.found.get(it + 1).is_some_and(|it| it.is("ON"))
        };
        let Some(on) = (0..at).rfind(is_on) else {
            return false;
        };
        let last = |it: &Token<'_>| it.is_symbol(")");
        self.found.get(at - 1).is_some_and(last)
            && self.depth(on, at) == 0
            && (on + 3..at - 1).all(|it| self.depth(on, it) > 0)
    }

    /// How many parentheses are open between two tokens.
    fn depth(&self, start: usize, end: usize) -> i32 {
        let found = self.found[start..end].iter();
        found.fold(0, |depth, it| {
            depth + i32::from(it.is_symbol("(")) - i32::from(it.is_symbol(")"))
        })
    }
}

/// Statistics with their columns by name, as they are read: then the expressions.
fn sorted(text: &str) -> String {
    let between = text.split_once(" ON ").and_then(|(start, rest)| {
        let (list, end) = rest.rsplit_once(" FROM ")?;
        Some((start, list, end))
    });
    let Some((start, list, end)) = between else {
        return text.to_owned();
    };
    let (mut depth, mut from) = (0, 0);
    let mut items = Vec::new();
    for token in tokens(list, Dialect::Postgres) {
        depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
        if depth == 0 && token.is_symbol(",") {
            items.push(list[from..token.start].trim());
            from = token.end();
        }
    }
    items.push(list[from..].trim());
    items.sort_by_key(|it| {
        let name = tokens(it, Dialect::Postgres).first().map(plain);
        (
            it.starts_with('('),
            name.filter(|_| !it.starts_with('(')),
            *it,
        )
    });
    format!("{start} ON {} FROM {end}", items.join(", "))
}

fn plain(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::Name => unquoted(token.text),
        _ => token.text.to_owned(),
    }
}

/// Whether a token after a table is its other name, and no word of the language.
fn is_alias(token: &Token<'_>) -> bool {
    const WORDS: [&str; 17] = [
        "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "ON", "WHERE", "GROUP",
        "ORDER", "HAVING", "LIMIT", "OFFSET", "UNION", "WINDOW", "FOR",
    ];
    matches!(token.kind, TokenKind::Word | TokenKind::Name) && !token.is_any(&WORDS)
}
