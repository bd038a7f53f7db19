//! SQLite: other files.

use rev_core::Dialect;

use super::words::{Reach, begins, beyond, calls};
use crate::split::{Token, TokenKind, code_tokens, unquoted};

/// Functions that load code or write files, where they are there at all.
const FUNCTIONS: [&str; 3] = ["load_extension", "writefile", "fts3_tokenizer"];

pub(super) fn reaches(statement: &str) -> Option<Reach> {
    let found = code_tokens(statement, Dialect::Sqlite);
    if begins(&found, &["ATTACH"]) && !attaches_memory(&found) {
        return Some(beyond(&found, 1));
    }
    if begins(&found, &["VACUUM"])
        && let Some(into) = found.iter().position(|token| token.is("INTO"))
    {
        return Some(beyond(&found, into + 1));
    }
    let is_file = |at: &usize| calls(&found[*at..], |name| FUNCTIONS.contains(&name));
    let at = (0..found.len()).find(is_file)?;
    Some(beyond(&found[at..], 1))
}

/// `ATTACH ':memory:' AS other`: a database that is nobody else's.
fn attaches_memory(found: &[Token<'_>]) -> bool {
    let named = if begins(&found[1..], &["DATABASE"]) {
        2
    } else {
        1
    };
    match &found[named.min(found.len())..] {
        [file, after, ..] => {
            file.kind == TokenKind::Text
                && after.is("AS")
                && matches!(unquoted(file.text).as_str(), "" | ":memory:")
        }
        _ => false,
    }
}
