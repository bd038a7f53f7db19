//! Types: what becomes what by itself, and what a column holds that must hold something.
//!
//! What the server casts on assignment needs no `USING`; anything else is cast in so
//! many words, by way of text where there is no other.
//! <https://www.postgresql.org/docs/current/sql-createcast.html>

use rev_core::Dialect;

use super::spell_name;
use crate::schema::ddl::Note;
use crate::schema::{Column, Kind, Schema};

/// What kind of values a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
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
fn parts(type_name: &str) -> (String, Option<&str>) {
    let Some(open) = type_name.find('(') else {
        return (type_name.to_owned(), None);
    };
    let close = type_name.rfind(')').unwrap_or(type_name.len());
    let rest = type_name.get(close + 1..).unwrap_or_default();
    let base = format!("{}{rest}", &type_name[..open]);
    (base, type_name.get(open + 1..close))
}

fn family(base: &str) -> Family {
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
        "interval" => Family::Interval,
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
    let element = |text: &str| text.strip_suffix("[]").map(str::to_owned);
    if let (Some(from), Some(to)) = (element(&from), element(&to)) {
        return is_assigned(&from, &to);
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

/// The type that a domain is over; the type itself where it is none.
fn base_type(type_name: &str, schema: &Schema) -> String {
    let is_domain = |name: &crate::schema::Name| spell_name(name, Dialect::Postgres) == type_name;
    let domains = schema.objects.values().filter(|it| it.kind == Kind::Domain);
    let mut found = domains.filter(|it| is_domain(&it.name));
    let text = found.next().and_then(|it| it.create.first());
    match text.and_then(super::domain::Domain::read) {
        Some(domain) => domain.base,
        None => type_name.to_owned(),
    }
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
    let cast = match is_castable(&parts(&old).0, &parts(&new).0) {
        true => format!("{column}::{}", to.type_name),
        false if old.ends_with("[]") && new.ends_with("[]") => {
            format!("{column}::text[]::{}", to.type_name)
        }
        false => format!("{column}::text::{}", to.type_name),
    };
    let why = format!("{old} does not become {new} by itself");
    Some((cast, why))
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

/// What a change of type may do to values.
pub(super) fn loss(
    table: &str,
    from: &Column,
    to: &Column,
    before: &Schema,
    after: &Schema,
) -> Option<Note> {
    use Family::{
        Boolean, Date, Float, Integer, Interval, Json, Money, Numeric, Text, Time, Timestamp,
        Zoned, ZonedTime,
    };
    if from.type_name == to.type_name {
        return None;
    }
    let title = format!(
        "`{table}.{}` goes from {} to {}",
        to.name, from.type_name, to.type_name
    );
    let old_type = base_type(from.type_name.as_str(), before);
    let new_type = base_type(to.type_name.as_str(), after);
    let ((old, old_size), (new, new_size)) = (parts(&old_type), parts(&new_type));
    let is_unread = format!(
        "a value that cannot be read as {} makes it fail",
        to.type_name
    );
    let lost = |what: &str| Some(Note::destructive(format!("{title}: {what}")));
    let may_fail = |what: &str| Some(Note::decide(format!("{title}: {what}")));
    match (family(&old), family(&new)) {
        (Float | Numeric | Money, Integer) => lost("fractions are rounded"),
        (Numeric | Float, Money) => lost("amounts are rounded"),
        (Numeric, Float) => lost("digits may be rounded"),
        (Float, Float) if new == "real" => lost("digits may be rounded"),
        (Integer, Float) => lost("large numbers lose digits"),
        (Numeric, Numeric) if shrinks(old_size, new_size) => {
            lost("digits are rounded, and numbers that are too large make it fail")
        }
        (_, Text) if fits_less(old_size, new_size, &old, &new) => {
            may_fail("values that are longer make it fail")
        }
        (Integer, Integer) if rank(&new) < rank(&old) => {
            may_fail("numbers that are too large make it fail")
        }
        (Timestamp | Zoned, Date) => lost("the time of day is lost"),
        (Timestamp | Zoned, Time | ZonedTime) => lost("the date is lost"),
        (ZonedTime, Time) => lost("the time zone is lost"),
        (Interval, Time) => lost("days are lost"),
        (Timestamp, Zoned) | (Zoned, Timestamp) | (Date, Zoned) => {
            may_fail("it is read in the time zone of the session")
        }
        (Integer, Boolean) => lost("all but 0 become true"),
        (Json, Json) if new == "jsonb" => lost("spelling, order and repeated keys are lost"),
        (Text, Text) | (_, Text) => None,
        (Text, _) => may_fail(&is_unread),
        (one, other) if one == other && old == new && to.type_name.as_str() == new_type => None,
        (Integer, Numeric) | (Date, Timestamp) | (Time, ZonedTime | Interval) => {
            new_size.and_then(|_| may_fail("numbers that are too large make it fail"))
        }
        (one, other) if one == other && one != Family::Other => None,
        _ => may_fail(&is_unread),
    }
}

fn rank(base: &str) -> u8 {
    match base {
        "smallint" => 2,
        "integer" => 4,
        _ => 8,
    }
}

fn numbers(size: Option<&str>) -> Option<(i32, i32)> {
    let mut numbers = size?.split(',').map(|it| it.trim().parse().ok());
    Some((numbers.next()??, numbers.next().flatten().unwrap_or(0)))
}

fn shrinks(old: Option<&str>, new: Option<&str>) -> bool {
    match (numbers(old), numbers(new)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some((all, after)), Some((new_all, new_after))) => {
            new_after < after || new_all - new_after < all - after
        }
    }
}

fn fits_less(old_size: Option<&str>, new_size: Option<&str>, old: &str, new: &str) -> bool {
    let limit = |size: Option<&str>| size.and_then(|it| it.trim().parse::<u32>().ok());
    let was_text = family(old) == Family::Text;
    let new_limit = match (limit(new_size), new) {
        (Some(limit), _) => limit,
        (None, "character") => 1,
        (None, "name") => 63,
        (None, _) => return false,
    };
    match limit(old_size).filter(|_| was_text) {
        Some(old_limit) => new_limit < old_limit,
        None => true,
    }
}

/// What a column holds that must hold something and has no default; `None` where
/// nothing will do.
pub(super) fn filler(column: &Column, schema: &Schema) -> Option<String> {
    let spelt = column.type_name.as_str();
    let labelled = schema
        .enums
        .values()
        .find(|it| spell_name(&it.name, Dialect::Postgres) == spelt);
    if let Some(found) = labelled {
        return found.labels.first().map(|label| super::literal(label));
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
    use super::{is_assigned, is_castable, parts, shrinks};

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

    #[test]
    fn fewer_digits_on_either_side_are_a_loss() {
        assert!(shrinks(None, Some("10,2")) && shrinks(Some("10,2"), Some("10,1")));
        assert!(
            shrinks(Some("10,2"), Some("10,3")),
            "a digit less before the point"
        );
        assert!(!shrinks(Some("10,2"), Some("12,2")) && !shrinks(Some("10,2"), None));
    }
}
