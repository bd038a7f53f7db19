//! MySQL and MariaDB: stored programs without `DELIMITER`.
//!
//! The blocks of a body are counted as the server's grammar reads them: `IF`,
//! `REPEAT`, `BEGIN` and `END` are common words and functions too, so they count
//! only where a statement may start. Strings are read without `ANSI_QUOTES` and
//! `NO_BACKSLASH_ESCAPES`. A routine of Oracle mode with declarations before its
//! `BEGIN` needs `DELIMITER`.

use rev_core::Dialect;

use super::head::Head;
use super::lexer::{Lexicon, Token, TokenKind};
use super::{Grammar, Refusal, readings, unquoted};

const ROUTINES: [&str; 4] = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT"];
const BLOCKS: [&str; 6] = ["IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"];

/// Verbs of a body that is one plain statement, in which nothing opens a block.
const PLAIN_VERBS: [&str; 20] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "SET", "CALL", "RETURN", "DO", "WITH",
    "CREATE", "DROP", "ALTER", "TRUNCATE", "RENAME", "EXECUTE", "PREPARE", "SIGNAL", "ANALYZE",
    "FLUSH",
];

/// What MySQL's and MariaDB's clients take for themselves at the beginning of a statement, but
/// for `USE`, which servers know, too, and `DELIMITER`.
const COMMANDS: [&str; 25] = [
    "CHARSET",
    "CLEAR",
    "CONNECT",
    "EDIT",
    "EGO",
    "EXIT",
    "GO",
    "HELP",
    "NOPAGER",
    "NOTEE",
    "NOWARNING",
    "PAGER",
    "PRINT",
    "PROMPT",
    "QUERY_ATTRIBUTES",
    "QUIT",
    "REHASH",
    "RESETCONNECTION",
    "SANDBOX",
    "SOURCE",
    "SSL_SESSION_DATA_PRINT",
    "STATUS",
    "SYSTEM",
    "TEE",
    "WARNINGS",
];

/// A statement's shape so far.
#[derive(Debug, Default)]
pub(super) struct Mysql<'a> {
    stage: Stage,
    /// Whether a stored program is defined here.
    program: bool,
    frames: Vec<Frame>,
    parentheses: usize,
    previous: Option<Token<'a>>,
    /// Whether the next token may start a statement of the body.
    at_start: bool,
    /// Whether the token before may be a label.
    label: bool,
    /// What the statement at hand has shown itself to be.
    clause: Clause,
    /// Whether a routine of a package still awaits its `BEGIN`.
    routine_pending: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Fresh,
    /// After `BEGIN`, which `NOT ATOMIC` makes a block.
    Begin { start: usize },
    /// After `CREATE`, before what is created.
    Create,
    /// In a trigger's header up to `EACH ROW`, an event's up to `DO`.
    Header { last: &'static str },
    /// Where the first block or the plain statement of a program is awaited.
    Opening,
    /// In a compound statement.
    Body,
    /// In a statement that a semicolon ends.
    Plain,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Clause {
    #[default]
    Other,
    Declare,
    /// `DECLARE … HANDLER FOR …`: a statement may start at any word.
    Handler,
    Until,
    /// Right after `END`.
    End,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: FrameKind,
    start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameKind {
    Block,
    Package,
    Repeat,
    Statement,
    CaseExpression,
}

impl<'a> Grammar<'a> for Mysql<'a> {
    const LEXICON: Lexicon = Lexicon {
        nested_comments: false,
        shell_comments: true,
        fences: true,
        backslash: true,
        double_quoted_text: true,
        backticks: true,
        brackets: false,
        postgres_text: false,
    };
    const KNOWS_DELIMITER: bool = true;

    const CLIENT: &'static str = "the mysql client";

    fn begins_command(text: &str) -> bool {
        let end = |at: char| !(at.is_ascii_alphanumeric() || at == '_');
        let word = text.split(end).next().unwrap_or_default();
        let after = text[word.len()..].trim_start();
        text.starts_with('?')
            // A label.
            || !after.starts_with(':')
                && COMMANDS.iter().any(|it| it.eq_ignore_ascii_case(word))
    }

    /// `\N` is NULL.
    fn is_command(text: &str) -> bool {
        let is_null = text
            .strip_prefix("\\N")
            .is_some_and(|rest| !rest.starts_with(|it: char| it.is_ascii_alphanumeric()));
        !is_null
    }

    fn take(&mut self, token: Token<'a>) {
        if token.kind == TokenKind::Fence {
            return;
        }
        if token.is_symbol("(") {
            self.parentheses += 1;
        } else if token.is_symbol(")") {
            self.parentheses = self.parentheses.saturating_sub(1);
        }
        self.step(token);
        self.previous = Some(token);
    }

    fn body(&self) -> Option<usize> {
        self.frames.first().map(|frame| frame.start)
    }

    fn holds_semicolon(&self) -> bool {
        !self.frames.is_empty()
    }

    fn is_program(&self) -> bool {
        self.program
    }

    /// By the first tokens alone, where these tell: a list of settings may be longer,
    /// and a version comment may hide a word from one server and show it to another.
    fn refusal(head: &Head<'_>, statement: &str, _: bool) -> Option<Refusal> {
        let marks = ["/*!", "/*M!"];
        let is_long = head.starts(&["SET"]) || marks.iter().any(|mark| statement.contains(mark));
        match is_long {
            false => refused(head.tokens()),
            true => {
                let readings = readings(statement, Dialect::Mysql);
                readings.iter().find_map(|tokens| refused(tokens))
            }
        }
    }
}

impl<'a> Mysql<'a> {
    fn step(&mut self, token: Token<'a>) {
        match self.stage {
            Stage::Fresh => self.first(token),
            Stage::Begin { .. } if token.is("NOT") => {}
            Stage::Begin { start } if token.is("ATOMIC") && self.follows("NOT") => {
                self.program = true;
                self.stage = Stage::Body;
                self.push(FrameKind::Block, start);
                self.at_start = true;
            }
            Stage::Begin { .. } => self.stage = Stage::Plain,
            Stage::Create => self.create(token),
            Stage::Header { last } => {
                let each = last != "ROW" || self.follows("EACH");
                if token.is(last) && each && self.parentheses == 0 {
                    self.stage = Stage::Opening;
                }
            }
            Stage::Opening => self.opening(token),
            Stage::Body => self.body_token(token),
            Stage::Plain => {}
        }
    }

    /// MariaDB takes compound statements outside programs too.
    fn first(&mut self, token: Token<'a>) {
        if token.is("CREATE") {
            self.stage = Stage::Create;
        } else if token.is("BEGIN") {
            self.stage = Stage::Begin { start: token.start };
        } else if token.is_any(&BLOCKS) {
            self.enter_body(token);
        } else {
            self.stage = Stage::Plain;
        }
    }

    /// `[OR REPLACE] [DEFINER = user] [AGGREGATE]`, then what is created.
    fn create(&mut self, token: Token<'a>) {
        let value = self.previous_symbol("=") || self.previous_symbol("@");
        if token.kind != TokenKind::Word || value {
            return;
        }
        if token.is("PACKAGE") {
            self.program = true;
            self.stage = Stage::Body;
            self.push(FrameKind::Package, token.start);
        } else if token.is_any(&ROUTINES) {
            self.program = true;
            self.stage = if token.is("TRIGGER") {
                Stage::Header { last: "ROW" }
            } else if token.is("EVENT") {
                Stage::Header { last: "DO" }
            } else {
                Stage::Opening
            };
        } else if !token.is_any(&["OR", "REPLACE", "DEFINER", "AGGREGATE"]) {
            self.stage = Stage::Plain;
        }
    }

    fn opening(&mut self, token: Token<'a>) {
        let exists = token.is("IF") && self.previous.is_some_and(|before| before.is_any(&ROUTINES));
        let charset = token.is("SET")
            && self
                .previous
                .is_some_and(|before| before.is_any(&["CHARACTER", "CHAR"]));
        if self.parentheses > 0 || self.previous_symbol(".") || exists || charset {
            return;
        }
        if token.is("BEGIN") || token.is_any(&BLOCKS) {
            self.enter_body(token);
        } else if token.is_any(&PLAIN_VERBS) {
            self.stage = Stage::Plain;
        }
    }

    fn enter_body(&mut self, token: Token<'a>) {
        self.program = true;
        self.stage = Stage::Body;
        self.at_start = true;
        self.body_token(token);
    }

    fn body_token(&mut self, token: Token<'a>) {
        let start = std::mem::take(&mut self.at_start);
        let label = std::mem::take(&mut self.label);
        match token.kind {
            TokenKind::Semicolon => {
                self.at_start = true;
                self.clause = Clause::Other;
            }
            TokenKind::Symbol => self.at_start = label && token.text == ":",
            TokenKind::Name => self.label = start,
            TokenKind::Word if !self.previous_symbol(".") => self.body_word(token, start),
            _ => {}
        }
    }

    fn body_word(&mut self, token: Token<'a>, start: bool) {
        if self.clause == Clause::End {
            self.clause = Clause::Other;
            if token.is_any(&BLOCKS) {
                return;
            }
        }
        let top = self.frames.last().map(|frame| frame.kind);
        let opens = start || self.clause == Clause::Handler;
        if token.is("END") {
            self.end(top, start);
        } else if token.is("BEGIN") {
            self.begin(token, top, opens);
        } else if token.is("CASE") {
            let kind = if opens {
                FrameKind::Statement
            } else {
                FrameKind::CaseExpression
            };
            self.push(kind, token.start);
        } else if opens && self.opens_block(token, start) {
            self.open_block(token);
        } else {
            self.clause_word(token, top, start);
        }
    }

    /// `FOR` starts no statement after `HANDLER`, where it names the conditions.
    fn opens_block(&self, token: Token<'a>, start: bool) -> bool {
        token.is_any(&BLOCKS) && (start || !token.is("FOR"))
    }

    fn open_block(&mut self, token: Token<'a>) {
        let kind = if token.is("REPEAT") {
            FrameKind::Repeat
        } else {
            FrameKind::Statement
        };
        self.push(kind, token.start);
        self.at_start = token.is_any(&["LOOP", "REPEAT"]);
    }

    /// The last `BEGIN` of a package starts its own statements, not a block.
    fn begin(&mut self, token: Token<'a>, top: Option<FrameKind>, opens: bool) {
        let package = top == Some(FrameKind::Package);
        if package && !self.routine_pending {
            self.at_start = true;
        } else if package || opens {
            self.routine_pending = false;
            self.push(FrameKind::Block, token.start);
            self.at_start = true;
        }
    }

    fn end(&mut self, top: Option<FrameKind>, start: bool) {
        let until = top == Some(FrameKind::Repeat) && self.clause == Clause::Until;
        if start || until || top == Some(FrameKind::CaseExpression) {
            self.frames.pop();
            if top != Some(FrameKind::CaseExpression) {
                self.clause = Clause::End;
            }
        }
    }

    fn clause_word(&mut self, token: Token<'a>, top: Option<FrameKind>, start: bool) {
        let expression = top == Some(FrameKind::CaseExpression);
        if token.is_any(&["THEN", "ELSE"]) || (token.is("DO") && !start) {
            self.at_start = !expression;
        } else if top == Some(FrameKind::Package) && self.parentheses == 0 {
            self.routine_pending |= token.is_any(&["PROCEDURE", "FUNCTION"]);
            self.at_start = token.is_any(&["AS", "IS"]);
        } else if start && token.is("DECLARE") {
            self.clause = Clause::Declare;
        } else if self.clause == Clause::Declare && token.is("HANDLER") {
            self.clause = Clause::Handler;
        } else if self.clause == Clause::Handler && token.is_any(&PLAIN_VERBS) {
            self.clause = Clause::Other;
        } else if start && token.is("UNTIL") {
            self.clause = Clause::Until;
        } else {
            self.label = start;
        }
    }

    fn push(&mut self, kind: FrameKind, start: usize) {
        self.frames.push(Frame { kind, start });
        if kind != FrameKind::CaseExpression {
            self.clause = Clause::Other;
        }
    }

    fn follows(&self, keyword: &str) -> bool {
        self.previous.is_some_and(|token| token.is(keyword))
    }

    fn previous_symbol(&self, symbol: &str) -> bool {
        self.previous.is_some_and(|token| token.is_symbol(symbol))
    }
}

/// The statement that MariaDB's `SET STATEMENT a = 1 FOR …` runs.
pub(crate) fn inner_statement<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    if !starts(tokens, &["SET", "STATEMENT"]) {
        return None;
    }
    let mut depth = 0_i32;
    let at = tokens.iter().position(|token| {
        depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
        depth == 0 && token.is("FOR")
    });
    Some(&tokens[at? + 1..])
}

/// Why a statement may not be sent. Savepoints are refused too: each statement is
/// committed by itself, so none would live until the next one.
fn refused(tokens: &[Token<'_>]) -> Option<Refusal> {
    if let Some(inner) = inner_statement(tokens) {
        return refused(inner);
    }
    if is_control(tokens) {
        Some(Refusal::TransactionControl)
    } else if locks(tokens) {
        Some(Refusal::Lock)
    } else if loads_from_client(tokens) {
        Some(Refusal::ClientFile)
    } else {
        None
    }
}

fn is_control(tokens: &[Token<'_>]) -> bool {
    let block = starts(tokens, &["BEGIN", "NOT", "ATOMIC"]);
    (starts(tokens, &["BEGIN"]) && !block)
        || ["COMMIT", "ROLLBACK", "SAVEPOINT", "XA"]
            .iter()
            .any(|verb| starts(tokens, &[verb]))
        || starts(tokens, &["RELEASE", "SAVEPOINT"])
        || starts(tokens, &["START", "TRANSACTION"])
        || (starts(tokens, &["SET"]) && sets_transactions(tokens))
}

/// Locks that outlive their statement: they would shut the ledger out, or other runs.
fn locks(tokens: &[Token<'_>]) -> bool {
    let begins = |verbs: &[&str], nouns: &[&str]| {
        verbs
            .iter()
            .any(|verb| nouns.iter().any(|noun| starts(tokens, &[verb, noun])))
    };
    let flushes = begins(
        &["FLUSH"],
        &["TABLE", "TABLES", "LOCAL", "NO_WRITE_TO_BINLOG"],
    );
    let pairs = |first: &str, second: &str| {
        tokens
            .windows(2)
            .any(|pair| pair[0].is(first) && pair[1].is(second))
    };
    begins(&["LOCK", "UNLOCK"], &["TABLE", "TABLES", "INSTANCE"])
        || begins(&["BACKUP"], &["LOCK", "UNLOCK", "STAGE"])
        || (flushes && (pairs("READ", "LOCK") || pairs("FOR", "EXPORT")))
}

/// `LOAD DATA [LOW_PRIORITY] LOCAL INFILE …`: the driver sends no file.
fn loads_from_client(tokens: &[Token<'_>]) -> bool {
    let loads = starts(tokens, &["LOAD", "DATA"]) || starts(tokens, &["LOAD", "XML"]);
    let before_file = tokens.iter().take_while(|token| !token.is("INFILE"));
    loads && before_file.skip(2).any(|token| token.is("LOCAL"))
}

/// `SET … autocommit = …`, and `completion_type`, by which a `COMMIT` begins another
/// transaction; `SET @old = @@autocommit` only reads it.
fn sets_transactions(tokens: &[Token<'_>]) -> bool {
    let names = ["AUTOCOMMIT", "COMPLETION_TYPE"];
    tokens.iter().enumerate().skip(1).any(|(at, token)| {
        let name = unquoted(token.text.trim_start_matches('@'));
        let is_variable = names.iter().any(|it| it.eq_ignore_ascii_case(&name));
        // `@autocommit` is a user's own variable, `@@autocommit` is not.
        let is_own = token.text.starts_with('@') && !tokens[at - 1].is_symbol("@");
        let is_set = tokens
            .get(at + 1)
            .is_some_and(|next| next.is_symbol("=") || next.is_symbol(":"));
        is_variable && !is_own && is_set
    })
}

fn starts(tokens: &[Token<'_>], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().zip(words).all(|(token, word)| token.is(word))
}
