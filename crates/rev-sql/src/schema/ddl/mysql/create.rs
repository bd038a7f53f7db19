//! `CREATE TABLE` and its parts, which `ALTER TABLE` adds in the same words.

use std::fmt::Write as _;

use super::spelling::{plain, string};
use super::{column, keys, name, names, options, table_name};
use crate::schema::ddl::spelling::actions;
use crate::schema::{Constraint, Index, Options, Part, PartOf, Rule, Table, Text};

/// `CREATE TABLE` with its indexes and those of its foreign keys that come along.
pub(super) fn table(
    table: &Table,
    along: impl Fn(&Constraint) -> bool,
    collation: Option<&str>,
) -> String {
    let columns = table.columns.iter();
    let mut lines: Vec<String> = columns
        .map(|it| column::definition(it, &[table], collation))
        .collect();
    let of = |kind: fn(&Rule) -> bool| table.constraints.iter().filter(move |it| kind(&it.rule));
    lines.extend(of(|it| matches!(it, Rule::PrimaryKey(_))).map(primary_key));
    lines.extend(table.indexes.iter().map(index));
    lines.extend(table.options.iter().filter_map(period));
    let keys: Vec<&Constraint> = of(|it| matches!(it, Rule::ForeignKey(_))).collect();
    let is_whole = keys.iter().all(|it| along(it));
    let keys = keys.into_iter().filter(|it| along(it)).collect();
    for (key, called) in called(keys, is_whole) {
        lines.push(foreign_key(key, called));
    }
    let checks = of(|it| matches!(it, Rule::Check(_))).collect();
    for (check, called) in called(checks, true) {
        lines.push(self::check(check, called));
    }
    let options = options::of_new(table);
    let versioned = match table.options.contains_key("system versioning") {
        true => " WITH SYSTEM VERSIONING",
        false => "",
    };
    let partitions = match table.options.get("partition by") {
        Some(text) => format!("\nPARTITION BY {}", plain(text)),
        None => String::new(),
    };
    format!(
        "CREATE TABLE {} (\n  {}\n){options}{versioned}{partitions}",
        table_name(&table.name),
        lines.join(",\n  ")
    )
}

/// Constraints in the order of the names that the server would make up, and the names
/// that must be stated: none where it would make up just these.
fn called(mut constraints: Vec<&Constraint>, is_whole: bool) -> Vec<(&Constraint, Option<String>)> {
    constraints.sort_by_key(|it| keys::made_up_number(it));
    let numbers = constraints.iter().filter_map(|it| keys::made_up_number(it));
    let in_turn = is_whole && numbers.eq(1..=count_made_up(&constraints));
    let named = |it: &Constraint| {
        let is_silent = in_turn && keys::made_up_number(it).is_some();
        let called = it.name.as_ref().filter(|_| !is_silent);
        called.map(name)
    };
    let constraints = constraints.into_iter();
    constraints.map(|it| (it, named(it))).collect()
}

fn count_made_up(constraints: &[&Constraint]) -> u64 {
    let made_up = constraints
        .iter()
        .filter(|it| keys::made_up_number(it).is_some());
    made_up.count() as u64
}

pub(super) fn primary_key(key: &Constraint) -> String {
    let Rule::PrimaryKey(parts) = &key.rule else {
        return String::new();
    };
    let parts = self::parts(parts, &key.options);
    let after = after_parts(&key.options, key.comment.as_deref());
    format!("PRIMARY KEY ({parts}){after}")
}

pub(super) fn index(index: &Index) -> String {
    let kind = match (&index.method, index.unique) {
        (Some(method), _) => format!("{} ", method.to_ascii_uppercase()),
        (None, true) => "UNIQUE ".to_owned(),
        (None, false) => String::new(),
    };
    format!(
        "{kind}INDEX {} ({}){}",
        name(&index.name),
        parts(&index.parts, &index.options),
        after_parts(&index.options, index.comment.as_deref())
    )
}

fn parts(parts: &[Part], options: &Options) -> String {
    let mut texts: Vec<String> = parts.iter().map(part).collect();
    if let Some(period) = options.get("without overlaps") {
        texts.push(format!("{} WITHOUT OVERLAPS", name(&Text::exact(period))));
    }
    texts.join(", ")
}

fn part(part: &Part) -> String {
    let mut text = match &part.of {
        PartOf::Column(it) => name(it),
        PartOf::Expression(it) => format!("({})", plain(it.as_str())),
    };
    if let Some(length) = part.options.get("length") {
        let _ = write!(text, "({length})");
    }
    if part.descending {
        text.push_str(" DESC");
    }
    text
}

fn after_parts(options: &Options, comment: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(method) = options.get("using") {
        let _ = write!(text, " USING {method}");
    }
    if let Some(parser) = options.get("parser") {
        let _ = write!(text, " WITH PARSER {}", name(&Text::exact(parser)));
    }
    for (key, value) in options {
        if let Some(key) = key.strip_prefix("attribute ") {
            let _ = write!(text, " {} = {value}", name(&Text::exact(key)));
        }
    }
    if let Some(comment) = comment {
        let _ = write!(text, " COMMENT {}", string(comment));
    }
    for key in ["ignored", "invisible"] {
        if options.contains_key(key) {
            let _ = write!(text, " {}", key.to_ascii_uppercase());
        }
    }
    text
}

fn constraint_name(called: Option<String>) -> String {
    called.map_or_else(String::new, |it| format!("CONSTRAINT {it} "))
}

/// A foreign key, under this name or one that the server makes up.
pub(super) fn foreign_key(key: &Constraint, called: Option<String>) -> String {
    let Rule::ForeignKey(reference) = &key.rule else {
        return String::new();
    };
    let text = format!(
        "{}FOREIGN KEY ({}) REFERENCES {} ({})",
        constraint_name(called),
        names(&reference.columns),
        table_name(&reference.table),
        names(&reference.targets)
    );
    text + &actions(reference)
}

/// A check, likewise.
pub(super) fn check(check: &Constraint, called: Option<String>) -> String {
    let Rule::Check(expression) = &check.rule else {
        return String::new();
    };
    let enforced = match check.options.contains_key("not enforced") {
        true => " NOT ENFORCED",
        false => "",
    };
    let expression = plain(expression.as_str());
    format!("{}CHECK ({expression}){enforced}", constraint_name(called))
}

/// `PERIOD FOR p (…)`, where an option says so.
pub(super) fn period((key, columns): (&String, &String)) -> Option<String> {
    let name = period_name(key)?;
    Some(format!("PERIOD FOR {name} ({})", plain(columns)))
}

pub(super) fn period_name(key: &str) -> Option<String> {
    let name = key.strip_prefix("period ")?;
    Some(match name {
        "system_time" => "SYSTEM_TIME".to_owned(),
        other => self::name(&Text::exact(other)),
    })
}
