//! The command `rev`: arguments become requests, outcomes become words and an
//! exit code. What goes on between is the engine's.

mod args;
mod commands;
mod compare;
mod diagnostic;
mod exit;
mod format;
mod graphlog;
mod looking;
mod models;
mod render;
mod reporter;
mod scratch;
mod secrets;
mod session;
mod system;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use args::{Cli, Color, Format, Global};
use diagnostic::{Diagnostic, Failure};
use exit::Exit;
use terminal::Terminal;

fn main() -> ExitCode {
    secrets::word_panics();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let exit = match Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli),
        Err(error) => unparsed(&error, &arguments),
    };
    exit.into()
}

fn run(cli: Cli) -> Exit {
    let terminal = Terminal::new(&cli.global);
    commands::run(cli, terminal).unwrap_or_else(|failure| failure.tell(terminal))
}

/// Help, the version, or words that make no command.
fn unparsed(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let is_answer = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let text = without_urls(&error.to_string(), arguments);
    if is_answer || !wants_json(arguments) {
        // If help cannot be printed there is nobody to tell.
        if text == error.to_string() {
            let _ = error.print();
        } else {
            use std::io::Write as _;
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
        return if is_answer { Exit::Done } else { Exit::Usage };
    }
    // The first paragraph says what is wrong; the rest is advice for people.
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    let first: Vec<&str> = lines.map(str::trim).collect();
    let first = first.join(" ");
    let message = first.strip_prefix("error: ").unwrap_or(&first);
    Failure::usage(Diagnostic::new("usage", message)).tell(Terminal::new(&Global {
        config: None,
        url: Vec::new(),
        format: Format::Json,
        verbose: false,
        quiet: false,
        color: Color::Auto,
    }))
}

/// A text about arguments without what follows the schemes of URLs among them: a password may
/// be anywhere in it.
fn without_urls(text: &str, arguments: &[OsString]) -> String {
    let mut text = text.to_owned();
    for argument in arguments {
        let argument = argument.to_string_lossy();
        match argument.split_once("://") {
            Some((_, rest)) if !rest.is_empty() => text = text.replace(rest, "…"),
            _ => {}
        }
    }
    text
}

fn wants_json(arguments: &[OsString]) -> bool {
    let pairs = arguments.windows(2);
    arguments.iter().any(|argument| argument == "--format=json")
        || pairs
            .into_iter()
            .any(|pair| pair[0] == "--format" && pair[1] == "json")
}
