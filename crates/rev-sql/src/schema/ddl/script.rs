//! Scripts: statements, each with what a person should know of it.

use std::fmt::{self, Write as _};

use rev_core::Dialect;
use rev_core::unseen::shown;

use crate::split::ended;

/// Statements in the order to run them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The statements.
    pub statements: Vec<Statement>,
}

/// A statement and what is said beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What a person should know.
    pub notes: Vec<Note>,
    /// The statement, without a semicolon.
    pub text: String,
}

/// What a person should know of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Why.
    pub kind: NoteKind,
    /// One line.
    pub text: String,
    /// The question how many rows are in the way, where there may be some: a query that
    /// answers with one number, on the database as it is before the script.
    pub question: Option<String>,
    /// What a database has answered to it.
    pub answer: Option<Answer>,
}

/// What a database answers to a question how many rows are in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// So many.
    Count(u64),
    /// It cannot do with some row what the question asks, and the script would.
    Fails,
}

/// Why something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// Rows or values are lost.
    Destructive,
    /// Something was chosen that a person may know better, or it may fail on rows
    /// that are there.
    Decide,
    /// Why it is written so.
    Remark,
}

impl NoteKind {
    /// The word that opens the comment.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            NoteKind::Destructive => Some("destructive"),
            NoteKind::Decide => Some("decide"),
            NoteKind::Remark => None,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(word) = self.kind.word() {
            write!(f, "{word}: ")?;
        }
        f.write_str(&self.sentence())
    }
}

impl Script {
    /// Adds a statement with nothing to say of it.
    pub fn push(&mut self, text: impl Into<String>) {
        self.push_noted(text, Vec::new());
    }

    /// Adds a statement with notes.
    pub fn push_noted(&mut self, text: impl Into<String>, notes: Vec<Note>) {
        self.statements.push(Statement {
            notes,
            text: text.into(),
        });
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The notes of a kind, in order.
    pub fn notes(&self, kind: NoteKind) -> impl Iterator<Item = &Note> {
        let notes = self.statements.iter().flat_map(|it| &it.notes);
        notes.filter(move |note| note.kind == kind)
    }

    /// The script as text, as a revision holds it: notes as comments above their statements, a blank line
    /// between statements of several lines or with notes.
    #[must_use]
    pub fn to_sql(&self) -> String {
        self.written(|text| format!("{text};\n"))
    }

    /// Likewise, as the engine's own client takes it.
    #[must_use]
    pub fn for_client(&self, dialect: Dialect) -> String {
        self.written(|text| ended(text, dialect))
    }

    fn written(&self, ended: impl Fn(&str) -> String) -> String {
        let mut sql = String::new();
        let is_long = |it: &Statement| !it.notes.is_empty() || it.text.contains('\n');
        let mut before: Option<&Statement> = None;
        for statement in &self.statements {
            let gap = before.is_some_and(|it| it.text.contains('\n')) || is_long(statement);
            if before.is_some() && gap {
                sql.push('\n');
            }
            for note in &statement.notes {
                let _ = writeln!(sql, "-- {}", one_line(&note.to_string()));
                if let Some(question) = &note.question {
                    let _ = writeln!(sql, "-- query: {}", one_line(question));
                }
            }
            sql.push_str(&ended(&statement.text));
            before = Some(statement);
        }
        sql
    }
}

impl Note {
    fn of(kind: NoteKind, text: String) -> Self {
        Self {
            kind,
            text,
            question: None,
            answer: None,
        }
    }

    /// A note on what is lost.
    #[must_use]
    pub fn destructive(text: impl Into<String>) -> Self {
        Self::of(NoteKind::Destructive, text.into())
    }

    /// A note on what a person should decide.
    #[must_use]
    pub fn decide(text: impl Into<String>) -> Self {
        Self::of(NoteKind::Decide, text.into())
    }

    /// A note on why it is written so.
    #[must_use]
    pub fn remark(text: impl Into<String>) -> Self {
        Self::of(NoteKind::Remark, text.into())
    }

    /// The same with the question that tells beforehand.
    #[must_use]
    pub fn asking(self, question: Option<String>) -> Self {
        Self { question, ..self }
    }

    /// What it says, with what the database has answered.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.answer {
            None => self.text.clone(),
            Some(Answer::Count(1)) => format!("{} (1 row in the way)", self.text),
            Some(Answer::Count(count)) => format!("{} ({count} rows in the way)", self.text),
            Some(Answer::Fails) => format!("{} (rows are in the way: its query fails)", self.text),
        }
    }
}

/// A name may hold a line's end, which would end the comment.
fn one_line(text: &str) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    shown(&line).into_owned()
}
