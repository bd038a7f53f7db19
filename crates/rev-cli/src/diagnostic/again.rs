//! What every command of a hint needs to work on the same project.
//!
//! A hint is typed where the command was: without the `-c` that was given it would work on
//! another project, or on none. Hints name commands in many places, so it is put in where they
//! are told.

use std::path::Path;
use std::sync::OnceLock;

/// How a hint's command begins.
const COMMAND: &str = "`rev ";

static SETTINGS: OnceLock<String> = OnceLock::new();

/// Remembers the settings that were asked for.
pub(crate) fn settings_again(config: Option<&Path>) {
    if let Some(config) = config {
        let word = shell_word(&config.display().to_string());
        // They are asked for once a process.
        let _ = SETTINGS.set(format!("{COMMAND}-c {word} "));
    }
}

/// A hint whose commands lead to the same settings.
pub(super) fn on_same_project(hint: &str) -> String {
    match SETTINGS.get() {
        // A hint about settings says itself which.
        Some(_) if hint.contains("`rev -c ") => hint.to_owned(),
        Some(command) => hint.replace(COMMAND, command),
        None => hint.to_owned(),
    }
}

/// A word as a shell takes it for itself: `'db*@base'`.
pub(crate) fn shell_word(word: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || "@:+-_./,=%".contains(it);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
