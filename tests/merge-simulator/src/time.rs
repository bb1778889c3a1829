//! Instants of the virtual clock and the ways Merge writes them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

/// Microseconds since 1970-01-01T00:00:00Z, or a span in microseconds.
pub type Micros = i64;

/// One second.
pub const SECOND: Micros = 1_000_000;
/// One minute.
pub const MINUTE: Micros = 60 * SECOND;
/// One hour.
pub const HOUR: Micros = 60 * MINUTE;
/// One day.
pub const DAY: Micros = 24 * HOUR;

fn utc(at: Micros) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at).unwrap_or_default()
}

/// As in `/sync-status` and in rows: six digits of fraction, and none at all on a whole
/// second, as Python writes it.
#[must_use]
pub fn iso(at: Micros) -> String {
    if at.rem_euclid(SECOND) == 0 {
        return iso_seconds(at);
    }
    utc(at).to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// As in the `sync_completed` webhook: cut to the whole second.
#[must_use]
pub fn iso_seconds(at: Micros) -> String {
    let whole = at - at.rem_euclid(SECOND);
    utc(whole).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The form of the `Date` header.
#[must_use]
pub fn http_date(at: Micros) -> String {
    utc(at).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Read an instant as a filter gives it: with an offset, without one (UTC), or a date alone.
/// Finer fractions are cut to the microsecond. `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<Micros> {
    if let Ok(with_zone) = DateTime::parse_from_rfc3339(text) {
        return Some(with_zone.timestamp_micros());
    }
    if let Ok(naive) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return Some(naive.and_utc().timestamp_micros());
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<Micros>) {
        assert_eq!(parse(text), want, "{text}");
    }

    #[test]
    fn filters_take_zones_fractions_and_dates() {
        let base = 1_764_240_000 * SECOND;
        check("2025-11-27T10:40:00Z", Some(base));
        check("2025-11-27T10:40:00.000001Z", Some(base + 1));
        check("2025-11-27T11:40:00+01:00", Some(base));
        check("2025-11-27T10:40:00", Some(base));
        check("2025-11-27", Some(base - 640 * MINUTE));
        check("2025-11-27T11:40:00 01:00", None);
        check("yesterday", None);
    }

    #[test]
    fn a_whole_second_is_written_without_a_fraction() {
        let base = 1_764_240_000 * SECOND;
        assert_eq!(iso(base), "2025-11-27T10:40:00Z");
        assert_eq!(iso(base + 1), "2025-11-27T10:40:00.000001Z");
        assert_eq!(iso_seconds(base + 999_999), "2025-11-27T10:40:00Z");
        assert_eq!(http_date(base), "Thu, 27 Nov 2025 10:40:00 GMT");
    }
}
