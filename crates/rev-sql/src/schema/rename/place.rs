//! Where a column may stand in an expression of PostgreSQL, as the server prints it.
//!
//! Its words for types, fields and clauses may be names of columns too, and are told apart by
//! what stands around them.

use crate::split::{Token, TokenKind};

/// Words that go on with the name of a type: `timestamp without time zone`.
const OF_TYPES: [&str; 13] = [
    "varying",
    "precision",
    "with",
    "without",
    "time",
    "zone",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "to",
];

/// Of each token, whether it may be a column without a word before it that says whose.
pub(super) fn of_columns(found: &[Token<'_>]) -> Vec<bool> {
    let mut ahead = AfterCast::No;
    let mut may = Vec::with_capacity(found.len());
    for (at, token) in found.iter().enumerate() {
        let in_type = ahead.takes(token);
        let is_cast = at > 0 && found[at - 1].is_symbol(":") && token.is_symbol(":");
        if is_cast {
            ahead = AfterCast::Name;
        }
        let is_name = matches!(token.kind, TokenKind::Word | TokenKind::Name);
        may.push(is_name && !in_type && may_stand(found, at));
    }
    may
}

fn may_stand(found: &[Token<'_>], at: usize) -> bool {
    let next = |symbol| found.get(at + 1).is_some_and(|it| it.is_symbol(symbol));
    if next("(") || next(".") {
        return false;
    }
    let Some(last) = at.checked_sub(1).map(|it| &found[it]) else {
        return true;
    };
    let ends_operand = last.kind == TokenKind::Text || last.is_symbol(")") || last.is_symbol("]");
    let before_last = at.checked_sub(2).map(|it| &found[it]);
    let is_field = last.is_symbol("(") && before_last.is_some_and(|it| it.is("EXTRACT"));
    let is_clause = last.is_any(&["COLLATE", "AS"])
        || last.is("AT") && found[at].is("TIME")
        || last.is("TIME") && found[at].is("ZONE")
        || found[at].is("AT") && found.get(at + 1).is_some_and(|it| it.is("TIME"));
    !ends_operand && !last.is_symbol(".") && !is_field && !is_clause
}

/// How far the name of a type has come after `::`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterCast {
    No,
    /// Its first word is next, or one after a point.
    Name,
    /// More of its words may come.
    More,
    /// Within brackets, so deep.
    Inside(u32),
}

impl AfterCast {
    /// Whether this token belongs to the type.
    fn takes(&mut self, token: &Token<'_>) -> bool {
        let is_open = token.is_symbol("(") || token.is_symbol("[");
        let is_close = token.is_symbol(")") || token.is_symbol("]");
        let next = match *self {
            Self::No => Self::No,
            Self::Name => Self::More,
            Self::More if token.is_symbol(".") => Self::Name,
            Self::More if is_open => Self::Inside(1),
            Self::More if token.is_any(&OF_TYPES) => Self::More,
            Self::More => Self::No,
            Self::Inside(depth) if is_open => Self::Inside(depth + 1),
            Self::Inside(1) if is_close => Self::More,
            Self::Inside(depth) if is_close => Self::Inside(depth - 1),
            Self::Inside(depth) => Self::Inside(depth),
        };
        let takes = next != Self::No;
        *self = next;
        takes
    }
}
