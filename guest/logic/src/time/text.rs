//! Timestamps as text: RFC 3339 in and out, HTTP's dates in.
//!
//! The calendar is chrono's. What stands here is the exact grammar, which is narrower than
//! chrono's in places (ten fraction digits) and wider in others (no zone, `+0530`). What chrono has beside it would cost a component dearly: its formatter 60 KB,
//! its parser of e-mail's dates 17. So an instant is printed digit by digit, and HTTP's date is put
//! into the order of RFC 3339 and then read as that.

use core::fmt;

use alloc::format;
use alloc::string::String;

use chrono::{DateTime, Datelike, Timelike};

use super::Timestamp;

/// 0001-01-01T00:00:00Z.
const FIRST_PRINTED: i64 = -62_135_596_800_000_000;
/// 9999-12-31T23:59:59.999999Z.
const LAST_PRINTED: i64 = 253_402_300_799_999_999;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// An instant as text, on the stack.
pub(crate) struct Printed {
    bytes: [u8; "YYYY-MM-DDThh:mm:ss.ffffffZ".len()],
    whole_second: bool,
}

impl Printed {
    pub(crate) fn as_str(&self) -> &str {
        let whole = "YYYY-MM-DDThh:mm:ssZ".len();
        let length = if self.whole_second {
            whole
        } else {
            self.bytes.len()
        };
        let text = self.bytes.get(..length).unwrap_or_default();
        // Digits and signs: there is nothing to fall back from.
        core::str::from_utf8(text).unwrap_or_default()
    }
}

impl Timestamp {
    /// RFC 3339 in UTC with `Z` and six fraction digits, or none where they are zero.
    /// Clamped to the years 0001 to 9999.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.printed().as_str().into()
    }

    /// As [`Timestamp::to_rfc3339`], for whoever only passes it on.
    pub(crate) fn printed(self) -> Printed {
        let clamped = self.0.clamp(FIRST_PRINTED, LAST_PRINTED);
        // Chrono's own range is wider than the clamp, so the fallback is never taken.
        let at = DateTime::from_timestamp_micros(clamped).unwrap_or(DateTime::UNIX_EPOCH);
        // The clamp leaves no year before the first.
        let year = at.year().unsigned_abs();
        let microseconds = at.timestamp_subsec_micros();
        let [[c1, c2], [y1, y2]] = [year / 100, year].map(pair);
        let [[o1, o2], [d1, d2]] = [at.month(), at.day()].map(pair);
        let [[h1, h2], [m1, m2], [s1, s2]] = [at.hour(), at.minute(), at.second()].map(pair);
        let [[f1, f2], [f3, f4], [f5, f6]] =
            [microseconds / 10_000, microseconds / 100, microseconds].map(pair);
        let end = if microseconds == 0 { b'Z' } else { b'.' };
        Printed {
            #[rustfmt::skip]
            bytes: [
                c1, c2, y1, y2, b'-', o1, o2, b'-', d1, d2, b'T',
                h1, h2, b':', m1, m2, b':', s1, s2, end, f1, f2, f3, f4, f5, f6, b'Z',
            ],
            whole_second: microseconds == 0,
        }
    }

    /// Reads `YYYY-MM-DD`, `T`, `t` or one space, `hh:mm:ss`, 0 to 9 fraction digits, then `Z`,
    /// `z`, `+hh:mm`, `+hhmm` (or `-`) or nothing, which is read as UTC. Floored to microseconds.
    /// Second 60 has no place on a scale of equal seconds and is read as 59.999999.
    ///
    /// `None` for anything else: a date that is not in the calendar, a point without digits,
    /// `24:00:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if is_as_merge_writes_it(text) {
            return of_chrono(text);
        }
        Self::parse_any(text)
    }

    /// As [`Timestamp::parse`], of any form: the common one as well, if more slowly.
    fn parse_any(text: &str) -> Option<Self> {
        let (date_and_time, rest) = text.split_at_checked("YYYY-MM-DDThh:mm:ss".len())?;
        if !has_shape(date_and_time, "0000-00-00T00:00:00") {
            return None;
        }
        let (date, time) = (date_and_time.get(..10)?, date_and_time.get(11..)?);
        let (fraction, zone) = split_fraction(rest)?;
        let (time, fraction) = match time.strip_suffix("60") {
            None => (time, fraction),
            Some(minute) => (&*format!("{minute}59"), ".999999"),
        };
        let mut normal = format!("{date}T{time}{fraction}");
        push_zone(&mut normal, zone)?;
        of_chrono(&normal)
    }

    /// Reads any of HTTP's three forms of a date, which have whole seconds and are in UTC:
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and
    /// `Sun Nov  6 08:49:37 1994`; with `UTC`, `+0000` or `-0000` for `GMT` as well. A year of two
    /// digits is the one closest to `now`.
    ///
    /// `None` for anything else, a weekday that does not fit the date included.
    #[must_use]
    pub fn parse_http_date(text: &str, now: Self) -> Option<Self> {
        let (weekday, rest) = text.split_at_checked(3)?;
        let HttpDate {
            day,
            month,
            year,
            time,
        } = HttpDate::split(rest)?;
        let mut months = MONTHS.iter().zip(1..);
        let (_, month) = months.find(|(name, _)| name.eq_ignore_ascii_case(month))?;
        let (zero, day) = day.strip_prefix(' ').map_or(("", day), |day| ("0", day));
        let at = |century: &str| {
            let at = Self::parse(&format!("{century}{year}-{month:02}-{zero}{day}T{time}Z"))?;
            let date = DateTime::from_timestamp_micros(at.0)?;
            let named = WEEKDAYS.get(date.weekday().num_days_from_monday() as usize)?;
            weekday.eq_ignore_ascii_case(named).then_some(at)
        };
        if year.len() == 4 {
            return at("");
        }
        // Of the centuries around, the one that brings it closest.
        ["19", "20", "21"]
            .into_iter()
            .filter_map(at)
            .min_by_key(|at| at.0.abs_diff(now.0))
    }
}

/// The parts of one of HTTP's dates, apart from its weekday.
struct HttpDate<'a> {
    day: &'a str,
    month: &'a str,
    year: &'a str,
    time: &'a str,
}

impl<'a> HttpDate<'a> {
    /// Of what follows the first three letters of the weekday.
    fn split(rest: &'a str) -> Option<Self> {
        let digits_apart = [" aaa 00 00:00:00 0000", " aaa  0 00:00:00 0000"];
        if digits_apart.iter().any(|shape| has_shape(rest, shape)) {
            return Some(Self {
                day: rest.get(5..7)?,
                month: rest.get(1..4)?,
                year: rest.get(17..)?,
                time: rest.get(8..16)?,
            });
        }
        let (end_of_weekday, date) = rest.split_once(',')?;
        let mut zones = [" GMT", " UTC", " +0000", " -0000"].into_iter();
        let date = zones.find_map(|zone| date.strip_suffix(zone))?;
        let mut end_of_weekday = end_of_weekday.bytes();
        if !end_of_weekday.all(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        let (year, time) = if has_shape(date, " 00 aaa 0000 00:00:00") {
            (date.get(8..12)?, date.get(13..)?)
        } else if has_shape(date, " 00-aaa-00 00:00:00") {
            (date.get(8..10)?, date.get(11..)?)
        } else {
            return None;
        };
        Some(Self {
            day: date.get(1..3)?,
            month: date.get(4..7)?,
            year,
            time,
        })
    }
}

/// Whether `text` has nothing that chrono would take and the grammar has not, and so can be left to
/// chrono alone: a `T`, no leap second, at most nine fraction digits, and a `Z`.
fn is_as_merge_writes_it(text: &str) -> bool {
    const SHORTEST: usize = "YYYY-MM-DDThh:mm:ssZ".len();
    const LONGEST: usize = "YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ".len();
    let bytes = text.as_bytes();
    (SHORTEST..=LONGEST).contains(&bytes.len())
        && bytes.get(10) == Some(&b'T')
        && bytes.get(17..19) != Some(b"60")
        && bytes.last() == Some(&b'Z')
}

fn of_chrono(text: &str) -> Option<Timestamp> {
    let at = DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp(at.timestamp_micros()))
}

/// As [`Timestamp::to_rfc3339`].
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.printed().as_str())
    }
}

/// The last two decimal digits of `value`.
fn pair(value: u32) -> [u8; 2] {
    [value / 10, value].map(|tens| b'0'.saturating_add(u8::try_from(tens % 10).unwrap_or(0)))
}

/// Whether `text` is as long as `shape` and has a digit where it has `0`, a letter where it
/// has `a`, and elsewhere the same character; for the `T` also a small one or a space.
///
/// Once in the component: of none of its users is speed asked.
#[inline(never)]
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(found, wanted)| match wanted {
                b'0' => found.is_ascii_digit(),
                b'a' => found.is_ascii_alphabetic(),
                b'T' => matches!(found, b'T' | b't' | b' '),
                literal => found == literal,
            })
}

/// The fraction with its point, empty where there is none, and what follows it.
fn split_fraction(text: &str) -> Option<(&str, &str)> {
    let Some(digits_and_zone) = text.strip_prefix('.') else {
        return Some(("", text));
    };
    let zone = digits_and_zone.trim_start_matches(|character: char| character.is_ascii_digit());
    let fraction = text.strip_suffix(zone)?;
    (2..=10)
        .contains(&fraction.len())
        .then_some((fraction, zone))
}

/// Appends the zone in the one form that chrono reads; whether its sign is one, chrono says.
fn push_zone(normal: &mut String, zone: &str) -> Option<()> {
    if matches!(zone, "" | "Z" | "z") {
        normal.push('Z');
        return Some(());
    }
    let (sign, offset) = zone.split_at_checked(1)?;
    let (hours, minutes) = match offset.len() {
        4 => offset.split_at_checked(2)?,
        _ => offset.split_once(':')?,
    };
    if !has_shape(hours, "00") || !has_shape(minutes, "00") {
        return None;
    }
    for part in [sign, hours, ":", minutes] {
        normal.push_str(part);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<&str>) {
        let found = Timestamp::parse(text);
        assert_eq!(found.map(Timestamp::to_rfc3339).as_deref(), want, "{text}");
        let shown = found.map(|found| format!("{found}"));
        assert_eq!(shown.as_deref(), want, "{text}");
    }

    proptest::proptest! {
        /// What is left to chrono alone reads as what is checked first.
        #[test]
        fn the_common_form_reads_as_any(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9](T|T|T|t| )[0-2][0-9]:[0-5][0-9]:(60|[0-5][0-9])\
                ([.,][0-9]{0,11})?(Z|Z|Z|z|\\+|-|)",
            at in 0_usize..31,
            other in "[0-9TZtz :.+\u{e9}-]",
        ) {
            let mut changed: String = text.chars().take(at).collect();
            changed.push_str(&other);
            changed.extend(text.chars().skip(at.saturating_add(1)));
            for text in [text, changed] {
                assert_eq!(Timestamp::parse(&text), Timestamp::parse_any(&text), "{text}");
            }
        }
    }

    #[test]
    fn every_form_merge_sends_is_read() {
        check(
            "2025-11-27T10:39:49.905833Z",
            Some("2025-11-27T10:39:49.905833Z"),
        );
        check("2025-11-27T00:16:19Z", Some("2025-11-27T00:16:19Z"));
        check("2021-03-30T20:44:18", Some("2021-03-30T20:44:18Z"));
        check(
            "2021-03-30t20:44:18.5z",
            Some("2021-03-30T20:44:18.500000Z"),
        );
        check(
            "2024-02-29T23:59:59.123456789",
            Some("2024-02-29T23:59:59.123456Z"),
        );
    }

    #[test]
    fn an_offset_is_taken_off() {
        check("2021-03-30T20:44:18+05:30", Some("2021-03-30T15:14:18Z"));
        check(
            "2021-03-30T20:44:18.25+0530",
            Some("2021-03-30T15:14:18.250000Z"),
        );
        check("2021-01-01T00:00:00-00:30", Some("2021-01-01T00:30:00Z"));
        check("2021-01-01T00:00:00-0000", Some("2021-01-01T00:00:00Z"));
    }

    #[test]
    fn microseconds_are_floored_before_1970_too() {
        assert_eq!(
            Timestamp::parse("1969-12-31T23:59:59.9999999Z"),
            Some(Timestamp(-1))
        );
        assert_eq!(
            Timestamp::parse("1969-12-31T23:59:59.9999991Z"),
            Some(Timestamp(-1))
        );
        assert_eq!(
            Timestamp::parse("1970-01-01T00:00:00.0000009Z"),
            Some(Timestamp(0))
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "yesterday",
            "2025-11-27",
            "2025-11-27  10:39:49Z",
            "2025-11-27_10:39:49Z",
            "2025-11-27\t10:39:49Z",
            "2025-11-27 10:39:49 Z",
            "2025-11-27T10:39Z",
            "2025-11-27T10:39:49.Z",
            "2025-11-27T10:39:49,5Z",
            "2025-11-27T10:39:49.1234567890Z",
            "2025-11-27T10:39:49Z ",
            " 2025-11-27T10:39:49Z",
            "2025-11-27T10:39:49ZZ",
            "2025-11-27T10:39:49+05",
            "2025-11-27T10:39:49+5:30",
            "2025-11-27T10:39:49+05:3",
            "2025-11-27T10:39:49+053",
            "2025-11-27T10:39:49+24:00",
            "2025-11-27T10:39:49~05:00",
            "2025-11-27T10:39:49+05:60",
            "2025-11-27T10:39:49\u{2212}05:00",
            "2025-02-29T10:39:49Z",
            "2025-13-01T10:39:49Z",
            "2025-00-01T10:39:49Z",
            "2025-11-27T24:00:00Z",
            "2025-11-27T10:60:00Z",
            "2016-12-31T23:59:61Z",
            "2016-12-31T23:60:60Z",
            "+2025-11-27T10:39:49Z",
            "12025-11-27T10:39:49Z",
            "2025-11-27T10:39:4\u{e9}Z",
            "\u{0662}025-11-27T10:39:49Z",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn printing_is_clamped_to_four_digit_years() {
        assert_eq!(Timestamp(i64::MIN).to_rfc3339(), "0001-01-01T00:00:00Z");
        assert_eq!(
            Timestamp(i64::MAX).to_rfc3339(),
            "9999-12-31T23:59:59.999999Z"
        );
        check("0000-06-01T00:00:00Z", Some("0001-01-01T00:00:00Z"));
        check(
            "9999-12-31T23:59:59.999999-23:59",
            Some("9999-12-31T23:59:59.999999Z"),
        );
        check("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z"));
    }

    #[test]
    fn a_space_stands_for_the_t() {
        check(
            "2025-11-27 10:39:49.905833+00:00",
            Some("2025-11-27T10:39:49.905833Z"),
        );
        check("2025-11-27 10:30:00Z", Some("2025-11-27T10:30:00Z"));
        check("2025-11-27 10:30:00", Some("2025-11-27T10:30:00Z"));
    }

    #[test]
    fn second_sixty_is_the_last_instant_of_its_minute() {
        for text in [
            "2016-12-31T23:59:60Z",
            "2016-12-31 23:59:60.5",
            "2017-01-01T00:59:60+01:00",
        ] {
            check(text, Some("2016-12-31T23:59:59.999999Z"));
        }
    }

    const NOW: Timestamp = Timestamp(1_764_243_589_905_833);

    #[test]
    fn each_form_of_an_http_date_is_read() {
        let noon = Timestamp::parse("1994-11-06T08:49:37Z");
        assert!(noon.is_some());
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37 -0000",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994",
        ] {
            assert_eq!(Timestamp::parse_http_date(text, NOW), noon, "{text}");
        }
        let leap = Timestamp::parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW);
        assert_eq!(leap, Timestamp::parse("2016-12-31T23:59:59.999999Z"));
    }

    #[test]
    fn a_year_of_two_digits_is_the_closest() {
        for (text, now, want) in [
            (
                "Friday, 27-Nov-26 12:00:00 GMT",
                "2026-11-27T00:00:00Z",
                "2026-11-27T12:00:00Z",
            ),
            (
                "Thursday, 01-Jan-70 00:00:00 GMT",
                "2026-11-27T00:00:00Z",
                "1970-01-01T00:00:00Z",
            ),
            (
                "Friday, 01-Jan-00 00:00:00 GMT",
                "2099-12-31T23:59:00Z",
                "2100-01-01T00:00:00Z",
            ),
        ] {
            let now = Timestamp::parse(now).expect(now);
            let want = Timestamp::parse(want);
            assert_eq!(Timestamp::parse_http_date(text, now), want, "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_http_date() {
        for text in [
            "",
            "Sun",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Monday, 06-Nov-94 08:49:37 GMT",
            "Mon Nov  6 08:49:37 1994",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun,  6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 +0100",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 06 Nov 1994 08:49:37 GMT (x)",
            "Sun, 06 Noz 1994 08:49:37 GMT",
            "Thu, 31 Nov 1994 08:49:37 GMT",
            "S\u{e9}n, 06 Nov 1994 08:49:37 GMT",
            "Sun-day, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(Timestamp::parse_http_date(text, NOW), None, "{text}");
        }
    }
}
