//! What a statement reaches, and the words that say so.

use crate::split::{Token, TokenKind, unquoted};

/// What a throw-away database has around it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The other databases of its server, as far as a statement can name them.
    pub databases: Vec<String>,
    /// Whether the server takes names in other case for the same.
    pub is_caseless: bool,
}

/// What a statement reaches that is not its own database's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reach {
    /// Something in another database.
    #[error("`{written}` is in the database `{database}`")]
    Database {
        /// The name, as written.
        written: String,
        /// The database in it.
        database: String,
        /// Where in the statement it stands, in bytes.
        offset: usize,
    },
    /// Another database as a whole, the server, or files.
    #[error("`{title}` reaches beyond the database")]
    Beyond {
        /// The words that do, as written.
        title: String,
        /// Where in the statement they stand, in bytes.
        offset: usize,
    },
}

impl Reach {
    /// Where in the statement it stands, in bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        match self {
            Reach::Database { offset, .. } | Reach::Beyond { offset, .. } => *offset,
        }
    }

    /// The same where the text that it was found in stands in another one.
    pub(super) fn within(mut self, start: usize) -> Self {
        match &mut self {
            Reach::Database { offset, .. } | Reach::Beyond { offset, .. } => *offset += start,
        }
        self
    }
}

/// The words that say what a statement is, up to and with its last.
pub(super) fn beyond(found: &[Token<'_>], length: usize) -> Reach {
    let mut title = String::new();
    let mut end = None;
    for token in found.iter().take(length) {
        if end.is_some_and(|end| end < token.start) {
            title.push(' ');
        }
        title.push_str(token.text);
        end = Some(token.end());
    }
    Reach::Beyond {
        title,
        offset: found.first().map_or(0, |token| token.start),
    }
}

/// Whether these keywords begin a list of tokens.
pub(super) fn begins(found: &[Token<'_>], keywords: &[&str]) -> bool {
    found.len() >= keywords.len() && found.iter().zip(keywords).all(|(token, it)| token.is(it))
}

pub(super) fn is_name(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Name => !token.text.starts_with('@'),
        // A number is one before a point only, which is no name.
        TokenKind::Word => !token.text.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

/// Whether a function of this name is called here.
pub(super) fn calls(found: &[Token<'_>], is_it: impl Fn(&str) -> bool) -> bool {
    let [name, open, ..] = found else {
        return false;
    };
    is_name(name) && open.is_symbol("(") && is_it(&unquoted(name.text).to_ascii_lowercase())
}
