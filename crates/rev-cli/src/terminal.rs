//! The terminal: data to stdout, talk to stderr.
//!
//! Whoever reads may stop reading (`rev history | head`): a closed pipe is no
//! error. Colour is decided once, here, and never carries meaning alone.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write};

use rev_core::unseen;

use crate::args::{Color, Format, Global};
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
        let is_quiet = self.quiet || self.is_json() || std::env::var_os("CI").is_some();
        !is_quiet && std::io::stderr().is_terminal()
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
