//! What a change of type may do to values.
//!
//! A value counts as lost if it may be another one after the type is changed and changed
//! back. It counts as kept only where that is known: for any other pair of types there is
//! a remark. `tests/engines/models_postgres/casts.rs` tries each pair on a server.

use rev_core::Dialect;

use super::cast::{self, Family, base_type, element, family, is_enum, is_own, labels, parts};
use super::unfit;
use crate::schema::ddl::{Note, rows};
use crate::schema::{Column, Diff, Name, Schema, TableChange};

/// What may become of the values.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// Each is what it was.
    Kept,
    /// Some may make the statement fail.
    Fails(&'static str),
    /// Some may be other ones afterwards.
    Lost(&'static str),
    /// Some may not be readable; `true`: the others may be spelt otherwise afterwards.
    Read(bool),
}

use Fate::{Fails, Kept, Lost, Read};

const TOO_LARGE: Fate = Fails("numbers that are too large make it fail");
const ROUNDED: Fate = Lost("digits may be rounded");
const TOO_LONG: Fate = Fails("values that are longer make it fail");

/// What is said beside a column that changes its type.
pub(super) fn loss(change: &TableChange, from: &Column, to: &Column, diff: &Diff) -> Option<Note> {
    let (before, after) = (&diff.from, &diff.to);
    let old = base_type(from.type_name.as_str(), before);
    let new = base_type(to.type_name.as_str(), after);
    let is_refused = |value: &str| refused(value, &old, &new, after);
    let asked = rows::question(change, to, is_refused, diff, Dialect::Postgres);
    let note = told(&change.to.name, from, to, diff);
    note.map(|note| note.asking(asked))
}

/// The condition that a value of one type is none of the other, or the conversion itself where none
/// says so; `None`: none is refused.
pub(super) fn refused(value: &str, old: &str, new: &str, after: &Schema) -> Option<String> {
    let condition = unfit::condition(value, old, new, labels(new, after));
    let tries = || {
        let may_fail = matches!(fate(old, new), Fails(_) | Read(_)) && !is_own(new, after);
        let converted = cast::converted(value, old, new);
        may_fail.then(|| format!("{value} IS NOT NULL AND {converted} IS NULL"))
    };
    condition.or_else(tries)
}

/// What is said of a column of a table, or an attribute of a type, that changes its type.
pub(super) fn told(owner: &Name, from: &Column, to: &Column, diff: &Diff) -> Option<Note> {
    let (before, after) = (&diff.from, &diff.to);
    let old = base_type(from.type_name.as_str(), before);
    let new = base_type(to.type_name.as_str(), after);
    let fate = match is_enum(element(&new).unwrap_or(&new), after) {
        true if old != new => Read(false),
        _ => fate(&old, &new),
    };
    let (name, title) = (
        &to.type_name,
        format!(
            "`{owner}.{}` goes from {} to {}",
            to.name, from.type_name, to.type_name
        ),
    );
    match fate {
        Kept => None,
        Fails(what) => Some(Note::decide(format!("{title}: {what}"))),
        Lost(what) => Some(Note::destructive(format!("{title}: {what}"))),
        Read(false) => Some(Note::decide(format!(
            "{title}: a value that cannot be read as {name} makes it fail"
        ))),
        Read(true) => Some(Note::destructive(format!(
            "{title}: how values are spelt is lost, and one that cannot be read as {name} makes it fail"
        ))),
    }
}

/// A type in its parts.
struct Type<'a> {
    base: String,
    size: Option<&'a str>,
    family: Family,
}

impl<'a> Type<'a> {
    fn of(type_name: &'a str) -> Self {
        let (base, size) = parts(type_name);
        let family = family(&base);
        Self { base, size, family }
    }

    /// Its first number, the length or precision.
    fn limit(&self) -> Option<u32> {
        self.size?.split(',').next()?.trim().parse().ok()
    }

    /// The digits of a number before and after the point, where they are limited.
    fn digits(&self) -> Option<(i32, i32)> {
        match self.base.as_str() {
            "smallint" => return Some((5, 0)),
            "integer" => return Some((10, 0)),
            "bigint" => return Some((19, 0)),
            "money" => return Some((17, 2)),
            _ => {}
        }
        let mut numbers = self
            .size?
            .split(',')
            .map(|it| it.trim().parse::<i32>().ok());
        let all = numbers.next()??;
        let after = numbers.next().flatten().unwrap_or(0);
        Some((all - after, after))
    }
}

fn fate(old: &str, new: &str) -> Fate {
    use Family::{
        Bits, Bytes, Cidr, Date, Float, Inet, Integer, Interval, Json, Money, Numeric, Text, Time,
        Timestamp, Zoned, ZonedTime,
    };
    if old == new {
        return Kept;
    }
    if let (Some(old), Some(new)) = (element(old), element(new)) {
        return fate(old, new);
    }
    let (old, new) = (Type::of(old), Type::of(new));
    if new.base == "\"char\"" {
        return Lost("all but the first byte is lost");
    }
    match (old.family, new.family) {
        (_, Text) => to_text(&old, &new),
        (Integer | Numeric | Float | Money, Integer | Numeric | Float | Money) => {
            between_numbers(&old, &new)
        }
        (
            Date | Timestamp | Zoned | Time | ZonedTime | Interval,
            Date | Timestamp | Zoned | Time | ZonedTime | Interval,
        ) => between_times(&old, &new),
        (Integer, Family::Boolean) if old.base == "integer" => Lost("all but 0 become true"),
        (Integer, Family::Boolean) => Fails("numbers but 0 and 1 make it fail"),
        (Family::Boolean, Integer) => Kept,
        (Integer, Bits) => to_bits(&old, &new),
        (Bits, Bits) => Fails("values of another length make it fail"),
        (Bits, Integer | Numeric) if old.base == "bit" => TOO_LARGE,
        (Json, Json) if new.base == "jsonb" => Lost("spelling, order and repeated keys are lost"),
        (Json, Json) | (Cidr, Inet) => Kept,
        (Inet, Cidr) => Lost("what is right of the netmask is lost"),
        (Text, Json) if new.base == "json" => Read(false),
        _ if old.base == new.base => Kept,
        // What may be spelt in several ways, or takes any text.
        (Text | Json | Float | Bits | Bytes, _) | (_, Bytes) => Read(true),
        _ => Read(new.base == "tsvector"),
    }
}

fn to_text(old: &Type<'_>, new: &Type<'_>) -> Fate {
    let was_text = old.family == Family::Text;
    // What has spaces at its end, or may be long.
    let is_free = matches!(
        old.family,
        Family::Text | Family::Json | Family::Bytes | Family::Bits | Family::Other
    );
    let limit = match (new.limit(), new.base.as_str()) {
        (None, "character") => Some(1),
        (limit, _) => limit,
    };
    let was = old.limit().filter(|_| was_text);
    let is_shorter = limit.is_some_and(|new| was.is_none_or(|old| new < old));
    match new.base.as_str() {
        // It counts bytes.
        "name" if old.base == "name" => Kept,
        "name" if is_free && was.is_none_or(|it| it * 4 > 63) => {
            Lost("what is longer than 63 bytes is cut")
        }
        "character" | "bpchar" if is_free && old.base != "character" => {
            Lost("spaces at the end are lost, and values that are longer make it fail")
        }
        _ if is_shorter && is_free => {
            Lost("values that are longer make it fail, or lose the spaces at their end")
        }
        _ if is_shorter => TOO_LONG,
        _ => Kept,
    }
}

fn to_bits(old: &Type<'_>, new: &Type<'_>) -> Fate {
    let due = if old.base == "bigint" { 64 } else { 32 };
    match (old.base.as_str(), new.base.as_str()) {
        (_, "bit varying") => Read(true),
        _ if new.limit().unwrap_or(1) < due => Lost("higher bits are lost"),
        _ => Kept,
    }
}

fn between_numbers(old: &Type<'_>, new: &Type<'_>) -> Fate {
    use Family::{Float, Integer, Money, Numeric};
    match (old.family, new.family) {
        (Float, Float) if new.base == "real" => ROUNDED,
        (Float, Float) => Kept,
        (Integer, Float)
            if old.base == "smallint"
                || (&*old.base, &*new.base) == ("integer", "double precision") =>
        {
            Kept
        }
        (Integer, Float) => Lost("large numbers lose digits"),
        (_, Float) => ROUNDED,
        (Float, Integer) => Lost("fractions are rounded"),
        (Float, Numeric | Money) => ROUNDED,
        (Numeric, Numeric | Money) if new.digits().is_none() => Kept,
        _ => by_digits(old, new),
    }
}

/// Numbers with a fixed count of digits after the point.
fn by_digits(old: &Type<'_>, new: &Type<'_>) -> Fate {
    let Some((whole, after)) = new.digits() else {
        return Kept;
    };
    match old.digits() {
        None if new.family == Family::Integer => Lost("fractions are rounded"),
        None => Lost("digits are rounded, and numbers that are too large make it fail"),
        Some((_, was)) if was > after && new.family == Family::Integer => {
            Lost("fractions are rounded")
        }
        Some((old, was)) if was > after && old > whole => {
            Lost("digits are rounded, and numbers that are too large make it fail")
        }
        Some((_, was)) if was > after => Lost("digits are rounded"),
        // Integers have no round number of digits.
        Some((old, _)) if old > whole || (old == whole && new.family == Family::Integer) => {
            TOO_LARGE
        }
        Some(_) => Kept,
    }
}

fn between_times(old: &Type<'_>, new: &Type<'_>) -> Fate {
    use Family::{Date, Interval, Time, Timestamp, Zoned, ZonedTime};
    match (old.family, new.family) {
        (Date, Date) => Kept,
        (Timestamp | Zoned, Date) => Lost("the time of day is lost"),
        (Timestamp | Zoned, Time | ZonedTime) => Lost("the date is lost"),
        (ZonedTime, Time) => Lost("the time zone is lost"),
        (Interval, Time | ZonedTime) => Lost("days are lost"),
        (Date, Time | ZonedTime | Interval)
        | (Time | ZonedTime | Interval, Date | Timestamp | Zoned)
        | (Timestamp | Zoned, Interval)
        | (ZonedTime, Interval) => Read(false),
        _ if least(new) > least(old) => Lost("smaller units of time are cut off"),
        _ if old.family != Date && least(new) == 0 && precision(new) < precision(old) => {
            Lost("fractions of seconds are rounded")
        }
        (Timestamp, Zoned) | (Zoned, Timestamp) | (Date, Zoned) | (Time, ZonedTime) => {
            Fails("it is read in the time zone of the session")
        }
        _ => Kept,
    }
}

fn precision(of: &Type<'_>) -> u32 {
    of.limit().unwrap_or(6)
}

/// The rank of the smallest unit that an interval has; seconds for all else.
fn least(of: &Type<'_>) -> usize {
    const UNITS: [&str; 6] = ["second", "minute", "hour", "day", "month", "year"];
    let last = of.base.rsplit(' ').next();
    let found = UNITS.into_iter().position(|it| last == Some(it));
    found.filter(|_| of.family == Family::Interval).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Fate::{Kept, Lost};
    use super::{ROUNDED, TOO_LARGE, fate};

    #[test]
    fn fewer_digits_after_the_point_are_lost_and_fewer_before_it_fail() {
        assert_eq!(fate("numeric(10,2)", "numeric(12,2)"), Kept);
        assert_eq!(fate("numeric(10,2)", "numeric"), Kept);
        assert_eq!(fate("numeric(10,2)", "numeric(10,3)"), TOO_LARGE);
        assert_eq!(
            fate("numeric(10,2)", "numeric(9,1)"),
            Lost("digits are rounded")
        );
        assert_eq!(fate("integer", "bigint"), Kept);
        assert_eq!(fate("bigint", "integer"), TOO_LARGE);
        assert_eq!(fate("integer", "numeric(12,2)"), Kept);
        assert_eq!(fate("double precision[]", "numeric[]"), ROUNDED);
    }

    #[test]
    fn intervals_lose_what_is_below_their_smallest_unit() {
        let cut = Lost("smaller units of time are cut off");
        assert_eq!(fate("interval", "interval day to minute"), cut);
        assert_eq!(fate("interval", "interval day to second"), Kept);
        assert_eq!(fate("interval year to month", "interval"), Kept);
    }
}
