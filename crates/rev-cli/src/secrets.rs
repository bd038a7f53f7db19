//! The last line of defence of passwords: whatever else goes wrong, no word that
//! reaches the terminal holds one.
//!
//! Errors are worded without them where they arise; this is for what nobody has
//! thought of, such as a panic.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use rev_store::config::{DatabaseUrl, redact};

/// What stands in a password's place.
const HIDDEN: &str = "***";

/// Passwords that are words of ours, too: to hide them would spoil every sentence
/// and keep no secret.
const WORDS: [&str; 8] = [
    "postgres", "mysql", "mariadb", "sqlite", "root", "revision", "database", "password",
];

static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Remembers the password of a URL that is going to be used.
pub(crate) fn remember(url: &DatabaseUrl) {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    for secret in url.secrets() {
        if !WORDS.contains(&secret.as_str()) && !known.contains(&secret) {
            known.push(secret);
        }
    }
}

/// The text without the passwords that are known.
pub(crate) fn hide(text: &str) -> Cow<'_, str> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut hidden = Cow::Borrowed(text);
    for secret in known.iter().filter(|secret| text.contains(*secret)) {
        hidden = Cow::Owned(hidden.replace(secret, HIDDEN));
    }
    hidden
}

/// Words a panic for whoever meets it, and for whoever is to mend it.
pub(crate) fn word_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let words = panic.payload_as_str().unwrap_or("no words");
        let text = format!(
            "error: this is a fault of rev itself: {words}\n  --> {}\n\
             hint: please report it, with the command; what was done stands in the ledger, \
             and the same command goes on from there\n",
            place.unwrap_or_default()
        );
        use std::io::Write as _;
        // If nobody listens there, there is nobody to tell.
        let _ = std::io::stderr().write_all(hide(&redact(&text)).as_bytes());
    }));
}
