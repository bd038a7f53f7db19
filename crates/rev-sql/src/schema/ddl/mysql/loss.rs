//! What a change of a column does to its values, where not all of them stay as they are.

use rev_core::Dialect;

use super::fill::{base, labels};
use super::spelling::string;
use crate::schema::ddl::{Note, rows};
use crate::schema::{Column, Diff, Table, TableChange, Text};

/// What is lost when a column is made another in place.
pub(super) fn of_change(
    change: &TableChange,
    from: &Column,
    to: &Column,
    diff: &Diff,
) -> Option<Note> {
    let what = of_type(from.type_name.as_str(), to.type_name.as_str())
        .or_else(|| of_characters(from, to))
        .or_else(|| of_growth(from, to))?;
    let (old, new) = (described(from, to), described(to, from));
    let note = Note::destructive(format!(
        "`{}.{}` goes from {old} to {new}: {what}",
        change.to.name, to.name
    ));
    let types = (from.type_name.as_str(), to.type_name.as_str());
    let is_refused = |value: &str| unfit(value, types.0, types.1);
    Some(note.asking(rows::question(change, to, is_refused, diff, Dialect::Mysql)))
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

const PLACED: &str = "a number becomes the label in its place, 1 the first; others are refused, or \
                      cut where sql_mode is not strict";

const FILLED: &str = "shorter values are filled up with zero bytes";

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
    let what = match old.fits(&new) {
        true => old.is_filled(&new).then_some(FILLED),
        false if old.is_number() && base(to) == "enum" => Some(PLACED),
        false => Some(REFUSED),
    };
    what.map(str::to_owned)
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

/// The character sets of a column before and after, where they differ.
fn characters<'a>(from: &'a Column, to: &'a Column) -> Option<(&'a str, &'a str)> {
    let (old, new) = (from.collation.as_ref()?, to.collation.as_ref()?);
    // What both databases have by default stays what it is.
    if old.key().is_empty() && new.key().is_empty() {
        return None;
    }
    let of = |collation: &'a Text| collation.as_str().split('_').next();
    let (old, new) = (of(old)?, of(new)?);
    (old != new).then_some((old, new))
}

/// What is lost where a character set has not all characters of another.
fn of_characters(from: &Column, to: &Column) -> Option<String> {
    let (old, new) = characters(from, to)?;
    let has_all = match new {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" => true,
        "utf8mb3" | "utf8" | "ucs2" => !["utf8mb4", "utf16", "utf16le", "utf32"].contains(&old),
        _ => old == "ascii",
    };
    (!has_all).then(|| format!("characters that {new} does not have are refused, or become `?`"))
}

/// What is lost where characters take more bytes, of which a text has only so many.
fn of_growth(from: &Column, to: &Column) -> Option<String> {
    let (old, new) = characters(from, to)?;
    const SMALL: [&str; 4] = ["ascii", "utf8", "utf8mb3", "utf8mb4"];
    const LARGE: [&str; 4] = ["utf16", "utf16le", "utf32", "ucs2"];
    let grows = LARGE.contains(&new) || (SMALL.contains(&new) && !SMALL.contains(&old));
    let types = [from, to].map(|it| Type::of(it.type_name.as_str()));
    let [
        Type::Text(bytes) | Type::Characters { bytes, .. },
        Type::Text(room),
    ] = types
    else {
        return None;
    };
    // A plain character set's letter takes four bytes at most elsewhere.
    let due = match types[0] {
        Type::Text(_) => bytes * 4,
        _ => bytes,
    };
    (grows && room < due).then(|| REFUSED.to_owned())
}

/// The condition that holds where a value of one type is none of the other, or is cut to
/// be one; `None`: none can be stated in short.
fn unfit(value: &str, from: &str, to: &str) -> Option<String> {
    let (old, new) = (Type::of(from), Type::of(to));
    let is_number = old.is_number();
    let is_text = matches!(old, Type::Characters { .. } | Type::Text(_));
    match &new {
        Type::Characters { most, .. } => Some(format!("char_length({value}) > {most}")),
        Type::Text(room) | Type::Bytes(room, _) => Some(format!("length({value}) > {room}")),
        Type::Integer(bits, signed) if is_number => {
            let (least, most) = match signed {
                true => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
                false => (0, (1_i128 << bits) - 1),
            };
            Some(format!("round({value}) NOT BETWEEN {least} AND {most}"))
        }
        Type::Decimal(before, after, signed) if is_number => {
            let zeros = "0".repeat(usize::try_from(*before).ok()?);
            let least = match signed {
                true => String::new(),
                false => format!(" OR {value} < 0"),
            };
            Some(format!("abs(round({value}, {after})) >= 1{zeros}{least}"))
        }
        Type::Integer(..) | Type::Decimal(..) | Type::Float(..) if is_text => Some(format!(
            "{value} NOT REGEXP '^[[:space:]]*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$'"
        )),
        Type::Year if is_number => Some(format!(
            "{value} <> 0 AND {value} NOT BETWEEN 1901 AND 2155"
        )),
        Type::Labels(labels) if base(to) == "enum" => Some(no_label(value, labels, &old)),
        Type::Labels(labels) => {
            let Type::Labels(old) = &old else { return None };
            let gone = old.iter().filter(|it| !labels.contains(it));
            let gone: Vec<String> = gone
                .map(|it| format!("find_in_set({}, {value}) > 0", string(it)))
                .collect();
            (!gone.is_empty()).then(|| gone.join(" OR "))
        }
        Type::Time {
            date: true,
            short: true,
            ..
        } if matches!(old, Type::Time { date: true, .. }) => Some(format!(
            "{value} NOT BETWEEN '1970-01-02 00:00:00' AND '2038-01-18 00:00:00'"
        )),
        Type::Time { date, .. } if is_text => {
            let cast = if *date { "DATETIME" } else { "TIME" };
            Some(format!(
                "{value} IS NOT NULL AND CAST({value} AS {cast}) IS NULL"
            ))
        }
        Type::Json => Some(format!("NOT json_valid({value})")),
        Type::Bits(bits) if is_number => Some(format!(
            "{value} NOT BETWEEN 0 AND {}",
            (1_u128 << bits) - 1
        )),
        Type::Other(_) if is_text && matches!(base(to), "uuid" | "inet4" | "inet6") => {
            Some(format!(
                "{value} IS NOT NULL AND CAST({value} AS {}) IS NULL",
                base(to)
            ))
        }
        _ => None,
    }
}

/// What a column's value becomes where the column gets another type or collation, as far as a cast
/// says so.
pub(in crate::schema::ddl) fn converted(value: &str, from: &Column, to: &Column) -> Option<String> {
    let (old, new) = (
        Type::of(from.type_name.as_str()),
        Type::of(to.type_name.as_str()),
    );
    let is_text = |it: &Type| matches!(it, Type::Characters { .. } | Type::Text(_));
    let collated = || match (&to.collation, characters(from, to)) {
        (Some(collation), Some((_, set))) => {
            format!("CONVERT({value} USING {set}) COLLATE {collation}")
        }
        (Some(collation), None) if from.collation != to.collation && is_text(&old) => {
            format!("{value} COLLATE {collation}")
        }
        _ => value.to_owned(),
    };
    Some(match &new {
        Type::Characters { .. } | Type::Text(_) if is_text(&old) => collated(),
        Type::Characters { .. } | Type::Text(_) => format!("CAST({value} AS CHAR)"),
        Type::Integer(_, signed) if old.is_number() || is_text(&old) => {
            let sign = if *signed { "SIGNED" } else { "UNSIGNED" };
            format!("CAST(round({value}) AS {sign})")
        }
        Type::Decimal(before, after, _) => {
            format!("CAST({value} AS DECIMAL({}, {after}))", before + after)
        }
        Type::Float(..) if old.is_number() || is_text(&old) => format!("({value} + 0.0)"),
        Type::Time {
            date: true, time, ..
        } if is_text(&old) || matches!(old, Type::Time { .. }) => {
            let kind = if *time { "DATETIME(6)" } else { "DATE" };
            format!("CAST({value} AS {kind})")
        }
        _ => return None,
    })
}

/// The condition that a value is neither a label of an enum nor the number of its place, 1 the
/// first. MariaDB takes a number for the place alone, and rounds it; MySQL takes what it is as a
/// text, so that 2.00 is nothing.
fn no_label(value: &str, labels: &[String], old: &Type) -> String {
    let called: Vec<String> = labels.iter().map(|it| string(it)).collect();
    let (called, count) = (called.join(", "), labels.len());
    let outside = format!("round({value}) NOT BETWEEN 1 AND {count}");
    let is_called_so =
        |it: &String| it.starts_with(|it: char| it.is_ascii_digit() || "-.".contains(it));
    let takes_labels = labels.iter().any(is_called_so);
    if matches!(old, Type::Characters { .. } | Type::Text(_)) {
        return format!(
            "{value} NOT IN ({called}) AND NOT ({value} REGEXP '^[0-9]+$' AND {value} + 0 BETWEEN 1 AND {count})"
        );
    }
    if !old.is_number() {
        return format!("{value} NOT IN ({called})");
    }
    if matches!(old, Type::Integer(..) | Type::Year) && !takes_labels {
        return outside;
    }
    format!(
        "IF(VERSION() LIKE '%MariaDB%', {outside}, concat({value}) NOT IN ({called}) AND \
         (concat({value}) NOT REGEXP '^[0-9]+$' OR {outside}))"
    )
}

/// How many bytes the four sizes of texts and blobs have.
const TINY: u64 = 255;
const SHORT: u64 = 65_535;
const MEDIUM: u64 = 16_777_215;
const LONG: u64 = 4_294_967_295;

/// A type by what it can hold.
#[derive(Debug, PartialEq)]
enum Type {
    /// Bits, and whether one is the sign.
    Integer(u32, bool),
    /// Digits before and after the point, and whether there is a sign.
    Decimal(u32, u32, bool),
    /// Four digits, from 1901 to 2155.
    Year,
    /// Digits that are exact, digits before and after the point where they are
    /// counted, and whether there is a sign.
    Float(u32, Option<(u32, u32)>, bool),
    Bits(u32),
    /// Characters and bytes at most; whether spaces at the end count.
    Characters {
        most: u64,
        bytes: u64,
        padded: bool,
    },
    /// Bytes at most, whatever the characters.
    Text(u64),
    /// Bytes at most; whether there are always as many.
    Bytes(u64, bool),
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
    fn is_number(&self) -> bool {
        matches!(
            self,
            Type::Integer(..) | Type::Decimal(..) | Type::Float(..) | Type::Year
        )
    }

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
        let float = |digits| {
            let counted = (numbers.len() == 2).then(|| (number(0, 0), number(1, 0)));
            let counted = counted.map(|(all, after)| (all.saturating_sub(after), after));
            Self::Float(digits, counted, signed)
        };
        let long = u64::from(number(0, 1));
        match base(text) {
            "tinyint" => Self::Integer(8, signed),
            "smallint" => Self::Integer(16, signed),
            "mediumint" => Self::Integer(24, signed),
            "int" => Self::Integer(32, signed),
            "bigint" => Self::Integer(64, signed),
            "year" => Self::Year,
            "decimal" => {
                let (all, after) = (number(0, 10), number(1, 0));
                Self::Decimal(all.saturating_sub(after), after, signed)
            }
            "float" => float(6),
            "double" => float(15),
            "bit" => Self::Bits(number(0, 1)),
            "char" | "varchar" => Self::Characters {
                most: long,
                bytes: long * 4,
                padded: base(text) == "char",
            },
            "tinytext" => Self::Text(TINY),
            "text" => Self::Text(SHORT),
            "mediumtext" => Self::Text(MEDIUM),
            "longtext" => Self::Text(LONG),
            "json" => Self::Json,
            "binary" => Self::Bytes(long, true),
            "varbinary" => Self::Bytes(long, false),
            "tinyblob" => Self::Bytes(TINY, false),
            "blob" => Self::Bytes(SHORT, false),
            "mediumblob" => Self::Bytes(MEDIUM, false),
            "longblob" => Self::Bytes(LONG, false),
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
            (Self::Year, Self::Integer(bits, _)) => *bits >= 16,
            (
                Self::Integer(..) | Self::Year | Self::Decimal(..),
                Self::Decimal(..) | Self::Float(..),
            ) => self.fits_digits(other),
            (Self::Float(digits, counted, signed), Self::Float(more, places, with_sign)) => {
                let has_places = match (counted, places) {
                    (_, None) => true,
                    (None, Some(_)) => false,
                    (Some((before, after)), Some((more, behind))) => {
                        more >= before && behind >= after
                    }
                };
                more >= digits && has_places && (*with_sign || !signed)
            }
            (Self::Bits(bits), Self::Bits(more)) => more >= bits,
            (
                Self::Characters { most, padded, .. },
                Self::Characters {
                    most: more,
                    padded: pads,
                    ..
                },
            ) => more >= most && (*padded || !pads),
            (Self::Text(bytes), Self::Characters { most, padded, .. }) => !padded && most >= bytes,
            (
                Self::Characters { bytes, .. } | Self::Text(bytes),
                Self::Text(room) | Self::Bytes(room, _),
            ) => room >= bytes,
            (Self::Bytes(bytes, _), Self::Bytes(room, _)) => room >= bytes,
            (Self::Json, Self::Text(room)) => *room >= LONG,
            (_, Self::Characters { most: room, .. } | Self::Text(room)) => {
                self.longest_text().is_some_and(|text| *room >= text)
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

    /// Whether a number of plain digits is one of this type, which has them too.
    fn fits_digits(&self, other: &Self) -> bool {
        let (before, after, signed) = match self {
            Self::Integer(bits, signed) => (decimal_digits(*bits), 0, *signed),
            Self::Year => (4, 0, false),
            Self::Decimal(before, after, signed) => (*before, *after, *signed),
            _ => return false,
        };
        match other {
            Self::Decimal(more, behind, with_sign) => {
                *more >= before && *behind >= after && (*with_sign || !signed)
            }
            Self::Float(digits, places, with_sign) => {
                let has_places =
                    places.is_none_or(|(more, behind)| more >= before && behind >= after);
                before + after <= *digits && has_places && (*with_sign || !signed)
            }
            _ => false,
        }
    }

    /// Whether values are made longer than they are.
    fn is_filled(&self, other: &Self) -> bool {
        let Self::Bytes(room, true) = other else {
            return false;
        };
        !matches!(self, Self::Bytes(bytes, true) if bytes == room)
    }

    /// How many characters a value has at most when it becomes a text.
    fn longest_text(&self) -> Option<u64> {
        Some(match self {
            Self::Integer(bits, _) => u64::from(decimal_digits(*bits)) + 1,
            Self::Decimal(before, after, _) => u64::from(before + after) + 2,
            Self::Year => 4,
            Self::Float(..) => 24,
            Self::Labels(labels) => labels.iter().map(|it| it.chars().count() as u64 + 1).sum(),
            Self::Time { .. } => 26,
            Self::Other(length) => *length,
            Self::Bits(_)
            | Self::Bytes(..)
            | Self::Json
            | Self::Characters { .. }
            | Self::Text(_) => return None,
        })
    }
}

/// How many digits a number of so many bits has.
fn decimal_digits(bits: u32) -> u32 {
    match bits {
        0..=8 => 3,
        9..=16 => 5,
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
    use super::of_type;

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
            ("year", "smallint"),
            ("float(5,1)", "float"),
            ("float(5,1)", "double(7,2)"),
            ("binary(4)", "varbinary(4)"),
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
            ("float", "float(5,1)"),
            ("double(7,3)", "double(7,2)"),
            ("int", "double unsigned"),
            ("tinyint", "year"),
            ("tinytext", "varchar(100)"),
            ("binary(4)", "binary(8)"),
        ] {
            assert!(of_type(from, to).is_some(), "{from} to {to}");
        }
        let gone = of_type("enum('a','it''s')", "enum('a')").unwrap_or_default();
        assert!(gone.contains("'it''s'"), "{gone}");
    }
}
