//! What happened how often in one run, or in many.

use std::collections::BTreeMap;

use crate::mishap::Mishap;

/// Sums.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Calls of instances: runs, webhooks, commands and views.
    pub engine_calls: u64,
    /// Changes that were committed.
    pub commits: u64,
    /// Commits that came too late.
    pub stale: u64,
    /// Runs that began while another host ran the same account.
    pub overlapping_runs: u64,
    /// Hosts that died, for whatever reason.
    pub deaths: u64,
    /// Requests that a budget held back.
    pub held_back: u64,
    /// Webhooks whose note was not durable in time.
    pub given_up: u64,
    /// Everything that went wrong, by its name: Merge's own faults are added at the end.
    pub faults: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// A mishap happened.
    pub fn mishap(&mut self, kind: Mishap) {
        *self.faults.entry(kind.name()).or_default() += 1;
    }

    /// Add Merge's own faults.
    pub fn add_faults(&mut self, faults: impl IntoIterator<Item = (&'static str, u64)>) {
        for (name, count) in faults {
            *self.faults.entry(name).or_default() += count;
        }
    }

    /// Everything that went wrong.
    #[must_use]
    pub fn all_faults(&self) -> u64 {
        self.faults.values().sum()
    }

    /// Add another run's.
    pub fn add(&mut self, other: &Self) {
        self.engine_calls += other.engine_calls;
        self.commits += other.commits;
        self.stale += other.stale;
        self.overlapping_runs += other.overlapping_runs;
        self.deaths += other.deaths;
        self.held_back += other.held_back;
        self.given_up += other.given_up;
        self.add_faults(other.faults.iter().map(|(name, count)| (*name, *count)));
    }
}
