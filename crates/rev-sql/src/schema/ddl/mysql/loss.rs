//! What a change of type does to values, where it does not keep them all.

use super::fill::{base, labels};
use super::spelling::string;
use crate::schema::ddl::Note;
use crate::schema::{Column, Table};

/// What is lost when a column is made another in place.
pub(super) fn of_change(table: &Table, from: &Column, to: &Column) -> Option<Note> {
    let what = of_type(from.type_name.as_str(), to.type_name.as_str())
        .or_else(|| of_characters(from, to))?;
    let (old, new) = (described(from, to), described(to, from));
    Some(Note::destructive(format!(
        "`{}.{}` goes from {old} to {new}: {what}",
        table.name, to.name
    )))
}

/// What is lost when it is dropped and added.
pub(super) fn of_rebuild(table: &Table, from: &Column, to: &Column) -> Option<Note> {
    let column = format!("`{}.{}`", table.name, to.name);
    match (&from.generated, &to.generated) {
        (None, Some(_)) => Some(Note::destructive(format!(
            "{column} is computed from now on: its values are lost"
        ))),
        (Some(_), None) => Some(Note::decide(format!(
            "{column} is not computed any more: what it was is not kept"
        ))),
        _ => None,
    }
}

/// A type, with its collation where that is all that differs.
fn described(column: &Column, other: &Column) -> String {
    match &column.collation {
        Some(collation) if column.type_name == other.type_name => {
            format!("{} {collation}", column.type_name)
        }
        _ => column.type_name.to_string(),
    }
}

const REFUSED: &str = "values that do not fit are refused, or cut where sql_mode is not strict";

fn of_type(from: &str, to: &str) -> Option<String> {
    if from == to {
        return None;
    }
    let (old, new) = (Type::of(from), Type::of(to));
    if let (Type::Labels(old), Type::Labels(new)) = (&old, &new)
        && base(from) == base(to)
    {
        return of_labels(old, new);
    }
    (!old.fits(&new)).then(|| REFUSED.to_owned())
}

fn of_labels(from: &[String], to: &[String]) -> Option<String> {
    let gone = from.iter().filter(|it| !to.contains(it));
    let gone: Vec<String> = gone.map(|it| string(it)).collect();
    (!gone.is_empty()).then(|| {
        format!(
            "rows with {} are refused, or lose it where sql_mode is not strict",
            gone.join(", ")
        )
    })
}

/// Whether a character set has all characters of another.
fn of_characters(from: &Column, to: &Column) -> Option<String> {
    let of = |column: &Column| {
        let name = column.collation.as_ref()?.as_str();
        name.split('_').next().map(str::to_owned)
    };
    let (old, new) = (of(from)?, of(to)?);
    let has_all = match new.as_str() {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" => true,
        "utf8mb3" | "utf8" | "ucs2" => {
            !["utf8mb4", "utf16", "utf16le", "utf32"].contains(&old.as_str())
        }
        _ => old == new || old == "ascii",
    };
    (!has_all).then(|| format!("characters that {new} does not have are refused, or become `?`"))
}

/// A type by what it can hold.
#[derive(Debug, PartialEq)]
enum Type {
    /// Bits, and whether one is the sign.
    Integer(u32, bool),
    /// Digits before and after the point, and whether there is a sign.
    Decimal(u32, u32, bool),
    /// Digits that are exact.
    Float(u32),
    Bits(u32),
    /// Characters and bytes at most; whether spaces at the end count.
    Characters {
        most: u64,
        bytes: u64,
        padded: bool,
    },
    Bytes(u64),
    Json,
    Labels(Vec<String>),
    /// Whether it has a date, a time of day, digits of seconds, and few years.
    Time {
        date: bool,
        time: bool,
        digits: u32,
        short: bool,
    },
    /// Something with a text of so many characters at most.
    Other(u64),
}

impl Type {
    fn of(text: &str) -> Self {
        let numbers = numbers(text);
        let number = |at: usize, otherwise: u32| numbers.get(at).copied().unwrap_or(otherwise);
        let signed = !text.contains("unsigned");
        let time = |date, time| Self::Time {
            date,
            time,
            digits: number(0, 0),
            short: base(text) == "timestamp",
        };
        let characters = |most: u64, bytes: u64| Self::Characters {
            most,
            bytes,
            padded: base(text) == "char",
        };
        let long = u64::from(number(0, 1));
        match base(text) {
            "tinyint" => Self::Integer(8, signed),
            "smallint" => Self::Integer(16, signed),
            "mediumint" => Self::Integer(24, signed),
            "int" => Self::Integer(32, signed),
            "bigint" => Self::Integer(64, signed),
            "year" => Self::Integer(12, false),
            "decimal" => {
                let (all, after) = (number(0, 10), number(1, 0));
                Self::Decimal(all.saturating_sub(after), after, signed)
            }
            "float" => Self::Float(6),
            "double" => Self::Float(15),
            "bit" => Self::Bits(number(0, 1)),
            "char" | "varchar" => characters(long, long * 4),
            "tinytext" => characters(63, 255),
            "text" => characters(16_383, 65_535),
            "mediumtext" => characters(4_194_303, 16_777_215),
            "longtext" => characters(u64::from(u32::MAX) / 4, u64::from(u32::MAX)),
            "json" => Self::Json,
            "binary" | "varbinary" => Self::Bytes(long),
            "tinyblob" => Self::Bytes(255),
            "blob" => Self::Bytes(65_535),
            "mediumblob" => Self::Bytes(16_777_215),
            "longblob" => Self::Bytes(u64::from(u32::MAX)),
            "enum" | "set" => Self::Labels(labels(text)),
            "date" => time(true, false),
            "time" => time(false, true),
            "datetime" | "timestamp" => time(true, true),
            "uuid" => Self::Other(36),
            "inet4" => Self::Other(15),
            "inet6" => Self::Other(45),
            _ => Self::Other(u64::MAX),
        }
    }

    /// Whether every value of this type is one of the other.
    fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(bits, signed), Self::Integer(more, with_sign)) => {
                match (signed, with_sign) {
                    (true, false) => false,
                    (false, true) => more > bits,
                    _ => more >= bits,
                }
            }
            (Self::Integer(bits, signed), Self::Decimal(digits, _, with_sign)) => {
                *digits >= decimal_digits(*bits) && (*with_sign || !signed)
            }
            (Self::Integer(bits, _), Self::Float(digits)) => *digits >= decimal_digits(*bits),
            (Self::Decimal(before, after, signed), Self::Decimal(more, behind, with_sign)) => {
                more >= before && behind >= after && (*with_sign || !signed)
            }
            (Self::Decimal(before, after, _), Self::Float(digits)) => before + after <= *digits,
            (Self::Float(digits), Self::Float(more)) => more >= digits,
            (Self::Bits(bits), Self::Bits(more)) => more >= bits,
            (
                Self::Characters {
                    most,
                    bytes,
                    padded,
                },
                Self::Characters {
                    most: more,
                    bytes: room,
                    padded: pads,
                },
            ) => (more >= most || room >= bytes) && (*padded || !pads),
            (Self::Characters { bytes, .. }, Self::Bytes(room)) => room >= bytes,
            (Self::Bytes(bytes), Self::Bytes(room)) => room >= bytes,
            (Self::Json, Self::Characters { bytes, .. }) => *bytes >= u64::from(u32::MAX),
            (_, Self::Characters { most, .. }) => {
                self.longest_text().is_some_and(|text| *most >= text)
            }
            (
                Self::Time {
                    date,
                    time,
                    digits,
                    short,
                },
                Self::Time {
                    date: dates,
                    time: times,
                    digits: more,
                    short: few,
                },
            ) => {
                let parts = (*date == *dates) && (*times || !time);
                parts && more >= digits && (*short || !few)
            }
            _ => false,
        }
    }

    /// How many characters a value has at most when it becomes a text.
    fn longest_text(&self) -> Option<u64> {
        Some(match self {
            Self::Integer(bits, _) => u64::from(decimal_digits(*bits)) + 1,
            Self::Decimal(before, after, _) => u64::from(before + after) + 2,
            Self::Float(_) => 24,
            Self::Labels(labels) => labels.iter().map(|it| it.chars().count() as u64 + 1).sum(),
            Self::Time { .. } => 26,
            Self::Other(length) => *length,
            Self::Bits(_) | Self::Bytes(_) | Self::Json | Self::Characters { .. } => return None,
        })
    }
}

/// How many digits a number of so many bits has.
fn decimal_digits(bits: u32) -> u32 {
    match bits {
        0..=8 => 3,
        9..=12 => 4,
        13..=16 => 5,
        17..=24 => 8,
        25..=32 => 10,
        _ => 20,
    }
}

/// The numbers in a type's parentheses.
fn numbers(text: &str) -> Vec<u32> {
    let inner = text
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'));
    let numbers = inner.map_or("", |(inner, _)| inner).split(',');
    numbers.filter_map(|it| it.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Type, of_type};

    #[test]
    fn what_holds_all_values_loses_none() {
        for (from, to) in [
            ("int", "bigint"),
            ("int unsigned", "bigint"),
            ("int", "decimal(10,0)"),
            ("mediumint", "double"),
            ("decimal(5,2)", "decimal(7,3)"),
            ("varchar(20)", "varchar(40)"),
            ("varchar(20)", "text"),
            ("text", "mediumtext"),
            ("text", "blob"),
            ("bigint", "varchar(21)"),
            ("date", "datetime"),
            ("timestamp", "datetime(3)"),
            ("enum('a','b')", "enum('c','b','a')"),
            ("enum('a','bb')", "varchar(5)"),
            ("uuid", "char(36)"),
            ("json", "longtext"),
        ] {
            assert_eq!(of_type(from, to), None, "{from} to {to}");
        }
    }

    #[test]
    fn what_may_not_hold_a_value_says_so() {
        for (from, to) in [
            ("bigint", "int"),
            ("int", "int unsigned"),
            ("int unsigned", "int"),
            ("double", "float"),
            ("decimal(5,2)", "decimal(5,3)"),
            ("varchar(40)", "varchar(20)"),
            ("varchar(20)", "char(20)"),
            ("text", "varchar(100)"),
            ("datetime", "date"),
            ("datetime", "timestamp"),
            ("datetime(3)", "datetime"),
            ("varchar(20)", "int"),
            ("blob", "text"),
            ("longtext", "json"),
            ("point", "polygon"),
        ] {
            assert!(of_type(from, to).is_some(), "{from} to {to}");
        }
        let gone = of_type("enum('a','it''s')", "enum('a')").unwrap_or_default();
        assert!(gone.contains("'it''s'"), "{gone}");
        assert_eq!(Type::of("year"), Type::Integer(12, false));
    }
}
