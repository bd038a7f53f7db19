//! A program that prints the models of a database, and what is said where it fails.

use std::process::Command;

use rev_core::Binding;
use rev_store::config::{ModelCommand, ModelFile};

use super::program::{self, End, Ran};
use crate::diagnostic::{Diagnostic, Failure};
use crate::session::Session;

/// How many lines of a program's complaint are shown.
const LINES: usize = 20;

/// A program that prints the models of a database.
pub(super) struct Printer<'a> {
    pub(super) session: &'a Session,
    pub(super) binding: &'a Binding,
    pub(super) command: &'a ModelCommand,
}

impl Printer<'_> {
    /// What it prints for a server: it may print one thing for one and another for the next.
    pub(super) fn printed(&self, server: &str) -> Result<ModelFile, Failure> {
        let ran = self.run(server)?;
        self.check_end(&ran)?;
        Ok(ModelFile {
            path: format!("output of `{}`", self.shown()),
            text: self.text(&ran)?,
        })
    }

    fn run(&self, server: &str) -> Result<Ran, Failure> {
        let (program, arguments) = self
            .command
            .words
            .split_first()
            .expect("an empty command is a fault");
        let mut started = Command::new(program);
        started
            .args(arguments)
            .current_dir(&self.session.project.root)
            .env("REV_DATABASE", self.binding.name.as_str())
            .env("REV_DIALECT", self.binding.dialect.name())
            .env("REV_SERVER", server);
        program::run(started, self.command.timeout).map_err(|error| {
            let message = format!(
                "`{program}`, which prints the models of `{}`, does not start",
                self.binding.name
            );
            let told = Diagnostic::new("models_command", message).cause(error);
            Failure::refused(told.hint("it is run in the folder of rev.yaml; is it installed?"))
        })
    }

    /// Refuses what it has printed unless it came to a good end.
    fn check_end(&self, ran: &Ran) -> Result<(), Failure> {
        let subject = self.subject();
        let told = match ran.end {
            End::Exit(status) if status.success() => return Ok(()),
            End::Exit(status) => self.failed(ran, format!("{subject} failed ({status})")),
            End::Late => {
                let limit = self.command.timeout.unwrap_or_default();
                let limit = jiff::SignedDuration::try_from(limit);
                let limit = limit.map_or_else(|_| "its limit".to_owned(), |it| format!("{it:#}"));
                let what = format!("{subject} did not end within {limit} and was stopped");
                self.failed(ran, what).hint(
                    "give it more time beside `command` in rev.yaml, such as `timeout: 5m`; `0` sets no limit",
                )
            }
            End::TooMuch => {
                let most = program::MOST / 1024 / 1024;
                let what = format!("{subject} prints more than {most} MiB and was stopped");
                self.failed(ran, what)
            }
        };
        Err(Failure::refused(told))
    }

    /// What it has printed, as text that is not empty.
    fn text(&self, ran: &Ran) -> Result<String, Failure> {
        let text = std::str::from_utf8(&ran.printed).map_err(|error| {
            let valid = &ran.printed[..error.valid_up_to()];
            let line = valid.iter().filter(|it| **it == b'\n').count() + 1;
            let subject = self.subject();
            let what = format!("{subject} prints what is not UTF-8, in line {line}");
            let told = self.failed(ran, what);
            Failure::refused(
                told.hint("let it write UTF-8, with Python by `PYTHONIOENCODING=utf-8`"),
            )
        })?;
        if text.trim().is_empty() {
            let (shown, name) = (self.shown(), &self.binding.name);
            let what = format!("`{shown}` prints no SQL for the models of `{name}`");
            return Err(Failure::refused(self.failed(ran, what).hint(
                "it gets the names in REV_DATABASE, REV_DIALECT and REV_SERVER, and prints `CREATE …` statements",
            )));
        }
        Ok(text.to_owned())
    }

    /// The command as it is written in `rev.yaml`.
    fn shown(&self) -> String {
        self.command.words.join(" ")
    }

    fn subject(&self) -> String {
        format!(
            "`{}`, which prints the models of `{}`,",
            self.shown(),
            self.binding.name
        )
    }

    /// What went wrong, with the end of what the program said of it.
    fn failed(&self, ran: &Ran, what: String) -> Diagnostic {
        let mut told = Diagnostic::new("models_command", what)
            .fact("database", self.binding.name.as_str())
            .fact("command", self.shown());
        let complaint = String::from_utf8_lossy(&ran.complaint);
        let lines: Vec<&str> = complaint.lines().collect();
        let last = &lines[lines.len().saturating_sub(LINES)..];
        told.lines
            .extend(last.iter().map(|line| (*line).to_owned()));
        told
    }
}
