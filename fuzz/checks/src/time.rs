//! Instants and spans: what is printed reads back as itself, and sums never overflow.

use jiff::Timestamp as Other;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::bytes::Bytes;
use crate::seeds::Vector;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what can be printed unclamped.
const PRINTED: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// An instant, another one and a span in eight bytes each; then a text that may be an instant.
pub fn time(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let (one, other) = (Timestamp(bytes.i64()), Timestamp(bytes.i64()));
    let span = Milliseconds(bytes.u64());
    let text = bytes.rest();
    for instant in [one, other] {
        check_printed(instant);
        check_second(instant);
    }
    check_sums(one, other, span);
    check_text(&text);
    check_fixdate(&text, one);
}

/// The first instant of a vector's input.
pub(crate) fn seed(vector: &Vector) -> Option<Vec<u8>> {
    let input = vector.input.to_string();
    let mut texts = input.split('"').filter(|text| {
        text.starts_with(|first: char| first.is_ascii_digit()) || text.contains(" GMT")
    });
    let mut bytes = Timestamp::EPOCH.0.to_le_bytes().repeat(3);
    bytes.extend(texts.next()?.as_bytes());
    Some(bytes)
}

fn check_printed(instant: Timestamp) {
    let printed = instant.to_rfc3339();
    let clamped = Timestamp(instant.0.clamp(*PRINTED.start(), *PRINTED.end()));
    assert_eq!(Timestamp::parse(&printed), Some(clamped), "{printed}");
    match printed.parse::<Other>() {
        Ok(other) => assert_eq!(other.as_microsecond(), clamped.0, "{printed}"),
        // The other library's range ends a day sooner.
        Err(_) => assert!(clamped.0 > Other::MAX.as_microsecond(), "{printed}"),
    }
    assert_eq!(clamped.to_rfc3339(), printed);
    assert_eq!(
        printed.contains('.'),
        !clamped.is_whole_second(),
        "{printed}"
    );
}

fn check_second(instant: Timestamp) {
    let floored = instant.floor_to_second();
    assert!(floored <= instant);
    assert!(instant.0.abs_diff(floored.0) < 1_000_000);
    assert!(floored.is_whole_second() || floored.0 == i64::MIN);
    assert_eq!(
        instant.is_whole_second(),
        floored == instant && instant.0 != i64::MIN
    );
}

fn check_sums(one: Timestamp, other: Timestamp, span: Milliseconds) {
    let exact = i128::from(span.0) * 1_000;
    let saturated =
        |sum: i128| i64::try_from(sum.clamp(i64::MIN.into(), i64::MAX.into())).expect("in range");
    // A span beyond the range of instants is as long as the range.
    let exact = exact.min(i64::MAX.into());
    assert_eq!(one.plus(span).0, saturated(i128::from(one.0) + exact));
    assert_eq!(one.minus(span).0, saturated(i128::from(one.0) - exact));
    let since = (i128::from(one.0) - i128::from(other.0)).clamp(0, i64::MAX.into());
    assert_eq!(i128::from(one.since(other).0), since / 1_000);
}

/// Whatever is read as an instant is one for the other library, too.
fn check_text(text: &str) {
    let Some(read) = Timestamp::parse(text) else {
        if is_plain(text) {
            assert!(text.parse::<Other>().is_err(), "refused: {text}");
        }
        return;
    };
    check_printed(read);
    let zoned = text.contains(['Z', 'z', '+']) || text[10..].contains('-');
    let text = if zoned {
        text.to_owned()
    } else {
        format!("{text}Z")
    };
    // The other library takes a leap second for the second before it.
    let is_leap = text.get(17..19) == Some("60");
    if let Ok(other) = text.parse::<Other>()
        && !is_leap
    {
        let nanoseconds = other.as_nanosecond();
        assert_eq!(i128::from(read.0), nanoseconds.div_euclid(1_000), "{text}");
    }
}

/// Whether the text has the shape of `2025-11-27T10:40:00Z`. The other library takes more forms of ISO
/// 8601 than the contract does, some of them as long as this one.
fn is_plain(text: &str) -> bool {
    let shape = b"dddd-dd-ddTdd:dd:ddZ";
    text.len() == shape.len()
        && text.bytes().zip(shape).all(|(found, wanted)| match wanted {
            b'd' => found.is_ascii_digit(),
            _ => found == *wanted,
        })
}

fn check_fixdate(text: &str, now: Timestamp) {
    let read = Timestamp::parse_http_date(text, now);
    // The other library has another rule for a year of two digits, and none for a leap second.
    let is_told_apart = text.contains('-') || text.contains(":60");
    if let (Some(read), Ok(other), false) = (read, httpdate::parse_http_date(text), is_told_apart) {
        let since = other
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .expect("after 1970");
        assert_eq!(
            i128::from(read.0),
            i128::try_from(since.as_micros()).expect("in range"),
            "{text}"
        );
    }
    if let Some(read) = read {
        assert!(read.is_whole_second() || text.contains(":60"));
    }
}
