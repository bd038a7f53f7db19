//! A column's line in `SHOW CREATE TABLE`.

use super::cursor::Cursor;
use super::program::Own;
use super::{Server, Unreadable, part_name};
use crate::schema::{Column, Generated, Options, Text};

/// What may follow a default.
const AFTER_DEFAULT: [&str; 13] = [
    "ON",
    "AUTO_INCREMENT",
    "COMMENT",
    "CHECK",
    "INVISIBLE",
    "VISIBLE",
    "COLUMN_FORMAT",
    "STORAGE",
    "WITHOUT",
    "GENERATED",
    "SRID",
    "COLLATE",
    "ENGINE_ATTRIBUTE",
];

/// Display widths that the server writes where none is given.
const WIDTHS: [(&str, &str, &str); 6] = [
    ("tinyint", "(4)", "(3)"),
    ("smallint", "(6)", "(5)"),
    ("mediumint", "(9)", "(8)"),
    ("int", "(11)", "(10)"),
    ("bigint", "(20)", "(20)"),
    ("year", "(4)", "(4)"),
];

/// Reads a column, whose collation is this one.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    collation: Option<&str>,
    server: &Server,
    own: &Own<'_>,
) -> Result<Column, Unreadable> {
    let mut column = Column {
        name: part_name(&cursor.name()?),
        nullable: true,
        collation: collation.map(|it| self::collation(it, server)),
        ..Column::default()
    };
    column.type_name = Text::exact(type_name(cursor)?);
    while !cursor.is_at_end() && !cursor.sees_symbol(",") && !cursor.sees_symbol(")") {
        attribute(cursor, &mut column, own)?;
    }
    as_json(&mut column);
    Ok(column)
}

/// A collation; the database's own counts as the same in all databases.
pub(super) fn collation(name: &str, server: &Server) -> Text {
    match name == server.collation {
        true => Text::keyed(name, String::new()),
        false => Text::exact(name),
    }
}

/// `int(10) unsigned` without a width that goes without saying.
fn type_name(cursor: &mut Cursor<'_>) -> Result<String, Unreadable> {
    let mut name = cursor.name()?;
    if cursor.sees_symbol("(") {
        name = format!("{name}({})", cursor.parenthesized()?);
    }
    let (mut unsigned, mut zerofill) = (false, false);
    loop {
        if cursor.takes(&["UNSIGNED"]) {
            unsigned = true;
        } else if cursor.takes(&["ZEROFILL"]) {
            zerofill = true;
        } else {
            break;
        }
    }
    let short = WIDTHS.iter().find_map(|(short, signed, without_sign)| {
        let width = if unsigned { without_sign } else { signed };
        (name == format!("{short}{width}")).then_some(short)
    });
    if let Some(short) = short.filter(|_| !zerofill) {
        (*short).clone_into(&mut name);
    }
    if unsigned {
        name.push_str(" unsigned");
    }
    if zerofill {
        name.push_str(" zerofill");
    }
    Ok(name)
}

fn attribute(
    cursor: &mut Cursor<'_>,
    column: &mut Column,
    own: &Own<'_>,
) -> Result<(), Unreadable> {
    if cursor.takes(&["NULL"]) || cursor.takes(&["VISIBLE"]) {
        return Ok(());
    }
    if cursor.takes(&["CHARACTER", "SET"]) || cursor.takes(&["COLLATE"]) {
        // The catalogue says which.
        cursor.name()?;
    } else if cursor.takes(&["GENERATED", "ALWAYS", "AS"]) || cursor.takes(&["AS"]) {
        generated(cursor, column, own)?;
    } else if cursor.takes(&["NOT", "SECONDARY"]) {
        column
            .options
            .insert("not secondary".to_owned(), String::new());
    } else if cursor.takes(&["NOT", "NULL"]) {
        column.nullable = false;
    } else if cursor.takes(&["DEFAULT"]) {
        let text = own.without(cursor.up_to(&AFTER_DEFAULT)?);
        let is_null = text.eq_ignore_ascii_case("NULL");
        column.default = (!is_null).then(|| super::expression(&text));
    } else if cursor.takes(&["ON", "UPDATE"]) {
        let text = cursor.up_to(&AFTER_DEFAULT)?.to_owned();
        column.options.insert("on update".to_owned(), text);
    } else if cursor.takes(&["AUTO_INCREMENT"]) {
        column.identity = Some(("auto_increment".to_owned(), Options::new()));
    } else if cursor.takes(&["COMMENT"]) {
        column.comment = Some(cursor.string()?);
    } else if cursor.takes(&["CHECK"]) {
        let text = own.without(cursor.expression()?);
        column.options.insert("check".to_owned(), text);
    } else {
        return option(cursor, column);
    }
    Ok(())
}

fn generated(
    cursor: &mut Cursor<'_>,
    column: &mut Column,
    own: &Own<'_>,
) -> Result<(), Unreadable> {
    if cursor.takes(&["ROW"]) {
        let side = cursor.name()?.to_ascii_uppercase();
        column.options.insert("generated as row".to_owned(), side);
        column.nullable = false;
        return Ok(());
    }
    let expression = super::expression(&own.without(cursor.expression()?));
    let stored = cursor.takes(&["STORED"]) || cursor.takes(&["PERSISTENT"]);
    let _ = cursor.takes(&["VIRTUAL"]);
    column.generated = Some(Generated { expression, stored });
    Ok(())
}

/// What one of the two servers, or one storage engine, alone knows.
fn option(cursor: &mut Cursor<'_>, column: &mut Column) -> Result<(), Unreadable> {
    let (key, value) = if cursor.takes(&["INVISIBLE"]) {
        ("invisible".to_owned(), String::new())
    } else if cursor.takes(&["COMPRESSED"]) {
        ("compressed".to_owned(), String::new())
    } else if cursor.takes(&["WITHOUT", "SYSTEM", "VERSIONING"]) {
        ("without system versioning".to_owned(), String::new())
    } else if cursor.sees_any(&["SRID", "COLUMN_FORMAT", "STORAGE"]) {
        let key = cursor.name()?.to_ascii_lowercase();
        (key.replace('_', " "), cursor.name()?)
    } else {
        let key = cursor.name()?;
        cursor.expect_symbol("=")?;
        (format!("attribute {key}"), cursor.value()?.to_owned())
    };
    column.options.insert(key, value);
    Ok(())
}

/// MariaDB keeps JSON as text with a check, and takes the word for it.
fn as_json(column: &mut Column) {
    let name = column.name.as_str().replace('`', "``");
    let check = column.options.get("check");
    let is_json = column.type_name.as_str() == "longtext"
        && column.collation.as_ref().map(Text::as_str) == Some("utf8mb4_bin")
        && check.is_some_and(|it| *it == format!("json_valid(`{name}`)"));
    if is_json {
        column.type_name = Text::exact("json");
        column.collation = None;
        column.options.remove("check");
    }
}
