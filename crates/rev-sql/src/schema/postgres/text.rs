//! Texts as a person would write them, with the keys that they are compared by.
//!
//! The server keeps `status IN ('a', 'b')` as `status = ANY (ARRAY['a', 'b'])` with a cast
//! on everything, so lists are written back: see [`list`]. Where the column is a
//! `varchar` the array is cast as a whole; that very text is read as an array of casts,
//! which means the same, so both have one key.

use rev_core::Dialect;

use super::list;
use crate::schema::Text;
use crate::split::{Token, TokenKind, tokens};

/// An expression, without parentheses around it: however many the server keeps, where a cast that
/// it does not show stands between them, they mean the same.
pub(in crate::schema) fn expression(text: &str) -> Text {
    let found = tokens(text, Dialect::Postgres);
    let mut inner = found.as_slice();
    while let [first, within @ .., last] = inner
        && first.is_symbol("(")
        && last.is_symbol(")")
        && is_balanced(within)
    {
        inner = within;
    }
    statement(match inner {
        [first, .., last] => &text[first.start..last.end()],
        [only] => &text[only.start..only.end()],
        [] => text.trim(),
    })
}

/// A whole statement.
pub(in crate::schema) fn statement(text: &str) -> Text {
    let text = list::with_numbers(text);
    let key = spread(&list::written(&text, list::Casts::All));
    Text::keyed(list::written(&text, list::Casts::AsKept), key)
}

fn is_balanced(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_i32;
    tokens.iter().all(|token| {
        depth += step(token, "(", ")");
        depth >= 0
    })
}

fn step(token: &Token<'_>, opens: &str, closes: &str) -> i32 {
    i32::from(token.is_symbol(opens)) - i32::from(token.is_symbol(closes))
}

/// `ARRAY[a, b]::text[]` as `ARRAY[a::text, b::text]`.
fn spread(text: &str) -> String {
    let found = tokens(text, Dialect::Postgres);
    let mut spread = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < found.len() {
        match cast_array(&found[at..], text) {
            Some((length, array)) => {
                spread.push_str(&text[copied..found[at].start]);
                spread.push_str(&array);
                copied = found[at + length - 1].end();
                at += length;
            }
            None => at += 1,
        }
    }
    spread.push_str(&text[copied..]);
    spread
}

/// The array at the start of these tokens, if it is cast as a whole: how many tokens
/// it has, and its other spelling.
fn cast_array(tokens: &[Token<'_>], text: &str) -> Option<(usize, String)> {
    let [word, open, ..] = tokens else {
        return None;
    };
    if !word.is("ARRAY") || !open.is_symbol("[") {
        return None;
    }
    let mut depth = 0;
    let mut items = Vec::new();
    let mut start = 2;
    let mut close = None;
    for (index, token) in tokens.iter().enumerate().skip(1) {
        let before = depth;
        depth += step(token, "[", "]") + step(token, "(", ")");
        if depth == 0 {
            items.push(&tokens[start..index]);
            close = Some(index);
            break;
        }
        if before == 1 && token.is_symbol(",") {
            items.push(&tokens[start..index]);
            start = index + 1;
        }
    }
    let close = close?;
    let rest = &tokens[close + 1..];
    if !(rest.first()?.is_symbol(":") && rest.get(1)?.is_symbol(":")) {
        return None;
    }
    let end = rest.iter().position(|token| token.is_symbol("["))?;
    let name = &rest[2..end];
    let is_name = |token: &Token<'_>| {
        matches!(token.kind, TokenKind::Word | TokenKind::Name) || token.is_symbol(".")
    };
    let closes = rest.get(end + 1).is_some_and(|token| token.is_symbol("]"));
    if name.is_empty() || !name.iter().all(is_name) || !closes {
        return None;
    }
    let cast = &text[name[0].start..name[name.len() - 1].end()];
    let items: Option<Vec<String>> = items
        .iter()
        .map(|item| item_cast(item, text, cast))
        .collect();
    Some((close + 1 + end + 2, format!("ARRAY[{}]", items?.join(", "))))
}

fn item_cast(item: &[Token<'_>], text: &str, cast: &str) -> Option<String> {
    let (first, last) = (item.first()?, item.last()?);
    let source = &text[first.start..last.end()];
    let is_operator = |token: &Token<'_>| {
        token.kind == TokenKind::Symbol
            && !["(", ")", "[", "]", ":", ".", ","].contains(&token.text)
    };
    Some(match item.iter().any(is_operator) {
        true => format!("({source})::{cast}"),
        false => format!("{source}::{cast}"),
    })
}
