//! Instants as text: what the API, the tables and `explain` print; and how they read it.

use chrono::{DateTime, SecondsFormat};
use serde_json::json;

use crate::bindings::exports::merge_sync::triggers::readiness::StatusPage;
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

/// A page of `/sync-status` with nothing but `text` to it. The component reads it, and
/// [`from_status`] what it says: there is one grammar for instants, and it is not in this crate.
pub(crate) fn as_status(text: &str) -> String {
    let row = json!({
        "model_id": "hris.Employee",
        "model_name": "Employee",
        "last_sync_finished": text,
    });
    json!({ "next": null, "results": [row] }).to_string()
}

/// The instant of a page made by [`as_status`]; `None` where its text is none.
pub(crate) fn from_status<E>(page: Result<StatusPage, E>) -> Option<Micros> {
    page.ok()?.statuses.first()?.last_sync_finished
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn instants_are_printed_in_utc_to_the_microsecond() {
        assert_eq!(text(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(text(1_764_239_989_905_833), "2025-11-27T10:39:49.905833Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn an_instant_beyond_the_calendar_is_a_number() {
        assert_eq!(text(i64::MAX), i64::MAX.to_string());
    }
}
