//! Statements within statements: what a `DO` block, a block of MariaDB's, `EXECUTE` of a text
//! and the call of a routine run, one after the other.
//!
//! A routine is read where it is called, and only if the script itself has made it: making one
//! runs nothing. What is put together as it runs, or lies in the database, cannot be read, and
//! that is said of it.

use std::collections::BTreeMap;

use rev_core::Dialect;

use crate::split::{Token, TokenKind, code_tokens, inner_statement, unquoted};

/// How deep bodies are followed: a routine may call itself.
const DEEPEST: usize = 8;

/// Words that a statement follows, within a body.
const BEFORE: [&str; 9] = [
    "BEGIN", "THEN", "ELSE", "LOOP", "DO", "ATOMIC", "REPEAT", "IN", "QUERY",
];

/// What is run.
pub(super) enum Run<'a> {
    /// A statement of the script.
    Statement(Vec<Token<'a>>),
    /// A statement of a body.
    Within(String),
    /// Something whose statements nobody can read beforehand, as a phrase.
    Unread(String),
}

/// Reads statements of one script, in their order.
pub(super) struct Reader<'a> {
    dialect: Dialect,
    /// The bodies of the routines that were made, by name in small letters.
    routines: BTreeMap<String, Vec<String>>,
    /// What is run, in its order.
    pub(super) runs: Vec<Run<'a>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            routines: BTreeMap::new(),
            runs: Vec::new(),
        }
    }

    /// Reads one more statement.
    pub(super) fn read(&mut self, text: &'a str) {
        let tokens = code_tokens(text, self.dialect);
        if !self.opens(text, &tokens, 0) {
            let called = self.called(&tokens);
            self.runs.push(Run::Statement(tokens));
            self.read_all(&called, 0);
        }
    }

    fn read_at(&mut self, text: &str, depth: usize) {
        let tokens = code_tokens(text, self.dialect);
        if !self.opens(text, &tokens, depth) {
            self.runs.push(Run::Within(text.to_owned()));
            let called = self.called(&tokens);
            self.read_all(&called, depth);
        }
    }

    /// Whether a statement is read by what stands within it, and not by itself.
    fn opens(&mut self, text: &str, all: &[Token<'_>], depth: usize) -> bool {
        let tokens = inner_statement(all).unwrap_or(all);
        let Some(first) = tokens.first() else {
            return true;
        };
        if depth > DEEPEST {
            self.cannot_read("runs statements within statements, too deep to be read");
            return true;
        }
        let rest = &tokens[1..];
        if first.is("DO") && self.dialect == Dialect::Postgres {
            self.read_block(rest, depth);
        } else if first.is("BEGIN") && rest.first().is_some_and(|it| it.is("NOT")) {
            self.read_all(&pieces(text, rest), depth);
        } else if first.is("CREATE")
            && let Some(at) = routine(tokens)
        {
            self.note_routine(text, &tokens[at..]);
        } else if first.is("CALL") {
            self.call(rest, depth);
        } else if first.is("EXECUTE") {
            self.execute(rest, depth);
        } else if first.is("PREPARE") {
            self.prepare(text, rest, depth);
        } else {
            return false;
        }
        true
    }

    fn read_all(&mut self, pieces: &[String], depth: usize) {
        for piece in pieces {
            self.read_at(piece, depth + 1);
        }
    }

    fn cannot_read(&mut self, phrase: &str) {
        self.runs.push(Run::Unread(phrase.to_owned()));
    }

    /// `DO $$ … $$`, perhaps with a language.
    fn read_block(&mut self, tokens: &[Token<'_>], depth: usize) {
        let language = tokens.iter().position(|it| it.is("LANGUAGE"));
        let language = language.and_then(|at| tokens.get(at + 1));
        let is_sql = language.is_none_or(|it| unquoted(it.text).eq_ignore_ascii_case("plpgsql"));
        let is_language = |at: usize| at > 0 && tokens[at - 1].is("LANGUAGE");
        let others = (0..tokens.len()).filter(|&at| !is_language(at));
        let mut bodies = others.filter_map(|at| literal(&tokens[at]));
        match bodies.next() {
            Some(body) if is_sql => {
                let pieces = pieces_of(&body, self.dialect);
                self.read_all(&pieces, depth);
            }
            _ => self.cannot_read("runs a block whose statements cannot be read"),
        }
    }

    /// Keeps the body of a routine that is made; the tokens begin with its name.
    fn note_routine(&mut self, text: &str, tokens: &[Token<'_>]) {
        let (name, length) = name(tokens);
        let after = tokens.iter().position(|it| it.is("AS"));
        let body = after.and_then(|at| literal(tokens.get(at + 1)?));
        let pieces = match body {
            Some(body) if self.dialect == Dialect::Postgres => pieces_of(&body, self.dialect),
            _ => pieces(text, &tokens[length..]),
        };
        self.routines.insert(name, pieces);
    }

    /// `CALL` of a routine; the tokens begin with its name.
    fn call(&mut self, tokens: &[Token<'_>], depth: usize) {
        let (name, _) = name(tokens);
        match self.routines.get(&name).cloned() {
            Some(pieces) => self.read_all(&pieces, depth),
            None => self.cannot_read(&format!("calls `{name}`, whose body cannot be read here")),
        }
    }

    /// The statements of the routines of this script that a statement calls: `SELECT clean()`.
    fn called(&self, all: &[Token<'_>]) -> Vec<String> {
        let mut called = Vec::new();
        if self.routines.is_empty() {
            return called;
        }
        let tokens = inner_statement(all).unwrap_or(all);
        for at in 0..tokens.len() {
            let is_part = at > 0 && tokens[at - 1].is_symbol(".");
            let (name, length) = name(&tokens[at..]);
            let opens = tokens.get(at + length).is_some_and(|it| it.is_symbol("("));
            if !is_part && length > 0 && opens {
                called.extend(self.routines.get(&name).into_iter().flatten().cloned());
            }
        }
        called
    }

    /// `EXECUTE 'text'`, `EXECUTE IMMEDIATE 'text'`, and `EXECUTE prepared`.
    fn execute(&mut self, tokens: &[Token<'_>], depth: usize) {
        let is_immediate = tokens.first().is_some_and(|it| it.is("IMMEDIATE"));
        let tokens = if is_immediate { &tokens[1..] } else { tokens };
        // Elsewhere it runs what `PREPARE` has named, which was read there.
        let is_prepared = !is_immediate
            && (depth == 0 || self.dialect != Dialect::Postgres)
            && tokens.first().is_some_and(|it| it.kind != TokenKind::Text);
        if !is_prepared {
            self.read_text(tokens, depth);
        }
    }

    /// `PREPARE name FROM 'text'`, and PostgreSQL's `PREPARE name AS statement`.
    fn prepare(&mut self, text: &str, tokens: &[Token<'_>], depth: usize) {
        let at = tokens.iter().position(|it| it.is_any(&["FROM", "AS"]));
        let Some((at, after)) = at.and_then(|at| Some((at, tokens.get(at + 1)?))) else {
            return;
        };
        if tokens[at].is("AS") {
            self.read_at(&text[after.start..], depth + 1);
        } else {
            self.read_text(&tokens[at + 1..], depth);
        }
    }

    /// Reads SQL in a literal that stands alone.
    fn read_text(&mut self, tokens: &[Token<'_>], depth: usize) {
        let ends = |it: &Token<'_>| it.is_any(&["INTO", "USING", "LOOP"]);
        match tokens.first().and_then(literal) {
            Some(sql) if tokens.get(1).is_none_or(ends) => self.read_at(&sql, depth + 1),
            _ => self.cannot_read("runs SQL that is put together as it runs and cannot be read"),
        }
    }
}

/// Where the name of a routine stands that a statement makes.
fn routine(tokens: &[Token<'_>]) -> Option<usize> {
    let head = tokens.iter().take_while(|it| !it.is_symbol("("));
    let mut kinds = head.enumerate();
    let is_kind = |it: &Token<'_>| it.is_any(&["FUNCTION", "PROCEDURE"]);
    let at = kinds.find(|(_, it)| is_kind(it) || it.is_any(&["TABLE", "VIEW", "TRIGGER"]))?;
    let not_there = ["IF", "NOT", "EXISTS"];
    let mut name = at.0 + 1;
    while tokens.get(name).is_some_and(|it| it.is_any(&not_there)) {
        name += 1;
    }
    is_kind(at.1).then_some(name)
}

/// A name in small letters without its schema, and how many tokens it has.
fn name(tokens: &[Token<'_>]) -> (String, usize) {
    let is_name = |it: &Token<'_>| matches!(it.kind, TokenKind::Word | TokenKind::Name);
    let mut last = String::new();
    let mut length = 0;
    while let Some(token) = tokens.get(length).filter(|it| is_name(it)) {
        last = unquoted(token.text).to_lowercase();
        length += 1;
        if !tokens.get(length).is_some_and(|it| it.is_symbol(".")) {
            break;
        }
        length += 1;
    }
    (last, length)
}

/// What stands in a literal, in quotes or dollars.
fn literal(token: &Token<'_>) -> Option<String> {
    if token.kind != TokenKind::Text {
        return None;
    }
    let text = token.text;
    if let Some(rest) = text.strip_prefix('$') {
        let tag = &text[..rest.find('$')? + 2];
        let inner = text.strip_prefix(tag)?.strip_suffix(tag)?;
        return Some(inner.to_owned());
    }
    // `E'…'` and the like.
    let quote = text.find(['\'', '"'])?;
    Some(unquoted(&text[quote..]))
}

/// The statements of a body.
fn pieces_of(body: &str, dialect: Dialect) -> Vec<String> {
    pieces(body, &code_tokens(body, dialect))
}

/// The statements that begin at one of these tokens of a text, each to its semicolon.
fn pieces(text: &str, tokens: &[Token<'_>]) -> Vec<String> {
    let ends = |it: &Token<'_>| it.kind == TokenKind::Semicolon;
    let begins = |at: usize| {
        let before = at.checked_sub(1).map(|it| &tokens[it]);
        before.is_none_or(|it| {
            it.is_any(&BEFORE) || it.is_symbol(")") || it.is_symbol(">") || ends(it)
        })
    };
    let starts = (0..tokens.len()).filter(|at| begins(*at));
    let pieces = starts.filter_map(|at| {
        let end = tokens[at..].iter().position(ends);
        let end = end.map_or(tokens.len(), |end| at + end);
        let last = tokens[at..end].last()?;
        Some(text[tokens[at].start..last.start + last.text.len()].to_owned())
    });
    pieces.collect()
}
