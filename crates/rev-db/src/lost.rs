//! What is said of an error that no server has worded.

use std::io::ErrorKind;

/// The driver's words for an error, without advice to programmers: a connection that was
/// closed is called that, and links to a library's manual are left out.
pub(crate) fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) if is_closed(error.kind()) => {
            "the server closed the connection".to_owned()
        }
        other => without_modules(&without_links(&other.to_string())),
    }
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
    )
}

/// `no answer (driver::tls:95)` becomes `no answer`.
fn without_modules(text: &str) -> String {
    match text.rsplit_once(" (") {
        Some((before, module)) if module.contains("::") && module.ends_with(')') => {
            before.to_owned()
        }
        _ => text.to_owned(),
    }
}

/// `no answer: https://…` becomes `no answer`.
fn without_links(text: &str) -> String {
    let is_link = |word: &&str| word.contains("://");
    let words: Vec<&str> = text.split(' ').filter(|word| !is_link(word)).collect();
    words.join(" ").trim_end_matches([':', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::words;

    #[test]
    fn a_lost_connection_is_told_without_the_librarys_manual() {
        let eof = "peer closed connection without sending TLS close_notify: https://docs.rs/x";
        let closed = sqlx::Error::Io(Error::new(ErrorKind::UnexpectedEof, eof));
        assert_eq!(words(&closed), "the server closed the connection");
        let other = sqlx::Error::Protocol("odd packet: https://docs.rs/x".to_owned());
        assert!(words(&other).ends_with("odd packet"), "{}", words(&other));
        let module = sqlx::Error::Protocol("odd packet (driver::tls:95)".to_owned());
        assert!(words(&module).ends_with("odd packet"), "{}", words(&module));
    }
}
