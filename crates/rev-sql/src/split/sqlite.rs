//! SQLite: triggers, and what its transactions cannot hold.

use std::ops::Range;

use super::head::Head;
use super::lexer::{Lexicon, Token, TokenKind};
use super::{Grammar, Refusal, unquoted};

/// Pragmas that, given a value, inside a transaction do nothing or are an error. SQLite
/// itself is asked in a test.
const OUTSIDE_PRAGMAS: [&str; 5] = [
    "FOREIGN_KEYS",
    "JOURNAL_MODE",
    "SYNCHRONOUS",
    "TEMP_STORE",
    "TEMP_STORE_DIRECTORY",
];

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
        fences: false,
        backslash: false,
        double_quoted_text: false,
        backticks: true,
        brackets: true,
        postgres_text: false,
    };

    const CLIENT: &'static str = "sqlite3";

    fn begins_command(text: &str) -> bool {
        text.starts_with('.')
    }

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
        head.transaction_control(transactional).or_else(|| {
            (transactional && stands_alone(head.tokens())).then_some(Refusal::NotInTransaction)
        })
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

/// Whether a statement that begins with these tokens does nothing inside a transaction, or
/// is refused there.
pub(crate) fn stands_alone(tokens: &[Token<'_>]) -> bool {
    let verb = tokens.first();
    verb.is_some_and(|it| it.is_any(&["VACUUM", "ATTACH", "DETACH"])) || is_outside_pragma(tokens)
}

/// The name of `PRAGMA [schema.]name`, in any case, and whether it is given a value.
pub(crate) fn pragma(tokens: &[Token<'_>]) -> Option<(String, bool)> {
    let (first, rest) = tokens.split_first()?;
    let at = match rest.get(1) {
        Some(dot) if dot.is_symbol(".") => 2,
        _ => 0,
    };
    let name = unquoted(rest.get(at).filter(|_| first.is("PRAGMA"))?.text);
    let next = rest.get(at + 1);
    let has_value = next.is_some_and(|it| it.is_symbol("=") || it.is_symbol("("));
    Some((name, has_value))
}

fn is_outside_pragma(tokens: &[Token<'_>]) -> bool {
    let Some((name, has_value)) = pragma(tokens) else {
        return false;
    };
    let is_one = |it: &&str| it.eq_ignore_ascii_case(&name);
    // A checkpoint needs none.
    name.eq_ignore_ascii_case("wal_checkpoint") || (has_value && OUTSIDE_PRAGMAS.iter().any(is_one))
}
