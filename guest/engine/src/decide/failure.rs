//! A request failed: the facts that `retry.decide` needs.

use alloc::string::String;

use merge_sync_logic::retry::{
    self, AttemptOutcome, Decision, ResponseFacts, TransportFailure, UnusableBody,
};
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::contract::http::{Response, SendError};
use crate::ground::seed::seed;
use crate::settings::Settings;

/// The parts of a response that `retry` looks at.
pub fn response_facts(response: &Response) -> ResponseFacts {
    ResponseFacts {
        status: response.status,
        retry_after: header(response, "retry-after"),
        date: header(response, "date"),
    }
}

/// What a response met that was not a success.
pub fn answered(response: &Response) -> AttemptOutcome {
    AttemptOutcome::Response(response_facts(response))
}

/// A success whose body cannot be used.
pub fn unusable(message: String) -> AttemptOutcome {
    AttemptOutcome::Unusable(UnusableBody { message })
}

/// What a request met that was not answered; a request that the host held back met nothing, and
/// may be sent after this long.
pub fn not_sent(error: SendError) -> Result<AttemptOutcome, Milliseconds> {
    match error {
        SendError::Transport(message) => Ok(unreachable(message)),
        SendError::TimedOut(_) => Ok(AttemptOutcome::TimedOut),
        SendError::TooLarge(_) => Ok(AttemptOutcome::TooLarge),
        SendError::NoToken => Ok(AttemptOutcome::NoToken),
        SendError::HeldBack(wait) => Err(wait),
    }
}

/// No response came.
pub fn unreachable(message: String) -> AttemptOutcome {
    AttemptOutcome::Transport(TransportFailure { message })
}

/// The status that was answered, if any.
pub fn status(outcome: &AttemptOutcome) -> Option<u16> {
    match outcome {
        AttemptOutcome::Response(response) => Some(response.status),
        _ => None,
    }
}

/// Whether the server itself said how long to stay away.
pub fn demanded(outcome: &AttemptOutcome, now: Timestamp) -> bool {
    match outcome {
        AttemptOutcome::Response(response) => retry::server_wait(response, now).is_some(),
        _ => false,
    }
}

/// Whether the server asked this account, not only one of its models, to slow down.
pub fn is_throttled(outcome: &AttemptOutcome) -> bool {
    status(outcome) == Some(429)
}

/// Decide on a failure, the `consecutive_failures + 1`st in a row of `name`: an account's id, or with a
/// model's id behind it, so that failures that run side by side are jittered apart.
pub fn decide(
    outcome: &AttemptOutcome,
    consecutive_failures: u32,
    name: &str,
    settings: &Settings,
    now: Timestamp,
) -> Decision {
    let attempt = consecutive_failures.saturating_add(1);
    retry::decide(&retry::Facts {
        outcome: outcome.clone(),
        attempt,
        now,
        seed: seed(name, u64::from(attempt)),
        policy: settings.retry,
    })
}

/// One line for a log.
pub fn describe(outcome: &AttemptOutcome) -> String {
    match outcome {
        AttemptOutcome::Response(response) => alloc::format!("status {}", response.status),
        AttemptOutcome::Transport(failure) => failure.message.clone(),
        AttemptOutcome::TimedOut => "no response in time".into(),
        AttemptOutcome::TooLarge => "a body over the host's limit".into(),
        AttemptOutcome::Unusable(body) => body.message.clone(),
        AttemptOutcome::StaleCursor => "a cursor that is not known any more".into(),
        AttemptOutcome::NoToken => "no usable token is stored, so nothing was sent".into(),
    }
}

/// The values of a header, as one list where it is there more than once.
fn header(response: &Response, name: &str) -> Option<String> {
    let mut list: Option<String> = None;
    for header in &response.headers {
        if header.name.eq_ignore_ascii_case(name) {
            match &mut list {
                Some(list) => {
                    list.push(',');
                    list.push_str(&header.value);
                }
                None => list = Some(header.value.clone()),
            }
        }
    }
    list
}
