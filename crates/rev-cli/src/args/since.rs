//! Moments in the past, as people type them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A moment: RFC 3339; a day, from its beginning in UTC; or how long ago.
pub(super) fn since(text: &str) -> Result<Timestamp, String> {
    moment(text, Timestamp::now())
        .ok_or_else(|| "such as 2026-11-25T09:00:00Z, 2026-11-25, 2h or 3d".to_owned())
}

fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    if let Ok(date) = text.parse::<Date>() {
        let day = date.to_zoned(TimeZone::UTC).ok()?;
        return Some(day.timestamp());
    }
    let span: Span = text.parse().ok()?;
    let is_past = !span.is_negative() && !span.is_zero();
    let now = now.to_zoned(TimeZone::UTC);
    is_past
        .then(|| now.checked_sub(span).ok())
        .flatten()
        .map(|it| it.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_typed_in_three_ways() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().expect("a moment");
        for (text, moment) in [
            ("2026-11-24T09:30:00Z", "2026-11-24T09:30:00Z"),
            ("2026-11-24T09:30:00+02:00", "2026-11-24T07:30:00Z"),
            ("2026-11-24", "2026-11-24T00:00:00Z"),
            ("2h", "2026-11-25T10:00:00Z"),
            ("90m", "2026-11-25T10:30:00Z"),
            ("3d", "2026-11-22T12:00:00Z"),
            ("1w 2h", "2026-11-18T10:00:00Z"),
        ] {
            let found = super::moment(text, now).map(|it| it.to_string());
            assert_eq!(found.as_deref(), Some(moment), "{text}");
        }
        for text in ["", "yesterday", "2", "-2h", "0s", "2026-13-01", "09:00"] {
            assert_eq!(super::moment(text, now), None, "{text}");
        }
    }
}
