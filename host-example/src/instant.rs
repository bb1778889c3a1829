//! Instants as text: what the API, the tables and `explain` print and read.

use chrono::{DateTime, SecondsFormat};

use crate::clock::Micros;

/// RFC 3339 in UTC with `Z` and six fraction digits, for example
/// `2025-11-27T10:39:49.905833Z`. An instant outside the calendar of the library is printed as
/// its number of microseconds.
#[must_use]
pub fn text(instant: Micros) -> String {
    DateTime::from_timestamp_micros(instant).map_or_else(
        || instant.to_string(),
        |date| date.to_rfc3339_opts(SecondsFormat::Micros, true),
    )
}

/// Read RFC 3339 text with a zone, floored to microseconds.
#[must_use]
pub fn parse(text: &str) -> Option<Micros> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|date| date.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::{parse, text};

    #[track_caller]
    fn check(instant: i64, want: &str) {
        assert_eq!(text(instant), want);
        assert_eq!(parse(want), Some(instant));
    }

    #[test]
    fn instants_round_trip() {
        check(0, "1970-01-01T00:00:00.000000Z");
        check(1_764_239_989_905_833, "2025-11-27T10:39:49.905833Z");
        check(-1, "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn an_instant_beyond_the_calendar_is_a_number() {
        assert_eq!(text(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn other_text_is_no_instant() {
        assert_eq!(parse("yesterday"), None);
    }
}
