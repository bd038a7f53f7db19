//! Expressions as MySQL and MariaDB keep them.

use rev_core::Dialect;

use crate::schema::Text;
use crate::split::{Token, TokenKind, tokens};

/// Sets in which the letters of ASCII are other bytes, or no letters.
const OTHERS: [&str; 6] = ["_binary", "_swe7", "_ucs2", "_utf16", "_utf16le", "_utf32"];

/// An expression, compared without what MySQL changes in it by itself:
///
/// - It writes before each text the character set of the session that has said it, or since then
///   that of the column it is compared with: `_utf8mb4'no'` became `_latin1'no'` when the column
///   did. So the set is no difference, where the text is the same in all of them.
/// - It computes what is constant when the table is altered: `-(100)` becomes `-100`.
pub(in crate::schema) fn expression(text: &str) -> Text {
    let found = tokens(text, Dialect::Mysql);
    let mut key = String::new();
    let mut end = 0;
    let mut rest = found.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (set, [literal, ..]) if is_introduced(set, literal) => {
                key.push_str(&text[end..set.start]);
                end = literal.start;
            }
            (minus, [open, ..]) if minus.is_symbol("-") && minus.end() == open.start => {
                if let Some(number) = bracketed(&text[open.start..]) {
                    key.push_str(&text[end..minus.end()]);
                    key.push_str(number);
                    end = open.end() + number.len() + ")".len();
                }
            }
            _ => {}
        }
    }
    key.push_str(&text[end..]);
    Text::keyed(text, key)
}

/// `_utf8mb4'no'`, in ASCII.
fn is_introduced(set: &Token<'_>, literal: &Token<'_>) -> bool {
    let is_said = set.kind == TokenKind::Word
        && set.text.starts_with('_')
        && literal.kind == TokenKind::Text
        && literal.text.starts_with('\'')
        && set.end() == literal.start;
    is_said && literal.text.is_ascii() && !OTHERS.iter().any(|it| set.is(it))
}

/// The number in `(100)`. A sign before it is its own; that of a difference has a space behind it.
fn bracketed(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('(')?;
    let (number, _) = rest.split_once(')')?;
    let is_of_number = |it: char| it.is_ascii_digit() || it == '.';
    (number.starts_with(|it: char| it.is_ascii_digit()) && number.chars().all(is_of_number))
        .then_some(number)
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn the_character_set_of_a_text_of_ascii_is_no_difference() {
        let due = expression("(`name` = _utf8mb4'no (_latin1') or (`_latin1` > 1)");
        for same in ["_latin1'no (_latin1'", "'no (_latin1'"] {
            assert_eq!(
                due,
                expression(&format!("(`name` = {same}) or (`_latin1` > 1)"))
            );
        }
        for other in ["_binary'no (_latin1'", "_utf8mb4'no (_utf8mb4'"] {
            assert_ne!(
                due,
                expression(&format!("(`name` = {other}) or (`_latin1` > 1)"))
            );
        }
        assert_ne!(expression("_utf8mb4'ö'"), expression("_latin1'ö'"));
    }

    #[test]
    fn a_number_below_zero_is_the_same_in_brackets() {
        let due = expression("(`a` > -100) and (`b` in (1,-2.5))");
        assert_eq!(due, expression("(`a` > -(100)) and (`b` in (1,-(2.5)))"));
        assert_ne!(expression("(`a` - (100))"), expression("(`a` - 100)"));
        assert_ne!(expression("-(`a`)"), expression("-`a`"));
    }
}
