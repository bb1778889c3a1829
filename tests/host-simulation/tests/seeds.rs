//! Some seeds of the simulation as ordinary tests, and that it can fail. They need the engine that
//! `cargo xtask build` makes.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::Path;
use std::sync::OnceLock;

use merge_sync_simulation::engine::Engine;
use merge_sync_simulation::run::{Until, run};
use merge_sync_simulation::scenario::{Rule, Wanted};
use merge_sync_simulation::seeds::{Play, Sum, play};
use merge_sync_simulation::shrink::{arguments, excerpt, shrink};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        Engine::load(&root.join("dist/merge-sync-engine.wasm")).expect("the built engine")
    })
}

fn played(rule: Rule, seeds: std::ops::Range<u64>) -> Sum {
    let how = Play {
        until_found: false,
        jobs: NonZero::<usize>::MIN,
        progress: false,
    };
    play(engine(), seeds, &Wanted::all(rule), how)
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    let wanted = Wanted::all(Rule::Contiguous);
    let (first, second) = (
        run(engine(), 5, &wanted, Until::End, true),
        run(engine(), 5, &wanted, Until::End, true),
    );
    assert!(first.trace.len() > 1_000);
    assert!(first.trace == second.trace);
    assert!(first.trace != run(engine(), 6, &wanted, Until::End, true).trace);
}

#[test]
fn sums_do_not_depend_on_threads() {
    let how = |jobs| Play {
        until_found: false,
        jobs: NonZero::new(jobs).expect("threads"),
        progress: false,
    };
    let wanted = Wanted::all(Rule::FetchStart);
    let [one, three] = [1, 3].map(|jobs| play(engine(), 0..9, &wanted, how(jobs)));
    assert_eq!(one.course, three.course);
    assert_eq!(one.counts.engine_calls, three.counts.engine_calls);
    assert_eq!(one.counts.faults, three.counts.faults);
}

#[test]
fn seeds_lose_nothing_and_are_hard_enough_to_say_so() {
    for rule in [Rule::Contiguous, Rule::OpenEnded] {
        let sum = played(rule, 0..16);
        let words: Vec<_> = sum.failed.iter().map(|outcome| &outcome.words).collect();
        assert!(sum.failed.is_empty(), "{words:#?}");
        assert!(sum.fewest_calls >= 200 && sum.fewest_faults >= 20);
        // A seed leaves one kind in four out; sixteen of them have all.
        assert_eq!(sum.counts.faults.len(), 28, "{:?}", sum.counts.faults);
        assert!(sum.counts.overlapping_runs > 0 && sum.counts.stale > 0);
    }
}

#[test]
fn the_published_rule_loses_records() {
    let sum = played(Rule::FetchStart, 0..16);
    assert!(sum.lost + sum.stale > 0);
    assert!(sum.failed.len() > 4, "{}", sum.failed.len());
}

#[test]
fn a_failing_seed_is_made_smaller_and_still_fails() {
    let wanted = Wanted::all(Rule::FetchStart);
    let seed = (0..16)
        .find(|seed| !run(engine(), *seed, &wanted, Until::End, false).good)
        .expect("a seed that fails");
    let before = run(engine(), seed, &wanted, Until::End, true);
    let (smallest, after) = shrink(engine(), seed, &wanted);
    assert!(!after.good);
    assert!(after.trace.len() * 2 < before.trace.len());
    assert!(smallest.without.len() > 5, "{smallest:?}");
    let told = excerpt(&after.trace, 40);
    assert!(told.last().is_some_and(|line| line.contains("VIOLATION")));
    let again = arguments(&(seed..seed + 1), &smallest);
    assert!(again.starts_with(&format!("--seeds {seed}..{} --rule fetch-start", seed + 1)));
}

#[test]
fn kinds_of_faults_can_be_switched_off() {
    let without: BTreeSet<String> = ["host_killed", "late_visible"].map(str::to_owned).into();
    let wanted = Wanted {
        without,
        ..Wanted::all(Rule::Contiguous)
    };
    for seed in 0..4 {
        let outcome = run(engine(), seed, &wanted, Until::End, false);
        assert!(!outcome.counts.faults.contains_key("host_killed"));
        assert!(!outcome.counts.faults.contains_key("late_visible"));
    }
}
