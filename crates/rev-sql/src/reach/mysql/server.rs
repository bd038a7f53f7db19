//! Whole databases, the server, its logins and files, by the words that are about them.

use super::super::words::{Reach, begins, beyond, is_name};
use super::Walk;
use crate::split::{Token, TokenKind, unquoted};

impl Walk<'_> {
    /// What is about another database as a whole, the server, or files.
    pub(super) fn about_server(&self, at: usize) -> Option<Reach> {
        if self.is_piece || self.found[at].kind != TokenKind::Word {
            return None;
        }
        let rest = &self.found[at..];
        let server = || (at == self.verb).then(|| changes_server(rest)).flatten();
        let login = || {
            (at == self.verb)
                .then(|| self.changes_login(rest))
                .flatten()
        };
        let length = self
            .about_database(at)
            .or_else(login)
            .or_else(server)
            .or_else(|| sets_for_all(rest))
            .or_else(|| goes_out(rest))?;
        Some(beyond(rest, length))
    }

    /// `DROP USER app`: a login that the other databases of the server live by. A new one
    /// does them no harm, and where there are none nobody needs the old ones.
    fn changes_login(&self, rest: &[Token<'_>]) -> Option<usize> {
        let is_changed = rest[0].is_any(&["DROP", "ALTER", "RENAME"])
            && rest.get(1)?.is_any(&["USER", "ROLE"])
            && !self.neighbours.databases.is_empty();
        is_changed.then_some(2)
    }

    /// `USE app`, `DROP DATABASE app`; without a name it is the database at hand.
    fn about_database(&self, at: usize) -> Option<usize> {
        let rest = &self.found[at..];
        if at == self.verb && begins(rest, &["USE"]) {
            return Some(2);
        }
        let is_shown = self.before(at, &["SHOW"]);
        if is_shown || !rest[0].is_any(&["CREATE", "ALTER", "DROP"]) {
            return None;
        }
        let replaces = begins(&rest[1..], &["OR", "REPLACE"]);
        let kind = if replaces { 3 } else { 1 };
        if !rest.get(kind)?.is_any(&["DATABASE", "SCHEMA"]) {
            return None;
        }
        let fillers = rest[kind + 1..]
            .iter()
            .take_while(|it| it.is_any(&["IF", "NOT", "EXISTS"]));
        let name = kind + 1 + fillers.count();
        const OPTIONS: [&str; 8] = [
            "DEFAULT",
            "CHARACTER",
            "CHARSET",
            "COLLATE",
            "ENCRYPTION",
            "READ",
            "COMMENT",
            "CHAR",
        ];
        let nameless = rest[0].is("ALTER") && rest.get(name)?.is_any(&OPTIONS);
        (!nameless).then_some(name + 1)
    }
}

/// How many words say that the server is changed for all.
fn changes_server(rest: &[Token<'_>]) -> Option<usize> {
    const VERBS: [&[&str]; 15] = [
        &["SHUTDOWN"],
        &["RESTART"],
        &["KILL"],
        &["PURGE"],
        &["RESET"],
        &["INSTALL"],
        &["UNINSTALL"],
        &["CHANGE", "MASTER"],
        &["CHANGE", "REPLICATION"],
        &["CREATE", "SERVER"],
        &["ALTER", "SERVER"],
        &["DROP", "SERVER"],
        &["SET", "PASSWORD"],
        &["CLONE"],
        &["STOP"],
    ];
    let words = VERBS.iter().find(|words| begins(rest, words))?;
    Some(words.len())
}

/// How many words say that a variable is set for all: `SET a = 1, GLOBAL b = 2`,
/// `SET @@global.b = 2`.
fn sets_for_all(rest: &[Token<'_>]) -> Option<usize> {
    if !begins(rest, &["SET"]) {
        return None;
    }
    const SCOPES: [&str; 3] = ["global", "persist", "persist_only"];
    let end = rest.iter().position(|it| it.kind == TokenKind::Semicolon);
    let rest = &rest[..end.unwrap_or(rest.len())];
    let is_scope = |&at: &usize| {
        let named = &rest[at];
        let begins_item = |at: usize| rest[at].is("SET") || rest[at].is_symbol(",");
        let (word, before) = match rest[at - 1].is_symbol("@") && at > 1 {
            true => (named.text.trim_start_matches('@'), at - 2),
            false => (named.text, at - 1),
        };
        let is_scope = SCOPES.contains(&word.to_ascii_lowercase().as_str());
        let sets = (rest.get(at + 1)).is_some_and(|it| is_name(it) || it.is_symbol("."));
        is_scope && sets && begins_item(before)
    };
    (1..rest.len()).find(is_scope).map(|at| at + 1)
}

/// How many words say that something goes to a file, or to another server.
fn goes_out(rest: &[Token<'_>]) -> Option<usize> {
    if begins(rest, &["INTO", "OUTFILE"]) || begins(rest, &["INTO", "DUMPFILE"]) {
        return Some(2);
    }
    if rest[0].is("SONAME") {
        return Some(1);
    }
    let engine = match rest {
        [word, sign, engine, ..] if word.is("ENGINE") && sign.is_symbol("=") => (engine, 3),
        [word, engine, ..] if word.is("ENGINE") => (engine, 2),
        _ => return None,
    };
    let name = unquoted(engine.0.text).to_ascii_uppercase();
    let leads_out = ["FEDERATED", "FEDERATEDX", "SPIDER", "CONNECT", "S3"].contains(&name.as_str());
    leads_out.then_some(engine.1)
}
