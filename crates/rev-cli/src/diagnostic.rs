//! Diagnostics: what went wrong, where, and what to do about it.
//!
//! Libraries report facts; here, and nowhere else, their errors become words for
//! people with hints in real commands, or JSON for programs. A command words its own
//! findings beside itself.

mod again;
mod drift;
mod failed;
mod graph;
mod half_done;
mod once;
mod place;
mod project;
mod refusal;
mod stale;
mod url;

pub(crate) use again::{settings_again, shell_word};
pub(crate) use drift::drift_lines;
pub(crate) use failed::failed;
pub(crate) use graph::{Asking, COMPARING, graph_faults, name, resolve, target, unknown_database};
pub(crate) use half_done::{by_hand, undecided, without_file};
pub(crate) use once::{Naming, Told, first_of, named, once};
pub(crate) use place::{Place, spot_in};
pub(crate) use project::{dialect, fault, open, problem, problems, remove, url, write};
pub(crate) use refusal::{on_node, refusal, split, stay_within};
pub(crate) use url::url_fault;

use std::fmt::Write as _;

use rev_core::unseen;
use rev_store::config::redact;
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::format::error::{Error, Failed, Finding};
use crate::terminal::{ERROR, FAINT, HINT, Terminal, WARNING};

/// One thing to tell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Diagnostic {
    /// A stable word for programs.
    pub(crate) code: String,
    /// One lower-case sentence.
    pub(crate) message: String,
    /// Where, in a file.
    pub(crate) spot: Option<Spot>,
    /// Facts, a line each.
    pub(crate) lines: Vec<String>,
    /// What it comes from, nearest first.
    pub(crate) causes: Vec<String>,
    /// What to do.
    pub(crate) hints: Vec<String>,
    /// Facts for programs.
    pub(crate) facts: Map<String, Value>,
}

/// A place in a file, with the line that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The file as shown.
    pub(crate) path: String,
    /// Line, column and length in characters, where known.
    pub(crate) place: Option<rev_store::Place>,
    /// The line's text, where it could be read.
    pub(crate) excerpt: Option<String>,
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    exit: Exit,
    diagnostics: Vec<Diagnostic>,
}

impl Diagnostic {
    /// A diagnostic of these words.
    pub(crate) fn new(code: &str, message: impl ToString) -> Self {
        Self {
            code: code.to_owned(),
            // What was typed is echoed, and may be a URL.
            message: redact(&message.to_string()),
            spot: None,
            lines: Vec::new(),
            causes: Vec::new(),
            hints: Vec::new(),
            facts: Map::new(),
        }
    }

    /// With a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With a line of facts.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// With a cause.
    pub(crate) fn cause(mut self, cause: impl ToString) -> Self {
        self.causes.push(redact(&cause.to_string()));
        self
    }

    /// With a fact for programs.
    pub(crate) fn fact(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) => redact(&text).into(),
            other => other,
        };
        self.facts.insert(key.to_owned(), value);
        self
    }

    /// Naming the database, unless the message does already.
    pub(crate) fn on(mut self, database: &str) -> Self {
        if !self.message.contains(&format!("`{database}`")) {
            self.message = format!("{} (on `{database}`)", self.message);
        }
        self
    }

    /// With a place.
    pub(crate) fn at(mut self, spot: Option<Spot>) -> Self {
        self.spot = spot;
        self
    }

    /// As words for people.
    pub(crate) fn text(&self, is_warning: bool) -> String {
        let (style, word) = if is_warning {
            (WARNING, "warning")
        } else {
            (ERROR, "error")
        };
        let mut text = format!("{style}{word}{style:#}: {}\n", self.message);
        if let Some(spot) = &self.spot {
            text.push_str(&spot.text());
        }
        for line in &self.lines {
            let _ = writeln!(text, "   {line}");
        }
        for cause in &self.causes {
            let _ = writeln!(text, "caused by: {}", cause.replace('\n', "\n           "));
        }
        for hint in &self.hints {
            let _ = writeln!(
                text,
                "{HINT}hint{HINT:#}: {}",
                again::on_same_project(hint).replace('\n', "\n      ")
            );
        }
        text
    }

    /// For programs.
    pub(crate) fn finding(&self) -> Finding {
        let hint = |hint: &str| again::on_same_project(hint).replace('\n', " ");
        let spot = self.spot.as_ref();
        let place = spot.and_then(|spot| spot.place);
        let mut facts = self.facts.clone();
        // What every finding has is not told again.
        for key in [
            "code", "message", "path", "line", "column", "causes", "hints",
        ] {
            let is_told = match key {
                "path" => spot.is_some(),
                "line" | "column" => place.is_some(),
                "causes" => !self.causes.is_empty(),
                "hints" => !self.hints.is_empty(),
                _ => true,
            };
            if is_told {
                facts.remove(key);
            }
        }
        Finding {
            code: self.code.clone(),
            message: self.message.clone(),
            path: spot.map(|spot| spot.path.clone()),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            causes: self.causes.clone(),
            hints: self.hints.iter().map(|h| hint(h)).collect(),
            facts,
        }
    }
}

impl Spot {
    fn text(&self) -> String {
        let Some(place) = self.place else {
            return format!("  {FAINT}-->{FAINT:#} {}\n", self.path);
        };
        let mut text = format!("  {FAINT}-->{FAINT:#} {}:{place}\n", self.path);
        if let Some(excerpt) = &self.excerpt {
            text.push_str(&underlined(excerpt, place));
        }
        text
    }
}

/// The most characters of a line that are shown.
const WIDTH: usize = 100;

/// A line of a file with a mark under the place. Tabs become spaces, and what nobody sees is
/// written out; of a long line the part around the place is shown.
fn underlined(excerpt: &str, place: rev_store::Place) -> String {
    let characters: Vec<String> = excerpt.trim_end().chars().map(seen).collect();
    let column = place.column.saturating_sub(1).min(characters.len());
    let indent = characters.iter().take_while(|it| *it == " ").count();
    let start = match column {
        column if column > WIDTH => column - WIDTH / 2,
        column => indent.min(column),
    };
    let end = characters.len().min(start + WIDTH);
    let width = |part: &[String]| part.iter().map(|it| it.chars().count()).sum::<usize>();
    let shown = characters[start..end].concat();
    let last = end
        .min(column.saturating_add(place.length.max(1)))
        .max(column);
    let mark = "^".repeat(width(&characters[column..last]).max(1));
    let gap = " ".repeat(width(&characters[start..column]));
    format!("   {FAINT}|{FAINT:#}  {shown}\n   {FAINT}|{FAINT:#}  {gap}{ERROR}{mark}{ERROR:#}\n")
}

/// A character as it is shown.
fn seen(character: char) -> String {
    match character {
        '\t' => " ".to_owned(),
        it => unseen::shown(it.encode_utf8(&mut [0; 4])).into_owned(),
    }
}

impl Failure {
    /// A refusal for one reason.
    pub(crate) fn refused(diagnostic: Diagnostic) -> Self {
        Self::of(Exit::Refused, vec![diagnostic])
    }

    /// Words that make no command.
    pub(crate) fn usage(diagnostic: Diagnostic) -> Self {
        Self::of(Exit::Usage, vec![diagnostic])
    }

    /// All reasons at once; at least one.
    pub(crate) fn of(exit: Exit, diagnostics: Vec<Diagnostic>) -> Self {
        Self(Box::new(Parts { exit, diagnostics }))
    }

    /// How to exit.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    /// All that is to tell.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.0.diagnostics
    }

    /// The same, with a line of facts for each.
    pub(crate) fn with_line(mut self, line: &str) -> Self {
        for told in &mut self.0.diagnostics {
            told.lines.push(line.to_owned());
        }
        self
    }

    /// The same, with another exit code.
    pub(crate) fn with_exit(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
    }

    /// Tells it and says how to exit.
    pub(crate) fn tell(&self, terminal: Terminal) -> Exit {
        let Parts { exit, diagnostics } = &*self.0;
        let is_told = terminal.is_json()
            && error(diagnostics).is_none_or(|error| terminal.json(&Failed { error }).is_ok());
        if !is_told {
            let texts: Vec<String> = diagnostics.iter().map(|d| d.text(false)).collect();
            terminal.complain(&texts.join("\n"));
        }
        *exit
    }
}

/// All that is to tell, for programs; `None`: nothing.
pub(crate) fn error(diagnostics: &[Diagnostic]) -> Option<Error> {
    Error::of(diagnostics.iter().map(Diagnostic::finding).collect())
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::refused(Diagnostic::new("io", error))
    }
}

/// The names as a phrase: "`a`, `b` or `c`".
pub(crate) fn either<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{}`", n.as_ref())).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The names as a phrase: "`a`, `b` and `c`".
fn all_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The hint that offers near misses.
fn did_you_mean<T: AsRef<str>>(diagnostic: Diagnostic, similar: &[T]) -> Diagnostic {
    let names: Vec<&str> = similar.iter().map(AsRef::as_ref).collect();
    let diagnostic = diagnostic.fact("similar", names.clone());
    if names.is_empty() {
        return diagnostic;
    }
    diagnostic.hint(format!("did you mean {}?", either(&names)))
}
