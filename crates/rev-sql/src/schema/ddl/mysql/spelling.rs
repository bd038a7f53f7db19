//! The server's texts as a person would write them.

use rev_core::Dialect;

use super::name;
use crate::schema::Text;
use crate::split::{Token, TokenKind, tokens, unquoted};

/// A text without quotes around names that need none.
pub(in crate::schema::ddl) fn plain(text: &str) -> String {
    plain_up_to(text, usize::MAX)
}

/// The same for the first tokens alone.
pub(super) fn plain_up_to(text: &str, count: usize) -> String {
    let found = tokens(text, Dialect::Mysql);
    let mut plain = String::new();
    let mut copied = 0;
    for (index, token) in found.iter().enumerate().take(count) {
        // `count`(…) would be the function that is built in.
        let is_call = found.get(index + 1).is_some_and(|next| next.is_symbol("("));
        if token.kind == TokenKind::Name && token.text.starts_with('`') && !is_call {
            plain.push_str(&text[copied..token.start]);
            plain.push_str(&name(&Text::exact(unquoted(token.text))));
            copied = token.end();
        }
    }
    plain.push_str(&text[copied..]);
    plain
}

/// A default, or what follows `ON UPDATE`.
pub(super) fn value(text: &str) -> String {
    match text.strip_prefix("current_timestamp(") {
        Some(")") => "CURRENT_TIMESTAMP".to_owned(),
        Some(rest) if rest.strip_suffix(')').is_some_and(is_number) => {
            format!("CURRENT_TIMESTAMP({rest}")
        }
        _ => plain(text),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a default is one string, number or such, and no expression.
pub(super) fn is_literal(text: &str) -> bool {
    let found = tokens(text, Dialect::Mysql);
    let unsigned = match found.as_slice() {
        [sign, rest @ ..] if sign.is_symbol("-") => rest,
        all => all,
    };
    let adjacent = |pair: &[Token<'_>]| pair[0].end() == pair[1].start;
    match unsigned {
        [only] => only.kind == TokenKind::Text || starts_with_digit(only),
        // `b'101'`, `1.5`
        [first, rest @ ..] if unsigned.windows(2).all(adjacent) => {
            starts_with_digit(first) || matches!(rest, [text] if text.kind == TokenKind::Text)
        }
        _ => false,
    }
}

fn starts_with_digit(token: &Token<'_>) -> bool {
    token.text.starts_with(|c: char| c.is_ascii_digit())
}

/// A string literal, on one line.
pub(super) fn string(text: &str) -> String {
    let mut literal = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => literal.push_str("''"),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\0' => literal.push_str("\\0"),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

/// Whether an expression of the server uses a column: it quotes all of them.
pub(super) fn mentions(expression: &str, column: &Text) -> bool {
    let found = tokens(expression, Dialect::Mysql);
    found.iter().any(|token| {
        token.kind == TokenKind::Name && unquoted(token.text).eq_ignore_ascii_case(column.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::{is_literal, mentions, plain, string, value};
    use crate::schema::Text;

    #[test]
    fn names_lose_the_quotes_that_they_do_not_need() {
        assert_eq!(
            plain("`hero`.`two words` + `order` > `count`(`id`) and 'a `b`' <> ''"),
            "hero.`two words` + `order` > `count`(id) and 'a `b`' <> ''"
        );
        assert_eq!(value("current_timestamp()"), "CURRENT_TIMESTAMP");
        assert_eq!(value("current_timestamp(3)"), "CURRENT_TIMESTAMP(3)");
    }

    #[test]
    fn a_literal_is_no_expression() {
        for text in ["'x'", "1", "-2.50", "1e3", "b'101'", "_utf8mb4'x'"] {
            assert!(is_literal(text), "{text}");
        }
        for text in ["uuid()", "(1 + 2)", "current_timestamp()", "NULL", ""] {
            assert!(!is_literal(text), "{text}");
        }
    }

    #[test]
    fn strings_stay_on_their_line_and_columns_are_found_by_their_quotes() {
        assert_eq!(string("it's\n\\"), r"'it''s\n\\'");
        assert!(mentions("`Power` > 0", &Text::caseless("power")));
        assert!(!mentions("power > 'power'", &Text::caseless("power")));
    }
}
