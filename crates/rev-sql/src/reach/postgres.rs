//! PostgreSQL: no name leads into another database, but some statements are about
//! whole ones, the server, or its files.
//!
//! Roles are let through, for a schema can hardly do without them: see `docs/testing.md`.

use rev_core::Dialect;

use super::words::{Reach, begins, beyond, calls, is_name};
use crate::split::{Token, TokenKind, code_tokens};

/// What is made, changed or dropped of the server itself.
const KINDS: [&str; 3] = ["DATABASE", "TABLESPACE", "SUBSCRIPTION"];

pub(super) fn reaches(statement: &str) -> Option<Reach> {
    let found = code_tokens(statement, Dialect::Postgres);
    let mut ahead = found.iter().take(4);
    let is_program = found.first().is_some_and(|verb| verb.is("DO"))
        || ahead.any(|token| token.is_any(&["FUNCTION", "PROCEDURE"]));
    (0..found.len()).find_map(|at| reaches_at(&found, at, is_program))
}

fn reaches_at(found: &[Token<'_>], at: usize, is_program: bool) -> Option<Reach> {
    let rest = &found[at..];
    if rest[0].kind == TokenKind::Text {
        return is_program.then(|| within(&rest[0])).flatten();
    }
    let length = about_server(found, at)
        .or_else(|| about_file(found, at))
        .or_else(|| calls(rest, is_way_out).then_some(1))?;
    Some(beyond(rest, length))
}

/// How many words say that something is about the server or another database. What is
/// named can only be another one: nobody knows a throw-away database's name.
fn about_server(found: &[Token<'_>], at: usize) -> Option<usize> {
    let rest = &found[at..];
    let names = |place: usize| rest.get(place).is_some_and(is_name);
    let is_verb = rest[0].is_any(&["CREATE", "ALTER", "DROP"]);
    if is_verb && rest.get(1).is_some_and(|kind| kind.is_any(&KINDS)) && names(2) {
        let length = rest.iter().position(|it| it.is("EXISTS"));
        return Some(length.filter(|it| *it < 5).map_or(3, |it| it + 2));
    }
    if begins(rest, &["ALTER", "SYSTEM"]) {
        return Some(2);
    }
    // A table may be called `database`, too.
    let verbs: &[&str] = match rest[0].text.to_ascii_uppercase().as_str() {
        "ON" => &["COMMENT", "GRANT", "REVOKE", "LABEL"],
        "IN" => &["ROLE", "USER"],
        _ => return None,
    };
    let is_named = begins(&rest[1..], &["DATABASE"]) && names(2);
    let mut before = found[..at].iter().rev();
    let is_verb = |token: &Token<'_>| token.is_any(verbs);
    let is_about = is_named
        && before
            .by_ref()
            .take_while(|it| it.kind != TokenKind::Semicolon)
            .any(is_verb);
    is_about.then_some(3)
}

/// `COPY … TO 'file'`, `COPY … TO PROGRAM '…'`.
fn about_file(found: &[Token<'_>], at: usize) -> Option<usize> {
    let rest = &found[at..];
    if !begins(rest, &["COPY"]) {
        return None;
    }
    let writes = |pair: &[Token<'_>]| {
        (pair[0].is("TO") && pair[1].kind == TokenKind::Text) || pair[1].is("PROGRAM")
    };
    rest.windows(2).position(writes).map(|place| place + 2)
}

/// Functions that open a connection of their own, or write files.
fn is_way_out(name: &str) -> bool {
    const DBLINK: [&str; 6] = [
        "",
        "_exec",
        "_connect",
        "_connect_u",
        "_open",
        "_send_query",
    ];
    let link = name.strip_prefix("dblink");
    link.is_some_and(|rest| DBLINK.contains(&rest)) || name == "lo_export"
}

/// What a program reaches by a text of it: by its body, or by what it may execute.
fn within(text: &Token<'_>) -> Option<Reach> {
    let prefix = text.text.find(|c: char| !c.is_alphabetic())?;
    let is_body = text.text[prefix..].starts_with('$');
    let opening = match is_body {
        true => text.text[prefix + 1..].find('$')? + 2,
        false => 1,
    };
    let start = prefix + opening;
    let inner = text
        .text
        .get(start..text.text.len().checked_sub(opening)?)?;
    let found = code_tokens(inner, Dialect::Postgres);
    let places = if is_body {
        found.len()
    } else {
        found.len().min(1)
    };
    let reach = (0..places).find_map(|at| reaches_at(&found, at, true))?;
    Some(reach.within(text.start + start))
}
