//! What must be true when everything has come to rest.

use merge_simulator::Merge;
use merge_simulator::time::DAY;

use super::Oracle;
use crate::counts::Counts;
use crate::store::Store;

/// Merge's guard blocks an address at more failing answers than this within ten seconds.
const GUARD: u64 = 20;

/// A run that saw less than this proves nothing.
const ENGINE_CALLS: u64 = 200;
const FAULTS: u64 = 20;

impl Oracle {
    /// Compare what is stored with what Merge holds, and the rest with what was promised.
    pub fn judge(&mut self, merge: &Merge, store: &Store, counts: &Counts) {
        let now = merge.now();
        self.verdict = merge.verdict(store.rows());
        let ids: Vec<String> = self.accounts.keys().cloned().collect();
        for account in &ids {
            let Some(watched) = self.accounts.get(account) else {
                continue;
            };
            let Some(entry) = store.account(account) else {
                self.violation(now, format!("{account} was never linked"));
                continue;
            };
            let undelivered = watched.announced.difference(&watched.delivered).count();
            let phase = entry.summary.as_ref().map(|summary| summary.phase.clone());
            let ready = merge.initial_syncs_over(watched.number);
            if undelivered > entry.outbox.len() {
                self.violation(
                    now,
                    format!("{undelivered} notices of {account} were never delivered"),
                );
            }
            if ready && phase.as_deref() != Some("ready") {
                self.violation(
                    now,
                    format!("{account} is ready in Merge, and here {phase:?}"),
                );
            }
            let (sent, bound) = self.requests(account, merge);
            self.most_requests = self.most_requests.max(sent * 100 / bound.max(1));
            if sent > bound {
                self.violation(
                    now,
                    format!("{account} sent {sent} requests and had reason for {bound}"),
                );
            }
        }
        let stats = merge.stats();
        if stats.most_failures_in_10_s > GUARD || stats.breaker_trips > 0 {
            let most = stats.most_failures_in_10_s;
            self.violation(
                now,
                format!("one host got {most} failing answers in ten seconds"),
            );
        }
        if stats.cursor_misuses > 0 {
            let misuses = stats.cursor_misuses;
            self.violation(
                now,
                format!("{misuses} cursors were sent with other parameters than their read's"),
            );
        }
        self.check_size(merge, counts);
    }

    /// Whether the run was long and hard enough; one that was made smaller on purpose need not be.
    fn check_size(&mut self, merge: &Merge, counts: &Counts) {
        let faults = counts.all_faults() + merge.stats().faults.values().sum::<u64>();
        let lasted = merge.now() - self.scenario.config.start;
        let small = counts.engine_calls < ENGINE_CALLS || faults < FAULTS || lasted < 4 * DAY;
        if small && !self.scenario.reduced {
            let text = format!(
                "too small to prove anything: {} engine calls, {faults} faults",
                counts.engine_calls
            );
            self.violation(merge.now(), text);
        }
    }
}
