//! What a transaction sends, as parts: each is one statement, and an error is
//! told to the part that it belongs to.
//!
//! The server runs a text of several statements in one round trip and answers
//! them in order, so the number of answers before an error names the statement.
//! A text ends before each statement of a script but the first: then a transaction
//! takes as many round trips as its scripts have statements, and a stop or a sign
//! of life knows which one runs.

use rev_engine::database::Sent;
use rev_sql::unusable;

/// What a statement is there for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    /// Begins, and sets what holds for the transaction.
    Opening,
    /// Makes the ledger.
    Ledger,
    /// Takes the guard behind a pooler, and fails where another run has it.
    Guard,
    /// The compare-and-set of the generation, which fails where it was lost.
    Advance,
    /// A statement of the script of a step, counted from 0.
    Script { step: usize, sent: Sent<'a> },
    /// Looks for an index that its statement took for a usable one, and fails where there
    /// is one.
    Usable { step: usize, sent: Sent<'a> },
    /// The ledger's rows.
    Rows,
    /// Commits or prepares.
    Conclusion,
    /// Reads back what the conclusion has done.
    Proof,
}

/// The parts of a transaction.
#[derive(Debug, Default)]
pub(super) struct Script<'a> {
    parts: Vec<(Part<'a>, String)>,
}

/// Some parts, as one text.
#[derive(Debug, Default)]
pub(super) struct Text<'a> {
    pub(super) sql: String,
    parts: Vec<(Part<'a>, usize)>,
}

impl<'a> Script<'a> {
    pub(super) fn push(&mut self, part: Part<'a>, sql: impl Into<String>) {
        self.parts.push((part, sql.into()));
    }

    /// The statements of a text of the ledger's, each a part.
    pub(super) fn push_all(&mut self, part: Part<'a>, sql: &str) {
        for statement in sql.split_inclusive(";\n") {
            let statement = statement.trim().trim_end_matches(';');
            if !statement.is_empty() {
                self.push(part, statement);
            }
        }
    }

    /// A statement of a script, and what makes sure of what it has left.
    pub(super) fn push_sent(&mut self, step: usize, sent: Sent<'a>) {
        self.push(Part::Script { step, sent }, &sent.statement.text);
        if let Some(question) = unusable::left_by(&sent.statement.text) {
            let look = format!("SELECT 1 / (count(*) = 0)::int FROM ({question}) AS left_over");
            self.push(Part::Usable { step, sent }, look);
        }
    }

    /// The texts to send, in order.
    pub(super) fn texts(self) -> Vec<Text<'a>> {
        let mut texts = vec![Text::default()];
        let mut has_script = false;
        for (part, sql) in self.parts {
            let is_script = matches!(part, Part::Script { .. });
            if is_script && std::mem::replace(&mut has_script, true) {
                texts.push(Text::default());
            }
            let text = texts.last_mut().expect("there is one from the start");
            text.parts.push((part, text.sql.len()));
            text.sql.push_str(&sql);
            // A comment may end the statement's last line.
            text.sql.push_str("\n;\n");
        }
        texts
    }
}

impl<'a> Text<'a> {
    /// The part with this number, from 0, and where it starts in the text.
    pub(super) fn part(&self, number: usize) -> (Part<'a>, usize) {
        let last = self.parts.len() - 1;
        self.parts[number.min(last)]
    }

    /// The part for whose sake the server has not begun with the text, and where it starts.
    /// It reads a text to its end before, and all but the script's statement is ours; `at` is
    /// the place that it has named, in bytes.
    pub(super) fn unread(&self, at: Option<usize>) -> (Part<'a>, usize) {
        let is_script = |(part, _): &&(Part<'_>, usize)| matches!(part, Part::Script { .. });
        let before = |(_, start): &&(Part<'_>, usize)| at.is_none_or(|at| *start <= at);
        let mut parts = self.parts.iter().filter(is_script);
        parts.rfind(before).copied().unwrap_or_else(|| self.part(0))
    }

    /// The statement of a script in it; 0: there is none.
    pub(super) fn number(&self) -> usize {
        let number = |(part, _): &(Part<'_>, usize)| match part {
            Part::Script { sent, .. } => Some(sent.number),
            _ => None,
        };
        self.parts.iter().find_map(number).unwrap_or_default()
    }
}
