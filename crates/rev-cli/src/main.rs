//! The command `rev`: arguments become requests, outcomes become words and an
//! exit code. What goes on between is the engine's.

mod args;
mod commands;
mod compare;
mod completing;
mod diagnostic;
mod exit;
mod fleet;
mod format;
mod graphlog;
mod looking;
mod models;
mod pager;
mod render;
mod reporter;
mod scratch;
mod secrets;
mod session;
mod system;
mod terminal;
mod unparsed;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use args::Cli;
use exit::Exit;
use terminal::Terminal;

fn main() -> ExitCode {
    secrets::word_panics();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if completing::answer(&arguments) {
        return Exit::Done.into();
    }
    let exit = match Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli),
        Err(error) => unparsed::tell(error, &arguments),
    };
    exit.into()
}

fn run(cli: Cli) -> Exit {
    let terminal = Terminal::new(&cli.global);
    commands::run(cli, terminal).unwrap_or_else(|failure| failure.tell(terminal))
}
