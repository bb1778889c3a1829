//! What the host has done since it started: for `/healthz`, a summary at the end, and tests.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Counts, each only ever growing.
#[derive(Debug, Default)]
pub struct Counters {
    /// Webhooks answered 200, repeated ones included.
    pub webhooks_accepted: Count,
    /// Webhooks answered 401.
    pub webhooks_refused: Count,
    /// Webhooks answered 500.
    pub webhooks_failed: Count,
    /// Accepted webhooks whose signature was accepted before, among the latest
    /// [`REMEMBERED_DELIVERIES`]: Merge's own advice for telling deliveries apart.
    pub webhooks_duplicate: Count,
    /// Notes for accounts that nobody linked: there is no token to act with.
    pub accounts_unknown: Count,
    /// Runs that ended.
    pub runs: Count,
    /// Runs that ended with a failure or a trap.
    pub runs_failed: Count,
    /// Runs that read `/sync-status`.
    pub polls: Count,
    /// Windows completed.
    pub windows: Count,
    /// Rows committed.
    pub rows: Count,
    /// Requests sent to Merge.
    pub requests: Count,
    /// Requests held back to stay within a budget.
    pub held_back: Count,
    deliveries: Mutex<Deliveries>,
}

/// How many deliveries are remembered to count repeated ones.
pub const REMEMBERED_DELIVERIES: usize = 16_384;

/// One count.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

#[derive(Debug, Default)]
struct Deliveries {
    known: HashSet<String>,
    order: VecDeque<String>,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `Counters`")]
pub struct Snapshot {
    pub webhooks_accepted: u64,
    pub webhooks_refused: u64,
    pub webhooks_failed: u64,
    pub webhooks_duplicate: u64,
    pub accounts_unknown: u64,
    pub runs: u64,
    pub runs_failed: u64,
    pub polls: u64,
    pub windows: u64,
    pub rows: u64,
    pub requests: u64,
    pub held_back: u64,
}

impl Count {
    /// One more.
    pub fn one(&self) {
        self.add(1);
    }

    /// `more` more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// Count an accepted delivery by its signature header.
    pub fn accepted(&self, signature: &str) {
        self.webhooks_accepted.one();
        let signature = signature.trim_end_matches('=');
        let mut deliveries = self
            .deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !deliveries.known.insert(signature.to_owned()) {
            self.webhooks_duplicate.one();
            return;
        }
        deliveries.order.push_back(signature.to_owned());
        if deliveries.order.len() > REMEMBERED_DELIVERIES
            && let Some(oldest) = deliveries.order.pop_front()
        {
            deliveries.known.remove(&oldest);
        }
    }

    /// The counts now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            webhooks_accepted: self.webhooks_accepted.get(),
            webhooks_refused: self.webhooks_refused.get(),
            webhooks_failed: self.webhooks_failed.get(),
            webhooks_duplicate: self.webhooks_duplicate.get(),
            accounts_unknown: self.accounts_unknown.get(),
            runs: self.runs.get(),
            runs_failed: self.runs_failed.get(),
            polls: self.polls.get(),
            windows: self.windows.get(),
            rows: self.rows.get(),
            requests: self.requests.get(),
            held_back: self.held_back.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counters, REMEMBERED_DELIVERIES};

    #[test]
    fn the_same_signature_with_and_without_padding_is_one_delivery() {
        let counters = Counters::default();
        counters.accepted("abc=");
        counters.accepted("abc");
        assert_eq!(counters.webhooks_accepted.get(), 2);
        assert_eq!(counters.webhooks_duplicate.get(), 1);
    }

    #[test]
    fn only_the_latest_deliveries_are_remembered() {
        let counters = Counters::default();
        for nth in 0..=REMEMBERED_DELIVERIES {
            counters.accepted(&nth.to_string());
        }
        counters.accepted("0");
        assert_eq!(counters.webhooks_duplicate.get(), 0);
    }
}
