//! SQLite: triggers, and what its transactions cannot hold.

use super::head::Head;
use super::lexer::{Lexicon, Token, TokenKind};
use super::{Grammar, Refusal};

/// Pragmas that inside a transaction do nothing or are an error.
const OUTSIDE_PRAGMAS: [&str; 4] = ["FOREIGN_KEYS", "JOURNAL_MODE", "SYNCHRONOUS", "TEMP_STORE"];

/// A statement's shape so far.
#[derive(Debug, Default)]
pub(super) struct Sqlite<'a> {
    stage: Stage,
    body: Option<usize>,
    previous: Option<Token<'a>>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Fresh,
    Create,
    Trigger,
    Other,
}

impl<'a> Grammar<'a> for Sqlite<'a> {
    const LEXICON: Lexicon = Lexicon {
        nested_comments: false,
        shell_comments: false,
        mysql_text: false,
        backticks: true,
        brackets: true,
        postgres_text: false,
    };

    fn take(&mut self, token: Token<'a>) {
        match self.stage {
            Stage::Fresh if token.is("CREATE") => self.stage = Stage::Create,
            Stage::Create if token.is_any(&["TEMP", "TEMPORARY"]) => {}
            Stage::Create if token.is("TRIGGER") => self.stage = Stage::Trigger,
            Stage::Fresh | Stage::Create => self.stage = Stage::Other,
            Stage::Trigger if self.body.is_none() && token.is("BEGIN") => {
                self.body = Some(token.start);
            }
            Stage::Trigger if self.ends_body(token) => {
                self.body = None;
                self.stage = Stage::Other;
            }
            Stage::Trigger | Stage::Other => {}
        }
        self.previous = Some(token);
    }

    fn body(&self) -> Option<usize> {
        self.body
    }

    fn holds_semicolon(&self) -> bool {
        self.body.is_some()
    }

    fn refusal(head: &Head<'_>, transactional: bool) -> Option<Refusal> {
        head.transaction_control(transactional)
            .or_else(|| (transactional && stands_alone(head)).then_some(Refusal::NotInTransaction))
    }
}

impl<'a> Sqlite<'a> {
    /// SQLite's own rule (`sqlite3_complete`): the body's `END` comes right after
    /// a semicolon. So neither `CASE … END` nor a column `end` is mistaken for it.
    fn ends_body(&self, token: Token<'a>) -> bool {
        self.body.is_some()
            && token.is("END")
            && self
                .previous
                .is_some_and(|before| before.kind == TokenKind::Semicolon || before.is("BEGIN"))
    }
}

fn stands_alone(head: &Head<'_>) -> bool {
    ["VACUUM", "ATTACH", "DETACH"]
        .iter()
        .any(|verb| head.starts(&[verb]))
        || sets_outside_pragma(head)
}

/// `PRAGMA [schema.]name` with a value; without one it only asks.
fn sets_outside_pragma(head: &Head<'_>) -> bool {
    let tokens = head.tokens();
    let name = if tokens.get(2).is_some_and(|token| token.is_symbol(".")) {
        3
    } else {
        1
    };
    head.starts(&["PRAGMA"])
        && tokens.get(name).is_some_and(|token| {
            let name = token.text.trim_matches(['"', '`', '\'', '[', ']']);
            OUTSIDE_PRAGMAS
                .iter()
                .any(|pragma| name.eq_ignore_ascii_case(pragma))
        })
        && tokens
            .get(name + 1)
            .is_some_and(|token| token.is_symbol("=") || token.is_symbol("("))
}
