//! Times count from linking.

use super::*;

const HOUR_MS: u64 = 3_600_000;

/// So long after linking.
fn at(elapsed_ms: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Milliseconds(elapsed_ms))
}

/// Linked `elapsed_ms` ago, initial sync running, no row, default policy.
fn initial(elapsed_ms: u64) -> Facts {
    Facts {
        statuses: Vec::new(),
        initial: true,
        linked_at: at(0),
        now: at(elapsed_ms),
        seed: 7,
        policy: Policy::default(),
    }
}

/// A row with these two starts.
fn starts(last: Option<u64>, next: Option<u64>) -> ModelStatus {
    ModelStatus {
        status: Some(SyncState::Done),
        last_sync_start: last.map(at),
        next_sync_start: next.map(at),
        ..ModelStatus::default()
    }
}

/// Ready, with these rows.
fn settled(statuses: impl Into<Vec<ModelStatus>>) -> Facts {
    Facts {
        statuses: statuses.into(),
        initial: false,
        ..initial(HOUR_MS)
    }
}

/// The pace, and that the answers of many seeds fill its interval and stay inside.
#[track_caller]
fn check(facts: &Facts, pace: Pace, shortest: u64, longest: u64) {
    let answers: Vec<u64> = (0..2_000)
        .map(|seed| {
            let answer = next(&Facts {
                seed,
                ..facts.clone()
            });
            assert_eq!(answer.pace, pace);
            answer.after.0
        })
        .collect();
    let fiftieth = (longest - shortest) / 50;
    let (least, most) = (answers.iter().min(), answers.iter().max());
    assert!(least.is_some_and(|&after| (shortest..=shortest + fiftieth).contains(&after)));
    assert!(most.is_some_and(|&after| (longest - fiftieth..=longest).contains(&after)));
}

#[test]
fn the_first_three_minutes_are_followed_closely() {
    for elapsed_ms in [0, 60_000, 179_999] {
        check(&initial(elapsed_ms), Pace::InitialFast, 15_000, 30_000);
    }
}

#[test]
fn an_account_linked_in_the_future_was_linked_just_now() {
    let facts = Facts {
        now: at(0),
        linked_at: at(HOUR_MS),
        ..initial(0)
    };
    check(&facts, Pace::InitialFast, 15_000, 30_000);
}

#[test]
fn then_the_wait_is_a_third_of_the_time_elapsed_from_one_to_five_minutes() {
    for (elapsed_ms, after) in [
        (180_000, 60_000),
        (360_000, 120_000),
        (600_001, 200_000),
        (900_000, 300_000),
        (24 * HOUR_MS, 300_000),
    ] {
        check(&initial(elapsed_ms), Pace::InitialSlow, after, after);
    }
}

#[test]
fn a_flat_initial_pace_can_be_asked_for() {
    let flat = interval(5, 15, MINUTE_MS);
    let mut facts = initial(180_000);
    facts.policy.initial_fast = flat;
    facts.policy.initial_slow = flat;
    check(&facts, Pace::InitialSlow, 300_000, 300_000);
    facts.now = at(0);
    check(&facts, Pace::InitialFast, 300_000, 900_000);
    facts.now = at(2 * HOUR_MS);
    check(&facts, Pace::InitialSlow, 900_000, 900_000);
}

#[test]
fn an_initial_sync_without_a_sign_of_life_slows_down_after_a_day() {
    let mut facts = initial(24 * HOUR_MS + 1);
    check(&facts, Pace::Standard, 1_800_000, 3_600_000);
    facts.statuses = [starts(Some(0), None)].into();
    check(&facts, Pace::Standard, 1_800_000, 3_600_000);
}

#[test]
fn a_day_without_a_sign_of_life_is_exact_to_the_microsecond() {
    let mut facts = initial(24 * HOUR_MS);
    check(&facts, Pace::InitialSlow, 300_000, 300_000);
    facts.now = Timestamp(facts.now.0 + 1);
    check(&facts, Pace::Standard, 1_800_000, 3_600_000);
    let sign = Timestamp(facts.now.0 - 24 * 3_600_000_000);
    facts.statuses = [ModelStatus {
        last_sync_start: Some(sign),
        ..ModelStatus::default()
    }]
    .into();
    check(&facts, Pace::InitialSlow, 300_000, 300_000);
    facts.now = Timestamp(facts.now.0 + 1);
    check(&facts, Pace::Standard, 1_800_000, 3_600_000);
}

#[test]
fn a_sync_that_started_or_finished_within_a_day_is_a_sign_of_life() {
    let started = starts(Some(7 * HOUR_MS), None);
    let finished = ModelStatus {
        last_sync_finished: Some(at(7 * HOUR_MS)),
        ..starts(Some(0), None)
    };
    for status in [started, finished] {
        let mut facts = initial(31 * HOUR_MS);
        facts.statuses = [status].into();
        check(&facts, Pace::InitialSlow, 300_000, 300_000);
        facts.now = at(31 * HOUR_MS + 1);
        check(&facts, Pace::Standard, 1_800_000, 3_600_000);
    }
}

#[test]
fn a_disabled_model_shows_no_life() {
    let mut facts = initial(31 * HOUR_MS);
    facts.statuses = [ModelStatus {
        status: Some(SyncState::Disabled),
        ..starts(Some(30 * HOUR_MS), None)
    }]
    .into();
    check(&facts, Pace::Standard, 1_800_000, 3_600_000);
}

#[test]
fn the_pace_follows_the_model_that_merge_syncs_most_often() {
    let hourly = starts(Some(0), Some(HOUR_MS));
    let daily = starts(Some(0), Some(24 * HOUR_MS));
    let often = starts(Some(0), Some(HOUR_MS - 1));
    check(
        &settled([daily.clone(), often]),
        Pace::Frequent,
        300_000,
        600_000,
    );
    check(
        &settled([daily, hourly]),
        Pace::Standard,
        1_800_000,
        3_600_000,
    );
}

#[test]
fn a_frequency_that_is_null_or_not_positive_is_no_hint() {
    let statuses = [
        starts(Some(0), None),
        starts(None, Some(1)),
        starts(Some(5), Some(5)),
        starts(Some(6), Some(5)),
    ];
    check(&settled(statuses), Pace::Unhinted, 3_240_000, 3_600_000);
    check(&settled([]), Pace::Unhinted, 3_240_000, 3_600_000);
}

#[test]
fn a_disabled_model_is_no_hint() {
    let disabled = ModelStatus {
        status: Some(SyncState::Disabled),
        ..starts(Some(0), Some(60_000))
    };
    check(&settled([disabled]), Pace::Unhinted, 3_240_000, 3_600_000);
}

#[test]
fn no_answer_is_longer_than_the_safety_net() {
    let mut facts = settled([]);
    facts.policy.unhinted = interval(48, 72, HOUR_MS);
    check(&facts, Pace::Unhinted, 24 * HOUR_MS, 24 * HOUR_MS);
    facts.policy.safety_net = Milliseconds(1);
    check(&facts, Pace::Unhinted, 1, 1);
}

#[test]
fn of_a_reversed_interval_the_shortest_counts() {
    let reversed = interval(10, 5, SECOND_MS);
    assert_eq!(jittered(reversed, 99), Milliseconds(10_000));
    let mut facts = initial(HOUR_MS);
    facts.policy.initial_slow = reversed;
    check(&facts, Pace::InitialSlow, 10_000, 10_000);
}

#[test]
fn the_whole_range_can_be_spread_over() {
    let all = Interval {
        shortest: Milliseconds(0),
        longest: Milliseconds(u64::MAX),
    };
    // With every value to choose from, the choice is the mixed seed itself. The two values are
    // the first that SplitMix64 draws from the states 0 and 1234567.
    assert_eq!(jittered(all, 0), Milliseconds(0xe220_a839_7b1d_cdaf));
    assert_eq!(
        jittered(all, 1_234_567),
        Milliseconds(6_457_827_717_110_365_317)
    );
}

#[test]
fn neighboring_seeds_fill_every_tenth_evenly() {
    let mut tenths = [0_u32; 10];
    for seed in 0..10_000 {
        let drawn = jittered(interval(0, 9, 1), seed).0;
        tenths[usize::try_from(drawn).expect("a digit")] += 1;
    }
    assert!(
        tenths.iter().all(|count| (900..1_100).contains(count)),
        "{tenths:?}"
    );
}
