//! A request came back. Is it over, and if not, when again?
//!
//! Who keeps the count of attempts, and for what (a model, an account), is the caller's affair.

use alloc::format;
use alloc::string::String;

use crate::cadence::{Interval, jittered};
use crate::types::{Milliseconds, Timestamp};

/// No wait is longer, whoever asked for it: 24 hours.
pub const LONGEST_WAIT_MS: Milliseconds = Milliseconds(86_400_000);

/// A wait that the server asked for in a way that nobody can read: a minute.
const UNREADABLE_WAIT_MS: Milliseconds = Milliseconds(60_000);

/// A wait that is longer than [`LONGEST_WAIT_MS`], as if a clock were wrong: an hour.
const INCREDIBLE_WAIT_MS: Milliseconds = Milliseconds(3_600_000);

/// What a request met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// An HTTP response.
    Response(ResponseFacts),
    /// No response: refused, reset, unresolved, bad TLS.
    Transport(TransportFailure),
    /// No response within the time allowed.
    TimedOut,
    /// A response whose body is over the host's limit.
    TooLarge,
    /// A success whose body cannot be used.
    Unusable(UnusableBody),
    /// A 400, 404 or 410 to a request with a cursor: Merge no longer knows it.
    StaleCursor,
    /// Nothing was sent, since no usable token of this account is stored.
    NoToken,
}

/// A success whose body cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableBody {
    /// What is wrong with it, for a log.
    pub message: String,
}

/// The parts of a response that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseFacts {
    /// The status code.
    pub status: u16,
    /// `Retry-After` as sent: seconds, a fraction rounded up, or an HTTP date in any of its three
    /// forms; of a list the longest counts. Unreadable on a 429 or 503 it counts as a minute, and
    /// more than 24 hours as one hour.
    pub retry_after: Option<String>,
    /// `Date` as sent: the base for a `Retry-After` date.
    pub date: Option<String>,
}

/// A request without a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportFailure {
    /// For a log.
    pub message: String,
}

/// Bounds on the patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// First delay after a transient failure.
    pub base: Milliseconds,
    /// First delay after a 429 that names none.
    pub throttled_base: Milliseconds,
    /// No computed delay is longer.
    pub cap: Milliseconds,
    /// After this many attempts in a row, give up for now: `park`.
    pub max_attempts: u32,
}

impl Default for Policy {
    /// From one second (ten where throttled) to ten minutes, eight attempts.
    fn default() -> Self {
        Self {
            base: Milliseconds(1_000),
            throttled_base: Milliseconds(10_000),
            cap: Milliseconds(600_000),
            max_attempts: 8,
        }
    }
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What the request met.
    pub outcome: AttemptOutcome,
    /// Attempts made in a row, this one included. 0 counts as 1.
    pub attempt: u32,
    /// Host's clock.
    pub now: Timestamp,
    /// Chooses the jitter: equal seeds give equal answers.
    pub seed: u64,
    /// Bounds on the patience.
    pub policy: Policy,
}

/// Try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Never less than the server asked for, up to 24 hours.
    pub after: Milliseconds,
    /// One sentence for people.
    pub reason: String,
}

/// Who can end this failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// 401.
    Reauthorize,
    /// Other 4xx, 3xx.
    DropRequest,
    /// 403, or tried too often in a row.
    Park,
}

/// Stop trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Who can end this failure.
    pub remedy: Remedy,
    /// What the server asked for, where it did.
    pub not_before: Option<Milliseconds>,
    /// One sentence for people.
    pub reason: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// 2xx.
    Succeeded,
    /// Try again.
    Again(Again),
    /// Stop trying.
    Stop(Stop),
}

/// Decide.
///
/// | Met | Answer |
/// |---|---|
/// | 2xx | succeeded |
/// | 408, 429, 5xx, 1xx, a number outside 100 to 599, no response, a body that cannot be used, a stale cursor | again, or `park` after `max_attempts` |
/// | 401, no token | stop, `reauthorize` |
/// | 403 | stop, `park` |
/// | 3xx, other 4xx | stop, `drop-request` |
///
/// The delay before another attempt is drawn evenly from zero to `base * 2^(attempt - 1)`, at
/// most `cap`. Where the server asked for a wait, that comes first and the drawn delay on top,
/// so that waits which began together do not end together; 24 hours bound the sum. After a
/// 429 that asks for no wait `throttled_base` takes the place of `base`.
///
/// A 401 has no `not_before`: a new token may be tried at once.
#[must_use]
pub fn decide(facts: &Facts) -> Decision {
    match &facts.outcome {
        AttemptOutcome::Response(response) => {
            decide_response(facts, response, server_wait(response, facts.now))
        }
        AttemptOutcome::Transport(_) => passing(facts, "Merge could not be reached"),
        AttemptOutcome::TimedOut => passing(facts, "Merge did not answer in time"),
        AttemptOutcome::TooLarge => {
            passing(facts, "Merge's answer is larger than this product takes")
        }
        AttemptOutcome::Unusable(_) => passing(facts, "Merge's answer cannot be used"),
        AttemptOutcome::StaleCursor => {
            passing(facts, "Merge no longer knows where this list was read to")
        }
        AttemptOutcome::NoToken => Decision::Stop(Stop {
            remedy: Remedy::Reauthorize,
            not_before: None,
            reason: "Nothing was sent to Merge, since no usable token of this account is stored; \
                     linking the account again ends this."
                .into(),
        }),
    }
}

/// Another attempt after what is expected to pass.
fn passing(facts: &Facts, happened: &str) -> Decision {
    again(facts, facts.policy.base, None, happened.into())
}

/// How long the server asked us to stay away, where it did: `Retry-After` as seconds, a fraction
/// rounded up, or as one of HTTP's dates, measured from the response's own `Date` (or `now`,
/// where that is absent or unreadable) and rounded up to whole milliseconds. Of a list the
/// longest counts.
///
/// `None` for a wait that is negative, a date that has passed among them. One that cannot be
/// read is a minute on a 429 or 503, where it was certainly meant to be one, and elsewhere
/// `None`. More than 24 hours is not credible and counts as one hour.
///
/// `Some` of zero where the server said that there is no need to wait.
#[must_use]
pub fn server_wait(response: &ResponseFacts, now: Timestamp) -> Option<Milliseconds> {
    let asked = response.retry_after.as_deref()?;
    let date = response.date.as_deref().map(trim);
    let sent = date.and_then(|date| Timestamp::parse_http_date(date, now));
    match longest(trim(asked), sent.unwrap_or(now)) {
        Asked::Wait(wait) => Some(wait),
        Asked::Nothing => None,
        Asked::Unreadable => matches!(response.status, 429 | 503).then_some(UNREADABLE_WAIT_MS),
    }
}

/// What a `Retry-After`, or an item of it, asks for; in order of what counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Unreadable,
    Nothing,
    Wait(Milliseconds),
}

/// The longest wait of a list. A date has a comma as well: where an item is none, it may be the
/// weekday of the next.
fn longest(list: &str, sent: Timestamp) -> Asked {
    let mut longest = Asked::Unreadable;
    let mut rest = list;
    while !rest.is_empty() {
        let (item, after) = rest.split_once(',').unwrap_or((rest, ""));
        let mut asked = read(trim(item), sent);
        rest = after;
        if asked == Asked::Unreadable && !after.is_empty() {
            let (end, after) = after.split_once(',').unwrap_or((after, ""));
            asked = read(trim(&format!("{item},{end}")), sent);
            if asked != Asked::Unreadable {
                rest = after;
            }
        }
        longest = longest.max(asked);
    }
    longest
}

fn read(item: &str, sent: Timestamp) -> Asked {
    let (seconds, is_negative) = item
        .strip_prefix('-')
        .map_or((item, false), |it| (it, true));
    let wait = if let Some(seconds) = seconds_rounded_up(seconds) {
        if is_negative && seconds > 0 {
            return Asked::Nothing;
        }
        Milliseconds(seconds.saturating_mul(1_000))
    } else {
        let Some(until) = Timestamp::parse_http_date(item, sent) else {
            return Asked::Unreadable;
        };
        if until < sent {
            return Asked::Nothing;
        }
        let microseconds = until.0.saturating_sub(sent.0).unsigned_abs();
        Milliseconds(microseconds.div_ceil(1_000))
    };
    Asked::Wait(if wait > LONGEST_WAIT_MS {
        INCREDIBLE_WAIT_MS
    } else {
        wait
    })
}

/// `45` or `44.5`, in whole seconds. Digits that do not fit are a long wait, not an unreadable
/// one.
fn seconds_rounded_up(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let more = fraction.bytes().any(|digit| digit != b'0');
    let seconds = whole.parse().unwrap_or(u64::MAX);
    Some(seconds.saturating_add(more.into()))
}

/// Without the white space that HTTP allows around a header's value.
fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

fn decide_response(
    facts: &Facts,
    response: &ResponseFacts,
    wait: Option<Milliseconds>,
) -> Decision {
    let status = response.status;
    let stop = |remedy, not_before, reason| {
        Decision::Stop(Stop {
            remedy,
            not_before,
            reason,
        })
    };
    match status {
        200..=299 => Decision::Succeeded,
        401 => stop(
            Remedy::Reauthorize,
            None,
            "Merge does not accept the API key or this account's token (status 401); correcting \
             the key or linking the account again ends this."
                .into(),
        ),
        403 => stop(
            Remedy::Park,
            wait,
            "Merge refuses access to this data (status 403); allowing it in Merge ends this."
                .into(),
        ),
        429 => again(
            facts,
            throttled_base(&facts.policy, wait),
            wait,
            "Merge limits how often it may be asked (status 429)".into(),
        ),
        // What nobody defined (under 100, over 599) may be a broken proxy, and passes.
        0..=199 | 408 | 500..=u16::MAX => again(
            facts,
            facts.policy.base,
            wait,
            format!("Merge answered with status {status}, which is expected to pass"),
        ),
        300..=499 => stop(
            Remedy::DropRequest,
            wait,
            format!("Merge does not serve this request (status {status}); it is given up for now."),
        ),
    }
}

/// A wait of zero names none: it must not shorten the delay of a client that is throttled.
fn throttled_base(policy: &Policy, wait: Option<Milliseconds>) -> Milliseconds {
    match wait {
        Some(wait) if wait > Milliseconds(0) => policy.base,
        Some(_) | None => policy.throttled_base,
    }
}

/// Another attempt, or a rest once there were enough. `happened` begins the sentence.
fn again(
    facts: &Facts,
    base: Milliseconds,
    wait: Option<Milliseconds>,
    happened: String,
) -> Decision {
    let attempt = facts.attempt.max(1);
    if attempt >= facts.policy.max_attempts {
        return Decision::Stop(Stop {
            remedy: Remedy::Park,
            not_before: wait,
            reason: format!(
                "{happened}; after attempt {attempt} in a row the request rests for now."
            ),
        });
    }
    let drawn = Interval {
        shortest: Milliseconds(0),
        longest: backoff(base, facts.policy.cap, attempt),
    };
    let drawn = jittered(drawn, facts.seed);
    let after = wait.unwrap_or(Milliseconds(0)).0.saturating_add(drawn.0);
    Decision::Again(Again {
        after: Milliseconds(after).min(LONGEST_WAIT_MS),
        reason: format!("{happened}; the request is tried again by itself."),
    })
}

/// `base * 2^(attempt - 1)`, at most `cap`.
fn backoff(base: Milliseconds, cap: Milliseconds, attempt: u32) -> Milliseconds {
    let factor = 1_u64
        .checked_shl(attempt.saturating_sub(1))
        .unwrap_or(u64::MAX);
    Milliseconds(base.0.saturating_mul(factor)).min(cap)
}

#[cfg(test)]
mod tests;
