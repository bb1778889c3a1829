//! What came of a run, and whether that is good enough.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use merge_simulator::time::{DAY, Micros};
use merge_simulator::{FaultKind, Stats, Verdict};
use serde::Serialize;

use crate::drive::Tally;
use crate::plan::Moment;

/// What `--check` wants at the least of each kind of fault.
const EACH_FAULT: u64 = 5;

/// A run of so many kills has had each moment.
const KILLS_FOR_EACH: u64 = 20;

/// A run, as `--json` prints it. `lost`, `stale`, `wrongly_deleted` and `unknown` come from
/// Merge's own ledger held against the store's file.
#[derive(Debug, Serialize)]
pub struct Summary {
    seed: u64,
    passed: bool,
    /// What `--check` finds wrong.
    failures: Vec<String>,
    kills: u64,
    /// Kills, by what the process was doing.
    kills_by_moment: BTreeMap<&'static str, u64>,
    /// Starts after a kill.
    restarts: u64,
    /// Starts that came up and answered; the others were killed on the way.
    came_up: u64,
    lost: u64,
    stale: u64,
    wrongly_deleted: u64,
    /// Records in the store that Merge never had.
    unknown: u64,
    /// A few of them, in words.
    examples: Vec<String>,
    /// What SQLite says of the file.
    integrity: String,
    accounts: u64,
    accounts_ready: u64,
    records_in_merge: u64,
    records_stored: u64,
    webhooks: Webhooks,
    /// Requests that Merge got, and of these, reads of `/sync-status` begun.
    requests: u64,
    polls: u64,
    faults: BTreeMap<&'static str, u64>,
    full_rereads: bool,
    /// Times Merge blocked the process for too many failing answers.
    breaker_trips: u64,
    simulated_days: f64,
    seconds: f64,
}

/// Webhooks, as Merge counts them.
#[derive(Debug, Serialize)]
struct Webhooks {
    /// Sent, repeated and forged ones included; not those that were lost on the way.
    sent: u64,
    /// Answered 200.
    accepted: u64,
    /// Answered 401: the forged ones.
    refused: u64,
    /// Second and third attempts.
    retried: u64,
    /// Given up after the third.
    given_up: u64,
    /// Sent with a signature that is not Merge's.
    forged: u64,
    /// Times the process was started, or spared, for the last attempt at a webhook with a token.
    spared: u64,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome {
    /// As it was asked for.
    pub seed: u64,
    /// As it was asked for.
    pub kills: u32,
    /// Whether models were read whole.
    pub full_rereads: bool,
    /// What was done to the process.
    pub tally: Tally,
    /// The store against the ledger.
    pub verdict: Verdict,
    /// What Merge saw.
    pub stats: Stats,
    /// Accounts, and those that are ready.
    pub accounts: (u64, u64),
    /// What SQLite says of the file.
    pub integrity: String,
    /// Virtual time.
    pub simulated: Micros,
    /// Real time.
    pub seconds: f64,
}

impl Outcome {
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
        none("accounts not ready", self.accounts.0 - self.accounts.1);
        none("cursors sent with another query", stats.cursor_misuses);
        // A forged webhook may find nobody, and is given up then.
        none(
            "webhooks refused that were not forged",
            stats.webhooks.refused.saturating_sub(stats.webhooks.forged),
        );
        let mut least = |what: &str, found: u64, least: u64| {
            if found < least {
                failures.push(format!("{what}: {found}, expected at least {least}"));
            }
        };
        least("accounts", self.accounts.0, 3);
        let kills = self.tally.all_kills();
        least("kills", kills, self.kills.into());
        least("starts", self.tally.starts, kills + 1);
        if kills >= KILLS_FOR_EACH {
            for moment in Moment::expected() {
                let found = self.tally.kills.get(&moment).copied().unwrap_or(0);
                least(&format!("kills_by_moment.{}", moment.name()), found, 1);
            }
        }
        for kind in FaultKind::ALL {
            let found = stats.faults.get(kind.name()).copied().unwrap_or(0);
            least(&format!("faults.{}", kind.name()), found, EACH_FAULT);
        }
        if self.integrity != "ok" {
            failures.push(format!("integrity: `{}`, expected `ok`", self.integrity));
        }
        failures
    }

    /// As it is printed.
    pub fn summary(self) -> Summary {
        let failures = self.failures();
        let webhooks = self.stats.webhooks;
        let by_moment = self.tally.kills.iter();
        Summary {
            seed: self.seed,
            passed: failures.is_empty(),
            failures,
            kills: self.tally.all_kills(),
            kills_by_moment: by_moment
                .map(|(moment, kills)| (moment.name(), *kills))
                .collect(),
            restarts: self.tally.starts.saturating_sub(1),
            came_up: self.tally.came_up,
            lost: self.verdict.lost,
            stale: self.verdict.stale,
            wrongly_deleted: self.verdict.wrongly_deleted,
            unknown: self.verdict.unknown,
            examples: self.verdict.examples,
            integrity: self.integrity,
            accounts: self.accounts.0,
            accounts_ready: self.accounts.1,
            records_in_merge: self.verdict.records_in_merge,
            records_stored: self.verdict.records_stored,
            webhooks: Webhooks {
                sent: webhooks.sent,
                accepted: webhooks.accepted,
                refused: webhooks.refused,
                retried: webhooks.attempts.saturating_sub(webhooks.sent),
                given_up: webhooks.given_up,
                forged: webhooks.forged,
                spared: self.tally.spared,
            },
            requests: self.stats.requests,
            polls: self.stats.polls,
            faults: self.stats.faults,
            full_rereads: self.full_rereads,
            breaker_trips: self.stats.breaker_trips,
            simulated_days: rounded(days(self.simulated)),
            seconds: rounded(self.seconds),
        }
    }
}

fn days(span: Micros) -> f64 {
    let seconds = std::time::Duration::from_micros(span.unsigned_abs()).as_secs_f64();
    let day = std::time::Duration::from_micros(DAY.unsigned_abs()).as_secs_f64();
    seconds / day
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

impl Summary {
    /// Whether nothing at all is wrong.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// Whether the store holds what Merge holds.
    pub fn is_clean(&self) -> bool {
        self.lost + self.stale + self.wrongly_deleted + self.unknown == 0 && self.integrity == "ok"
    }

    /// One object.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// For people.
    pub fn text(&self) -> String {
        let moments: Vec<String> = self
            .kills_by_moment
            .iter()
            .map(|(moment, kills)| format!("{moment} {kills}"))
            .collect();
        let webhooks = &self.webhooks;
        let mut text = format!(
            "seed {}: {} kills in {} days of virtual time, {} s\n\
             killed at: {}\n\
             restarts: {}, {} starts came up and answered\n\
             webhooks: {} sent, {} accepted, {} retried, {} given up\n\
             faults: {} of {} kinds\n\
             records: {} in Merge, {} stored\n\
             lost {}, stale {}, wrongly deleted {}, unknown {}, file {}",
            self.seed,
            self.kills,
            self.simulated_days,
            self.seconds,
            moments.join(", "),
            self.restarts,
            self.came_up,
            webhooks.sent,
            webhooks.accepted,
            webhooks.retried,
            webhooks.given_up,
            self.faults.values().sum::<u64>(),
            self.faults.len(),
            self.records_in_merge,
            self.records_stored,
            self.lost,
            self.stale,
            self.wrongly_deleted,
            self.unknown,
            self.integrity,
        );
        for line in self.examples.iter().chain(&self.failures) {
            let _ = write!(text, "\n  {line}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run that is just good enough.
    fn outcome() -> Outcome {
        let stats = Stats {
            faults: FaultKind::ALL
                .into_iter()
                .map(|kind| (kind.name(), EACH_FAULT))
                .collect(),
            ..Stats::default()
        };
        Outcome {
            seed: 1,
            kills: 20,
            full_rereads: false,
            tally: Tally {
                kills: Moment::expected()
                    .map(|moment| (moment, 2))
                    .chain([(Moment::Overdue, 2)])
                    .collect(),
                starts: 21,
                came_up: 19,
                spared: 0,
            },
            verdict: Verdict::default(),
            stats,
            accounts: (3, 3),
            integrity: "ok".to_owned(),
            simulated: DAY,
            seconds: 1.0,
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
            |run| run.integrity = "row 7 missing".to_owned(),
            &["integrity: `row 7 missing`, expected `ok`"],
        );
    }

    #[test]
    fn a_run_that_killed_too_little_fails() {
        check(
            |run| {
                run.kills = 100;
            },
            &["kills: 20, expected at least 100"],
        );
        check(
            |run| {
                run.tally.kills.remove(&Moment::Commit);
                run.tally.kills.insert(Moment::Overdue, 4);
            },
            &["kills_by_moment.commit: 0, expected at least 1"],
        );
        check(
            |run| {
                run.stats.faults.remove("cut_json");
            },
            &["faults.cut_json: 0, expected at least 5"],
        );
    }

    #[test]
    fn loss_is_no_matter_of_checking() {
        let mut lossy = outcome();
        lossy.verdict.stale = 1;
        assert!(!lossy.summary().is_clean());
        let mut small = outcome();
        small.tally.kills.clear();
        let small = small.summary();
        assert!(small.is_clean() && !small.passed());
    }
}
