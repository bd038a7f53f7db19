//! The terminal: data to stdout, talk to stderr.
//!
//! Whoever reads may stop reading (`rev history | head`): a closed pipe is no
//! error. Colour is decided once, here, and never carries meaning alone.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write};

use rev_core::unseen;

use crate::args::{Color, Format, Global, Paging};
use crate::pager;
use crate::secrets;

pub(crate) use rev_render::{ERROR, FAINT, GOOD, HINT, ID, NAME, WARNING, count, few};

/// What a colour begins with.
const ESCAPE: char = '\u{1b}';

/// What follows it in the colours and weights that are ours.
const COLOURS: [&str; 9] = [
    "[0m", "[1m", "[2m", "[31m", "[32m", "[33m", "[34m", "[35m", "[36m",
];

/// The line of a warning.
pub(crate) fn warning(what: impl Display) -> String {
    format!("{WARNING}warning{WARNING:#}: {what}")
}

/// Whether a person looks at a terminal whose locale knows ASCII alone: the first that is set of the
/// variables decides, as for all programs. Where none is set nobody has said so, and what goes into
/// a file is the same everywhere.
pub(crate) fn is_ascii() -> bool {
    if !std::io::stdout().is_terminal() {
        return false;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let locale = locale.filter_map(|name| std::env::var(name).ok());
    let mut locale = locale.filter(|value| !value.is_empty());
    locale.next().is_some_and(|locale| {
        let charset = locale.split_once('.').map(|(_, charset)| charset);
        let charset = charset.map(|it| it.to_ascii_lowercase().replace('-', ""));
        match charset {
            Some(charset) => !charset.starts_with("utf8"),
            None => locale == "C" || locale == "POSIX",
        }
    })
}

/// Where a command speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// How to answer.
    pub(crate) format: Format,
    /// Whether to say more.
    pub(crate) verbose: bool,
    /// Whether to leave out the talk.
    pub(crate) quiet: bool,
}

impl Terminal {
    /// The terminal as the flags want it.
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self {
            format: global.format,
            verbose: global.verbose,
            quiet: global.quiet,
        }
    }

    /// Whether programs read the answer.
    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Whether a person watches stderr, who likes to see that something moves.
    pub(crate) fn is_watched(self) -> bool {
        !self.quiet && self.is_seen()
    }

    /// Whether a person sits here who can be asked something, `-q` or not: what a run takes away
    /// is no news.
    pub(crate) fn has_person(self) -> bool {
        self.is_seen() && std::io::stdin().is_terminal()
    }

    fn is_seen(self) -> bool {
        let is_read_by_programs = self.is_json() || std::env::var_os("CI").is_some();
        !is_read_by_programs && std::io::stderr().is_terminal()
    }

    /// Asks for a line, and gives it without its ends; the end of the input is an empty line.
    pub(crate) fn ask(self, question: &str) -> std::io::Result<String> {
        self.complain(question);
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }

    /// Asks a question that is answered by yes or no; an empty line is `otherwise`.
    pub(crate) fn says_yes(self, question: &str, otherwise: bool) -> std::io::Result<bool> {
        let choice = if otherwise { "[Y/n]" } else { "[y/N]" };
        let answer = self.ask(&format!("{question} {choice} "))?;
        Ok(match answer.to_lowercase().as_str() {
            "" => otherwise,
            answer => matches!(answer, "y" | "yes"),
        })
    }

    /// How many cells a line of stdout has; `None`: no person looks at it, or as many as it takes.
    pub(crate) fn width(self) -> Option<usize> {
        if self.is_json() || !std::io::stdout().is_terminal() {
            return None;
        }
        let columns = std::env::var("COLUMNS").ok();
        let columns = columns.and_then(|columns| columns.parse().ok());
        let cells = columns.or_else(|| {
            let (width, _) = terminal_size::terminal_size_of(std::io::stdout())?;
            Some(usize::from(width.0))
        });
        // A terminal that does not know says 0.
        cells.filter(|&cells| cells > 0)
    }

    /// Writes data to stdout, each line cut where the terminal ends, and through a pager where a
    /// person looks and it is longer than the screen.
    pub(crate) fn pages(self, text: &str, paging: &Paging) -> std::io::Result<()> {
        let text = rev_render::cut_lines(text, self.width());
        let height = terminal_size::terminal_size_of(std::io::stdout());
        let height = height.map_or(usize::MAX, |(_, height)| usize::from(height.0));
        let is_watched = !self.is_json() && std::io::stdout().is_terminal();
        if paging.no_pager || !is_watched || text.lines().count() < height {
            return self.data(&text);
        }
        let seen = self.seen(&secrets::hide(&text));
        let seen = match anstream::AutoStream::choice(&std::io::stdout()) {
            anstream::ColorChoice::Never => anstream::adapter::strip_str(&seen).to_string(),
            _ => seen,
        };
        match pager::show(&seen) {
            true => Ok(()),
            false => self.data(&text),
        }
    }

    /// Writes data to stdout, each line cut where the terminal ends.
    pub(crate) fn lines(self, text: &str) -> std::io::Result<()> {
        self.data(&rev_render::cut_lines(text, self.width()))
    }

    /// Writes data to stdout.
    pub(crate) fn data(self, text: &str) -> std::io::Result<()> {
        let mut out = anstream::stdout().lock();
        let text = self.seen(&secrets::hide(text));
        tolerate(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// A text with what nobody sees in it written out, but for our own colours.
    fn seen(self, text: &str) -> String {
        let write = match self.is_json() {
            true => unseen::shown_in_json,
            false => unseen::shown,
        };
        let mut seen = String::with_capacity(text.len());
        for (index, part) in text.split(ESCAPE).enumerate() {
            let colour = COLOURS.iter().find(|it| part.starts_with(**it));
            match colour {
                _ if index == 0 => {}
                Some(_) => seen.push(ESCAPE),
                None => seen.push_str(&write(ESCAPE.encode_utf8(&mut [0; 4]))),
            }
            seen.push_str(&write(part));
        }
        seen
    }

    /// Writes a script to stdout, to the byte: what looks like colour there may
    /// stand in a string of the script.
    pub(crate) fn script(self, text: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        tolerate(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Writes a JSON value and a line's end to stdout.
    pub(crate) fn json(self, value: &impl serde::Serialize) -> std::io::Result<()> {
        let value = serde_json::to_value(value)?;
        self.data(&format!("{value:#}\n"))
    }

    /// Writes a line to stderr, unless it is to be quiet.
    pub(crate) fn talk(self, line: &str) {
        if !self.quiet {
            self.complain(&format!("{line}\n"));
        }
    }

    /// Writes a warning to stderr, unless it is to be quiet.
    pub(crate) fn warn(self, what: impl Display) {
        self.talk(&warning(what));
    }

    /// Writes to stderr. If nobody listens there, there is nobody to tell.
    pub(crate) fn complain(self, text: &str) {
        let mut err = anstream::stderr().lock();
        let text = self.seen(&secrets::hide(text));
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}

fn tolerate(written: std::io::Result<()>) -> std::io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        // Without its place it reads as if it were a database's disk that is full.
        Err(error) => Err(std::io::Error::new(
            error.kind(),
            format!("the answer cannot be written to standard output: {error}"),
        )),
        written => written,
    }
}
