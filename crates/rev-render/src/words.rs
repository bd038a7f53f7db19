//! Words and colours that all forms share.

use anstyle::{AnsiColor, Style};
use rev_core::unseen::shown;

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

/// Phrases in a row: the first eight of them, and how many more there are.
#[must_use]
pub fn few(phrases: &[impl AsRef<str>], separator: &str) -> String {
    let words: Vec<&str> = phrases.iter().take(8).map(AsRef::as_ref).collect();
    match phrases.len() - words.len() {
        0 => words.join(separator),
        more => format!("{} and {more} more", words.join(separator)),
    }
}

/// The first line of a message, with what nobody sees in it written out.
#[must_use]
pub fn one_line(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    shown(&first.replace('\t', " ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::few;

    #[test]
    fn of_many_phrases_eight_are_said() {
        assert_eq!(few(&["a", "b"], "; "), "a; b");
        assert_eq!(few(&["a"; 10], ", "), "a, a, a, a, a, a, a, a and 2 more");
    }
}
