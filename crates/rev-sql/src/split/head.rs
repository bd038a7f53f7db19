//! Heads: a statement's first tokens, by which it is known.

use super::Refusal;
use super::lexer::{Token, TokenKind};

/// How many tokens a head keeps: enough for the longest shape asked about.
const LENGTH: usize = 32;

/// The first tokens of a statement, without comments and their fences.
#[derive(Debug, Default)]
pub(super) struct Head<'a>(Vec<Token<'a>>);

impl<'a> Head<'a> {
    pub(super) fn push(&mut self, token: Token<'a>) {
        if self.0.len() < LENGTH && token.kind != TokenKind::Fence {
            self.0.push(token);
        }
    }

    /// Whether further tokens would be left out.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() == LENGTH
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn tokens(&self) -> &[Token<'a>] {
        &self.0
    }

    /// Whether the statement starts with these keywords.
    pub(super) fn starts(&self, keywords: &[&str]) -> bool {
        self.0.len() >= keywords.len()
            && self
                .0
                .iter()
                .zip(keywords)
                .all(|(token, keyword)| token.is(keyword))
    }

    /// Whether a keyword occurs anywhere in the head.
    pub(super) fn has(&self, keyword: &str) -> bool {
        self.0.iter().any(|token| token.is(keyword))
    }

    /// Whether these keywords follow one another anywhere in the head.
    pub(super) fn has_pair(&self, first: &str, second: &str) -> bool {
        self.0
            .windows(2)
            .any(|pair| pair[0].is(first) && pair[1].is(second))
    }

    /// What the statement is called in a message: its leading words, at most
    /// three, as written; a name with dots is one word.
    pub(super) fn title(&self) -> String {
        let dotted =
            |before: &Token<'_>, after: &Token<'_>| before.is_symbol(".") || after.is_symbol(".");
        let words: Vec<String> = self
            .0
            .chunk_by(dotted)
            .take_while(|word| word[0].kind == TokenKind::Word)
            .take(3)
            .map(|word| word.iter().map(|token| token.text).collect())
            .collect();
        words.join(" ")
    }

    /// The transaction control that PostgreSQL and SQLite share. Savepoints are
    /// fine inside the script's own transaction, and nowhere else.
    pub(super) fn transaction_control(&self, transactional: bool) -> Option<Refusal> {
        let control = ["BEGIN", "COMMIT", "END", "ABORT"]
            .iter()
            .any(|verb| self.starts(&[verb]))
            || self.starts(&["START", "TRANSACTION"])
            || self.starts(&["PREPARE", "TRANSACTION"])
            || (self.starts(&["ROLLBACK"]) && !self.rolls_back_to_savepoint());
        let savepoint = self.starts(&["SAVEPOINT"])
            || self.starts(&["RELEASE"])
            || self.rolls_back_to_savepoint();
        (control || (savepoint && !transactional)).then_some(Refusal::TransactionControl)
    }

    /// `ROLLBACK [WORK | TRANSACTION [name]] TO …`
    fn rolls_back_to_savepoint(&self) -> bool {
        self.starts(&["ROLLBACK"]) && self.0.iter().skip(1).take(3).any(|token| token.is("TO"))
    }
}
