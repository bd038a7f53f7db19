//! A walk over the tokens of a text that the server gave.

use rev_core::Dialect;

use super::{Request, Unreadable, part_name};
use crate::schema::{Text, cursor};
use crate::split::{Token, TokenKind, code_tokens, tokens, unquoted};

/// Where we are in a text that was asked for.
pub(super) type Cursor<'a> = cursor::Cursor<'a, &'a Request>;

impl<'a> Cursor<'a> {
    /// At the start. What stands in an executable comment is code like the rest.
    pub(super) fn new(source: &'a str, request: &'a Request) -> Self {
        Self {
            source,
            tokens: code_tokens(source, Dialect::Mysql),
            at: 0,
            owner: request,
        }
    }

    /// What is next is not what may stand here.
    pub(super) fn lost(&self) -> Unreadable {
        self.owner.unreadable(match self.peek(0) {
            Some(token) => format!("`{}` at offset {}", token.text, token.start),
            None => "it ends too early".to_owned(),
        })
    }

    pub(super) fn expect(&mut self, keyword: &str) -> Result<(), Unreadable> {
        match self.takes(&[keyword]) {
            true => Ok(()),
            false => Err(self.lost()),
        }
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Result<(), Unreadable> {
        match self.takes_symbol(symbol) {
            true => Ok(()),
            false => Err(self.lost()),
        }
    }

    /// A name, quoted or not, as it is without quotes.
    pub(super) fn name(&mut self) -> Result<String, Unreadable> {
        let found = match self.peek(0) {
            Some(token) if token.kind == TokenKind::Name => unquoted(token.text),
            Some(token) if token.kind == TokenKind::Word => token.text.to_owned(),
            _ => return Err(self.lost()),
        };
        self.at += 1;
        Ok(found)
    }

    /// `(name, name)` of columns.
    pub(super) fn names(&mut self) -> Result<Vec<Text>, Unreadable> {
        self.expect_symbol("(")?;
        let mut names = vec![part_name(&self.name()?)];
        while self.takes_symbol(",") {
            names.push(part_name(&self.name()?));
        }
        self.expect_symbol(")")?;
        Ok(names)
    }

    /// `(…)` as it stands, without the parentheses around it.
    pub(super) fn parenthesized(&mut self) -> Result<&'a str, Unreadable> {
        self.expect_symbol("(")?;
        let start = self.at;
        self.skip_group()?;
        let text = self.slice(start, self.at);
        self.expect_symbol(")")?;
        Ok(text)
    }

    /// `(expression)` without all the parentheses around it.
    pub(super) fn expression(&mut self) -> Result<&'a str, Unreadable> {
        self.parenthesized().map(bare)
    }

    /// Goes on to what closes the parenthesis that we are in.
    fn skip_group(&mut self) -> Result<(), Unreadable> {
        let mut depth = 0_u32;
        while let Some(token) = self.peek(0) {
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") && depth == 0 {
                return Ok(());
            } else if token.is_symbol(")") {
                depth -= 1;
            }
            self.at += 1;
        }
        Err(self.lost())
    }

    /// What stands here up to a keyword, a comma or a parenthesis that closes the
    /// one that we are in.
    pub(super) fn up_to(&mut self, keywords: &[&str]) -> Result<&'a str, Unreadable> {
        let start = self.at;
        while let Some(token) = self.peek(0) {
            if token.is_any(keywords) || token.is_symbol(",") || token.is_symbol(")") {
                break;
            }
            match token.is_symbol("(") {
                true => drop(self.parenthesized()?),
                false => self.at += 1,
            }
        }
        match self.at > start {
            true => Ok(self.slice(start, self.at)),
            false => Err(self.lost()),
        }
    }

    /// A string as the text that it means.
    pub(super) fn string(&mut self) -> Result<String, Unreadable> {
        match self.peek(0) {
            Some(token) if token.kind == TokenKind::Text => {
                let text = meant(token.text);
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.lost()),
        }
    }

    /// A word, number or string as it is spelt.
    pub(super) fn value(&mut self) -> Result<&'a str, Unreadable> {
        let text = self.peek(0).map(|token| token.text);
        self.at += 1;
        text.ok_or_else(|| self.lost())
    }

    /// The tokens that are left.
    pub(super) fn rest(&mut self) -> &[Token<'a>] {
        let start = self.at;
        self.at = self.tokens.len();
        &self.tokens[start..]
    }

    /// The text from here to its last token.
    pub(super) fn rest_of_text(&mut self) -> &'a str {
        let start = self.at;
        self.at = self.tokens.len();
        self.slice(start, self.at)
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        match (self.tokens.get(start), end.checked_sub(1)) {
            (Some(first), Some(last)) if last >= start => {
                &self.source[first.start..self.tokens[last].end()]
            }
            _ => "",
        }
    }
}

/// An expression without parentheses around all of it.
fn bare(mut text: &str) -> &str {
    loop {
        let inner = tokens(text, Dialect::Mysql);
        let [first, middle @ .., last] = inner.as_slice() else {
            return text;
        };
        let mut depth = 0_i32;
        let balanced = middle.iter().all(|token| {
            depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
            depth >= 0
        });
        if !(first.is_symbol("(") && last.is_symbol(")") && balanced) {
            return text;
        }
        text = text[first.end()..last.start].trim();
    }
}

/// What a string literal means.
fn meant(literal: &str) -> String {
    let inner = literal.get(1..literal.len().saturating_sub(1));
    let mut text = String::new();
    let mut characters = inner.unwrap_or_default().chars();
    while let Some(c) = characters.next() {
        text.push(match c {
            // Doubled.
            '\'' => characters.next().unwrap_or(c),
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('0') => '\0',
                Some(other) => other,
                None => c,
            },
            c => c,
        });
    }
    text
}
