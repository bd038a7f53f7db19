//! A walk over the tokens of a stored text.

use rev_core::Dialect;

use super::expression::{expression, plain};
use super::ground::{Unreadable, name, name_of};
use crate::schema::{Part, PartOf, Text, cursor};
use crate::split::{TokenKind, tokens};

/// Where we are in the text of an object.
pub(super) type Cursor<'a> = cursor::Cursor<'a, Owner<'a>>;

/// The kind and the name of an object.
pub(super) struct Owner<'a> {
    kind: &'static str,
    name: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a str, kind: &'static str, name: &'a str) -> Self {
        Self {
            source,
            tokens: tokens(source, Dialect::Sqlite),
            at: 0,
            owner: Owner { kind, name },
        }
    }

    /// What is next is not what may stand here.
    pub(super) fn lost(&self) -> Unreadable {
        let what = match self.peek(0) {
            Some(token) => format!("at `{}`", token.text),
            None => "at its end".to_owned(),
        };
        Unreadable {
            kind: self.owner.kind,
            name: self.owner.name.to_owned(),
            what,
        }
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

    /// A name.
    pub(super) fn name(&mut self) -> Result<Text, Unreadable> {
        let found = self.peek(0).and_then(name_of).ok_or_else(|| self.lost())?;
        self.at += 1;
        Ok(name(&found))
    }

    /// A name that may have a schema before it, which does not count.
    pub(super) fn qualified_name(&mut self) -> Result<Text, Unreadable> {
        let first = self.name()?;
        match self.takes_symbol(".") {
            true => self.name(),
            false => Ok(first),
        }
    }

    /// `(name, name)`.
    pub(super) fn names(&mut self) -> Result<Vec<Text>, Unreadable> {
        self.expect_symbol("(")?;
        let mut names = vec![self.name()?];
        while self.takes_symbol(",") {
            names.push(self.name()?);
        }
        self.expect_symbol(")")?;
        Ok(names)
    }

    /// `(expression)`.
    pub(super) fn expression(&mut self) -> Result<Text, Unreadable> {
        self.expect_symbol("(")?;
        let start = self.at;
        self.skip_to(&[])?;
        let text = plain(self.source, &self.tokens[start..self.at]);
        self.expect_symbol(")")?;
        Ok(expression(&text))
    }

    /// Goes on to what closes the parenthesis that we are in, or to one of these
    /// symbols before that.
    fn skip_to(&mut self, symbols: &[&str]) -> Result<(), Unreadable> {
        let mut depth = 0_u32;
        while let Some(token) = self.peek(0) {
            if depth == 0 && (token.is_symbol(")") || symbols.iter().any(|it| token.is_symbol(it)))
            {
                return Ok(());
            }
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth -= 1;
            }
            self.at += 1;
        }
        Err(self.lost())
    }

    /// `(part, part)` of an index or a key.
    pub(super) fn parts(&mut self) -> Result<Vec<Part>, Unreadable> {
        self.expect_symbol("(")?;
        let mut parts = vec![self.part()?];
        while self.takes_symbol(",") {
            parts.push(self.part()?);
        }
        self.expect_symbol(")")?;
        Ok(parts)
    }

    fn part(&mut self) -> Result<Part, Unreadable> {
        let start = self.at;
        self.skip_to(&[","])?;
        let mut end = self.at;
        let descending = end > start && self.tokens[end - 1].is("DESC");
        if descending || (end > start && self.tokens[end - 1].is("ASC")) {
            end -= 1;
        }
        let collation = match &self.tokens[start..end] {
            [.., collate, word] if collate.is("COLLATE") => {
                end -= 2;
                name_of(word).map(|it| name(&it))
            }
            _ => None,
        };
        let of = match &self.tokens[start..end] {
            [] => return Err(self.lost()),
            [one] if one.kind != TokenKind::Symbol => {
                PartOf::Column(name(&name_of(one).unwrap_or_default()))
            }
            several => PartOf::Expression(expression(&plain(self.source, several))),
        };
        Ok(Part {
            collation,
            descending,
            ..part(of)
        })
    }

    /// The rest of the text as an expression.
    pub(super) fn rest(&mut self) -> Text {
        let text = plain(self.source, &self.tokens[self.at..]);
        self.at = self.tokens.len();
        expression(&text)
    }
}

fn part(of: PartOf) -> Part {
    Part {
        of,
        collation: None,
        descending: false,
        options: Default::default(),
    }
}
