//! Instants as text for the typed form, which has them as numbers. Printed by chrono, where the
//! guest prints by hand.

use chrono::{DateTime, NaiveDateTime, Utc};

/// 0001-01-01T00:00:00Z in microseconds.
const FIRST: i64 = -62_135_596_800_000_000;
/// 9999-12-31T23:59:59.999999Z in microseconds.
const LAST: i64 = 253_402_300_799_999_999;

/// Microseconds since 1970 of an RFC 3339 text; without a zone it is UTC.
pub(crate) fn parse_instant(text: &str) -> Option<i64> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.timestamp_micros());
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some(local.and_utc().timestamp_micros())
}

/// RFC 3339 with `Z`, six fraction digits or none, clamped to four-digit years.
pub(crate) fn print_instant(microseconds: i64) -> String {
    let clamped = microseconds.clamp(FIRST, LAST);
    let instant = DateTime::<Utc>::from_timestamp_micros(clamped).unwrap_or_default();
    let form = if clamped % 1_000_000 == 0 {
        "%Y-%m-%dT%H:%M:%SZ"
    } else {
        "%Y-%m-%dT%H:%M:%S%.6fZ"
    };
    instant.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, microseconds: i64, printed: &str) {
        assert_eq!(parse_instant(text), Some(microseconds), "{text}");
        assert_eq!(print_instant(microseconds), printed);
    }

    #[test]
    fn instants_round_trip_in_the_printed_form() {
        check("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z");
        check(
            "1970-01-01T00:00:00.5",
            500_000,
            "1970-01-01T00:00:00.500000Z",
        );
        check(
            "1969-12-31T23:59:59.999999Z",
            -1,
            "1969-12-31T23:59:59.999999Z",
        );
        check("0001-01-01T00:00:00Z", FIRST, "0001-01-01T00:00:00Z");
        check(
            "9999-12-31T23:59:59.999999Z",
            LAST,
            "9999-12-31T23:59:59.999999Z",
        );
    }

    #[test]
    fn instants_out_of_range_are_clamped() {
        assert_eq!(print_instant(i64::MIN), "0001-01-01T00:00:00Z");
        assert_eq!(print_instant(i64::MAX), "9999-12-31T23:59:59.999999Z");
    }
}
