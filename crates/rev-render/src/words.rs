//! Words and colours that all forms share.

use anstyle::{AnsiColor, Style};

/// For the word `error`.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// For the word `warning`.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// For the word `hint`.
pub const HINT: Style = AnsiColor::Cyan.on_default();
/// For what went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// For ids.
pub const ID: Style = AnsiColor::Yellow.on_default();
/// For labels and names of databases.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// For what matters less.
pub const FAINT: Style = Style::new().dimmed();

/// `1 revision`, `2 revisions`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// The first line of a message, without control characters.
#[must_use]
pub fn one_line(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    first.chars().filter(|c| !c.is_control()).collect()
}
