//! `retry`.

use merge_sync_logic::retry as logic;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::bindings::exports::merge_sync::triggers::retry as wit;

impl From<wit::AttemptOutcome> for logic::AttemptOutcome {
    fn from(outcome: wit::AttemptOutcome) -> Self {
        match outcome {
            wit::AttemptOutcome::Response(response) => Self::Response(logic::ResponseFacts {
                status: response.status,
                retry_after: response.retry_after,
                date: response.date,
            }),
            wit::AttemptOutcome::Transport(failure) => Self::Transport(logic::TransportFailure {
                message: failure.message,
            }),
            wit::AttemptOutcome::TimedOut => Self::TimedOut,
            wit::AttemptOutcome::TooLarge => Self::TooLarge,
            wit::AttemptOutcome::Unusable(body) => Self::Unusable(logic::UnusableBody {
                message: body.message,
            }),
            wit::AttemptOutcome::StaleCursor => Self::StaleCursor,
            wit::AttemptOutcome::NoToken => Self::NoToken,
        }
    }
}

impl From<wit::Policy> for logic::Policy {
    fn from(policy: wit::Policy) -> Self {
        Self {
            base: Milliseconds(policy.base),
            throttled_base: Milliseconds(policy.throttled_base),
            cap: Milliseconds(policy.cap),
            max_attempts: policy.max_attempts,
        }
    }
}

impl From<wit::Facts> for logic::Facts {
    fn from(facts: wit::Facts) -> Self {
        Self {
            outcome: facts.outcome.into(),
            attempt: facts.attempt,
            now: Timestamp(facts.now),
            seed: facts.seed,
            policy: facts.policy.into(),
        }
    }
}

impl From<logic::Remedy> for wit::Remedy {
    fn from(remedy: logic::Remedy) -> Self {
        match remedy {
            logic::Remedy::Reauthorize => Self::Reauthorize,
            logic::Remedy::DropRequest => Self::DropRequest,
            logic::Remedy::Park => Self::Park,
        }
    }
}

impl From<logic::Decision> for wit::Decision {
    fn from(decision: logic::Decision) -> Self {
        match decision {
            logic::Decision::Succeeded => Self::Succeeded,
            logic::Decision::Again(again) => Self::Again(wit::Again {
                after: again.after.0,
                reason: again.reason,
            }),
            logic::Decision::Stop(stop) => Self::Stop(wit::Stop {
                remedy: stop.remedy.into(),
                not_before: stop.not_before.map(|wait| wait.0),
                reason: stop.reason,
            }),
        }
    }
}
