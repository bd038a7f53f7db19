//! A walk over the tokens of a text; each engine adds what its texts hold.

use crate::split::Token;

/// Where we are in a text, and whose text it is.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a, Owner> {
    pub(super) source: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) at: usize,
    pub(super) owner: Owner,
}

impl<'a, Owner> Cursor<'a, Owner> {
    pub(super) fn peek(&self, ahead: usize) -> Option<&Token<'a>> {
        self.tokens.get(self.at + ahead)
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.at).copied();
        self.at += usize::from(token.is_some());
        token
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Whether this keyword is next.
    pub(super) fn sees(&self, keyword: &str) -> bool {
        self.peek(0).is_some_and(|token| token.is(keyword))
    }

    pub(super) fn sees_any(&self, keywords: &[&str]) -> bool {
        self.peek(0).is_some_and(|token| token.is_any(keywords))
    }

    pub(super) fn sees_symbol(&self, symbol: &str) -> bool {
        self.peek(0).is_some_and(|token| token.is_symbol(symbol))
    }

    /// Takes these keywords, if they are next.
    pub(super) fn takes(&mut self, keywords: &[&str]) -> bool {
        let mut ahead = 0..keywords.len();
        let found = ahead.all(|it| self.peek(it).is_some_and(|token| token.is(keywords[it])));
        if found {
            self.at += keywords.len();
        }
        found
    }

    /// Takes this symbol, if it is next.
    pub(super) fn takes_symbol(&mut self, symbol: &str) -> bool {
        let found = self.sees_symbol(symbol);
        self.at += usize::from(found);
        found
    }
}
