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

/// The status (0 is no response) and the other facts as numbers, then the line of
/// `Retry-After` and the line of `Date`; an empty line is no header.
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
        // No status either, and the remedy of one.
        AttemptOutcome::NoToken => (401, None),
        _ => (0, None),
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
    let status = u16::try_from(number(&response["status"]).unwrap_or(0)).ok()?;
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
    let outcome = match status {
        0 => AttemptOutcome::Transport(TransportFailure {
            message: headers.clone(),
        }),
        1 => AttemptOutcome::TimedOut,
        2 => AttemptOutcome::TooLarge,
        3 => AttemptOutcome::Unusable(UnusableBody {
            message: headers.clone(),
        }),
        4 => AttemptOutcome::StaleCursor,
        5 => AttemptOutcome::NoToken,
        status => AttemptOutcome::Response(ResponseFacts {
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
    if let Ok(seconds) = asked.parse::<u32>()
        && !asked.starts_with('+')
    {
        let wait = credible(Milliseconds(u64::from(seconds) * 1_000));
        assert_eq!(found, Some(wait), "{asked}");
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
    let until = Timestamp(until);
    // Rounded up: a date has whole seconds, and `base` may have microseconds.
    let wait = credible(until.since(Timestamp(base.0.saturating_sub(999))));
    assert_eq!(found, (until >= base).then_some(wait), "{asked}");
}

fn credible(wait: Milliseconds) -> Milliseconds {
    if wait > LONGEST_WAIT_MS {
        Milliseconds(3_600_000)
    } else {
        wait
    }
}

/// The instant of an IMF-fixdate or of C's form in microseconds; none for the form whose year has
/// two digits, of which the other library takes another century.
fn fixdate(text: &str) -> Option<i64> {
    let instant = httpdate::parse_http_date(text).ok()?;
    let imf = text.len() == 29 && text.as_bytes().get(3) == Some(&b',');
    let since = instant.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    (imf || text.len() == 24).then_some(())?;
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
