//! Expressions that are computed of each row that is there: some rows may be none that they can be
//! computed of, such as `a / b` where `b` is 0.

use rev_core::Dialect;

use super::super::Note;
use super::{Rows, one_line};
use crate::schema::{Column, Generated, Index, PartOf, Rule, Text};
use crate::split::{Token, TokenKind, tokens};

impl Rows<'_> {
    /// What is said of a new column that is computed.
    pub(super) fn compute_column(&self, new: &Column) -> Option<Note> {
        let generated = new.generated.as_ref()?;
        let expression = generated.expression.as_str();
        let asks_null = !new.nullable && self.dialect == Dialect::Postgres;
        let fails = generated.stored && self.may_fail(expression);
        let what = match (asks_null, fails) {
            (false, false) => return None,
            (true, _) => "rows where it is NULL make this fail",
            (false, true) => "rows where it cannot be computed make this fail",
        };
        let note = Note::decide(format!(
            "`{}` is computed and kept for each row: {what}",
            new.name
        ));
        let condition = match asks_null {
            true => |value: &str| format!("({value}) IS NULL"),
            false => fails_to_compute,
        };
        Some(note.asking(self.computing([&generated.expression], condition)))
    }

    /// What is said of a new index over expressions.
    pub(super) fn compute_index(&self, new: &Index) -> Option<Note> {
        let parts = new.parts.iter().filter_map(|it| match &it.of {
            PartOf::Expression(text) => Some(text),
            PartOf::Column(_) => None,
        });
        let all: Vec<&Text> = parts.chain(&new.predicate).collect();
        let fails = all.iter().any(|it| self.may_fail(it.as_str()));
        let note = || {
            Note::decide(format!(
                "`{}` gets the index `{}`: rows where what it is over cannot be computed make this fail",
                self.to.name, new.name
            ))
        };
        fails.then(|| note().asking(self.computing(all, fails_to_compute)))
    }

    /// The question of how many rows a condition holds that names what is computed.
    fn computing<'t>(
        &self,
        expressions: impl IntoIterator<Item = &'t Text>,
        condition: fn(&str) -> String,
    ) -> Option<String> {
        let mut used = Vec::new();
        let mut conditions = Vec::new();
        for expression in expressions {
            used.extend(self.used(expression.as_str()));
            conditions.push(condition(&self.told(expression.as_str())?));
        }
        used.sort();
        used.dedup();
        let table = self.before(&used)?.called(&self.own_name());
        let conditions = conditions.join(" OR ");
        Some(format!("SELECT count(*) FROM {table} WHERE {conditions}"))
    }

    /// What a column that is computed will hold, by columns that are what they were.
    pub(super) fn computed(&self, generated: &Generated) -> Option<String> {
        let text = generated.expression.as_str();
        let is_as_it_was = |it: &&Text| self.is_steady(it) && self.old_name(it) == *it;
        let is_known = self.used(text).iter().all(is_as_it_was);
        let line = one_line(text, self.dialect).filter(|_| is_known)?;
        Some(format!("({line})"))
    }

    /// Whether an expression may be one that cannot be computed of some rows. On MySQL a query
    /// computes what a change of the table refuses, so that nothing would tell beforehand.
    fn may_fail(&self, expression: &str) -> bool {
        let found = tokens(expression, self.dialect);
        match self.dialect {
            Dialect::Mysql => false,
            // Only what reads a text as JSON fails there.
            Dialect::Sqlite => found.iter().any(|it| {
                it.is_symbol("->")
                    || it.is_symbol("->>")
                    || it.text.to_ascii_lowercase().starts_with("json")
            }),
            Dialect::Postgres => {
                let mut at = 0;
                while let Some(token) = found.get(at) {
                    at += 1;
                    // What a constant is cast to was tried when the expression was read.
                    if token.kind == TokenKind::Text {
                        at += cast(&found[at..]);
                    } else if !self.is_harmless(token, &found[at..]) {
                        return true;
                    }
                }
                false
            }
        }
    }

    /// Whether a word or sign of PostgreSQL makes no value one that nothing can be computed of.
    fn is_harmless(&self, token: &Token<'_>, rest: &[Token<'_>]) -> bool {
        const SIGNS: [&str; 15] = [
            "(", ")", ",", "[", "]", ".", "||", "->", "->>", "=", "<>", "<", ">", "<=", ">=",
        ];
        const WORDS: [&str; 27] = [
            "and",
            "or",
            "not",
            "is",
            "null",
            "true",
            "false",
            "case",
            "when",
            "then",
            "else",
            "end",
            "in",
            "any",
            "array",
            "like",
            "between",
            "lower",
            "upper",
            "coalesce",
            "nullif",
            "length",
            "char_length",
            "btrim",
            "distinct",
            "from",
            "collate",
        ];
        match token.kind {
            _ if token.text.starts_with(|it: char| it.is_ascii_digit()) => true,
            _ if token.is_symbol("::") => rest
                .first()
                .is_some_and(|it| it.is_any(&["TEXT", "CHARACTER"])),
            _ if SIGNS.iter().any(|it| token.is_symbol(it)) => true,
            _ => {
                let word = token.text.trim_matches('"');
                let lower = word.to_ascii_lowercase();
                let is_column = self.to.columns.iter().any(|it| it.name.as_str() == word);
                is_column
                    || WORDS.contains(&lower.as_str())
                    || ["text", "character", "varying"].contains(&lower.as_str())
            }
        }
    }

    /// How many rows exclude others.
    pub(super) fn excluding(&self, rule: &Rule) -> Option<String> {
        let Rule::Exclusion(text) = rule else {
            return None;
        };
        let exclusion = Exclusion::read(&one_line(text.as_str(), self.dialect)?)?;
        let mut used = self.used(&exclusion.elements.join(" "));
        used.extend(self.used(exclusion.predicate.as_deref().unwrap_or_default()));
        used.sort();
        used.dedup();
        let table = self.before(&used)?.called(&self.own_name());
        let rows = match &exclusion.predicate {
            Some(predicate) => format!(" WHERE {predicate}"),
            None => String::new(),
        };
        let number = |at: usize| format!("e{}", at + 1);
        let elements = exclusion.elements.iter().enumerate();
        let elements = elements.map(|(at, it)| format!("{it} AS {}", number(at)));
        let elements = elements.collect::<Vec<_>>().join(", ");
        let rows = format!("SELECT row_number() OVER () AS n, {elements} FROM {table}{rows}");
        let operators = exclusion.operators.iter().enumerate();
        let meet = operators.map(|(at, it)| format!("one.{0} {it} other.{0}", number(at)));
        let meet = meet.collect::<Vec<_>>().join(" AND ");
        Some(format!(
            "WITH each AS MATERIALIZED ({rows}) SELECT count(*) FROM each AS one WHERE EXISTS \
             (SELECT FROM each AS other WHERE one.n <> other.n AND {meet})"
        ))
    }
}

/// How many words make the cast that follows a constant: `::extra.kind`, `::character varying(3)`.
fn cast(found: &[Token<'_>]) -> usize {
    if !found.first().is_some_and(|it| it.is_symbol("::")) {
        return 0;
    }
    let mut depth = 0;
    let is_part = |it: &&Token<'_>| {
        let is_within = depth > 0;
        depth += i32::from(it.is_symbol("(")) - i32::from(it.is_symbol(")"));
        let goes_on = [
            "AND", "OR", "THEN", "ELSE", "WHEN", "END", "COLLATE", "IS", "NOT", "IN",
        ];
        let is_word = it.kind == TokenKind::Word && !it.is_any(&goes_on);
        let is_sign = [".", "[", "]", "("].iter().any(|sign| it.is_symbol(sign));
        is_within || is_word || is_sign
    };
    1 + found[1..].iter().take_while(is_part).count()
}

/// The condition that holds for no row, and is computed of each.
fn fails_to_compute(value: &str) -> String {
    format!("CASE WHEN ({value}) IS NULL THEN false ELSE false END")
}

/// What follows `EXCLUDE`, in its parts.
struct Exclusion {
    elements: Vec<String>,
    operators: Vec<String>,
    predicate: Option<String>,
}

impl Exclusion {
    /// Reads `USING gist (room WITH =, during WITH &&) WHERE (…)`, as the server words it.
    fn read(text: &str) -> Option<Self> {
        let found = tokens(text, Dialect::Postgres);
        let mut depth = 0;
        let mut starts = None;
        let mut exclusion = Self {
            elements: Vec::new(),
            operators: Vec::new(),
            predicate: None,
        };
        let mut with = None;
        for (at, token) in found.iter().enumerate() {
            if token.is_symbol("(") {
                depth += 1;
                if depth == 1 && starts.is_none() && exclusion.elements.is_empty() {
                    starts = Some(token.end());
                }
                continue;
            }
            let closes = token.is_symbol(")");
            depth -= i32::from(closes);
            let is_end = (closes && depth == 0) || (depth == 1 && token.is_symbol(","));
            if depth == 1 && token.is("WITH") {
                with = Some(token);
            } else if is_end && let (Some(start), Some(sign)) = (starts, with) {
                exclusion
                    .elements
                    .push(element(text[start..sign.start].trim()));
                exclusion
                    .operators
                    .push(text[sign.end()..token.start].trim().to_owned());
                starts = (!closes).then_some(token.end());
                with = None;
            } else if depth == 0 && token.is("WHERE") {
                let first = found.get(at + 1)?;
                let mut level = 0;
                let close = found[at + 1..].iter().find(|it| {
                    level += i32::from(it.is_symbol("(")) - i32::from(it.is_symbol(")"));
                    level == 0
                })?;
                exclusion.predicate = Some(text[first.start..close.end()].to_owned());
                break;
            }
        }
        (!exclusion.elements.is_empty()).then_some(exclusion)
    }
}

/// An element without the operator class that may follow it.
fn element(text: &str) -> String {
    let found = tokens(text, Dialect::Postgres);
    match found.as_slice() {
        [first, ..]
            if !first.is_symbol("(") && !found.get(1).is_some_and(|it| it.is_symbol("(")) =>
        {
            first.text.to_owned()
        }
        _ => {
            let mut depth = 0;
            let close = found.iter().find(|it| {
                depth += i32::from(it.is_symbol("(")) - i32::from(it.is_symbol(")"));
                depth == 0 && it.is_symbol(")")
            });
            text[..close.map_or(text.len(), Token::end)].to_owned()
        }
    }
}
