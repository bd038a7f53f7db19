//! Exit codes: the first thing a script asks.

use std::process::ExitCode;

/// How the program ends; the codes are promised in the manual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All that was asked is done.
    #[default]
    Done = 0,
    /// Refused or failed; nothing was changed.
    Refused = 1,
    /// The words typed make no command.
    Usage = 2,
    /// Stopped part-way; something was changed.
    PartWay = 3,
    /// A check found something.
    Difference = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
