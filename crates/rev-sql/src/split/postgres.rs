//! PostgreSQL: SQL-standard bodies, rules, `COPY`.
//!
//! Strings are read as with `standard_conforming_strings = on`, the default
//! since 9.1.

use super::head::Head;
use super::lexer::{Lexicon, Token, TokenKind};
use super::{Grammar, Refusal};

/// A statement's shape so far.
#[derive(Debug, Default)]
pub(super) struct Postgres<'a> {
    words: usize,
    kind: Kind,
    previous: Option<Token<'a>>,
    parentheses: usize,
    /// Where the body and the `CASE`s within it open.
    bodies: Vec<usize>,
    copies_input: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Other,
    Create,
    Routine,
    Copy,
}

impl<'a> Grammar<'a> for Postgres<'a> {
    const LEXICON: Lexicon = Lexicon {
        nested_comments: true,
        shell_comments: false,
        fences: false,
        backslash: false,
        double_quoted_text: false,
        backticks: false,
        brackets: false,
        postgres_text: true,
    };

    const CLIENT: &'static str = "psql";

    fn begins_command(_: &str) -> bool {
        false
    }

    /// What pg_dump puts around a dump keeps psql from commands that are hidden in it.
    fn is_idle_command(command: &str) -> bool {
        matches!(command, "\\restrict" | "\\unrestrict")
    }

    fn take(&mut self, token: Token<'a>) {
        match token.kind {
            TokenKind::Symbol if token.text == "(" => self.parentheses += 1,
            TokenKind::Symbol if token.text == ")" => {
                self.parentheses = self.parentheses.saturating_sub(1);
            }
            TokenKind::Word => self.word(token),
            _ => {}
        }
        self.previous = Some(token);
    }

    fn body(&self) -> Option<usize> {
        self.bodies.first().copied()
    }

    fn holds_semicolon(&self) -> bool {
        self.parentheses > 0 || !self.bodies.is_empty()
    }

    fn copies_input(&self) -> bool {
        self.copies_input
    }

    fn refusal(head: &Head<'_>, _: &str, transactional: bool) -> Option<Refusal> {
        head.transaction_control(transactional)
            .or_else(|| (transactional && stands_alone(head)).then_some(Refusal::NotInTransaction))
    }
}

impl<'a> Postgres<'a> {
    fn word(&mut self, token: Token<'a>) {
        self.words += 1;
        match self.words {
            1 if token.is("COPY") => self.kind = Kind::Copy,
            1 if token.is("CREATE") => self.kind = Kind::Create,
            2 | 4 if self.kind == Kind::Create && token.is_any(&["FUNCTION", "PROCEDURE"]) => {
                self.kind = Kind::Routine;
            }
            _ => {}
        }
        match self.kind {
            Kind::Routine => self.routine_word(token),
            // `FROM STDOUT` means the same: the grammar does not check which.
            Kind::Copy if self.parentheses == 0 && self.follows("FROM") => {
                self.copies_input |= token.is_any(&["STDIN", "STDOUT"]);
            }
            _ => {}
        }
    }

    fn routine_word(&mut self, token: Token<'a>) {
        if self.bodies.is_empty() {
            if let Some(begin) = self.previous
                && begin.is("BEGIN")
                && token.is("ATOMIC")
                && self.parentheses == 0
            {
                self.bodies.push(begin.start);
            }
        } else if self.is_label() {
            // `AS end` and `t.end` are names, though the words are reserved.
        } else if token.is("CASE") {
            self.bodies.push(token.start);
        } else if token.is("END") {
            self.bodies.pop();
        }
    }

    fn is_label(&self) -> bool {
        self.follows("AS") || self.previous.is_some_and(|token| token.is_symbol("."))
    }

    fn follows(&self, keyword: &str) -> bool {
        self.previous.is_some_and(|token| token.is(keyword))
    }
}

/// Whether the server refuses this inside a transaction block.
fn stands_alone(head: &Head<'_>) -> bool {
    let concurrently = || head.has("CONCURRENTLY");
    head.starts(&["VACUUM"])
        || head.starts(&["ALTER", "SYSTEM"])
        || ["DATABASE", "TABLESPACE"]
            .iter()
            .any(|thing| head.starts(&["CREATE", thing]) || head.starts(&["DROP", thing]))
        || head.starts(&["CREATE", "INDEX", "CONCURRENTLY"])
        || head.starts(&["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"])
        || head.starts(&["DROP", "INDEX", "CONCURRENTLY"])
        || (head.starts(&["REINDEX"]) && concurrently())
        || (head.starts(&["ALTER", "TABLE"]) && head.has("DETACH") && concurrently())
}
