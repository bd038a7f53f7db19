//! The tokens of one statement, for whoever asks what it says.

use rev_core::{Dialect, Quoting, Spelling};

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

/// The tokens of one statement, as far as they can be told. One that has no end as most servers
/// of the dialect read it is read as the others do: `'C:\'` stands in scripts for MySQL with
/// `NO_BACKSLASH_ESCAPES`.
pub(crate) fn tokens(statement: &str, dialect: Dialect) -> Vec<Token<'_>> {
    let (found, is_whole) = tokens_as(statement, dialect.into());
    if is_whole || dialect == Dialect::Sqlite {
        return found;
    }
    let quoting = dialect.quoting();
    let others = [
        Quoting {
            backslash: !quoting.backslash,
            ..quoting
        },
        Quoting {
            ansi_quotes: true,
            ..quoting
        },
        Quoting {
            backslash: !quoting.backslash,
            ansi_quotes: true,
        },
    ];
    let others = others
        .into_iter()
        .map(|quoting| tokens_as(statement, Spelling { dialect, quoting }));
    let whole = others.into_iter().find(|(_, is_whole)| *is_whole);
    whole.map_or(found, |(tokens, _)| tokens)
}

/// The tokens of one statement in one spelling, and whether all that opens closes.
pub(super) fn tokens_as(statement: &str, spelling: Spelling) -> (Vec<Token<'_>>, bool) {
    let lexicon = match spelling.dialect {
        Dialect::Postgres => postgres::Postgres::LEXICON,
        Dialect::Mysql => mysql::Mysql::LEXICON,
        Dialect::Sqlite => sqlite::Sqlite::LEXICON,
    };
    let mut lexer = Lexer::new(statement, lexicon.reading(spelling.quoting));
    let mut tokens = Vec::new();
    loop {
        match lexer.next() {
            Ok(Some(token)) => tokens.push(token),
            Ok(None) => return (tokens, true),
            Err(_) => return (tokens, false),
        }
    }
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
