//! The tokens of one statement, for whoever asks what it says.

use rev_core::Dialect;

use super::lexer::{Lexer, Token, TokenKind};
use super::{Grammar, mysql, postgres, sqlite};

/// The offset of a word in a statement, with or without quotes, if it stands there once.
#[must_use]
pub fn only_place(word: &str, statement: &str, dialect: Dialect) -> Option<usize> {
    let bare = |text: &str| text.trim_matches(['"', '`', '[', ']']).to_owned();
    let found = tokens(statement, dialect);
    let mut places = found.iter().filter(|it| bare(it.text) == bare(word));
    match (places.next(), places.next()) {
        (Some(token), None) => Some(token.start),
        _ => None,
    }
}

/// The tokens of one statement, as far as they can be told.
pub(crate) fn tokens(statement: &str, dialect: Dialect) -> Vec<Token<'_>> {
    let lexicon = match dialect {
        Dialect::Postgres => postgres::Postgres::LEXICON,
        Dialect::Mysql => mysql::Mysql::LEXICON,
        Dialect::Sqlite => sqlite::Sqlite::LEXICON,
    };
    let mut lexer = Lexer::new(statement, lexicon);
    let mut tokens = Vec::new();
    while let Ok(Some(token)) = lexer.next() {
        tokens.push(token);
    }
    tokens
}

/// The tokens of one statement without the marks around an executable comment of MySQL:
/// what stands in one is code like the rest.
pub(crate) fn code_tokens(statement: &str, dialect: Dialect) -> Vec<Token<'_>> {
    let mut found = tokens(statement, dialect);
    found.retain(|token| token.kind != TokenKind::Fence);
    found
}

/// A name without the quotes around it.
pub(crate) fn unquoted(name: &str) -> String {
    let inner = |quote: char| {
        let inner = name.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
    };
    let bracketed = || Some(name.strip_prefix('[')?.strip_suffix(']')?.to_owned());
    inner('"')
        .or_else(|| inner('`'))
        .or_else(|| inner('\''))
        .or_else(bracketed)
        .unwrap_or_else(|| name.to_owned())
}
