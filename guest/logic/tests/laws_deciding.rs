//! Laws of the decisions, and of the text in front of them: total, deterministic, and each
//! promise of the contract for any facts.

use merge_sync_logic::cadence::{self, Interval, Pace, jittered};
use merge_sync_logic::json;
use merge_sync_logic::readiness::{self, AccountPhase, PartialPolicy, Phase};
use merge_sync_logic::retry::{
    self, AttemptOutcome, Decision, ResponseFacts, TransportFailure, UnusableBody,
};
use merge_sync_logic::types::{Milliseconds, ModelStatus, SyncState, Timestamp};
use merge_sync_logic::window::{self, Completed, Plan, Progress, Rule, Span};
use proptest::prelude::*;

/// Away from the ends of the range, where bounds saturate: 1824 to 2115.
const ORDINARY: std::ops::Range<i64> = -(1 << 52)..(1 << 52);
const SECOND_US: i64 = 1_000_000;
const DAY: Milliseconds = Milliseconds(86_400_000);

const OPERATIONS: [&str; 11] = [
    "signature.verify",
    "webhook.handle",
    "readiness.parse-status",
    "readiness.evaluate",
    "window.next",
    "window.advance",
    "window.locate",
    "page.parse",
    "cadence.next",
    "retry.decide",
    "meta.version",
];

/// Any instant, those at the ends and those on whole seconds more often than they deserve.
fn instant() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        any::<i64>(),
        Just(i64::MIN),
        Just(i64::MAX),
        ORDINARY,
        ORDINARY.prop_map(|at| at / SECOND_US * SECOND_US),
    ]
    .prop_map(Timestamp)
}

fn span_of_time() -> impl Strategy<Value = Milliseconds> {
    prop_oneof![any::<u64>(), 0..1_000_000_u64, Just(u64::MAX)].prop_map(Milliseconds)
}

fn state() -> impl Strategy<Value = SyncState> {
    prop_oneof![
        Just(SyncState::Syncing),
        Just(SyncState::Done),
        Just(SyncState::PartiallySynced),
        Just(SyncState::Failed),
        Just(SyncState::Disabled),
        Just(SyncState::Paused),
        "[A-Z]{0,8}".prop_map(SyncState::Unknown),
    ]
}

/// Few ids, so that they meet: an alias, another category and one without any among them.
fn model_id() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "crm.Account",
        "crm.CRMAccount",
        "crm.Lead",
        "crm.Contact",
        "hris.Employee",
        "Lead",
        "",
    ])
    .prop_map(String::from)
}

fn status() -> impl Strategy<Value = ModelStatus> {
    let states = (prop::option::of(state()), prop::option::of(state()));
    let at = || prop::option::of(instant());
    (
        model_id(),
        states,
        any::<Option<bool>>(),
        (at(), at(), at(), at()),
    )
        .prop_map(
            |(model_id, (status, result), initial, (last, next, finished, fresh))| ModelStatus {
                model_id,
                model_name: String::new(),
                status,
                is_initial_sync: initial,
                last_sync_start: last,
                next_sync_start: next,
                last_sync_result: result,
                last_sync_finished: finished,
                status_reason: String::new(),
                data_fresh_as_of: fresh,
                synced_fields: Vec::new(),
                unreadable: Vec::new(),
            },
        )
}

fn statuses() -> impl Strategy<Value = Vec<ModelStatus>> {
    prop::collection::vec(status(), 0..6)
}

fn readiness_facts() -> impl Strategy<Value = readiness::Facts> {
    let ids = || prop::collection::vec(model_id(), 0..3);
    let partial = prop_oneof![
        Just(PartialPolicy::Strict),
        Just(PartialPolicy::AcceptPartial)
    ];
    (statuses(), any::<[bool; 2]>(), ids(), ids(), partial).prop_map(
        |(statuses, [complete, was_ready], required, ready_before, partial)| readiness::Facts {
            statuses,
            complete,
            required,
            partial,
            ready_before,
            was_ready,
        },
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        Just(Rule::Contiguous),
        Just(Rule::OpenEnded),
        Just(Rule::FetchStart)
    ]
}

fn progress() -> impl Strategy<Value = Progress> {
    let at = || prop::option::of(instant());
    (at(), at(), at()).prop_map(|(synced, finished, fetched)| Progress {
        last_synced_at: synced,
        merge_last_sync_finished: finished,
        last_fetched_at: fetched,
    })
}

fn window_facts() -> impl Strategy<Value = window::Facts> {
    (status(), progress(), any::<bool>(), rule(), span_of_time()).prop_map(
        |(status, progress, ready, rule, overlap)| window::Facts {
            status,
            progress,
            ready,
            rule,
            overlap,
        },
    )
}

fn interval() -> impl Strategy<Value = Interval> {
    (span_of_time(), span_of_time()).prop_map(|(shortest, longest)| Interval { shortest, longest })
}

fn cadence_facts() -> impl Strategy<Value = cadence::Facts> {
    let policy = (prop::array::uniform5(interval()), span_of_time()).prop_map(
        |([initial_fast, initial_slow, frequent, standard, unhinted], safety_net)| {
            cadence::Policy {
                initial_fast,
                initial_slow,
                frequent,
                standard,
                unhinted,
                safety_net,
            }
        },
    );
    (
        statuses(),
        any::<bool>(),
        instant(),
        instant(),
        any::<u64>(),
        policy,
    )
        .prop_map(
            |(statuses, initial, linked_at, now, seed, policy)| cadence::Facts {
                statuses,
                initial,
                linked_at,
                now,
                seed,
                policy,
            },
        )
}

fn http_date() -> impl Strategy<Value = String> {
    (0..28_u32, 0..24_u32, 0..60_u32).prop_map(|(day, hour, second)| {
        // The 1st of December 2024 is a Sunday.
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][day as usize % 7];
        format!(
            "{weekday}, {:02} Dec 2024 {hour:02}:30:{second:02} GMT",
            day + 1
        )
    })
}

fn retry_facts() -> impl Strategy<Value = retry::Facts> {
    let header = || {
        prop::option::of(prop_oneof![
            any::<u64>().prop_map(|seconds| seconds.to_string()),
            (0..100_000_u32).prop_map(|seconds| seconds.to_string()),
            http_date(),
            ".{0,12}",
        ])
    };
    let code = prop_oneof![any::<u16>(), Just(429), Just(503), 190..610_u16];
    let outcome = prop_oneof![
        (code, header(), prop::option::of(http_date())).prop_map(|(status, retry_after, date)| {
            AttemptOutcome::Response(ResponseFacts {
                status,
                retry_after,
                date,
            })
        }),
        Just(AttemptOutcome::Transport(TransportFailure {
            message: String::new()
        })),
        Just(AttemptOutcome::TimedOut),
        Just(AttemptOutcome::TooLarge),
        Just(AttemptOutcome::Unusable(UnusableBody {
            message: String::new()
        })),
        Just(AttemptOutcome::StaleCursor),
        Just(AttemptOutcome::NoToken),
    ];
    let attempt = || prop_oneof![any::<u32>(), 0..12_u32, Just(u32::MAX)];
    let policy = (span_of_time(), span_of_time(), span_of_time(), attempt()).prop_map(
        |(base, throttled_base, cap, max_attempts)| retry::Policy {
            base,
            throttled_base,
            cap,
            max_attempts,
        },
    );
    (outcome, attempt(), instant(), any::<u64>(), policy).prop_map(
        |(outcome, attempt, now, seed, policy)| retry::Facts {
            outcome,
            attempt,
            now,
            seed,
            policy,
        },
    )
}

/// A sync that finished at `finish`, as a poll of a ready model sees it.
fn finished(finish: Timestamp, progress: Progress, rule: Rule, overlap: u64) -> window::Facts {
    window::Facts {
        status: ModelStatus {
            model_id: "crm.Lead".into(),
            status: Some(SyncState::Done),
            last_sync_finished: Some(finish),
            ..ModelStatus::default()
        },
        progress,
        ready: true,
        rule,
        overlap: Milliseconds(overlap),
    }
}

/// The windows read over a run of finishes, each fetch starting `lag_ms` after its finish.
fn windows(finishes: &[Timestamp], rule: Rule, overlap: u64, lag_ms: u64) -> Vec<Span> {
    let mut progress = Progress::default();
    let mut spans = Vec::new();
    for &finish in finishes {
        if let Plan::Fetch(span) = window::next(&finished(finish, progress, rule, overlap)) {
            progress = window::advance(&Completed {
                progress,
                span: span.clone(),
                started_at: finish.plus(Milliseconds(lag_ms)),
                ended_at: finish.plus(Milliseconds(lag_ms)),
            });
            spans.push(span);
        }
    }
    spans
}

/// Whether the window asks for a row of this instant, with bounds that exclude their ends.
fn reads(span: &Span, row: Timestamp) -> bool {
    span.after.is_none_or(|after| after < row) && span.before.is_none_or(|before| row < before)
}

/// Finishes as Merge may tell them: in any order, some cut to a second, some twice.
fn finishes() -> impl Strategy<Value = Vec<Timestamp>> {
    let near = 1_700_000_000 * SECOND_US..1_700_000_010 * SECOND_US;
    let exact_and_cut =
        near.prop_flat_map(|at| prop_oneof![Just(at), Just(at / SECOND_US * SECOND_US)]);
    prop::collection::vec(exact_and_cut.prop_map(Timestamp), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_facts_have_one_answer(
        readiness in readiness_facts(),
        window in window_facts(),
        cadence in cadence_facts(),
        retry in retry_facts(),
    ) {
        prop_assert_eq!(readiness::evaluate(&readiness), readiness::evaluate(&readiness.clone()));
        prop_assert_eq!(window::next(&window), window::next(&window.clone()));
        prop_assert_eq!(cadence::next(&cadence), cadence::next(&cadence.clone()));
        prop_assert_eq!(retry::decide(&retry), retry::decide(&retry.clone()));
    }

    #[test]
    fn every_model_is_answered_once_in_order(facts in readiness_facts()) {
        let answer = readiness::evaluate(&facts);
        prop_assert!(answer.models.is_sorted_by(|one, other| one.model_id < other.model_id));
        prop_assert!(answer.ready.saturating_add(answer.attention) <= answer.needed);
        for model in &answer.models {
            prop_assert!(model.reason.ends_with('.'), "{}", model.reason);
        }
        if answer.phase == AccountPhase::Ready && !facts.was_ready {
            prop_assert!(facts.complete);
            prop_assert_eq!(answer.ready, answer.needed);
        }
    }

    #[test]
    fn the_order_of_what_is_required_does_not_matter(facts in readiness_facts()) {
        let mut turned = facts.clone();
        turned.required.reverse();
        turned.ready_before.reverse();
        prop_assert_eq!(readiness::evaluate(&facts), readiness::evaluate(&turned));
    }

    #[test]
    fn ready_stays_ready(facts in readiness_facts(), later in statuses(), complete in any::<bool>()) {
        let before = readiness::evaluate(&facts);
        let ready_before: Vec<String> = before
            .models
            .iter()
            .filter(|model| model.phase == Phase::Ready)
            .map(|model| model.model_id.clone())
            .collect();
        let after = readiness::evaluate(&readiness::Facts {
            statuses: later,
            complete,
            was_ready: facts.was_ready || (before.phase == AccountPhase::Ready && facts.required.is_empty()),
            ready_before: ready_before.clone(),
            ..facts.clone()
        });
        for model in after.models.iter().filter(|model| ready_before.contains(&model.model_id)) {
            prop_assert!(matches!(model.phase, Phase::Ready | Phase::Disabled), "{model:?}");
        }
        if before.phase == AccountPhase::Ready && facts.required.is_empty() {
            prop_assert_eq!(after.phase, AccountPhase::Ready);
        }
    }

    #[test]
    fn windows_tile(
        finishes in finishes(),
        overlap in 0..5_000_u64,
        lag_ms in 0..60_000_u64,
        share in 0.0..1.0_f64,
    ) {
        for rule in [Rule::Contiguous, Rule::OpenEnded] {
            let spans = windows(&finishes, rule, overlap, lag_ms);
            prop_assert!(spans.first().is_some_and(|first| first.after.is_none()));
            for pair in spans.windows(2) {
                let [earlier, later] = pair else { continue };
                prop_assert!(earlier.watermark < later.watermark);
                prop_assert!(later.after.is_some_and(|after| after <= earlier.watermark));
                prop_assert!(earlier.before.is_none_or(|before| before > earlier.watermark));
            }
            let (Some(first), Some(last)) = (finishes.iter().min(), spans.last()) else {
                continue;
            };
            let width = (last.watermark.0 - first.0 + SECOND_US) as f64;
            let row = Timestamp(last.watermark.0 - (width * share) as i64);
            prop_assert!(spans.iter().any(|span| reads(span, row)), "{row:?} {spans:?}");
        }
    }

    #[test]
    fn fetch_start_leaves_a_gap_between_a_finish_and_its_fetch(
        first in ORDINARY,
        lag_ms in 1..3_600_000_u64,
        interval_ms in 3_600_000..86_400_000_u64,
        share in 0..1_000_i64,
    ) {
        let finishes = [Timestamp(first), Timestamp(first).plus(Milliseconds(interval_ms))];
        let gap = i64::try_from(lag_ms).expect("an hour") * 1_000;
        let row = Timestamp(first + gap * share / 1_000);
        let lost = windows(&finishes, Rule::FetchStart, 0, lag_ms);
        prop_assert_eq!(lost.len(), 2);
        prop_assert!(!lost.iter().any(|span| reads(span, row)));
        let kept = windows(&finishes, Rule::Contiguous, 0, lag_ms);
        prop_assert!(kept.iter().any(|span| reads(span, row)));
    }

    #[test]
    fn progress_never_moves_back(
        progress in progress(),
        watermark in instant(),
        started_at in instant(),
        ended_at in instant(),
    ) {
        let span = Span { after: None, before: None, watermark, query: String::new() };
        let after = window::advance(&Completed { progress, span, started_at, ended_at });
        prop_assert!(after.merge_last_sync_finished >= progress.merge_last_sync_finished);
        if progress.merge_last_sync_finished > Some(watermark) {
            prop_assert_eq!(after, progress);
        } else {
            prop_assert_eq!(after.merge_last_sync_finished, Some(watermark));
        }
    }

    #[test]
    fn a_window_is_for_a_newer_finish_and_says_its_bounds(facts in window_facts()) {
        if let Plan::Fetch(span) = window::next(&facts) {
            prop_assert!(facts.ready);
            prop_assert_eq!(Some(span.watermark), facts.status.last_sync_finished);
            prop_assert!(Some(span.watermark) > facts.progress.merge_last_sync_finished);
            prop_assert!(!span.query.contains('+'));
            prop_assert_eq!(span.query, window::query(span.after, span.before));
        }
    }

    #[test]
    fn a_finish_is_fetched_once(facts in window_facts(), cut in any::<bool>()) {
        if let Plan::Fetch(span) = window::next(&facts) {
            let finish = if cut { span.watermark.floor_to_second() } else { span.watermark };
            let progress = window::advance(&Completed {
                progress: facts.progress,
                span,
                started_at: Timestamp::EPOCH,
                ended_at: Timestamp::EPOCH,
            });
            let status = ModelStatus { last_sync_finished: Some(finish), ..facts.status.clone() };
            let again = window::next(&window::Facts { status, progress, ..facts });
            prop_assert!(matches!(again, Plan::Skip(_)), "{again:?}");
        }
    }

    #[test]
    fn a_pace_keeps_its_bounds(facts in cadence_facts()) {
        let next = cadence::next(&facts);
        let policy = &facts.policy;
        let interval = match next.pace {
            Pace::InitialFast => policy.initial_fast,
            Pace::InitialSlow => policy.initial_slow,
            Pace::Frequent => policy.frequent,
            Pace::Standard => policy.standard,
            Pace::Unhinted => policy.unhinted,
        };
        prop_assert!(next.after <= policy.safety_net);
        prop_assert!(next.after >= interval.shortest.min(policy.safety_net));
        prop_assert!(next.after <= interval.longest.max(interval.shortest));
    }

    #[test]
    fn seeds_in_a_row_spread_over_every_tenth(
        shortest in 0..u64::MAX / 2,
        width in 1_000..u64::MAX / 2,
        first in any::<u64>(),
    ) {
        let interval = Interval {
            shortest: Milliseconds(shortest),
            longest: Milliseconds(shortest + width),
        };
        let mut tenths = [0_u32; 10];
        for seed in (0..400).map(|step| first.wrapping_add(step)) {
            let offset = u128::from(jittered(interval, seed).0 - shortest);
            let tenth = (offset * 10 / (u128::from(width) + 1)) as usize;
            tenths[tenth] += 1;
        }
        // Forty each on average; fewer than ten has a chance of one in a hundred million.
        prop_assert!(tenths.iter().all(|&count| count >= 10), "{tenths:?}");
    }

    #[test]
    fn the_initial_pace_only_slows_down(
        facts in cadence_facts(),
        elapsed in 180_000..86_400_000_u64,
        more in 0..86_400_000_u64,
    ) {
        let at = |elapsed: u64| cadence::next(&cadence::Facts {
            initial: true,
            linked_at: Timestamp::EPOCH,
            now: Timestamp::EPOCH.plus(Milliseconds(elapsed)),
            ..facts.clone()
        });
        let (sooner, later) = (at(elapsed), at((elapsed + more).min(DAY.0)));
        prop_assert_eq!(sooner.pace, Pace::InitialSlow);
        prop_assert!(sooner.after <= later.after);
    }

    #[test]
    fn nothing_is_tried_sooner_than_the_server_asked(facts in retry_facts()) {
        let asked = match &facts.outcome {
            AttemptOutcome::Response(response) => retry::server_wait(response, facts.now),
            _ => None,
        };
        prop_assert!(asked.is_none_or(|asked| asked <= DAY));
        match retry::decide(&facts) {
            Decision::Succeeded => {}
            Decision::Again(again) => {
                prop_assert!(Some(again.after) >= asked);
                prop_assert!(again.after <= DAY);
                prop_assert!(again.reason.ends_with('.'));
                prop_assert!(facts.attempt < facts.policy.max_attempts);
            }
            Decision::Stop(stop) => {
                let told = stop.remedy == retry::Remedy::Reauthorize || stop.not_before == asked;
                prop_assert!(told);
                prop_assert!(stop.reason.ends_with('.'));
            }
        }
    }

    #[test]
    fn seconds_are_waited_in_full(seconds in 0..=86_400_u64, facts in retry_facts()) {
        let outcome = AttemptOutcome::Response(ResponseFacts {
            status: 429,
            retry_after: Some(seconds.to_string()),
            date: None,
        });
        let facts = retry::Facts { outcome, attempt: 1, ..facts };
        if let Decision::Again(again) = retry::decide(&facts) {
            prop_assert!(again.after.0 >= seconds * 1_000);
        }
    }

    #[test]
    fn any_text_has_an_answer(name in ".*", input in ".*", chosen in 0..OPERATIONS.len()) {
        prop_assert!(json::call(&name, &input).is_err());
        let _ = json::call(OPERATIONS[chosen], &input);
        let _ = json::call(OPERATIONS[chosen], &format!("{{\"body\":{input}}}"));
    }

    #[test]
    fn text_and_types_agree_on_windows(facts in window_facts()) {
        let input = format!(
            r#"{{"status":{},"progress":{},"ready":{},"rule":"{}","overlap":"{}"}}"#,
            json::write::alone(&facts.status, json::types::write_model_status),
            json::write::alone(&facts.progress, json::window::write_progress),
            facts.ready,
            match facts.rule {
                Rule::Contiguous => "contiguous",
                Rule::OpenEnded => "open-ended",
                Rule::FetchStart => "fetch-start",
            },
            facts.overlap.0,
        );
        // Instants outside the printable years are clamped on the way in.
        let clamp = |at: Timestamp| Timestamp::parse(&at.to_rfc3339());
        let clamped = window::Facts {
            status: ModelStatus {
                last_sync_finished: facts.status.last_sync_finished.and_then(clamp),
                ..facts.status
            },
            progress: Progress {
                last_synced_at: facts.progress.last_synced_at.and_then(clamp),
                merge_last_sync_finished: facts.progress.merge_last_sync_finished.and_then(clamp),
                last_fetched_at: None,
            },
            ..facts
        };
        let plan = json::write::alone(&window::next(&clamped), json::window::write_plan);
        prop_assert_eq!(json::call("window.next", &input), Ok(plan));
    }
}

#[test]
fn every_operation_of_the_contract_is_there() {
    for name in OPERATIONS {
        assert!(json::operation(name).is_some(), "{name}");
    }
}
