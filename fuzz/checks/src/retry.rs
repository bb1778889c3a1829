//! A request came back: the next one is never sooner than the server asked, nor later than a day.

use std::time::SystemTime;

use merge_sync_logic::retry::{
    AttemptOutcome, Decision, Facts, LONGEST_WAIT_MS, Policy, Remedy, ResponseFacts,
    TransportFailure, UnusableBody, decide, server_wait,
};
use merge_sync_logic::types::{Milliseconds, Timestamp};
use serde_json::Value;

use crate::bytes::Bytes;
use crate::seeds::Vector;

/// More than [`LONGEST_WAIT_MS`] is not credible: an hour.
const INCREDIBLE: Milliseconds = Milliseconds(3_600_000);

/// What nobody can read, on a 429 or 503: a minute.
const UNREADABLE: Milliseconds = Milliseconds(60_000);

/// What else a request can meet, by the numbers that no response has as its status.
const OTHERS: [&str; 6] = [
    "transport",
    "timed-out",
    "too-large",
    "unusable",
    "stale-cursor",
    "no-token",
];

/// The status (a number of `OTHERS` is no response) and the other facts as numbers, then the line
/// of `Retry-After` and the line of `Date`; an empty line is no header.
pub fn retry(data: &[u8]) {
    let facts = read(data);
    let decision = decide(&facts);
    assert_eq!(decide(&facts), decision, "asked twice");
    let (status, wait) = match &facts.outcome {
        AttemptOutcome::Response(response) => {
            let wait = server_wait(response, facts.now);
            check_wait(response, facts.now, wait);
            (response.status, wait)
        }
        // As if Merge had said that it does not accept the token.
        AttemptOutcome::NoToken => (401, None),
        AttemptOutcome::Transport(_)
        | AttemptOutcome::TimedOut
        | AttemptOutcome::TooLarge
        | AttemptOutcome::Unusable(_)
        | AttemptOutcome::StaleCursor => (0, None),
    };
    check_decision(&facts, status, wait.unwrap_or(Milliseconds(0)), &decision);
}

pub(crate) fn seed(vector: &Vector) -> Option<Vec<u8>> {
    let input = vector.of("retry.decide")?;
    let response = &input["outcome"]["value"];
    let number = |value: &Value| {
        let digits = value.as_str().and_then(|digits| digits.parse().ok());
        value.as_u64().or(digits)
    };
    let small = |value: &Value| u32::try_from(number(value)?).ok();
    let policy = &input["policy"];
    let tag = &input["outcome"]["tag"];
    let other = OTHERS.iter().zip(0..).find(|(name, _)| *tag == **name);
    let status = match other {
        Some((_, number)) => number,
        None => u16::try_from(number(&response["status"])?).ok()?,
    };
    let now = Timestamp::parse(input["now"].as_str()?)?;
    let mut bytes = status.to_le_bytes().to_vec();
    bytes.extend(small(&input["attempt"])?.to_le_bytes());
    bytes.extend(now.0.to_le_bytes());
    bytes.extend(number(&input["seed"])?.to_le_bytes());
    bytes.extend(number(&policy["base"])?.to_le_bytes());
    bytes.extend(number(&policy["throttled_base"])?.to_le_bytes());
    bytes.extend(number(&policy["cap"])?.to_le_bytes());
    bytes.extend(small(&policy["max_attempts"])?.to_le_bytes());
    let header = |name: &str| response[name].as_str().unwrap_or_default();
    let headers = format!("{}\n{}", header("retry_after"), header("date"));
    bytes.extend(headers.as_bytes());
    Some(bytes)
}

fn read(data: &[u8]) -> Facts {
    let mut bytes = Bytes::new(data);
    let status = bytes.u16();
    let attempt = bytes.u32();
    let now = Timestamp(bytes.i64());
    let seed = bytes.u64();
    let policy = Policy {
        base: Milliseconds(bytes.u64()),
        throttled_base: Milliseconds(bytes.u64()),
        cap: Milliseconds(bytes.u64()),
        max_attempts: bytes.u32(),
    };
    let headers = bytes.rest();
    let (retry_after, date) = headers.split_once('\n').unwrap_or((&headers, ""));
    let header = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let outcome = match OTHERS.get(usize::from(status)).copied() {
        Some("transport") => AttemptOutcome::Transport(TransportFailure {
            message: headers.clone(),
        }),
        Some("timed-out") => AttemptOutcome::TimedOut,
        Some("too-large") => AttemptOutcome::TooLarge,
        Some("unusable") => AttemptOutcome::Unusable(UnusableBody {
            message: headers.clone(),
        }),
        Some("stale-cursor") => AttemptOutcome::StaleCursor,
        Some(_) => AttemptOutcome::NoToken,
        None => AttemptOutcome::Response(ResponseFacts {
            status,
            retry_after: header(retry_after),
            date: header(date),
        }),
    };
    Facts {
        outcome,
        attempt,
        now,
        seed,
        policy,
    }
}

/// What the server asked for, read once more by another library.
fn check_wait(response: &ResponseFacts, now: Timestamp, found: Option<Milliseconds>) {
    let trimmed = |text: &Option<String>| {
        text.as_deref()
            .map(|text| text.trim_matches([' ', '\t']).to_owned())
    };
    let Some(asked) = trimmed(&response.retry_after) else {
        assert_eq!(found, None);
        return;
    };
    if let Some(seconds) = seconds(&asked) {
        let wait = credible(Milliseconds(seconds * 1_000));
        assert_eq!(found, Some(wait), "{asked}");
        return;
    }
    if !asked.contains(|sign: char| sign.is_ascii_digit()) {
        let wait = matches!(response.status, 429 | 503).then_some(UNREADABLE);
        assert_eq!(found, wait, "{asked}");
        return;
    }
    let Some(until) = fixdate(&asked) else {
        return;
    };
    let sent = trimmed(&response.date).and_then(|date| fixdate(&date));
    // Where the other library cannot read `Date`, it may still be one, from before 1970.
    let base = match (sent, &response.date) {
        (Some(sent), _) => Timestamp(sent),
        (None, None) => now,
        (None, Some(_)) => return,
    };
    // Rounded up: not sooner than asked.
    let microseconds = i128::from(until) - i128::from(base.0);
    let wait = u64::try_from(microseconds)
        .ok()
        .map(|microseconds| credible(Milliseconds(microseconds.div_ceil(1_000))));
    assert_eq!(found, wait, "{asked}");
}

/// Seconds, a fraction rounded up; none for anything else, more than fit into 32 bits included.
fn seconds(asked: &str) -> Option<u64> {
    let (whole, fraction) = asked.split_once('.').unwrap_or((asked, "0"));
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|sign| sign.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    Some(u64::from(whole) + u64::from(!fraction.trim_matches('0').is_empty()))
}

fn credible(wait: Milliseconds) -> Milliseconds {
    if wait > LONGEST_WAIT_MS {
        INCREDIBLE
    } else {
        wait
    }
}

/// The instant of an IMF-fixdate in microseconds, none for HTTP's two older formats and for a
/// weekday that is not that of the date.
fn fixdate(text: &str) -> Option<i64> {
    let instant = httpdate::parse_http_date(text).ok()?;
    let since = instant.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    (httpdate::fmt_http_date(instant) == text).then_some(())?;
    i64::try_from(since.as_micros()).ok()
}

fn check_decision(facts: &Facts, status: u16, wait: Milliseconds, decision: &Decision) {
    let attempt = facts.attempt.max(1);
    match decision {
        Decision::Succeeded => assert!((200..300).contains(&status)),
        Decision::Again(again) => {
            assert!(again.after >= wait, "sooner than the server asked");
            assert!(again.after <= LONGEST_WAIT_MS, "later than a day");
            assert!(
                again.after.0 <= wait.0.saturating_add(facts.policy.cap.0),
                "over the cap"
            );
            assert!(attempt < facts.policy.max_attempts, "too often");
            check_sentence(&again.reason);
        }
        Decision::Stop(stop) => {
            let passes = matches!(status, 0..=199 | 408 | 429 | 500..);
            let exhausted = attempt >= facts.policy.max_attempts;
            assert!(!passes || exhausted, "given up too soon");
            assert_eq!(stop.remedy == Remedy::Reauthorize, status == 401);
            let asked = stop.not_before.unwrap_or(Milliseconds(0));
            assert!(
                status == 401 || asked == wait,
                "the server's wait was dropped"
            );
            check_sentence(&stop.reason);
        }
    }
}

fn check_sentence(text: &str) {
    assert!(text.ends_with('.') && !text.contains('\n'), "{text}");
}
