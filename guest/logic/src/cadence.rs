//! When do we ask Merge again?
//!
//! Polling slows down once an account is ready and never stops: a webhook may be lost, and no
//! poll is further away than the safety net.

use alloc::vec::Vec;

use crate::telling::telling_state;
use crate::types::{Milliseconds, ModelStatus, SyncState, Timestamp};

/// How long after linking an initial sync is followed closely: three minutes.
pub const INITIAL_FAST_FOR_MS: Milliseconds = Milliseconds(180_000);
/// How long an initial sync may show no sign of life before it is polled as any other account:
/// 24 hours.
pub const LIFELESS_AFTER_MS: Milliseconds = Milliseconds(86_400_000);
/// The frequency of Merge's syncs from which on they count as slow: an hour.
pub const STANDARD_FROM_MS: Milliseconds = Milliseconds(3_600_000);
/// The default of [`Policy::safety_net`]: 24 hours.
pub const SAFETY_NET_DEFAULT_MS: Milliseconds = Milliseconds(86_400_000);

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60_000;

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

impl Default for Policy {
    /// 15 to 30 seconds, then 1 to 5 minutes, while the initial sync runs; after it 5 to 10
    /// minutes, 30 to 60, or 54 to 60 by what Merge hints; 24 hours as the safety net.
    fn default() -> Self {
        Self {
            initial_fast: interval(15, 30, SECOND_MS),
            initial_slow: interval(1, 5, MINUTE_MS),
            frequent: interval(5, 10, MINUTE_MS),
            standard: interval(30, 60, MINUTE_MS),
            unhinted: interval(54, 60, MINUTE_MS),
            safety_net: SAFETY_NET_DEFAULT_MS,
        }
    }
}

const fn interval(shortest: u64, longest: u64, unit_ms: u64) -> Interval {
    Interval {
        shortest: Milliseconds(shortest.saturating_mul(unit_ms)),
        longest: Milliseconds(longest.saturating_mul(unit_ms)),
    }
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
///
/// While a needed model's initial sync runs:
///
/// 1. in the first three minutes after linking, `initial-fast`;
/// 2. then `initial-slow`, a third of the time elapsed, kept within the interval: a minute at
///    first, five from a quarter of an hour on. The seed has no part in it, since the polls of
///    the first three minutes have drawn accounts apart already;
/// 3. after 24 hours without a sign of life, `standard`. A sign of life is a sync of an enabled
///    model that started or finished in the last 24 hours.
///
/// Otherwise Merge's frequency decides, the smallest `next_sync_start - last_sync_start` of the
/// enabled models: under an hour `frequent`, else `standard`; `unhinted` where no model has
/// both in that order.
#[must_use]
pub fn next(facts: &Facts) -> NextPoll {
    let pace = pace(facts);
    let after = match pace {
        Pace::InitialFast => jittered(facts.policy.initial_fast, facts.seed),
        Pace::InitialSlow => growing(facts.policy.initial_slow, elapsed(facts)),
        Pace::Frequent => jittered(facts.policy.frequent, facts.seed),
        Pace::Standard => jittered(facts.policy.standard, facts.seed),
        Pace::Unhinted => jittered(facts.policy.unhinted, facts.seed),
    };
    NextPoll {
        after: after.min(facts.policy.safety_net),
        pace,
    }
}

/// A point of `interval` chosen by `seed`, evenly over the whole of it, ends included.
///
/// The seed is mixed with the finalizer of SplitMix64, a bijection on 64 bits, so that seeds
/// which differ in one bit land far apart; the upper half of the product of the mixed seed and
/// the number of milliseconds to choose from is the choice. Any language can repeat both.
#[must_use]
pub fn jittered(interval: Interval, seed: u64) -> Milliseconds {
    let width = interval.longest.0.saturating_sub(interval.shortest.0);
    let choices = u128::from(width).saturating_add(1);
    let chosen = u128::from(mix(seed)).saturating_mul(choices) >> u64::BITS;
    let offset = u64::try_from(chosen).unwrap_or(width);
    Milliseconds(interval.shortest.0.saturating_add(offset))
}

/// One step of SplitMix64 from the state `seed`.
const fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn pace(facts: &Facts) -> Pace {
    if !facts.initial {
        return match frequency(&facts.statuses) {
            Some(frequency) if frequency < STANDARD_FROM_MS => Pace::Frequent,
            Some(_) => Pace::Standard,
            None => Pace::Unhinted,
        };
    }
    if elapsed(facts) < INITIAL_FAST_FOR_MS {
        Pace::InitialFast
    } else if facts.linked_at < facts.now.minus(LIFELESS_AFTER_MS) && !shows_life(facts) {
        Pace::Standard
    } else {
        Pace::InitialSlow
    }
}

/// Since linking; zero where that is said to be in the future.
fn elapsed(facts: &Facts) -> Milliseconds {
    facts.now.since(facts.linked_at)
}

fn shows_life(facts: &Facts) -> bool {
    let recent = facts.now.minus(LIFELESS_AFTER_MS);
    enabled(&facts.statuses)
        .flat_map(|status| [status.last_sync_start, status.last_sync_finished])
        .flatten()
        .any(|at| at >= recent)
}

/// How often Merge syncs the model that it syncs most often.
fn frequency(statuses: &[ModelStatus]) -> Option<Milliseconds> {
    enabled(statuses)
        .filter_map(|status| status.last_sync_start.zip(status.next_sync_start))
        // Merge sends a next start before the last one while the next is not planned.
        .filter(|(last, next)| last < next)
        .map(|(last, next)| next.since(last))
        .min()
}

fn enabled(statuses: &[ModelStatus]) -> impl Iterator<Item = &ModelStatus> {
    statuses
        .iter()
        .filter(|status| telling_state(status) != Some(&SyncState::Disabled))
}

fn growing(interval: Interval, elapsed: Milliseconds) -> Milliseconds {
    let third = Milliseconds(elapsed.0 / 3);
    third.min(interval.longest).max(interval.shortest)
}

#[cfg(test)]
mod tests;
