//! A walk over the tokens of a definition.

use rev_core::Dialect;

use super::Unreadable;
use crate::schema::{Text, cursor};
use crate::split::{TokenKind, tokens, unquoted};

/// Where we are in a definition; whose it is, the reader knows.
pub(super) type Cursor<'a> = cursor::Cursor<'a, ()>;

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self {
            source,
            tokens: tokens(source, Dialect::Postgres),
            at: 0,
            owner: (),
        }
    }

    /// What is next is not what may stand here.
    pub(super) fn lost(&self, name: &str) -> Unreadable {
        let rest = self.peek(0).map_or("", |token| &self.source[token.start..]);
        Unreadable::Definition {
            name: name.to_owned(),
            at: rest.chars().take(40).collect(),
        }
    }

    /// A word, whatever it is.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let token = *self.peek(0).filter(|token| token.kind == TokenKind::Word)?;
        self.at += 1;
        Some(token.text)
    }

    /// A name.
    pub(super) fn name(&mut self) -> Option<Text> {
        let token = *self.peek(0)?;
        let name = match token.kind {
            TokenKind::Word => token.text.to_owned(),
            TokenKind::Name => unquoted(token.text),
            _ => return None,
        };
        self.at += 1;
        Some(super::name(name))
    }

    /// A name that may have a schema before it: schema and name.
    pub(super) fn qualified(&mut self) -> Option<(Option<Text>, Text)> {
        let first = self.name()?;
        match self.takes_symbol(".") {
            true => Some((Some(first), self.name()?)),
            false => Some((None, first)),
        }
    }

    /// A qualified name as it is spelt.
    pub(super) fn spelt(&mut self) -> Option<&'a str> {
        let start = self.peek(0)?.start;
        self.qualified()?;
        Some(self.source[start..self.end()].trim())
    }

    /// Where what was taken last ends.
    fn end(&self) -> usize {
        self.tokens[self.at - 1].end()
    }

    /// What stands in the parentheses that are next.
    pub(super) fn group(&mut self) -> Option<&'a str> {
        if !self.takes_symbol("(") {
            return None;
        }
        let start = self.end();
        let mut depth = 1;
        while depth > 0 {
            let token = self.peek(0)?;
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth -= 1;
            }
            self.at += 1;
        }
        Some(self.source[start..self.tokens[self.at - 1].start].trim())
    }

    /// What stands between the commas in the parentheses that are next.
    pub(super) fn list(&mut self) -> Option<Vec<&'a str>> {
        let inner = self.group()?;
        let mut items = Vec::new();
        let (mut depth, mut start) = (0_i32, 0);
        for token in tokens(inner, Dialect::Postgres) {
            match token.text {
                "(" | "[" if token.kind == TokenKind::Symbol => depth += 1,
                ")" | "]" if token.kind == TokenKind::Symbol => depth -= 1,
                "," if depth == 0 && token.kind == TokenKind::Symbol => {
                    items.push(inner[start..token.start].trim());
                    start = token.end();
                }
                _ => {}
            }
        }
        items.push(inner[start..].trim());
        Some(items)
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a str {
        let rest = self.peek(0).map_or("", |token| &self.source[token.start..]);
        self.at = self.tokens.len();
        rest.trim_end()
    }
}
