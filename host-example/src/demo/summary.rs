//! What came of a run, and whether that is good enough.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use merge_simulator::{FaultKind, Stats, Verdict};
use serde::Serialize;

use super::reader::Account;
use super::scenario::Scenario;
use crate::counters::Snapshot;

/// What `--check` wants at the least: a run that shows something.
const ACCOUNTS: u64 = 3;
const RECORDS: u64 = 5_000;
const WINDOWS: u64 = 200;
const WEBHOOKS: u64 = 100;
const EACH_FAULT: u64 = 5;

/// A run, as `--json` prints it. `lost`, `stale`, `wrongly_deleted`, `unknown` and
/// `records_in_merge` come from Merge's own ledger held against the store's file.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
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
pub(super) struct Outcome {
    pub scenario: Scenario,
    pub accounts: Vec<Account>,
    pub verdict: Verdict,
    pub stats: Stats,
    pub host: Snapshot,
    pub simulated_seconds: i64,
    pub real_seconds: f64,
}

impl Outcome {
    pub(super) fn summary(self) -> Summary {
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
    pub(super) fn passed(&self) -> bool {
        self.passed
    }

    /// Whether the store holds what Merge holds, however small the run was.
    pub(super) fn is_clean(&self) -> bool {
        self.lost + self.stale + self.wrongly_deleted + self.unknown == 0
    }

    pub(super) fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut table = crate::cli::table(&["", "", ""]);
        let mut line = |what: &str, how_many: String, meaning: &str| {
            table.add_row([what, &how_many, meaning]);
        };
        let days = hours(self.simulated_seconds);
        line(
            "virtual time",
            days,
            &format!("in {:.1} s", self.real_seconds),
        );
        line(
            "accounts",
            format!("{} of {}", self.accounts_ready, self.accounts),
            "ready",
        );
        line(
            "records in Merge",
            self.records_in_merge.to_string(),
            "deleted ones included",
        );
        line(
            "records stored",
            self.records_stored.to_string(),
            "in one SQLite file",
        );
        line(
            "lost",
            self.lost.to_string(),
            "in Merge and not in the store",
        );
        line("stale", self.stale.to_string(), "not as Merge has them now");
        line(
            "wrongly deleted",
            self.wrongly_deleted.to_string(),
            "marked as deleted, live in Merge",
        );
        line(
            "webhooks",
            self.webhooks.sent.to_string(),
            &format!(
                "accepted {}, sent twice {}, forged and refused {}",
                self.webhooks.accepted, self.webhooks.duplicated, self.webhooks.refused
            ),
        );
        line("polls", self.polls.to_string(), "reads of /sync-status");
        line(
            "windows",
            self.windows.to_string(),
            "fetched, each of one model",
        );
        line("requests", self.requests.to_string(), "to Merge");
        let faults: u64 = self.faults.values().sum();
        if faults > 0 {
            let kinds = format!("of {} kinds, until the last hours", self.faults.len());
            line("faults", faults.to_string(), &kinds);
        }
        let mut text = table.trim_fmt();
        let verdict = if self.is_clean() {
            "Nothing lost: the store holds every record exactly as Merge does."
        } else {
            "The store differs from Merge:"
        };
        let _ = write!(text, "\n\n{verdict}");
        for example in &self.examples {
            let _ = write!(text, "\n  {example}");
        }
        for failure in self.failures.iter().filter(|_| !self.passed) {
            let _ = write!(text, "\nfailed: {failure}");
        }
        text
    }
}

fn hours(seconds: i64) -> String {
    format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
}
