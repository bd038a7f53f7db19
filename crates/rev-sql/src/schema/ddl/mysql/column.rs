//! A column's whole definition: what is not said again when it changes is lost.

use std::fmt::Write as _;

use super::name;
use super::spelling::{plain, string, value};
use crate::schema::{Column, Table, Text};

/// A column as it stands in `CREATE TABLE`, `ADD COLUMN` or `MODIFY COLUMN` of these
/// tables: its collation is stated unless all of them have it by default.
pub(super) fn definition(column: &Column, tables: &[&Table], default: Option<&str>) -> String {
    let mut text = format!("{} {}", name(&column.name), column.type_name);
    let has = |key: &str| column.options.contains_key(key);
    if has("compressed") {
        text.push_str(" COMPRESSED");
    }
    if let Some(collation) = &column.collation
        && !tables.iter().all(|table| is_default(collation, table))
    {
        let _ = write!(text, " COLLATE {}", collation_name(collation, default));
    }
    if let Some(srid) = column.options.get("srid") {
        let _ = write!(text, " SRID {srid}");
    }
    if let Some(side) = column.options.get("generated as row") {
        let _ = write!(text, " GENERATED ALWAYS AS ROW {side}");
    } else {
        push_value(&mut text, column);
    }
    if has("invisible") {
        text.push_str(" INVISIBLE");
    }
    if has("without system versioning") {
        text.push_str(" WITHOUT SYSTEM VERSIONING");
    }
    push_options(&mut text, column);
    if let Some(comment) = &column.comment {
        let _ = write!(text, " COMMENT {}", string(comment));
    }
    if let Some(check) = column.options.get("check") {
        let _ = write!(text, " CHECK ({})", plain(check));
    }
    text
}

/// Where the value comes from, and whether it may be missing.
fn push_value(text: &mut String, column: &Column) {
    if let Some(generated) = &column.generated {
        let kept = if generated.stored {
            "STORED"
        } else {
            "VIRTUAL"
        };
        let expression = plain(generated.expression.as_str());
        let _ = write!(text, " GENERATED ALWAYS AS ({expression}) {kept}");
    }
    if !column.nullable {
        text.push_str(" NOT NULL");
    } else if column.type_name.as_str().starts_with("timestamp") {
        // Some servers take it for NOT NULL otherwise.
        text.push_str(" NULL");
    }
    if let Some(default) = &column.default {
        let _ = write!(text, " DEFAULT {}", value(default.as_str()));
    }
    if let Some(update) = column.options.get("on update") {
        let _ = write!(text, " ON UPDATE {}", value(update));
    }
    if column.identity.is_some() {
        text.push_str(" AUTO_INCREMENT");
    }
}

fn push_options(text: &mut String, column: &Column) {
    if column.options.contains_key("not secondary") {
        text.push_str(" NOT SECONDARY");
    }
    for key in ["column format", "storage"] {
        if let Some(value) = column.options.get(key) {
            let _ = write!(
                text,
                " {} {value}",
                key.to_ascii_uppercase().replace(' ', "_")
            );
        }
    }
    for (key, value) in &column.options {
        if let Some(key) = key.strip_prefix("attribute ") {
            let _ = write!(text, " {} = {value}", name(&Text::exact(key)));
        }
    }
}

/// Whether a table's columns have this collation unless they say otherwise.
fn is_default(collation: &Text, table: &Table) -> bool {
    match table.options.get("collate") {
        Some(stated) => collation.as_str() == stated,
        None => collation.key().is_empty(),
    }
}

/// The name of a collation; `default`: what the database has by default.
pub(super) fn collation_name<'a>(collation: &'a Text, default: Option<&'a str>) -> &'a str {
    match (collation.key().is_empty(), default) {
        (true, Some(default)) => default,
        _ => collation.as_str(),
    }
}
