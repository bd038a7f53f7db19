//! Values for rows that are there already, where a column may not be NULL any more.

use rev_core::Dialect;

use super::spelling::{is_literal, string, value};
use super::{name, table_name};
use crate::schema::ddl::{Note, filling, rows};
use crate::schema::mysql::Flavour;
use crate::schema::{Column, Diff, Table, TableChange, Text};
use crate::split::{TokenKind, tokens};

/// Functions that MySQL does not let fill rows while it keeps a binary log (error 1674): they
/// give another value on each server.
const UNSAFE: [&str; 12] = [
    "aes_decrypt",
    "aes_encrypt",
    "current_user",
    "rand",
    "random_bytes",
    "session_user",
    "sysdate",
    "system_user",
    "user",
    "uuid",
    "uuid_short",
    "wait_for_executed_gtid_set",
];

/// Whether MySQL does not give the rows that are there what a new column is to hold.
pub(super) fn is_stepwise(column: &Column, flavour: Option<Flavour>) -> bool {
    let is_filled = column.default.is_some() || must_be_filled(column);
    let is_apart = is_place(column.type_name.as_str()) || is_vector(column.type_name.as_str());
    (is_apart && is_filled && value_of(column, flavour).is_some()) || has_unsafe_default(column)
}

/// Whether a column has a default that differs on each server.
pub(super) fn has_unsafe_default(column: &Column) -> bool {
    let default = column.default.as_ref();
    default.is_some_and(|it| is_unsafe(it.as_str()))
}

/// Whether a default has a value of its own on each server.
fn is_unsafe(default: &str) -> bool {
    let found = tokens(default, Dialect::Mysql);
    let mut words = found.iter().filter(|it| it.kind == TokenKind::Word);
    words.any(|word| UNSAFE.iter().any(|it| word.text.eq_ignore_ascii_case(it)))
}

/// What rows get in a column that is new.
fn value_of(column: &Column, flavour: Option<Flavour>) -> Option<String> {
    match &column.default {
        Some(default) => Some(value(default.as_str())),
        None => filler(column, flavour),
    }
}

/// The statement that gives every row its value in a new column.
pub(super) fn all(
    change: &TableChange,
    column: &Column,
    flavour: Option<Flavour>,
) -> Option<String> {
    let filler = value_of(column, flavour)?;
    Some(format!(
        "UPDATE {} SET {} = {filler}{}",
        table_name(&change.to.name),
        name(&column.name),
        kept(&change.to, &column.name)
    ))
}

/// What is to be said where rows may be NULL that must not be, and nothing is known to
/// put there.
pub(super) fn unknown(change: &TableChange, column: &Column, diff: &Diff) -> Note {
    let note = Note::decide(format!(
        "`{}` must not be NULL any more: this fails where rows are",
        column.name
    ));
    note.asking(rows::nulls(change, column, diff, Dialect::Mysql))
}

/// Whether a column has NULLs, as far as is known, and must not have them any more.
pub(super) fn loses_nulls(from: &Column, to: &Column) -> bool {
    from.nullable && !to.nullable && from.generated.is_none() && to.identity.is_none()
}

/// The statement that takes the NULLs out of a column that must not have them any
/// more; `None` where there are none, or nothing is known to put there.
pub(super) fn missing(
    change: &TableChange,
    from: &Column,
    to: &Column,
    diff: &Diff,
) -> Option<(String, Note)> {
    let flavour = diff.flavour();
    if !loses_nulls(from, to) {
        return None;
    }
    let default = to
        .default
        .as_ref()
        .filter(|_| from.type_name == to.type_name);
    let filler = match default {
        Some(default) => value(default.as_str()),
        // It is to be a value before and after; a text can be all of them.
        None if is_text(from.type_name.as_str()) => {
            filler(to, flavour).filter(|_| !is_place(to.type_name.as_str()))?
        }
        None => filler(from, flavour)?,
    };
    let column = name(&from.name);
    let text = format!(
        "UPDATE {} SET {column} = {filler}{} WHERE {column} IS NULL",
        table_name(&change.to.name),
        kept(&change.from, &from.name)
    );
    let note = filling::nulls(change, to, &filler, diff, Dialect::Mysql);
    Some((text, note))
}

/// Further places of an `UPDATE`: a column that is set by itself on every change would be.
fn kept(table: &Table, but: &Text) -> String {
    let columns = table.columns.iter();
    let updated = columns.filter(|it| it.options.contains_key("on update") && it.name != *but);
    updated
        .map(|it| format!(", {0} = {0}", name(&it.name)))
        .collect()
}

/// What is to be said of a new column that rows which are there have no value for.
pub(super) fn needs(change: &TableChange, column: &Column, diff: &Diff) -> Option<Note> {
    if !must_be_filled(column) {
        return None;
    }
    Some(match filler(column, diff.flavour()) {
        Some(filler) => filling::new_column(change, column, &filler, diff, Dialect::Mysql),
        None => Note::decide(format!(
            "`{}` must not be NULL and has no default: rows that are there have none",
            column.name
        ))
        .asking(Some(rows::all(change, diff, Dialect::Mysql))),
    })
}

/// The column with a default for rows that are there, where the server's own filler
/// would be no value at all: such as the month zero.
pub(super) fn with_default(column: &Column, flavour: Option<Flavour>) -> Option<Column> {
    let type_name = base(column.type_name.as_str());
    let is_bad =
        matches!(type_name, "date" | "datetime" | "timestamp" | "json") || is_place(type_name);
    let filler = filler(column, flavour).filter(|_| is_bad && must_be_filled(column))?;
    let default = match is_literal(&filler) && type_name != "json" {
        true => filler,
        false => format!("({filler})"),
    };
    Some(Column {
        default: Some(Text::exact(default)),
        ..column.clone()
    })
}

fn must_be_filled(column: &Column) -> bool {
    !column.nullable
        && column.default.is_none()
        && column.generated.is_none()
        && column.identity.is_none()
        && !column.options.contains_key("generated as row")
}

/// The first word of a type.
pub(super) fn base(type_name: &str) -> &str {
    type_name.split(['(', ' ']).next().unwrap_or_default()
}

fn is_text(type_name: &str) -> bool {
    let base = base(type_name);
    base.ends_with("char") || base.ends_with("text")
}

/// Whether it is a type of places and shapes.
pub(super) fn is_place(type_name: &str) -> bool {
    place(base(type_name)).is_some()
}

/// The smallest thing of a type of places and shapes, at the origin.
fn place(type_name: &str) -> Option<&'static str> {
    Some(match type_name {
        "point" | "geometry" => "POINT(0 0)",
        "linestring" => "LINESTRING(0 0,1 1)",
        "polygon" => "POLYGON((0 0,1 0,1 1,0 0))",
        "multipoint" => "MULTIPOINT(0 0)",
        "multilinestring" => "MULTILINESTRING((0 0,1 1))",
        "multipolygon" => "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))",
        "geometrycollection" | "geomcollection" => "GEOMETRYCOLLECTION(POINT(0 0))",
        _ => return None,
    })
}

fn is_vector(type_name: &str) -> bool {
    base(type_name) == "vector"
}

/// A vector of zeros, of as many numbers as the type has.
fn vector(type_name: &str, flavour: Option<Flavour>) -> Option<String> {
    let read = match flavour? {
        Flavour::Mysql => "STRING_TO_VECTOR",
        Flavour::Mariadb => "VEC_FromText",
    };
    let (_, length) = type_name.split_once('(')?;
    let length: usize = length.strip_suffix(')')?.trim().parse().ok()?;
    let more = length.checked_sub(1)?;
    Some(format!("{read}(CONCAT('[0', REPEAT(',0', {more}), ']'))"))
}

/// What a column of this kind holds that must hold something.
pub(in crate::schema::ddl) fn filler(column: &Column, flavour: Option<Flavour>) -> Option<String> {
    let type_name = column.type_name.as_str();
    if let Some(place) = place(base(type_name)) {
        let srid = column.options.get("srid").map(|it| format!(", {it}"));
        let srid = srid.unwrap_or_default();
        return Some(format!("ST_GeomFromText('{place}'{srid})"));
    }
    if is_vector(type_name) {
        return vector(type_name, flavour);
    }
    let text = match base(type_name) {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float"
        | "double" | "bit" | "year" => "0",
        "date" => "'1970-01-01'",
        "datetime" => "'1970-01-01 00:00:00'",
        // Its first second is no value.
        "timestamp" => "'1970-01-02 00:00:00'",
        "time" => "'00:00:00'",
        "json" => "'null'",
        "uuid" => "'00000000-0000-0000-0000-000000000000'",
        "inet6" => "'::'",
        "inet4" => "'0.0.0.0'",
        "enum" => return labels(type_name).first().map(|it| string(it)),
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "set" | "binary"
        | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => "''",
        _ => return None,
    };
    Some(text.to_owned())
}

/// The labels of an enum or set.
pub(super) fn labels(type_name: &str) -> Vec<String> {
    let found = tokens(type_name, Dialect::Mysql);
    let texts = found.iter().filter(|it| it.kind == TokenKind::Text);
    let inner = |text: &str| {
        text[1..text.len() - 1]
            .replace("''", "'")
            .replace("\\\\", "\\")
    };
    texts.map(|token| inner(token.text)).collect()
}
