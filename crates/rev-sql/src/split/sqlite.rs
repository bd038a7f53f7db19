//! SQLite: triggers, and what its transactions cannot hold.

use std::ops::Range;

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
    parameter: Option<Range<usize>>,
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
        if self.parameter.is_none() {
            self.parameter = self.parameter_at(token);
        }
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

    fn parameter(&self) -> Option<Range<usize>> {
        self.parameter.clone()
    }

    fn holds_semicolon(&self) -> bool {
        self.body.is_some()
    }

    fn refusal(head: &Head<'_>, _: &str, transactional: bool) -> Option<Refusal> {
        head.transaction_control(transactional)
            .or_else(|| (transactional && stands_alone(head)).then_some(Refusal::NotInTransaction))
    }
}

impl<'a> Sqlite<'a> {
    /// `?`, `?1`, `:name`, `@name` or `$name`. <https://sqlite.org/lang_expr.html#varparam>
    fn parameter_at(&self, token: Token<'a>) -> Option<Range<usize>> {
        let sign = token.text.as_bytes().first();
        let whole = token.start..token.end();
        match (token.kind, sign) {
            (TokenKind::Symbol, Some(b'?')) => Some(whole),
            (TokenKind::Name, Some(b'@')) | (TokenKind::Word, Some(b'$')) => Some(whole),
            (TokenKind::Word, _) => {
                let colon = self.previous.filter(|before| before.is_symbol(":"))?;
                (colon.end() == token.start).then_some(colon.start..token.end())
            }
            _ => None,
        }
    }

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
