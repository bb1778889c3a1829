//! What came of a run, and whether that is good enough.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use merge_simulator::scenario::Scenario;
use merge_simulator::{FaultKind, Stats, Verdict};
use merge_sync_host::counters::Snapshot;
use serde::Serialize;

use crate::reader::Account;

/// What `--check` wants at the least: a run that shows something.
const ACCOUNTS: u64 = 3;
const RECORDS: u64 = 5_000;
const WINDOWS: u64 = 200;
const WEBHOOKS: u64 = 100;
const EACH_FAULT: u64 = 5;

/// A run, as `--json` prints it. `lost`, `stale`, `wrongly_deleted`, `unknown` and
/// `records_in_merge` come from Merge's own ledger held against the store's file.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    seed: u64,
    passed: bool,
    /// What `--check` finds wrong.
    failures: Vec<String>,
    /// Linked accounts in the store.
    accounts: u64,
    accounts_ready: u64,
    webhooks: Webhooks,
    /// Complete reads of `/sync-status`.
    polls: u64,
    windows: u64,
    /// Requests that Merge got.
    requests: u64,
    records_in_merge: u64,
    records_stored: u64,
    lost: u64,
    stale: u64,
    wrongly_deleted: u64,
    /// Records in the store that Merge never had.
    unknown: u64,
    /// A few of them, in words.
    examples: Vec<String>,
    faults: BTreeMap<&'static str, u64>,
    full_rereads: bool,
    runs: u64,
    runs_failed: u64,
    /// Requests that the host did not send, to stay within its budgets.
    held_back: u64,
    most_failing_answers_in_10_s: u64,
    simulated_seconds: i64,
    real_seconds: f64,
}

/// Webhooks, as Merge counts them.
#[derive(Debug, Serialize)]
struct Webhooks {
    /// Sent, repeated and forged ones included; not those that were lost on the way.
    sent: u64,
    /// Answered 200.
    accepted: u64,
    /// Answered 401.
    refused: u64,
    /// Sent a second time.
    duplicated: u64,
    /// Given up after the last attempt.
    given_up: u64,
    /// Sent with a signature that is not Merge's.
    forged: u64,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub scenario: Scenario,
    pub accounts: Vec<Account>,
    pub verdict: Verdict,
    pub stats: Stats,
    pub host: Snapshot,
    pub simulated_seconds: i64,
    pub real_seconds: f64,
}

impl Outcome {
    pub(crate) fn summary(self) -> Summary {
        let failures = self.failures();
        let webhooks = self.stats.webhooks;
        Summary {
            seed: self.scenario.seed,
            passed: failures.is_empty(),
            failures,
            accounts: count(&self.accounts),
            accounts_ready: ready(&self.accounts),
            webhooks: Webhooks {
                sent: webhooks.sent,
                accepted: webhooks.accepted,
                refused: webhooks.refused,
                duplicated: webhooks.duplicated,
                given_up: webhooks.given_up,
                forged: webhooks.forged,
            },
            polls: self.host.polls,
            windows: self.host.windows,
            requests: self.stats.requests,
            records_in_merge: self.verdict.records_in_merge,
            records_stored: self.verdict.records_stored,
            lost: self.verdict.lost,
            stale: self.verdict.stale,
            wrongly_deleted: self.verdict.wrongly_deleted,
            unknown: self.verdict.unknown,
            examples: self.verdict.examples,
            faults: self.stats.faults,
            full_rereads: self.scenario.rereads(),
            runs: self.host.runs,
            runs_failed: self.host.runs_failed,
            held_back: self.host.held_back,
            most_failing_answers_in_10_s: self.stats.most_failures_in_10_s,
            simulated_seconds: self.simulated_seconds,
            real_seconds: self.real_seconds,
        }
    }

    /// Everything that is not as it should be.
    fn failures(&self) -> Vec<String> {
        let (verdict, stats) = (&self.verdict, &self.stats);
        let mut failures = Vec::new();
        let mut none = |what: &str, found: u64| {
            if found > 0 {
                failures.push(format!("{what}: {found}, expected none"));
            }
        };
        none("lost", verdict.lost);
        none("stale", verdict.stale);
        none("wrongly_deleted", verdict.wrongly_deleted);
        none("unknown", verdict.unknown);
        none("runs_failed", self.host.runs_failed);
        none("webhooks.given_up", stats.webhooks.given_up);
        none(
            "webhooks refused or accepted wrongly",
            stats.webhooks.refused.abs_diff(stats.webhooks.forged),
        );
        none("times merge blocked the host", stats.breaker_trips);
        none("cursors sent with another query", stats.cursor_misuses);
        let accounts = count(&self.accounts);
        none("accounts not ready", accounts - ready(&self.accounts));
        let mut least = |what: &str, found: u64, least: u64| {
            if found < least {
                failures.push(format!("{what}: {found}, expected at least {least}"));
            }
        };
        least("accounts", accounts, ACCOUNTS);
        least("records_in_merge", verdict.records_in_merge, RECORDS);
        least("windows", self.host.windows, WINDOWS);
        least("webhooks.sent", stats.webhooks.sent, WEBHOOKS);
        if self.scenario.faults {
            for kind in FaultKind::ALL {
                let happened = stats.faults.get(kind.name()).copied().unwrap_or(0);
                least(&format!("faults.{}", kind.name()), happened, EACH_FAULT);
            }
        }
        failures
    }
}

fn count(accounts: &[Account]) -> u64 {
    accounts.len() as u64
}

fn ready(accounts: &[Account]) -> u64 {
    accounts
        .iter()
        .filter(|account| account.phase == "ready")
        .count() as u64
}

impl Summary {
    pub(crate) fn passed(&self) -> bool {
        self.passed
    }

    /// Whether the store holds what Merge holds, however small the run was.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost + self.stale + self.wrongly_deleted + self.unknown == 0
    }

    pub(crate) fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut table = merge_sync_host::terminal::Table::new(&["", "", ""]);
        for (what, how_many, meaning) in self.lines() {
            table.add_row([what, how_many.as_str(), meaning.as_str()]);
        }
        let verdict = if self.is_clean() {
            "Nothing is lost: the store holds every record as Merge does."
        } else {
            "The store differs from Merge:"
        };
        let mut text = format!("{table}\n\n{verdict}");
        for example in &self.examples {
            let _ = write!(text, "\n  {example}");
        }
        text
    }

    fn lines(&self) -> Vec<(&'static str, String, String)> {
        let webhooks = &self.webhooks;
        let line =
            |what, how_many: u64, meaning: &str| (what, how_many.to_string(), meaning.into());
        let mut lines = vec![
            (
                "virtual time",
                hours(self.simulated_seconds),
                format!("in {:.0} s", self.real_seconds),
            ),
            line(
                "accounts ready",
                self.accounts_ready,
                &format!("of {}", self.accounts),
            ),
            line(
                "records in Merge",
                self.records_in_merge,
                "deleted ones included",
            ),
            line("records stored", self.records_stored, "in one SQLite file"),
            line("lost", self.lost, "in Merge, and not in the store"),
            line("stale", self.stale, "not as Merge has them now"),
            line(
                "wrongly deleted",
                self.wrongly_deleted,
                "live in Merge, deleted in the store",
            ),
            line(
                "webhooks",
                webhooks.sent,
                &format!(
                    "{} accepted, {} refused; {} came twice, {} were forged",
                    webhooks.accepted, webhooks.refused, webhooks.duplicated, webhooks.forged
                ),
            ),
            line("polls", self.polls, "reads of /sync-status"),
            line(
                "windows",
                self.windows,
                "reads of what changed in one model",
            ),
            line(
                "requests",
                self.requests,
                "to Merge, all of the above and retries",
            ),
        ];
        if !self.faults.is_empty() {
            let kinds = format!("of {} kinds", self.faults.len());
            lines.push(line("faults", self.faults.values().sum(), &kinds));
        }
        lines
    }
}

fn hours(seconds: i64) -> String {
    format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run that is just good enough.
    fn outcome() -> Outcome {
        let account = Account {
            integration: "Example HRIS".to_owned(),
            phase: "ready".to_owned(),
            ready: 1,
            needed: 1,
            records: 1,
        };
        let mut stats = Stats::default();
        stats.webhooks.sent = WEBHOOKS;
        stats.webhooks.refused = 5;
        stats.webhooks.forged = 5;
        stats.faults = FaultKind::ALL
            .into_iter()
            .map(|kind| (kind.name(), EACH_FAULT))
            .collect();
        let host = merge_sync_host::counters::Counters::default();
        host.windows.add(WINDOWS);
        Outcome {
            scenario: Scenario {
                seed: 1,
                faults: true,
            },
            accounts: vec![account; 3],
            verdict: Verdict {
                records_in_merge: RECORDS,
                ..Verdict::default()
            },
            stats,
            host: host.snapshot(),
            simulated_seconds: 1,
            real_seconds: 1.0,
        }
    }

    #[track_caller]
    fn check(spoil: impl Fn(&mut Outcome), want: &[&str]) {
        let mut outcome = outcome();
        spoil(&mut outcome);
        let summary = outcome.summary();
        assert_eq!(summary.failures, want);
        assert_eq!(summary.passed(), want.is_empty());
    }

    #[test]
    fn a_run_that_is_just_good_enough_passes() {
        check(|_| {}, &[]);
    }

    #[test]
    fn whatever_differs_from_merge_fails() {
        check(|run| run.verdict.lost = 1, &["lost: 1, expected none"]);
        check(|run| run.verdict.stale = 2, &["stale: 2, expected none"]);
        check(
            |run| run.verdict.wrongly_deleted = 3,
            &["wrongly_deleted: 3, expected none"],
        );
        check(
            |run| run.verdict.unknown = 4,
            &["unknown: 4, expected none"],
        );
    }

    #[test]
    fn a_run_too_small_to_prove_anything_fails() {
        check(
            |run| run.accounts.truncate(2),
            &["accounts: 2, expected at least 3"],
        );
        check(
            |run| run.verdict.records_in_merge -= 1,
            &["records_in_merge: 4999, expected at least 5000"],
        );
        check(
            |run| run.host.windows -= 1,
            &["windows: 199, expected at least 200"],
        );
        check(
            |run| run.stats.webhooks.sent -= 1,
            &["webhooks.sent: 99, expected at least 100"],
        );
    }

    #[test]
    fn a_fault_that_happened_too_seldom_is_named() {
        check(
            |run| {
                run.stats.faults.insert("stale_cursor", 4);
            },
            &["faults.stale_cursor: 4, expected at least 5"],
        );
        check(
            |run| {
                run.stats.faults.remove("clock_skew");
            },
            &["faults.clock_skew: 0, expected at least 5"],
        );
        check(
            |run| {
                run.stats.faults.clear();
                run.scenario.faults = false;
            },
            &[],
        );
    }

    #[test]
    fn a_host_that_misbehaves_on_the_way_fails() {
        check(
            |run| run.stats.webhooks.refused = 4,
            &["webhooks refused or accepted wrongly: 1, expected none"],
        );
        check(
            |run| run.stats.breaker_trips = 1,
            &["times merge blocked the host: 1, expected none"],
        );
        check(
            |run| run.accounts[0].phase = "syncing".to_owned(),
            &["accounts not ready: 1, expected none"],
        );
    }

    #[test]
    fn small_is_no_difference_and_loss_is() {
        let mut small = outcome();
        small.host.windows = 0;
        assert!(small.summary().is_clean());
        let mut lossy = outcome();
        lossy.verdict.lost = 1;
        lossy.verdict.examples = vec!["lost: hris.Team 7 of account 1".to_owned()];
        let summary = lossy.summary();
        assert!(!summary.is_clean());
        assert!(
            summary
                .text()
                .ends_with("\n  lost: hris.Team 7 of account 1")
        );
    }
}
