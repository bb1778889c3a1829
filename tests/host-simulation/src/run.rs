//! One seed from beginning to end, and what came of it.

use merge_simulator::time::Micros;

use crate::counts::Counts;
use crate::engine::Engine;
use crate::scenario::{Scenario, Wanted, merge_faults};
use crate::trace::Trace;
use crate::world::World;

/// What came of one seed.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Whether nothing is wrong.
    pub good: bool,
    /// Records that Merge holds and the store does not.
    pub lost: u64,
    /// Records stored in an older version than Merge's.
    pub stale: u64,
    /// Records marked as deleted that live.
    pub wrongly_deleted: u64,
    /// Records that something stored was said to include, and that were not stored.
    pub gaps: u64,
    /// What is wrong, in words.
    pub words: Vec<String>,
    /// Accounts.
    pub accounts: usize,
    /// Virtual time.
    pub lasted: Micros,
    /// What happened how often.
    pub counts: Counts,
    /// The longest time from ready in Merge to ready here.
    pub slowest_ready: Micros,
    /// The most requests of an account, in per cent of its bound.
    pub most_requests: u64,
    /// The most requests of an account within a minute, in per cent of the setting.
    pub fullest_minute: u64,
    /// Accounts with something wrong for good.
    pub poisoned_accounts: u64,
    /// Models that are at rest in the end.
    pub parked: u64,
    /// The most requests within an hour of one read that is at rest.
    pub most_at_rest: u64,
    /// What happened, where it was asked for.
    pub trace: Vec<String>,
}

/// How far a seed is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To its end.
    End,
    /// To the first thing that is wrong: a broken engine may go in circles from there on.
    Wrong,
}

/// Play `seed`.
#[must_use]
pub fn run(engine: &Engine, seed: u64, wanted: &Wanted, until: Until, traced: bool) -> Outcome {
    let scenario = Scenario::draw(seed, wanted);
    let start = scenario.config.start;
    let accounts = scenario.config.accounts;
    let trace = if traced {
        Trace::kept()
    } else {
        Trace::default()
    };
    let mut world = World::new(engine, scenario, trace);
    world.play(until);
    let lasted = world.now() - start;
    let World {
        oracle,
        mut counts,
        merge,
        trace,
        ..
    } = world;
    counts.add_faults(merge_faults(&merge));
    let mut words = oracle.violations().to_vec();
    words.extend(oracle.verdict.examples.iter().cloned());
    let poisons = merge.poisoned();
    words.extend(poisons.iter().map(|poisoned| {
        let model = poisoned.model_id.as_deref().unwrap_or("all of it");
        format!(
            "for good: {} of {model} of {}",
            poisoned.poison, poisoned.account
        )
    }));
    let mut poisoned: Vec<String> = poisons
        .into_iter()
        .map(|poisoned| poisoned.account)
        .collect();
    poisoned.dedup();
    Outcome {
        seed,
        good: oracle.is_content(),
        lost: oracle.verdict.lost,
        stale: oracle.verdict.stale,
        wrongly_deleted: oracle.verdict.wrongly_deleted,
        gaps: oracle.gaps,
        words,
        accounts,
        lasted,
        counts,
        slowest_ready: oracle.slowest_ready,
        most_requests: oracle.most_requests,
        fullest_minute: oracle.fullest_minute,
        poisoned_accounts: poisoned.len() as u64,
        parked: oracle.parked,
        most_at_rest: oracle.most_at_rest,
        trace: trace.into_lines(),
    }
}
