//! `cadence`.

use merge_sync_logic::cadence as logic;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use super::each;
use crate::bindings::exports::merge_sync::triggers::cadence as wit;

impl From<wit::Interval> for logic::Interval {
    fn from(interval: wit::Interval) -> Self {
        Self {
            shortest: Milliseconds(interval.shortest),
            longest: Milliseconds(interval.longest),
        }
    }
}

impl From<wit::Policy> for logic::Policy {
    fn from(policy: wit::Policy) -> Self {
        Self {
            initial_fast: policy.initial_fast.into(),
            initial_slow: policy.initial_slow.into(),
            frequent: policy.frequent.into(),
            standard: policy.standard.into(),
            unhinted: policy.unhinted.into(),
            safety_net: Milliseconds(policy.safety_net),
        }
    }
}

impl From<wit::Facts> for logic::Facts {
    fn from(facts: wit::Facts) -> Self {
        Self {
            statuses: each(facts.statuses),
            initial: facts.initial,
            linked_at: Timestamp(facts.linked_at),
            now: Timestamp(facts.now),
            seed: facts.seed,
            policy: facts.policy.into(),
        }
    }
}

impl From<logic::Pace> for wit::Pace {
    fn from(pace: logic::Pace) -> Self {
        match pace {
            logic::Pace::InitialFast => Self::InitialFast,
            logic::Pace::InitialSlow => Self::InitialSlow,
            logic::Pace::Frequent => Self::Frequent,
            logic::Pace::Standard => Self::Standard,
            logic::Pace::Unhinted => Self::Unhinted,
        }
    }
}

impl From<logic::NextPoll> for wit::NextPoll {
    fn from(next: logic::NextPoll) -> Self {
        Self {
            after: next.after.0,
            pace: next.pace.into(),
        }
    }
}
