//! When do we ask Merge again?

use alloc::vec::Vec;

use crate::types::{Milliseconds, ModelStatus, Timestamp};

/// A range of delays. `longest` is at least `shortest`; where not, `shortest` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The shortest delay.
    pub shortest: Milliseconds,
    /// The longest delay.
    pub longest: Milliseconds,
}

/// How often is often enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Initial sync, first three minutes.
    pub initial_fast: Interval,
    /// Initial sync after that, growing from the first to the second.
    pub initial_slow: Interval,
    /// Merge syncs more often than hourly.
    pub frequent: Interval,
    /// Merge syncs hourly or less often.
    pub standard: Interval,
    /// Nothing tells how often Merge syncs.
    pub unhinted: Interval,
    /// No answer is longer, whatever the intervals say.
    pub safety_net: Milliseconds,
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The latest row of each model.
    pub statuses: Vec<ModelStatus>,
    /// Whether some needed model's initial sync is still running.
    pub initial: bool,
    /// When the account was linked, host's clock.
    pub linked_at: Timestamp,
    /// Host's clock.
    pub now: Timestamp,
    /// Spreads accounts over each interval: equal seeds give equal answers.
    pub seed: u64,
    /// How often is often enough.
    pub policy: Policy,
}

/// Which interval the answer is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Initial sync, first three minutes.
    InitialFast,
    /// Initial sync after that.
    InitialSlow,
    /// Merge syncs more often than hourly.
    Frequent,
    /// Merge syncs hourly or less often.
    Standard,
    /// Nothing tells how often Merge syncs.
    Unhinted,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextPoll {
    /// How long to wait.
    pub after: Milliseconds,
    /// Which interval the answer is from.
    pub pace: Pace,
}

/// Decide.
#[must_use]
pub fn next(facts: &Facts) -> NextPoll {
    let _ = facts;
    NextPoll { after: Milliseconds(0), pace: Pace::Unhinted }
}

/// A point of `interval` chosen by `seed`, evenly over the whole of it, ends included.
#[must_use]
pub fn spread(interval: Interval, seed: u64) -> Milliseconds {
    let _ = seed;
    interval.shortest
}
