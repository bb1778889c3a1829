//! A request came back. Is it over, and if not, when again?

use alloc::string::String;

use crate::types::{Milliseconds, Timestamp};

/// What a request met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// An HTTP response.
    Response(ResponseFacts),
    /// No response: refused, reset, timed out, unresolved, bad TLS.
    Transport(TransportFailure),
}

/// The parts of a response that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseFacts {
    /// The status code.
    pub status: u16,
    /// `Retry-After` as sent: seconds or an HTTP date.
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
#[must_use]
pub fn decide(facts: &Facts) -> Decision {
    let _ = facts;
    Decision::Succeeded
}

/// How long the server asked us to stay away, where it did, at most 24 hours: `Retry-After`
/// as whole seconds, or as an IMF-fixdate measured from the response's own `Date` (or `now`).
#[must_use]
pub fn server_wait(response: &ResponseFacts, now: Timestamp) -> Option<Milliseconds> {
    let _ = (response, now);
    None
}
