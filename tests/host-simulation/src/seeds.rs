//! Many seeds, side by side: each is a world of its own, so the order in which they end says
//! nothing and the sums are always the same.

use std::num::NonZero;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use merge_simulator::time::DAY;
use serde_json::{Value, json};

use crate::counts::Counts;
use crate::engine::Engine;
use crate::run::{Outcome, Until, run};
use crate::scenario::Wanted;

/// What came of a range of seeds.
#[derive(Debug, Default)]
pub struct Sum {
    /// Seeds that were played.
    pub seeds: u64,
    /// Those that went wrong, by number.
    pub failed: Vec<Outcome>,
    /// Records that Merge holds and the store does not.
    pub lost: u64,
    /// Records stored in an older version than Merge's.
    pub stale: u64,
    /// Records marked as deleted that live.
    pub wrongly_deleted: u64,
    /// Accounts times days of virtual time.
    pub account_days: f64,
    /// What happened how often.
    pub counts: Counts,
    /// The fewest engine calls of one seed.
    pub fewest_calls: u64,
    /// The fewest faults of one seed.
    pub fewest_faults: u64,
    /// The longest time from ready in Merge to ready here, in minutes.
    pub slowest_ready_minutes: i64,
    /// The most requests of an account, in per cent of its bound.
    pub most_requests_percent: u64,
    /// The most requests of an account within a minute, in per cent of the setting.
    pub fullest_minute_percent: u64,
    /// Accounts with something wrong for good.
    pub poisoned_accounts: u64,
    /// Models at rest in the end.
    pub parked: u64,
    /// The most requests within an hour of one read that is at rest.
    pub most_at_rest: u64,
    /// Records lost or out of date, by seed.
    pub course: Vec<u64>,
    /// Real time.
    pub seconds: f64,
}

impl Sum {
    fn add(&mut self, outcome: Outcome) {
        let first = self.seeds == 0;
        self.seeds += 1;
        self.lost += outcome.lost;
        self.stale += outcome.stale;
        self.wrongly_deleted += outcome.wrongly_deleted;
        self.course.push(outcome.lost + outcome.stale);
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let days = outcome.lasted as f64 / DAY as f64 * outcome.accounts as f64;
        self.account_days += days;
        let (calls, faults) = (outcome.counts.engine_calls, outcome.counts.all_faults());
        self.fewest_calls = if first {
            calls
        } else {
            self.fewest_calls.min(calls)
        };
        self.fewest_faults = if first {
            faults
        } else {
            self.fewest_faults.min(faults)
        };
        let minutes = outcome.slowest_ready / merge_simulator::time::MINUTE;
        self.slowest_ready_minutes = self.slowest_ready_minutes.max(minutes);
        self.most_requests_percent = self.most_requests_percent.max(outcome.most_requests);
        self.fullest_minute_percent = self.fullest_minute_percent.max(outcome.fullest_minute);
        self.poisoned_accounts += outcome.poisoned_accounts;
        self.parked += outcome.parked;
        self.most_at_rest = self.most_at_rest.max(outcome.most_at_rest);
        self.counts.add(&outcome.counts);
        if !outcome.good {
            self.failed.push(outcome);
        }
    }

    /// Engine calls a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let calls = self.counts.engine_calls as f64;
        calls / self.seconds.max(0.001)
    }

    /// One JSON object, for scripts.
    #[must_use]
    pub fn json(&self) -> Value {
        let failing: Vec<u64> = self.failed.iter().map(|outcome| outcome.seed).collect();
        json!({
            "seeds": self.seeds,
            "failed_seeds": failing.len(),
            "failing": failing,
            "lost": self.lost,
            "stale": self.stale,
            "wrongly_deleted": self.wrongly_deleted,
            "simulated_account_days": self.account_days.round(),
            "engine_calls": self.counts.engine_calls,
            "engine_calls_per_second": self.rate().round(),
            "fewest_engine_calls_of_a_seed": self.fewest_calls,
            "fewest_faults_of_a_seed": self.fewest_faults,
            "commits": self.counts.commits,
            "stale_commits": self.counts.stale,
            "overlapping_runs": self.counts.overlapping_runs,
            "host_deaths": self.counts.deaths,
            "requests_held_back": self.counts.held_back,
            "slowest_ready_minutes": self.slowest_ready_minutes,
            "most_requests_percent_of_bound": self.most_requests_percent,
            "fullest_minute_percent_of_setting": self.fullest_minute_percent,
            "poisoned_accounts": self.poisoned_accounts,
            "parked": self.parked,
            "requests_an_hour_of_parked_models": self.most_at_rest,
            "faults": self.counts.faults,
            "seconds": (self.seconds * 1_000.0).round() / 1_000.0,
        })
    }
}

/// How a range is played.
#[derive(Debug, Clone, Copy)]
pub struct Play {
    /// Stop at the first seed that goes wrong, and there at the first thing that is wrong; the sums
    /// are then of what was played.
    pub until_found: bool,
    /// Threads.
    pub jobs: NonZero<usize>,
    /// Show how far it got.
    pub progress: bool,
}

/// Play `seeds`.
///
/// # Panics
///
/// A thread of its own panicked.
#[must_use]
pub fn play(engine: &Engine, seeds: Range<u64>, wanted: &Wanted, how: Play) -> Sum {
    let began = Instant::now();
    let bar = bar(seeds.end.saturating_sub(seeds.start), how.progress);
    let next = AtomicU64::new(seeds.start);
    let stop_at = AtomicU64::new(seeds.end);
    let calls = AtomicU64::new(0);
    let until = if how.until_found {
        Until::Wrong
    } else {
        Until::End
    };
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..how.jobs.get() {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= stop_at.load(Ordering::Relaxed) {
                        return;
                    }
                    let outcome = run(engine, seed, wanted, until, false);
                    if !outcome.good && how.until_found {
                        // Seeds below it may still be under way: the lowest one counts.
                        stop_at.fetch_min(seed, Ordering::Relaxed);
                    }
                    let called = outcome.counts.engine_calls;
                    let so_far = calls.fetch_add(called, Ordering::Relaxed) + called;
                    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
                    let rate = so_far as f64 / began.elapsed().as_secs_f64().max(0.001);
                    bar.inc(1);
                    bar.set_message(format!("{rate:.0} engine calls/s"));
                    outcomes.lock().expect("no thread panics").push(outcome);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut outcomes = outcomes.into_inner().expect("no thread panics");
    outcomes.sort_by_key(|outcome| outcome.seed);
    let last = stop_at.into_inner();
    let mut sum = Sum::default();
    for outcome in outcomes {
        if outcome.seed <= last {
            sum.add(outcome);
        }
    }
    sum.seconds = began.elapsed().as_secs_f64();
    sum
}

fn bar(seeds: u64, wanted: bool) -> ProgressBar {
    if !wanted {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} seeds, {msg}, {eta} left");
    ProgressBar::new(seeds).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
