//! `CREATE TABLE` and `CREATE INDEX`, as a person would write them: what concerns
//! one column stands beside it.

use std::fmt::Write as _;

use super::{name, names};
use crate::schema::ddl::spelling::{actions, computed};
use crate::schema::sqlite::table::row_id;
use crate::schema::{
    Column, Constraint, Deferral, Index, Part, PartOf, Reference, Rule, Table, Text,
};
use crate::split::{Token, TokenKind, tokens, unquoted};

/// `CREATE TABLE`, under this name.
pub(super) fn table(table: &Table, called: &Text) -> String {
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let own: Vec<&Constraint> = inline(table, column).collect();
            self::column(table, column, &own)
        })
        .collect();
    for rank in 0..=4 {
        let rest = table.constraints.iter().filter(|it| {
            self::rank(it) == rank && !table.columns.iter().any(|column| stands_beside(it, column))
        });
        lines.extend(rest.map(constraint));
    }
    let options: Vec<&str> = [("without rowid", "WITHOUT ROWID"), ("strict", "STRICT")]
        .into_iter()
        .filter(|(key, _)| table.options.contains_key(*key))
        .map(|(_, word)| word)
        .collect();
    let gap = if options.is_empty() { "" } else { " " };
    format!(
        "CREATE TABLE {} (\n  {}\n){gap}{}",
        name(called),
        lines.join(",\n  "),
        options.join(", ")
    )
}

fn rank(constraint: &Constraint) -> u8 {
    match constraint.rule {
        Rule::PrimaryKey(_) => 0,
        Rule::Unique(_) => 1,
        Rule::ForeignKey(_) => 2,
        Rule::Check(_) => 3,
        Rule::Exclusion(_) => 4,
    }
}

/// The constraints that stand beside a column.
fn inline<'a>(table: &'a Table, column: &'a Column) -> impl Iterator<Item = &'a Constraint> {
    let all = table.constraints.iter();
    all.filter(|it| stands_beside(it, column))
}

fn stands_beside(constraint: &Constraint, column: &Column) -> bool {
    match &constraint.rule {
        // With AUTOINCREMENT or DESC it can stand nowhere else.
        Rule::PrimaryKey(parts) => {
            let forced = column.identity.is_some() || parts.iter().any(|it| it.descending);
            is_plain(parts, column, true) && (constraint.name.is_none() || forced)
        }
        Rule::Unique(parts) => constraint.name.is_none() && is_plain(parts, column, false),
        Rule::ForeignKey(it) => constraint.name.is_none() && it.columns == [column.name.clone()],
        Rule::Check(_) | Rule::Exclusion(_) => false,
    }
}

fn is_plain(parts: &[Part], column: &Column, descending: bool) -> bool {
    matches!(parts, [Part { of: PartOf::Column(only), collation: None, descending: down, .. }]
        if *only == column.name && (descending || !down))
}

/// A column with the constraints that stand beside it.
pub(super) fn column(table: &Table, column: &Column, beside: &[&Constraint]) -> String {
    let mut text = name(&column.name);
    if !column.type_name.as_str().is_empty() {
        let _ = write!(text, " {}", column.type_name);
    }
    let of_key = beside
        .iter()
        .filter(|it| matches!(it.rule, Rule::PrimaryKey(_)));
    for key in of_key {
        let down =
            matches!(&key.rule, Rule::PrimaryKey(parts) if parts.iter().any(|it| it.descending));
        let down = if down { " DESC" } else { "" };
        let _ = write!(text, "{} PRIMARY KEY{down}{}", named(key), on_conflict(key));
        if column.identity.is_some() {
            text.push_str(" AUTOINCREMENT");
        }
    }
    if !column.nullable && row_id(table).as_ref() != Some(&column.name) {
        text.push_str(" NOT NULL");
        if let Some(clause) = column.options.get("not null on conflict") {
            let _ = write!(text, " ON CONFLICT {clause}");
        }
    }
    if let Some(default) = &column.default {
        let _ = write!(text, " DEFAULT {}", self::default(default));
    }
    if let Some(collation) = &column.collation {
        let _ = write!(text, " COLLATE {}", name(collation));
    }
    if let Some(generated) = &column.generated {
        text.push_str(&computed(generated));
    }
    for constraint in beside {
        let named = named(constraint);
        match &constraint.rule {
            Rule::Unique(_) => {
                let _ = write!(text, "{named} UNIQUE{}", on_conflict(constraint));
            }
            Rule::ForeignKey(it) => {
                let _ = write!(
                    text,
                    "{named} {}{}",
                    reference(it),
                    deferral(constraint.deferral)
                );
            }
            Rule::Check(check) => {
                let _ = write!(text, "{named} CHECK ({check})");
            }
            Rule::PrimaryKey(_) | Rule::Exclusion(_) => {}
        }
    }
    text
}

fn named(constraint: &Constraint) -> String {
    match &constraint.name {
        Some(text) => format!(" CONSTRAINT {}", name(text)),
        None => String::new(),
    }
}

/// A constraint on a line of its own.
fn constraint(constraint: &Constraint) -> String {
    let rule = match &constraint.rule {
        Rule::PrimaryKey(it) => format!("PRIMARY KEY ({}){}", parts(it), on_conflict(constraint)),
        Rule::Unique(it) => format!("UNIQUE ({}){}", parts(it), on_conflict(constraint)),
        Rule::ForeignKey(it) => format!(
            "FOREIGN KEY ({}) {}{}",
            names(&it.columns),
            reference(it),
            deferral(constraint.deferral)
        ),
        Rule::Check(it) => format!("CHECK ({it})"),
        Rule::Exclusion(it) => format!("EXCLUDE {it}"),
    };
    format!("{} {rule}", named(constraint))
        .trim_start()
        .to_owned()
}

fn reference(reference: &Reference) -> String {
    let mut text = format!("REFERENCES {}", name(&reference.table.name));
    if !reference.targets.is_empty() {
        let _ = write!(text, " ({})", names(&reference.targets));
    }
    text + &actions(reference)
}

fn deferral(deferral: Deferral) -> &'static str {
    match deferral {
        Deferral::Never => "",
        Deferral::Possible => " DEFERRABLE INITIALLY IMMEDIATE",
        Deferral::Initially => " DEFERRABLE INITIALLY DEFERRED",
    }
}

fn on_conflict(constraint: &Constraint) -> String {
    let clause = constraint.options.get("on conflict");
    clause.map_or_else(String::new, |it| format!(" ON CONFLICT {it}"))
}

fn parts(parts: &[Part]) -> String {
    let parts: Vec<String> = parts.iter().map(part).collect();
    parts.join(", ")
}

fn part(part: &Part) -> String {
    let mut text = match &part.of {
        PartOf::Column(it) => name(it),
        PartOf::Expression(it) => it.to_string(),
    };
    if let Some(collation) = &part.collation {
        let _ = write!(text, " COLLATE {}", name(collation));
    }
    if part.descending {
        text.push_str(" DESC");
    }
    text
}

/// `CREATE INDEX`.
pub(super) fn index(index: &Index, table: &Table) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut text = format!(
        "CREATE {unique}INDEX {} ON {} ({})",
        name(&index.name),
        name(&table.name.name),
        parts(&index.parts)
    );
    if let Some(predicate) = &index.predicate {
        let _ = write!(text, " WHERE {predicate}");
    }
    text
}

/// A default as it stands after `DEFAULT`: anything but a literal in parentheses.
pub(super) fn default(default: &Text) -> String {
    match is_literal(default) {
        true => default.to_string(),
        false => format!("({default})"),
    }
}

/// A default as a value elsewhere: there a bare word or a name is no string.
pub(in crate::schema::ddl) fn value(default: &Text) -> String {
    const WORDS: [&str; 6] = [
        "null",
        "true",
        "false",
        "current_time",
        "current_date",
        "current_timestamp",
    ];
    let found = tokens(default.as_str(), rev_core::Dialect::Sqlite);
    let [only] = found.as_slice() else {
        return self::default(default);
    };
    let is_number = only.text.starts_with(|c: char| c.is_ascii_digit());
    let is_word = only.kind == TokenKind::Word && !WORDS.contains(&default.key()) && !is_number;
    match is_word || only.kind == TokenKind::Name {
        true => format!("'{}'", unquoted(only.text).replace('\'', "''")),
        false => default.to_string(),
    }
}

/// Whether a default is one word, string or number, or a number with a sign.
fn is_literal(default: &Text) -> bool {
    let found = tokens(default.as_str(), rev_core::Dialect::Sqlite);
    let unsigned = match found.as_slice() {
        [sign, rest @ ..] if sign.is_symbol("-") || sign.is_symbol("+") => rest,
        [only] => return only.kind != TokenKind::Symbol,
        // `x'00'`
        [word, bytes] if bytes.kind == TokenKind::Text && word.is("x") => {
            return word.end() == bytes.start;
        }
        all => all,
    };
    let text = |first: &Token<'_>, last: &Token<'_>| &default.as_str()[first.start..last.end()];
    match unsigned {
        [] => false,
        [first, .., last] => is_number(text(first, last)),
        [only] => is_number(only.text),
    }
}

/// `1`, `1_000`, `0x1f`, `1.5`, `.5`, `1.`, `1e-3`
fn is_number(text: &str) -> bool {
    let is_run = |text: &str, is_digit: fn(&char) -> bool| {
        !text.is_empty() && text.chars().all(|it| it == '_' || is_digit(&it))
    };
    if let Some(digits) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        return is_run(digits, char::is_ascii_hexdigit);
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent = exponent.map(|it| it.strip_prefix(['+', '-']).unwrap_or(it));
    let digits = mantissa.replacen('.', "", 1);
    text.starts_with(|it: char| it == '.' || it.is_ascii_digit())
        && is_run(&digits, char::is_ascii_digit)
        && exponent.is_none_or(|it| is_run(it, char::is_ascii_digit))
}

/// Whether a default is the same for every row and at all times.
pub(super) fn is_constant(default: &Text) -> bool {
    let word = default.key();
    is_literal(default) && !["current_time", "current_date", "current_timestamp"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::default;
    use crate::schema::Text;

    #[test]
    fn a_default_that_only_begins_with_a_number_keeps_its_parentheses() {
        for literal in [
            "1",
            "-1",
            "+1.5",
            ".5",
            "1.",
            "1e-3",
            "-1.5E+10",
            "0x1F",
            "'a'",
            "x'00'",
            "NULL",
            "current_date",
        ] {
            assert_eq!(default(&text(literal)), literal);
        }
        for expression in [
            "1+1", "1-1", "-1+1", "1*2", "1.5-2", "- - 1", "1||'a'", "-'a'", "lower(1)",
        ] {
            assert_eq!(default(&text(expression)), format!("({expression})"));
        }
    }

    fn text(text: &str) -> Text {
        Text::exact(text)
    }
}
