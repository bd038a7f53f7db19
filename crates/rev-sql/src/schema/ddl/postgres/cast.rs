//! Types: how values of one become values of another, and what a column is filled with
//! where NULL is not allowed any more.
//!
//! What the server casts on assignment needs no `USING`. Anything else needs a cast that
//! is written out, by way of text where there is none between the two types.
//! <https://www.postgresql.org/docs/current/sql-createcast.html>

use rev_core::Dialect;

use super::spell_name;
use crate::schema::{Column, Kind, Name, Schema};

/// What kind of values a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Integer,
    Numeric,
    Float,
    Money,
    Boolean,
    Text,
    Date,
    Timestamp,
    Zoned,
    Time,
    ZonedTime,
    Interval,
    Json,
    Bits,
    Bytes,
    Inet,
    Cidr,
    Uuid,
    Other,
}

/// A type without its modifiers, and these.
pub(super) fn parts(type_name: &str) -> (String, Option<&str>) {
    let Some(open) = type_name.find('(') else {
        return (type_name.to_owned(), None);
    };
    let close = type_name.rfind(')').unwrap_or(type_name.len());
    let rest = type_name.get(close + 1..).unwrap_or_default();
    let base = format!("{}{rest}", &type_name[..open]);
    (base, type_name.get(open + 1..close))
}

pub(super) fn family(base: &str) -> Family {
    match base {
        "smallint" | "integer" | "bigint" => Family::Integer,
        "numeric" => Family::Numeric,
        "real" | "double precision" => Family::Float,
        "money" => Family::Money,
        "boolean" => Family::Boolean,
        "text" | "character varying" | "character" | "name" | "bpchar" => Family::Text,
        "date" => Family::Date,
        "timestamp without time zone" => Family::Timestamp,
        "timestamp with time zone" => Family::Zoned,
        "time without time zone" => Family::Time,
        "time with time zone" => Family::ZonedTime,
        it if it == "interval" || it.starts_with("interval ") => Family::Interval,
        "json" | "jsonb" => Family::Json,
        "bit" | "bit varying" => Family::Bits,
        "bytea" => Family::Bytes,
        "inet" => Family::Inet,
        "cidr" => Family::Cidr,
        "uuid" => Family::Uuid,
        _ => Family::Other,
    }
}

/// Whether values of one type are taken by a column of the other.
fn is_assigned(from: &str, to: &str) -> bool {
    use Family::{
        Cidr, Date, Float, Inet, Integer, Interval, Money, Numeric, Other, Text, Time, Timestamp,
        Zoned, ZonedTime,
    };
    let (from, to) = (parts(from).0, parts(to).0);
    if from == to {
        return true;
    }
    if let (Some(from), Some(to)) = (element(&from), element(&to)) {
        return is_assigned(from, to);
    }
    match (family(&from), family(&to)) {
        (_, Text) => true,
        (one, other) if one == other => one != Other,
        (Integer | Numeric | Float, Integer | Numeric | Float) => true,
        (Integer | Numeric, Money) | (Money, Numeric) => true,
        (Date, Timestamp | Zoned) | (Timestamp, Date | Zoned | Time) => true,
        (Zoned, Date | Timestamp | Time | ZonedTime) => true,
        (Time, ZonedTime | Interval) | (ZonedTime, Time) | (Interval, Time) => true,
        (Cidr, Inet) | (Inet, Cidr) => true,
        _ => false,
    }
}

/// The type of an array's elements.
pub(super) fn element(type_name: &str) -> Option<&str> {
    type_name.strip_suffix("[]")
}

/// The type that a domain is over in the end; the type itself where it is none.
pub(super) fn base_type(type_name: &str, schema: &Schema) -> String {
    let is_domain = |name: &Name| spell_name(name, Dialect::Postgres) == type_name;
    let domains = schema.objects.values().filter(|it| it.kind == Kind::Domain);
    let mut found = domains.filter(|it| is_domain(&it.name));
    let text = found.next().and_then(|it| it.create.first());
    match text.and_then(super::domain::Domain::read) {
        Some(domain) => {
            let base = domain.base.split(" COLLATE ").next();
            base_type(base.unwrap_or(&domain.base), schema)
        }
        None => type_name.to_owned(),
    }
}

/// Whether a type is an enum.
pub(super) fn is_enum(type_name: &str, schema: &Schema) -> bool {
    labels(type_name, schema).is_some()
}

pub(super) fn labels<'a>(type_name: &str, schema: &'a Schema) -> Option<&'a [String]> {
    let mut enums = schema.enums.values();
    let found = enums.find(|it| spell_name(&it.name, Dialect::Postgres) == type_name);
    found.map(|it| it.labels.as_slice())
}

/// What a column's new value is made by, where that has to be said; with why.
pub(super) fn using(
    from: &Column,
    to: &Column,
    before: &Schema,
    after: &Schema,
) -> Option<(String, String)> {
    let old = base_type(from.type_name.as_str(), before);
    let new = base_type(to.type_name.as_str(), after);
    if is_assigned(&old, &new) {
        return None;
    }
    let column = super::name(&to.name);
    let cast = match way(&old, &new) {
        Way::Direct => format!("{column}::{}", to.type_name),
        Way::Through(between) => format!("{column}::{between}::{}", to.type_name),
        Way::Assigned(between) => format!("{column}::text::{between}"),
    };
    let why = format!("{old} does not become {new} by itself");
    Some((cast, why))
}

/// A value made one of the other type, as the column's change makes it; both by the types that
/// they are over in the end.
pub(super) fn converted(value: &str, old: &str, new: &str) -> String {
    if is_assigned(old, new) {
        return format!("{value}::{new}");
    }
    match way(old, new) {
        Way::Direct => format!("{value}::{new}"),
        Way::Through(between) => format!("{value}::{between}::{new}"),
        Way::Assigned(between) => format!("{value}::text::{between}"),
    }
}

/// Whether a type, or that of an array's elements, is one that a script may make.
pub(super) fn is_own(type_name: &str, schema: &Schema) -> bool {
    let type_name = element(type_name).unwrap_or(type_name);
    let is_it = |name: &Name| spell_name(name, Dialect::Postgres) == type_name;
    let mut objects = schema.objects.values();
    is_enum(type_name, schema)
        || objects.any(|it| matches!(it.kind, Kind::Domain | Kind::Type) && is_it(&it.name))
}

/// How one type becomes another that it does not become by itself.
enum Way {
    /// There is a cast.
    Direct,
    /// By way of another type.
    Through(&'static str),
    /// By way of text and a type that the column takes by itself, since a cast would cut.
    Assigned(&'static str),
}

fn way(old: &str, new: &str) -> Way {
    let (from, to) = (parts(old).0, parts(new).0);
    let is_number = |it: &str| {
        matches!(
            family(it),
            Family::Integer | Family::Numeric | Family::Float
        )
    };
    match () {
        () if to == "bit" && family(&from) != Family::Integer => Way::Assigned("bit varying"),
        () if is_castable(&from, &to) => Way::Direct,
        () if old.ends_with("[]") && new.ends_with("[]") => Way::Through("text[]"),
        () if from == "smallint" && to == "bit" => Way::Through("integer"),
        () if from == "bit" && is_number(&to) => Way::Through("bigint"),
        () => Way::Through("text"),
    }
}

/// Whether there is a cast from one type to the other that must be asked for.
fn is_castable(from: &str, to: &str) -> bool {
    use Family::{Bits, Boolean, Integer, Json, Numeric, Text};
    match (family(from), family(to)) {
        (Text, _) => true,
        (Integer, Boolean) => from == "integer",
        (Boolean, Integer) => to == "integer",
        (Integer, Bits) => from != "smallint" && to == "bit",
        (Bits, Integer) => from == "bit" && to != "smallint",
        (Json, Integer | Numeric | Boolean) => from == "jsonb",
        _ => false,
    }
}

/// A cast to a type without its modifiers, which would cut values in silence; nothing
/// where the column is of that type already.
pub(super) fn to_base(from: &Column, to: &Column) -> String {
    let (old, new) = (
        parts(from.type_name.as_str()).0,
        parts(to.type_name.as_str()).0,
    );
    match new.as_str() {
        new if new == old => String::new(),
        "character" => "::bpchar".to_owned(),
        new => format!("::{new}"),
    }
}

/// What a column holds that must hold something and has no default; `None` where
/// nothing will do.
pub(super) fn filler(column: &Column, schema: &Schema) -> Option<String> {
    let spelt = column.type_name.as_str();
    if let Some(labels) = labels(spelt, schema) {
        return labels.first().map(|label| super::literal(label));
    }
    let base = parts(&base_type(spelt, schema)).0;
    if base.ends_with("[]") {
        return Some("'{}'".to_owned());
    }
    let text = match family(&base) {
        Family::Integer | Family::Numeric | Family::Float | Family::Money => "0",
        Family::Boolean => "false",
        Family::Text | Family::Bytes => "''",
        Family::Date => "current_date",
        Family::Timestamp | Family::Zoned => "now()",
        Family::Time | Family::ZonedTime => "'00:00'",
        Family::Interval => "'0'",
        Family::Json => "'{}'",
        Family::Uuid => "'00000000-0000-0000-0000-000000000000'",
        Family::Bits | Family::Inet | Family::Cidr | Family::Other => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{is_assigned, is_castable, parts};

    #[test]
    fn a_type_is_parted_from_its_modifiers() {
        let table = [
            ("character varying(40)[]", "character varying[]", Some("40")),
            (
                "timestamp(3) without time zone",
                "timestamp without time zone",
                Some("3"),
            ),
            ("integer", "integer", None),
        ];
        for (whole, base, modifiers) in table {
            assert_eq!(parts(whole), (base.to_owned(), modifiers));
        }
    }

    #[test]
    fn what_the_server_casts_by_itself_needs_no_words() {
        for (from, to) in [
            ("integer", "bigint"),
            ("numeric(10,2)", "integer"),
            ("uuid", "text"),
            ("date", "timestamp(3) with time zone"),
            ("integer[]", "bigint[]"),
            ("json", "jsonb"),
        ] {
            assert!(is_assigned(from, to), "{from} to {to}");
        }
        for (from, to) in [
            ("text", "integer"),
            ("integer", "boolean"),
            ("point", "box"),
        ] {
            assert!(!is_assigned(from, to), "{from} to {to}");
        }
        assert!(is_castable("text", "uuid") && is_castable("integer", "boolean"));
        assert!(!is_castable("bigint", "boolean") && !is_castable("integer", "uuid"));
    }
}
