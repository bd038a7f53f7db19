//! `IN (…)` and `NOT IN (…)`, written back from what the server makes of them.
//!
//! Only lists that the server reads as the very same expression: two values at least,
//! all of them numbers or strings, cast to what the value before them is.

use rev_core::Dialect;

use crate::split::{Token, TokenKind, tokens};

/// Which casts of strings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Casts {
    /// Those that a list is kept with.
    AsKept,
    /// Also those that mean the same and are kept otherwise.
    All,
}

/// The text with its lists written back.
pub(super) fn written(text: &str, casts: Casts) -> String {
    let found = tokens(text, Dialect::Postgres);
    let mut written = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < found.len() {
        let Some(list) = List::read(&found, at, casts) else {
            at += 1;
            continue;
        };
        let end = match list.is_cast {
            // `status::text`
            true => found[at - 3].start,
            false => found[at].start,
        };
        written.push_str(text[copied..end].trim_end());
        written.push_str(&format!(" {} ({})", list.word, list.values.join(", ")));
        copied = found[at + list.length - 1].end();
        at += list.length;
    }
    written.push_str(&text[copied..]);
    written
}

/// `'-5'::integer` as `-5`, which the server takes for the same.
pub(super) fn with_numbers(text: &str) -> String {
    let found = tokens(text, Dialect::Postgres);
    let mut written = String::new();
    let mut copied = 0;
    for (at, quad) in found.windows(4).enumerate() {
        let [value, a, b, name] = quad else {
            continue;
        };
        let number = value
            .text
            .strip_prefix("'-")
            .and_then(|it| it.strip_suffix('\''));
        let is_plain = number.is_some_and(|it| {
            let digits = it.bytes().all(|c| c.is_ascii_digit() || c == b'.');
            let has_point = it.contains('.');
            digits && ((name.is("integer") && !has_point) || (name.is("numeric") && has_point))
        });
        let before = text[..value.start].chars().next_back();
        let stands_alone = before.is_none_or(|c| c == ' ' || c == '(' || c == '[')
            && !found
                .get(at + 4)
                .is_some_and(|it| it.is_symbol(":") || it.is_symbol("["));
        if value.kind == TokenKind::Text && is_cast(a, b) && is_plain && stands_alone {
            written.push_str(&text[copied..value.start]);
            written.push_str(value.text.trim_matches('\''));
            copied = name.end();
        }
    }
    written.push_str(&text[copied..]);
    written
}

struct List<'a> {
    word: &'static str,
    values: Vec<&'a str>,
    /// Whether the value before is cast for the comparison.
    is_cast: bool,
    /// In tokens.
    length: usize,
}

/// What the values of a list are cast to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cast {
    None,
    Text,
    Varchar,
    Both,
}

impl<'a> List<'a> {
    fn read(found: &[Token<'a>], at: usize, casts: Casts) -> Option<Self> {
        let rest = &found[at..];
        let (word, start) = match rest {
            [equal, any, ..] if equal.is_symbol("=") && any.is("ANY") => ("IN", 2),
            [less, more, all, ..]
                if less.is_symbol("<") && more.is_symbol(">") && all.is("ALL") =>
            {
                ("NOT IN", 3)
            }
            _ => return None,
        };
        let is_open = rest.get(start)?.is_symbol("(")
            && rest.get(start + 1)?.is("ARRAY")
            && rest.get(start + 2)?.is_symbol("[");
        if !is_open {
            return None;
        }
        let close = start + 3 + rest[start + 3..].iter().position(|it| it.is_symbol("]"))?;
        let items = rest[start + 3..close].split(|it| it.is_symbol(","));
        let items: Vec<(&str, Cast)> = items.map(item).collect::<Option<_>>()?;
        let cast = items.first()?.1;
        let (is_array_cast, end) = match &rest[close + 1..] {
            [paren, ..] if paren.is_symbol(")") => (false, close + 1),
            [a, b, name, open, shut, paren, ..]
                if is_cast(a, b)
                    && name.is("text")
                    && open.is_symbol("[")
                    && shut.is_symbol("]")
                    && paren.is_symbol(")") =>
            {
                (true, close + 6)
            }
            _ => return None,
        };
        let before = &found[..at];
        let is_text = matches!(before, [.., a, b, name] if is_cast(a, b) && name.is("text"));
        let is_varchar = match (cast, is_array_cast) {
            (Cast::None | Cast::Text, false) => false,
            (Cast::Varchar, true) => true,
            (Cast::Both, false) if casts == Casts::All => true,
            _ => return None,
        };
        let fits =
            items.len() > 1 && items.iter().all(|it| it.1 == cast) && (is_text || !is_varchar);
        fits.then(|| Self {
            word,
            values: items.into_iter().map(|(value, _)| value).collect(),
            is_cast: is_varchar,
            length: end + 1,
        })
    }
}

fn is_cast(one: &Token<'_>, other: &Token<'_>) -> bool {
    one.is_symbol(":") && other.is_symbol(":")
}

/// A value of a list, with its casts.
fn item<'a>(item: &[Token<'a>]) -> Option<(&'a str, Cast)> {
    let (value, casts) = item.split_first()?;
    let is_number =
        value.kind == TokenKind::Word && value.text.bytes().all(|it| it.is_ascii_digit());
    let cast = match casts {
        [] if is_number => Cast::None,
        [a, b, name] if is_cast(a, b) && name.is("text") => Cast::Text,
        [a, b, first, second] if is_cast(a, b) && first.is("character") && second.is("varying") => {
            Cast::Varchar
        }
        [a, b, first, second, c, d, name]
            if is_cast(a, b)
                && first.is("character")
                && second.is("varying")
                && is_cast(c, d)
                && name.is("text") =>
        {
            Cast::Both
        }
        _ => return None,
    };
    let is_value =
        is_number == (cast == Cast::None) && (is_number || value.kind == TokenKind::Text);
    is_value.then_some((value.text, cast))
}

#[cfg(test)]
mod tests {
    use super::super::expression;

    #[test]
    fn lists_are_written_back() {
        for (kept, written) in [
            ("n = ANY (ARRAY[1, 2])", "n IN (1, 2)"),
            (
                "n <> ALL (ARRAY[1, 2]) AND true",
                "n NOT IN (1, 2) AND true",
            ),
            (
                "note = ANY (ARRAY['a'::text, 'it''s'::text])",
                "note IN ('a', 'it''s')",
            ),
            (
                "\"a b\"::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])",
                "\"a b\" IN ('a', 'b')",
            ),
        ] {
            assert_eq!(expression(kept).as_str(), written);
        }
    }

    #[test]
    fn what_would_be_read_otherwise_is_left() {
        for kept in [
            // One value alone becomes `n = 1`.
            "n = ANY (ARRAY[1])",
            "n = ANY (ARRAY[1, m])",
            "n = ANY (ARRAY[1::numeric, 2.5])",
            "mood = ANY (ARRAY['sad'::mood, 'happy'::mood])",
            "note = ANY (tags)",
        ] {
            assert_eq!(expression(kept).as_str(), kept);
        }
    }

    #[test]
    fn numbers_below_zero_are_written_as_such() {
        for (kept, written) in [
            ("'-5'::integer", "-5"),
            ("n >= '-2.5'::numeric AND true", "n >= -2.5 AND true"),
            ("'-5'::integer::bigint", "'-5'::integer::bigint"),
            ("'-5'::bigint", "'-5'::bigint"),
            ("'-5'::numeric", "'-5'::numeric"),
        ] {
            assert_eq!(expression(kept).as_str(), written);
        }
    }

    #[test]
    fn both_casts_of_an_array_are_one() {
        let whole = expression(
            "s::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])",
        );
        let each = expression(
            "s::text = ANY (ARRAY['a'::character varying::text, 'b'::character varying::text])",
        );
        assert_eq!(whole, each);
        assert_eq!(whole.as_str(), "s IN ('a', 'b')");
        assert!(
            each.as_str().contains("ANY"),
            "it is kept so, and made so again"
        );
        let odd = expression("ARRAY['a'::character varying, b || c]::text[] = t");
        let same = expression("ARRAY['a'::character varying::text, (b || c)::text] = t");
        assert_eq!(odd, same);
    }
}
