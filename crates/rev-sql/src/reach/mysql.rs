//! MySQL and MariaDB: a name may bring its database.
//!
//! `hero.id` is a column where a table or alias `hero` is at hand, and a table where
//! the grammar asks for one. So a name in two parts is taken for another database's
//! where a table, routine or the like stands, and also where nothing of the statement
//! bears its first part by itself.

mod server;

use rev_core::Dialect;

use super::words::{Neighbours, Reach, begins, is_name};
use crate::split::{Token, TokenKind, code_tokens, unquoted};

/// The server's own database that a login may be let write to.
const OWN: &str = "mysql";

/// Words after which a table or the like is named.
const NAMERS: [&str; 24] = [
    "FROM",
    "JOIN",
    "STRAIGHT_JOIN",
    "USING",
    "INTO",
    "UPDATE",
    "INSERT",
    "REPLACE",
    "DELETE",
    "TRUNCATE",
    "TABLE",
    "TABLES",
    "VIEW",
    "TRIGGER",
    "PROCEDURE",
    "FUNCTION",
    "EVENT",
    "SEQUENCE",
    "REFERENCES",
    "CALL",
    "HANDLER",
    "CACHE",
    "LOCK",
    "OJ",
];

/// Of these, those after which a comma leads to another one.
const LISTERS: [&str; 10] = [
    "FROM",
    "JOIN",
    "STRAIGHT_JOIN",
    "USING",
    "UPDATE",
    "DELETE",
    "TABLE",
    "TABLES",
    "VIEW",
    "SEQUENCE",
];

/// Words that may stand between such a word and the name.
const FILLERS: [&str; 14] = [
    "IF",
    "NOT",
    "EXISTS",
    "LOW_PRIORITY",
    "HIGH_PRIORITY",
    "DELAYED",
    "QUICK",
    "IGNORE",
    "LATERAL",
    "AS",
    "TO",
    "INTO",
    "ONLY",
    "INDEX",
];

/// Words after which a comma leads to no table any more.
const ENDERS: [&str; 12] = [
    "SELECT",
    "WHERE",
    "SET",
    "VALUES",
    "VALUE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "WINDOW",
    "RETURNING",
    "DO",
];

/// Words after which tables may stand in parentheses.
const GROUPERS: [&str; 6] = ["FROM", "JOIN", "STRAIGHT_JOIN", "USING", "UPDATE", "TABLES"];

/// Words after which a statement of a program begins.
const OPENERS: [&str; 6] = ["BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT"];

/// Verbs by which a text is known for SQL.
const VERBS: [&str; 14] = [
    "ALTER", "ANALYZE", "CALL", "CREATE", "DELETE", "DROP", "GRANT", "INSERT", "RENAME", "REPLACE",
    "SET", "TRUNCATE", "UPDATE", "USE",
];

pub(super) fn reaches(statement: &str, neighbours: &Neighbours) -> Option<Reach> {
    let found = code_tokens(statement, Dialect::Mysql);
    let walk = Walk::new(&found, neighbours, false);
    walk.first().or_else(|| executed(&found, neighbours))
}

/// What a statement reaches by a text that it may execute.
fn executed(found: &[Token<'_>], neighbours: &Neighbours) -> Option<Reach> {
    let assigns = |pair: &[Token<'_>]| pair[0].is_symbol(":") && pair[1].is_symbol("=");
    let executes = found.iter().any(|it| it.is_any(&["PREPARE", "EXECUTE"]));
    let may_execute =
        executes || begins(found, &["SET"]) || found.windows(2).any(assigns) || selects_into(found);
    let mut texts = found.iter().filter(|it| it.kind == TokenKind::Text);
    let reach = |text: &Token<'_>| {
        let inner = text.text.get(1..text.text.len() - 1)?;
        let words = code_tokens(inner, Dialect::Mysql);
        let is_sql = words.first().is_some_and(|verb| verb.is_any(&VERBS));
        let reach = Walk::new(&words, neighbours, !is_sql).first()?;
        Some(reach.within(text.start + 1))
    };
    may_execute.then(|| texts.find_map(reach)).flatten()
}

/// `SELECT 'text' INTO @variable`.
fn selects_into(found: &[Token<'_>]) -> bool {
    let into = |pair: &[Token<'_>]| pair[0].is("INTO") && pair[1].text.starts_with('@');
    found.windows(2).any(into)
}

/// A walk over a statement's tokens.
struct Walk<'a> {
    found: &'a [Token<'a>],
    neighbours: &'a Neighbours,
    /// Whether it is a piece of a text, in which only the place of a name counts.
    is_piece: bool,
    /// Whether the statement changes rows, as far as its verbs tell.
    is_writing: bool,
    /// A frame a parenthesis that is open.
    frames: Vec<Frame>,
    /// Whether a name that stands here is a table's or the like, and how it is used.
    awaits: Option<Use>,
    /// What a following `ON` is about.
    on: Option<On>,
    /// The verb of the statement at hand.
    verb: usize,
}

#[derive(Default)]
struct Frame {
    /// How the table is used that a comma leads to, if it leads to one.
    lists: Option<Use>,
    /// Whether `FROM` is a word of the function that is called.
    is_call_with_from: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    /// A condition.
    Join,
    /// A table.
    Table,
}

impl<'a> Walk<'a> {
    fn new(found: &'a [Token<'a>], neighbours: &'a Neighbours, is_piece: bool) -> Self {
        let writes = |it: &Token<'_>| it.is_any(&["UPDATE", "DELETE"]);
        Self {
            found,
            neighbours,
            is_piece,
            is_writing: found.iter().any(writes),
            frames: vec![Frame::default()],
            awaits: None,
            on: None,
            verb: 0,
        }
    }

    fn first(mut self) -> Option<Reach> {
        let mut at = 0;
        while at < self.found.len() {
            if let Some(reach) = self.about_server(at) {
                return Some(reach);
            }
            let parts = self.parts(at);
            if parts > 1 {
                if let Some(reach) = self.named(at, parts) {
                    return Some(reach);
                }
                self.awaits = None;
                at += parts * 2 - 1;
                continue;
            }
            self.step(at);
            at += 1;
        }
        None
    }

    /// How many names are joined by points from here on; the last may be `*`, or
    /// missing where a text ends.
    fn parts(&self, at: usize) -> usize {
        let is_part = |place: usize| {
            let part = self.found.get(place);
            part.is_none_or(|it| is_name_or_text(it) || it.is_symbol("*"))
        };
        if !is_name_or_text(&self.found[at]) {
            return 1;
        }
        let mut parts = 1;
        while self.symbol(at + parts * 2 - 1, ".") && is_part(at + parts * 2) {
            parts += 1;
        }
        parts
    }

    fn symbol(&self, at: usize, symbol: &str) -> bool {
        self.found.get(at).is_some_and(|it| it.is_symbol(symbol))
    }

    fn before(&self, at: usize, words: &[&str]) -> bool {
        at > 0 && self.found[at - 1].is_any(words)
    }

    /// What a name in parts reaches.
    fn named(&self, at: usize, parts: usize) -> Option<Reach> {
        let first = &self.found[at];
        let database = self.neighbour(&unquoted(first.text))?;
        let end = at + parts * 2 - 1;
        let is_read = database == OWN && self.awaits == Some(Use::Read) && !self.is_writing;
        let is_there = self.awaits.is_some()
            || (!self.is_piece && (parts > 2 || self.symbol(end, "(") || !self.is_borne(first)));
        if is_read || !is_there {
            return None;
        }
        let end = end.min(self.found.len());
        let written = self.found[at..end].iter().map(|it| it.text);
        Some(Reach::Database {
            written: written.collect(),
            database,
            offset: first.start,
        })
    }

    /// The other database of this name.
    fn neighbour(&self, name: &str) -> Option<String> {
        // `` GRANT … ON `my\_app`.* `` spells a pattern.
        let name = name.replace("\\_", "_").replace("\\%", "%");
        let is_it = |other: &str| match self.neighbours.is_caseless {
            true => other.to_lowercase() == name.to_lowercase(),
            false => other == name,
        };
        let others = self.neighbours.databases.iter().map(String::as_str);
        others.chain([OWN]).find(|it| is_it(it)).map(str::to_owned)
    }

    /// Whether a table or alias bears this name by itself, or a trigger's row does.
    fn is_borne(&self, name: &Token<'_>) -> bool {
        let bare = unquoted(name.text);
        let is_it = |(place, token): (usize, &Token<'_>)| {
            is_name(token)
                && unquoted(token.text).eq_ignore_ascii_case(&bare)
                && !self.symbol(place + 1, ".")
                && !(place > 0 && self.symbol(place - 1, "."))
        };
        name.is_any(&["NEW", "OLD"]) || self.found.iter().enumerate().any(is_it)
    }

    /// Takes a token that is no name in parts.
    fn step(&mut self, at: usize) {
        let token = &self.found[at];
        match token.kind {
            TokenKind::Semicolon => {
                self.frames.truncate(1);
                self.frames[0] = Frame::default();
                self.awaits = None;
                self.verb = at + 1;
            }
            TokenKind::Symbol => self.symbol_step(at),
            TokenKind::Word => self.word(at),
            _ => self.awaits = None,
        }
    }

    fn symbol_step(&mut self, at: usize) {
        match self.found[at].text {
            "(" => {
                let called = at.checked_sub(1).map(|before| &self.found[before]);
                let is_it = |words: &[&str]| called.is_some_and(|it| it.is_any(words));
                let is_group = called.is_some_and(|it| it.kind == TokenKind::Symbol);
                // `REPLACE(…)` is a function.
                if !is_group && !is_it(&GROUPERS) {
                    self.awaits = None;
                }
                self.frames.push(Frame {
                    lists: self.awaits,
                    is_call_with_from: is_it(&["TRIM", "EXTRACT", "SUBSTRING", "SUBSTR", "MID"]),
                });
                let is_union =
                    at > 1 && self.symbol(at - 1, "=") && self.before(at - 1, &["UNION"]);
                if is_union {
                    self.frame().lists = Some(Use::Write);
                }
                if is_union || is_it(&["NEXTVAL", "LASTVAL", "SETVAL"]) {
                    self.awaits = Some(Use::Write);
                }
            }
            ")" => {
                if self.frames.len() > 1 {
                    self.frames.pop();
                }
                self.awaits = None;
            }
            "," => self.awaits = self.frame().lists,
            // `FROM .hero`
            "." => {}
            _ => self.awaits = None,
        }
    }

    fn frame(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn word(&mut self, at: usize) {
        let token = &self.found[at];
        if self.names(at) {
            let reads = token.is_any(&["FROM", "JOIN", "STRAIGHT_JOIN", "USING"]);
            self.awaits = Some(if reads { Use::Read } else { Use::Write });
            if token.is_any(&LISTERS) {
                self.frame().lists = self.awaits;
            }
        } else if self.awaits.is_some() && token.is_any(&FILLERS) {
            return;
        } else {
            self.awaits = None;
        }
        if token.is_any(&ENDERS) {
            self.frame().lists = None;
        }
        let of_statement =
            token.is("FOR") && begins(&self.found[self.verb..], &["SET", "STATEMENT"]);
        if token.is_any(&OPENERS) || of_statement {
            self.verb = at + 1;
        }
        if token.is_any(&["JOIN", "STRAIGHT_JOIN", "ON"]) {
            self.on = Some(On::Join);
        } else if token.is_any(&["TRIGGER", "GRANT", "REVOKE"])
            || (token.is("INDEX") && !self.before(at, &["USE", "FORCE", "IGNORE"]))
        {
            self.on = Some(On::Table);
        }
    }

    /// Whether this word says that a table or the like is named next.
    fn names(&mut self, at: usize) -> bool {
        let token = &self.found[at];
        if token.is("FROM") {
            return !self.frame().is_call_with_from;
        }
        if token.is("UPDATE") {
            return !self.before(at, &["KEY", "ON", "FOR"]);
        }
        if token.is("ON") {
            return self.on == Some(On::Table);
        }
        if token.is("LIKE") {
            let head = self.found[self.verb..at].iter();
            let mut kinds = head.filter(|it| it.is_any(&["TABLE", "SELECT"]));
            return kinds.next().is_some_and(|it| it.is("TABLE"));
        }
        token.is_any(&NAMERS)
            || token.is_any(&["TO", "RENAME"])
            || (token.is("FOR") && self.before(at, &["VALUE"]))
    }
}

/// With `ANSI_QUOTES` a name may stand in double quotes, too.
fn is_name_or_text(token: &Token<'_>) -> bool {
    is_name(token) || (token.kind == TokenKind::Text && token.text.starts_with('"'))
}
