//! Splitting: a script becomes the statements that are sent one at a time.
//!
//! The splitter knows a dialect's quotes, comments and bodies, and no more of
//! its grammar: what the server would refuse is passed on, for the server's
//! message is better. Statements come in order and do not overlap, and between
//! them lie only white space, comments, semicolons, `DELIMITER` lines and the
//! `\restrict` lines of dumps. So an offset in a statement is an offset in its
//! piece, and a place in the file.
//!
//! What may never reach a server is refused here, with its place: transaction
//! control (the executor alone begins and commits, and in `transaction: none`
//! each statement stands by itself), `COPY … FROM STDIN` (the server would wait
//! for data that never comes), commands of the engines' own clients, which no server
//! knows, a choice of the isolation level that could not be kept, NUL, and whatever opens and does not close.

use std::collections::BTreeSet;

use rev_core::{Dialect, Spelling, Sql, TransactionMode};

use crate::isolation::{self, Fault};

mod ended;
mod head;
mod lexer;
mod mysql;
mod place;
mod postgres;
mod quoting;
mod sqlite;
#[cfg(test)]
mod tests;
mod tokens;
mod versions;

pub use ended::ended;
pub use place::line_and_column;
pub use quoting::quoting_of_mode;
pub use tokens::only_place;

use head::Head;
use lexer::{Lexer, Lexicon, Unclosed};
pub(crate) use lexer::{Token, TokenKind};
pub(crate) use mysql::inner_statement;
use quoting::Reader;
pub(crate) use sqlite::{pragma, stands_alone as stands_alone_on_sqlite};
pub(crate) use tokens::{code_tokens, tokens, unquoted};
pub(crate) use versions::readings;

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// From its first to its last word: no semicolon or delimiter at its end, no
    /// comments around it; comments within it are kept.
    pub text: String,
    /// Which piece of the script it is from, counted from 0.
    pub piece: usize,
    /// Where in the piece `text` starts, in bytes.
    pub offset: usize,
}

impl Statement {
    /// A statement that is in no script.
    #[must_use]
    pub fn alone(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            piece: 0,
            offset: 0,
        }
    }
}

/// What opens and closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Construct {
    /// A string in quotes.
    Text,
    /// A name in quotes.
    Name,
    /// A comment.
    Comment,
    /// A PostgreSQL string between dollar signs.
    DollarQuote,
    /// The body of a trigger or routine.
    Body,
}

impl std::fmt::Display for Construct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Construct::Text => "string",
            Construct::Name => "quoted name",
            Construct::Comment => "comment",
            Construct::DollarQuote => "dollar-quoted string",
            Construct::Body => "body",
        })
    }
}

/// Why a script cannot be split, or may not be run.
///
/// Each variant has the piece, counted from 0, and the byte offset in it at
/// which the fault starts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A statement that begins or ends a transaction, or a savepoint where no
    /// transaction holds the statements together.
    #[error("`{text}` is transaction control, which a script may not use")]
    TransactionControl {
        /// The piece.
        piece: usize,
        /// The offset of the statement.
        offset: usize,
        /// The first words of the statement, as written.
        text: String,
    },
    /// A statement that fails or does nothing inside a transaction, in a script
    /// that runs in one.
    #[error("`{text}` has no place inside a transaction")]
    NotInTransaction {
        /// The piece.
        piece: usize,
        /// The offset of the statement.
        offset: usize,
        /// The first words of the statement, as written.
        text: String,
    },
    /// A statement that locks tables or the whole server, also the ledger.
    #[error("`{text}` takes or frees locks, which would keep the ledger out")]
    Lock {
        /// The piece.
        piece: usize,
        /// The offset of the statement.
        offset: usize,
        /// The first words of the statement, as written.
        text: String,
    },
    /// A choice of the isolation level that could not be kept.
    #[error("`{text}` {}", match fault {
        Fault::NotFirst => "stands where the transaction has begun its work already",
        Fault::NoTransaction => "chooses for a transaction that holds nothing else of the script",
        Fault::ReadOnly => "leaves no way to write the ledger's row in the same transaction",
    })]
    Isolation {
        /// The piece.
        piece: usize,
        /// The offset of the statement.
        offset: usize,
        /// The first words of the statement, as written.
        text: String,
        /// Why it could not be kept.
        fault: Fault,
    },
    /// `LOAD DATA LOCAL`, which asks the client for a file.
    #[error("`{text}` reads a file of the client's, which a script cannot send")]
    ClientFile {
        /// The piece.
        piece: usize,
        /// The offset of the statement.
        offset: usize,
        /// The first words of the statement, as written.
        text: String,
    },
    /// `COPY … FROM STDIN`.
    #[error("`{text}` reads data that a script cannot send")]
    CopyFromStdin {
        /// The piece.
        piece: usize,
        /// The offset of the statement.
        offset: usize,
        /// The statement up to `STDIN`, as written.
        text: String,
    },
    /// A command of the engine's own client, such as psql's `\connect`.
    #[error("`{text}` is a command of {client}, which no server knows")]
    ClientCommand {
        /// The piece.
        piece: usize,
        /// The offset of the command.
        offset: usize,
        /// The command without what it is given, as written.
        text: String,
        /// The client.
        client: &'static str,
    },
    /// A place for a value that nobody binds: it would run as NULL.
    #[error("`{text}` stands for a value, and a script has none to give")]
    Parameter {
        /// The piece.
        piece: usize,
        /// The offset of the parameter.
        offset: usize,
        /// The parameter, as written.
        text: String,
    },
    /// A NUL character.
    #[error("a script may not hold a NUL character")]
    Nul {
        /// The piece.
        piece: usize,
        /// The offset of the NUL.
        offset: usize,
    },
    /// Something opens here and never closes.
    #[error("the {construct} that `{text}` opens has no end")]
    Unterminated {
        /// The piece.
        piece: usize,
        /// The offset of what opens.
        offset: usize,
        /// What opens it, as written.
        text: String,
        /// What it is.
        construct: Construct,
    },
    /// The statement ends inside an executable comment of MySQL.
    #[error("`{text}` inside an executable comment would cut the comment in two")]
    DividedComment {
        /// The piece.
        piece: usize,
        /// The offset of the semicolon or delimiter.
        offset: usize,
        /// The semicolon or delimiter.
        text: String,
    },
    /// A `DELIMITER` line that names no delimiter.
    #[error("`{text}` names no delimiter")]
    NoDelimiter {
        /// The piece.
        piece: usize,
        /// The offset of the word.
        offset: usize,
        /// The word as written.
        text: String,
    },
}

impl SplitError {
    /// The piece, counted from 0, and the byte offset in it.
    #[must_use]
    pub fn place(&self) -> (usize, usize) {
        match *self {
            SplitError::TransactionControl { piece, offset, .. }
            | SplitError::NotInTransaction { piece, offset, .. }
            | SplitError::Parameter { piece, offset, .. }
            | SplitError::Lock { piece, offset, .. }
            | SplitError::Isolation { piece, offset, .. }
            | SplitError::ClientFile { piece, offset, .. }
            | SplitError::CopyFromStdin { piece, offset, .. }
            | SplitError::ClientCommand { piece, offset, .. }
            | SplitError::Nul { piece, offset }
            | SplitError::Unterminated { piece, offset, .. }
            | SplitError::DividedComment { piece, offset, .. }
            | SplitError::NoDelimiter { piece, offset, .. } => (piece, offset),
        }
    }
}

/// Why a statement may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    TransactionControl,
    NotInTransaction,
    Lock,
    ClientFile,
}

/// What a dialect knows of the shape of a statement: made afresh for each, and
/// given its tokens in order.
trait Grammar<'a>: Default {
    /// How the dialect is spelt.
    const LEXICON: Lexicon;
    /// Whether the client's word `DELIMITER` is understood.
    const KNOWS_DELIMITER: bool = false;

    /// The engine's own client.
    const CLIENT: &'static str;

    /// Whether a statement that would begin with `text` is a command of the client instead.
    fn begins_command(text: &str) -> bool;
    /// Whether `text`, which begins with a backslash outside of quotes, is one.
    fn is_command(text: &str) -> bool {
        text.starts_with('\\')
    }
    /// Whether a command means nothing to a script, so that its line may be left out.
    fn is_idle_command(_: &str) -> bool {
        false
    }
    /// Takes the next token.
    fn take(&mut self, token: Token<'a>);
    /// Where the body opens that is not closed yet.
    fn body(&self) -> Option<usize>;
    /// Whether a semicolon here belongs to the statement.
    fn holds_semicolon(&self) -> bool;
    /// Whether a stored program is defined, which only `DELIMITER`'s word ends
    /// once one is set.
    fn is_program(&self) -> bool {
        false
    }
    /// Whether the statement waits for data from the client.
    fn copies_input(&self) -> bool {
        false
    }
    /// The first place for a value to be bound, where the engine takes such
    /// places for NULL.
    fn parameter(&self) -> Option<std::ops::Range<usize>> {
        None
    }
    /// Why a statement may not be sent, if so: by its first tokens, or its whole text.
    /// `transactional`: whether one transaction holds all statements of the script.
    fn refusal(head: &Head<'_>, statement: &str, transactional: bool) -> Option<Refusal>;
}

/// Splits a script into its statements, in order, in linear time.
///
/// A script of only comments and white space has none. With
/// [`TransactionMode::None`], and on dialects that commit DDL at once, statements
/// are sent one at a time, each with its own commit: there savepoints are refused
/// along with all other transaction control, while statements that cannot run
/// inside a transaction are let through.
///
/// # Errors
///
/// The first [`SplitError`] in the script. NULs come before all else.
pub fn split(
    sql: &Sql,
    spelling: impl Into<Spelling>,
    transaction: TransactionMode,
) -> Result<Vec<Statement>, SplitError> {
    let Spelling { dialect, quoting } = spelling.into();
    refuse_nul(sql)?;
    let transactional =
        transaction == TransactionMode::Step && dialect.capabilities().transactional_ddl;
    let mut walk = Walk {
        transactional,
        reader: Reader::new(dialect, quoting),
        statements: Vec::new(),
    };
    for (piece, text) in sql.0.iter().enumerate() {
        match dialect {
            Dialect::Postgres => split_piece::<postgres::Postgres<'_>>(text, piece, &mut walk),
            Dialect::Mysql => split_piece::<mysql::Mysql<'_>>(text, piece, &mut walk),
            Dialect::Sqlite => split_piece::<sqlite::Sqlite<'_>>(text, piece, &mut walk),
        }?;
    }
    refuse_choice(&walk.statements, dialect, transaction)?;
    Ok(walk.statements)
}

/// Refuses a choice of the isolation level that nobody could keep.
fn refuse_choice(
    statements: &[Statement],
    dialect: Dialect,
    transaction: TransactionMode,
) -> Result<(), SplitError> {
    let Some((at, fault)) = isolation::fault(statements, dialect, transaction) else {
        return Ok(());
    };
    let statement = &statements[at];
    let mut head = Head::default();
    let found = tokens(&statement.text, dialect);
    found.into_iter().for_each(|token| head.push(token));
    Err(SplitError::Isolation {
        piece: statement.piece,
        offset: statement.offset,
        text: head.title(),
        fault,
    })
}

/// What goes on from one piece of a script to the next.
struct Walk {
    transactional: bool,
    /// How quoted text is read by now.
    reader: Reader,
    statements: Vec<Statement>,
}

/// Whether a SQLite script drops or renames a table, the steps by which SQLite
/// tables are rebuilt.
#[must_use]
pub fn rebuilds_tables(statements: &[Statement]) -> bool {
    statements.iter().any(rebuilds_table)
}

/// The names, in small letters, in those statements of a SQLite script that drop or
/// rename a table: `DROP TABLE "Hero"` gives `hero`, and a rename both names.
#[must_use]
pub fn rebuilt_tables(statements: &[Statement]) -> BTreeSet<String> {
    let rebuilding = statements.iter().filter(|it| rebuilds_table(it));
    let names = rebuilding.flat_map(|it| tokens(&it.text, Dialect::Sqlite));
    names
        .map(|token| unquoted(token.text).to_lowercase())
        .collect()
}

fn rebuilds_table(statement: &Statement) -> bool {
    let mut lexer = Lexer::new(&statement.text, sqlite::Sqlite::LEXICON);
    let mut head = Head::default();
    while let Ok(Some(token)) = lexer.next()
        && !head.is_full()
    {
        head.push(token);
    }
    head.starts(&["DROP", "TABLE"])
        || (head.starts(&["ALTER", "TABLE"]) && head.has_pair("RENAME", "TO"))
}

fn refuse_nul(sql: &Sql) -> Result<(), SplitError> {
    for (piece, text) in sql.0.iter().enumerate() {
        if let Some(offset) = text.find('\0') {
            return Err(SplitError::Nul { piece, offset });
        }
    }
    Ok(())
}

fn split_piece<'a, G: Grammar<'a>>(
    text: &'a str,
    piece: usize,
    walk: &mut Walk,
) -> Result<(), SplitError> {
    let mut splitter = Splitter::<G> {
        text,
        piece,
        lexer: Lexer::new(text, G::LEXICON.reading(walk.reader.quoting())),
        head: Head::default(),
        grammar: G::default(),
        span: None,
        walk,
    };
    while let Some(token) = splitter.next_token()? {
        splitter.take(token)?;
    }
    splitter.finish()
}

/// The walk over one piece.
struct Splitter<'a, 's, G> {
    text: &'a str,
    piece: usize,
    lexer: Lexer<'a>,
    head: Head<'a>,
    grammar: G,
    /// The statement at hand, without semicolons at its end.
    span: Option<(usize, usize)>,
    walk: &'s mut Walk,
}

impl<'a, G: Grammar<'a>> Splitter<'a, '_, G> {
    fn next_token(&mut self) -> Result<Option<Token<'a>>, SplitError> {
        self.lexer
            .next()
            .map_err(|unclosed| self.unterminated(unclosed))
    }

    fn take(&mut self, token: Token<'a>) -> Result<(), SplitError> {
        if self.ends_statement(token) {
            return self.end_at(token);
        }
        if G::KNOWS_DELIMITER && self.span.is_none() && token.is("DELIMITER") {
            return self.change_delimiter(token);
        }
        if let Some(command) = self.client_command(token) {
            if self.span.is_none() && G::is_idle_command(command) {
                self.lexer.skip_line();
                return Ok(());
            }
            return Err(SplitError::ClientCommand {
                piece: self.piece,
                offset: token.start,
                text: command.to_owned(),
                client: G::CLIENT,
            });
        }
        self.grammar.take(token);
        self.head.push(token);
        if token.kind != TokenKind::Semicolon {
            let start = self.span.map_or(token.start, |(start, _)| start);
            self.span = Some((start, token.end()));
        }
        self.refuse_copy()
    }

    /// The command of the client that begins here, without what it is given. No command is
    /// in a comment that the server executes.
    fn client_command(&self, token: Token<'a>) -> Option<&'a str> {
        let rest = &self.text[token.start..];
        // A backslash before a quote is left of a text that is read otherwise than it is meant.
        let is_quote = |rest: &str| rest.starts_with(['\'', '"', '`']);
        let is_one = if let Some(after) = rest.strip_prefix('\\') {
            token.is_symbol("\\") && !is_quote(after) && G::is_command(rest)
        } else {
            self.span.is_none() && G::begins_command(rest)
        };
        let end = |at: char| at.is_whitespace() || at == ';';
        is_one.then(|| rest.split(end).next().unwrap_or(rest))
    }

    fn ends_statement(&self, token: Token<'a>) -> bool {
        match token.kind {
            TokenKind::Delimiter => true,
            TokenKind::Semicolon if self.lexer.delimiter().is_some() => !self.grammar.is_program(),
            TokenKind::Semicolon => !self.grammar.holds_semicolon(),
            _ => false,
        }
    }

    /// A comment cut in two would be two broken statements.
    fn end_at(&mut self, token: Token<'a>) -> Result<(), SplitError> {
        if self.lexer.fence().is_some() {
            return Err(SplitError::DividedComment {
                piece: self.piece,
                offset: token.start,
                text: token.text.to_owned(),
            });
        }
        self.end()
    }

    fn change_delimiter(&mut self, word: Token<'a>) -> Result<(), SplitError> {
        match self.lexer.read_delimiter() {
            Some(_) => Ok(()),
            None => Err(SplitError::NoDelimiter {
                piece: self.piece,
                offset: word.start,
                text: word.text.to_owned(),
            }),
        }
    }

    fn end(&mut self) -> Result<(), SplitError> {
        if let Some((start, end)) = self.span.take() {
            self.refuse(start, end)?;
            let text = &self.text[start..end];
            if self.walk.reader.take(text) {
                self.lexer.read_as(self.walk.reader.quoting());
            }
            self.walk.statements.push(Statement {
                text: text.to_owned(),
                piece: self.piece,
                offset: start,
            });
        }
        self.head.clear();
        self.grammar = G::default();
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SplitError> {
        if let Some(start) = self.grammar.body()
            && self.lexer.delimiter().is_none()
        {
            let opening_length = self.text[start..]
                .bytes()
                .take_while(u8::is_ascii_alphabetic)
                .count();
            return Err(self.unterminated(Unclosed {
                construct: Construct::Body,
                start,
                opening_length,
            }));
        }
        self.end()
    }

    fn refuse(&self, offset: usize, end: usize) -> Result<(), SplitError> {
        let piece = self.piece;
        if let Some(range) = self.grammar.parameter() {
            return Err(SplitError::Parameter {
                piece,
                offset: range.start,
                text: self.text[range].to_owned(),
            });
        }
        let statement = &self.text[offset..end];
        let Some(refusal) = G::refusal(&self.head, statement, self.walk.transactional) else {
            return Ok(());
        };
        let text = self.head.title();
        Err(match refusal {
            Refusal::TransactionControl => SplitError::TransactionControl {
                piece,
                offset,
                text,
            },
            Refusal::NotInTransaction => SplitError::NotInTransaction {
                piece,
                offset,
                text,
            },
            Refusal::Lock => SplitError::Lock {
                piece,
                offset,
                text,
            },
            Refusal::ClientFile => SplitError::ClientFile {
                piece,
                offset,
                text,
            },
        })
    }

    /// Asked at once, since what follows is data and not SQL.
    fn refuse_copy(&self) -> Result<(), SplitError> {
        match self.span {
            Some((start, end)) if self.grammar.copies_input() => Err(SplitError::CopyFromStdin {
                piece: self.piece,
                offset: start,
                text: self.text[start..end].to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn unterminated(&self, unclosed: Unclosed) -> SplitError {
        let end = unclosed.start + unclosed.opening_length;
        SplitError::Unterminated {
            piece: self.piece,
            offset: unclosed.start,
            text: self.text[unclosed.start..end].to_owned(),
            construct: unclosed.construct,
        }
    }
}
