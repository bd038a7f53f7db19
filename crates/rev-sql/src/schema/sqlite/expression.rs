//! Expressions, as equal ones are known.

use rev_core::Dialect;

use crate::schema::Text;
use crate::split::{Token, TokenKind, tokens, unquoted};

/// An expression, without parentheses around it and without comments.
pub(in crate::schema) fn expression(text: &str) -> Text {
    let tokens = tokens(text, Dialect::Sqlite);
    let tokens = bare(&tokens);
    Text::keyed(plain(text, tokens), key(tokens))
}

/// The tokens without parentheses around all of them.
pub(in crate::schema) fn bare<'t, 'a>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while let [first, inner @ .., last] = tokens
        && first.is_symbol("(")
        && last.is_symbol(")")
        && is_balanced(inner)
    {
        tokens = inner;
    }
    tokens
}

pub(in crate::schema) fn is_balanced(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_i32;
    for token in tokens {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth -= 1;
        }
        if depth < 0 {
            return false;
        }
    }
    true
}

/// The text of some tokens on one line: what stands between two of them is one
/// space, or nothing.
pub(in crate::schema) fn plain(source: &str, tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut end = tokens.first().map_or(0, |token| token.start);
    for token in tokens {
        let gap = &source[end..token.start];
        if !gap.is_empty() {
            text.push(' ');
        }
        text.push_str(token.text);
        end = token.end();
    }
    text
}

/// What equal texts have in common: tokens in small letters, names without quotes
/// where they need none.
pub(in crate::schema) fn key(tokens: &[Token<'_>]) -> String {
    let words: Vec<String> = tokens.iter().map(word).collect();
    words.join(" ")
}

pub(in crate::schema) fn word(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::Text => token.text.to_owned(),
        TokenKind::Name => {
            let name = unquoted(token.text).to_ascii_lowercase();
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
            let begins = name.starts_with(|c: char| is_word(c) && !c.is_ascii_digit());
            match begins && name.chars().all(is_word) {
                true => name,
                false => format!("\"{}\"", name.replace('"', "\"\"")),
            }
        }
        _ => token.text.to_ascii_lowercase(),
    }
}
