//! The numbers are those of the published guide where it has some: syncs that finish at 10:30
//! and 22:46:41 and are read from 10:35 and 22:50 on.

use super::*;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

/// `10:32`, `10:32:05` or `10:32:05.25` on 2024-01-15.
#[track_caller]
fn at(time: &str) -> Timestamp {
    let seconds = if time.len() == "10:32".len() {
        ":00"
    } else {
        ""
    };
    Timestamp::parse(&alloc::format!("2024-01-15T{time}{seconds}Z")).expect("a time")
}

/// A model whose latest sync finished at `finish`.
fn finished(status: SyncState, finish: &str) -> ModelStatus {
    ModelStatus {
        model_id: "hris.Employee".into(),
        status: Some(status),
        last_sync_finished: Some(at(finish)),
        ..ModelStatus::default()
    }
}

/// As the account webhook has it: a result and a finish.
fn reported(result: SyncState, finish: &str) -> ModelStatus {
    ModelStatus {
        status: None,
        last_sync_result: Some(result),
        ..finished(SyncState::Done, finish)
    }
}

/// Ready, never fetched, `contiguous` with five minutes.
fn first(status: ModelStatus) -> Facts {
    Facts {
        status,
        progress: Progress::default(),
        ready: true,
        rule: Rule::Contiguous,
        overlap: OVERLAP_DEFAULT_MS,
    }
}

/// The same after a fetch for `watermark` that started five minutes later.
fn later(status: ModelStatus, watermark: &str) -> Facts {
    let watermark = at(watermark);
    Facts {
        progress: Progress {
            last_synced_at: Some(watermark.plus(Milliseconds(300_000))),
            merge_last_sync_finished: Some(watermark),
            last_fetched_at: Some(watermark.plus(Milliseconds(330_000))),
        },
        ..first(status)
    }
}

fn fetch(after: Option<&str>, before: Option<&str>, watermark: &str, bounds: &str) -> Plan {
    Plan::Fetch(Span {
        after: after.map(at),
        before: before.map(at),
        watermark: at(watermark),
        query: "include_deleted_data=true".to_string() + bounds,
    })
}

#[track_caller]
fn check(facts: &Facts, want: Plan) {
    assert_eq!(next(facts), want);
}

#[track_caller]
fn check_skip(facts: &Facts, reason: SkipReason) {
    check(facts, Plan::Skip(Skip { reason }));
}

#[test]
fn the_first_window_has_no_start() {
    check(
        &first(finished(SyncState::Done, "10:30")),
        fetch(
            None,
            Some("10:30:01"),
            "10:30",
            "&modified_before=2024-01-15T10:30:01Z",
        ),
    );
}

#[test]
fn a_window_starts_at_the_watermark_less_the_overlap() {
    check(
        &later(finished(SyncState::Done, "22:46:41"), "10:30"),
        fetch(
            Some("10:25"),
            Some("22:46:42"),
            "22:46:41",
            "&modified_after=2024-01-15T10:25:00Z&modified_before=2024-01-15T22:46:42Z",
        ),
    );
}

#[test]
fn a_window_ends_one_unit_of_the_finishs_precision_past_it() {
    check(
        &later(finished(SyncState::Done, "10:52:03.118402"), "10:30"),
        fetch(
            Some("10:25"),
            Some("10:52:03.118403"),
            "10:52:03.118402",
            "&modified_after=2024-01-15T10:25:00Z&modified_before=2024-01-15T10:52:03.118403Z",
        ),
    );
}

#[test]
fn open_ended_only_drops_the_upper_bound() {
    let facts = Facts {
        rule: Rule::OpenEnded,
        ..later(finished(SyncState::Done, "22:46:41"), "10:30")
    };
    check(
        &facts,
        fetch(
            Some("10:25"),
            None,
            "22:46:41",
            "&modified_after=2024-01-15T10:25:00Z",
        ),
    );
}

/// The rows that two windows in a row ask for, of rows written at `written`. Bounds exclude
/// their ends.
fn rows_read(rule: Rule, written: &[&str]) -> Vec<bool> {
    let overlap = Milliseconds(0);
    let Plan::Fetch(one) = next(&Facts {
        rule,
        overlap,
        ..first(finished(SyncState::Done, "10:30"))
    }) else {
        return Vec::new();
    };
    let progress = advance(&Completed {
        progress: Progress::default(),
        span: one.clone(),
        started_at: at("10:35"),
        ended_at: at("10:36"),
    });
    let Plan::Fetch(two) = next(&Facts {
        progress,
        rule,
        overlap,
        ..first(finished(SyncState::Done, "22:46:41"))
    }) else {
        return Vec::new();
    };
    let inside = |span: &Span, row: Timestamp| {
        span.after.is_none_or(|after| after < row) && span.before.is_none_or(|before| row < before)
    };
    written
        .iter()
        .map(|row| inside(&one, at(row)) || inside(&two, at(row)))
        .collect()
}

#[test]
fn what_was_written_between_a_finish_and_its_fetch_is_read_by_the_next_window() {
    let written = ["10:29", "10:30", "10:32", "10:34:59", "10:36", "22:46:40"];
    assert_eq!(rows_read(Rule::Contiguous, &written), vec![true; 6]);
}

#[test]
fn fetch_start_loses_what_was_written_between_a_finish_and_its_fetch() {
    let written = ["10:29", "10:30", "10:32", "10:34:59", "10:36", "22:46:40"];
    assert_eq!(
        rows_read(Rule::FetchStart, &written),
        [true, false, false, false, true, true]
    );
}

#[test]
fn fetch_start_has_the_published_bounds() {
    let facts = Facts {
        rule: Rule::FetchStart,
        ..later(finished(SyncState::Done, "22:46:41"), "10:30")
    };
    check(
        &facts,
        fetch(
            Some("10:35"),
            Some("22:46:41"),
            "22:46:41",
            "&modified_after=2024-01-15T10:35:00Z&modified_before=2024-01-15T22:46:41Z",
        ),
    );
}

#[test]
fn the_reasons_to_skip_are_tried_in_order() {
    // Each case would be skipped for every later reason as well.
    let facts = |state| Facts {
        ready: false,
        ..later(finished(state, "10:30"), "10:30")
    };
    check_skip(&facts(SyncState::Disabled), SkipReason::Disabled);
    check_skip(&facts(SyncState::Failed), SkipReason::InitialSyncIncomplete);
    let ready = |status| Facts {
        ready: true,
        ..later(status, "10:30")
    };
    check_skip(
        &ready(finished(SyncState::Failed, "10:30")),
        SkipReason::Failed,
    );
    check_skip(
        &ready(finished(SyncState::Syncing, "10:30")),
        SkipReason::NothingFinished,
    );
    check_skip(
        &ready(finished(SyncState::Done, "10:30")),
        SkipReason::NotNewer,
    );
}

#[test]
fn a_failed_sync_is_skipped_though_its_finish_is_newer() {
    let mut status = finished(SyncState::Failed, "22:46:41");
    status.last_sync_result = Some(SyncState::Done);
    check_skip(&later(status, "10:30"), SkipReason::Failed);
}

#[test]
fn a_result_speaks_where_there_is_no_status() {
    check_skip(
        &first(reported(SyncState::Failed, "10:30")),
        SkipReason::Failed,
    );
    check_skip(
        &first(reported(SyncState::Disabled, "10:30")),
        SkipReason::Disabled,
    );
    check_skip(
        &first(reported(SyncState::Paused, "10:30")),
        SkipReason::NothingFinished,
    );
}

/// Whether the finish of a status and a result counts.
#[track_caller]
fn check_counts(status: Option<SyncState>, result: Option<SyncState>, want: bool) {
    let facts = first(ModelStatus {
        status,
        last_sync_result: result,
        ..finished(SyncState::Done, "10:30")
    });
    let plan = next(&facts);
    assert_eq!(matches!(plan, Plan::Fetch(_)), want, "{plan:?}");
}

#[test]
fn a_finish_counts_by_its_status_or_by_the_result_before_it() {
    use SyncState::{Done, Failed, PartiallySynced, Paused, Syncing, Unknown};
    for status in [Done, PartiallySynced] {
        check_counts(Some(status.clone()), None, true);
        check_counts(Some(status), Some(Failed), true);
    }
    for status in [
        Some(Syncing),
        Some(Paused),
        Some(Unknown("COMPLETE".into())),
        None,
    ] {
        check_counts(status.clone(), Some(Done), true);
        check_counts(status.clone(), Some(PartiallySynced), true);
        check_counts(status.clone(), Some(Syncing), false);
        check_counts(status.clone(), Some(Unknown("SUCCESSFUL".into())), false);
        check_counts(status, None, false);
    }
    check_counts(Some(Failed), Some(Done), false);
}

#[test]
fn without_a_finish_there_is_nothing_to_read() {
    let status = ModelStatus {
        status: Some(SyncState::Done),
        ..ModelStatus::default()
    };
    check_skip(&first(status), SkipReason::NothingFinished);
}

#[track_caller]
fn check_newer(finish: &str, stored: &str, want: bool) {
    let plan = next(&later(finished(SyncState::Done, finish), stored));
    assert_eq!(matches!(plan, Plan::Fetch(_)), want, "{plan:?}");
}

#[test]
fn one_sync_counts_once_whether_or_not_its_finish_was_cut() {
    check_newer("10:52:03.118402", "10:52:03.118402", false);
    check_newer("10:52:03", "10:52:03.118402", false);
    check_newer("10:52:03.118402", "10:52:03", false);
    check_newer("10:52:04", "10:52:03.118402", true);
    check_newer("10:52:04.000001", "10:52:03", true);
}

#[test]
fn two_exact_finishes_are_compared_exactly() {
    check_newer("10:52:03.118403", "10:52:03.118402", true);
    check_newer("10:52:03.118401", "10:52:03.118402", false);
}

#[test]
fn a_late_delivery_plans_nothing() {
    check_newer("10:30", "22:46:41", false);
}

#[test]
fn bounds_stay_in_range() {
    let status = ModelStatus {
        last_sync_finished: Some(Timestamp(i64::MAX)),
        ..finished(SyncState::Done, "10:30")
    };
    let facts = Facts {
        progress: Progress {
            merge_last_sync_finished: Some(Timestamp(i64::MIN)),
            ..Progress::default()
        },
        overlap: Milliseconds(u64::MAX),
        ..first(status)
    };
    let Plan::Fetch(span) = next(&facts) else {
        panic!("the finish is newer");
    };
    assert_eq!(span.after, Some(Timestamp(i64::MIN)));
    assert_eq!(span.before, Some(Timestamp(i64::MAX)));
    assert_eq!(
        span.query,
        "include_deleted_data=true&modified_after=0001-01-01T00:00:00Z\
         &modified_before=9999-12-31T23:59:59.999999Z"
    );
}

#[test]
fn a_whole_read_has_no_bounds() {
    assert_eq!(query(None, None), "include_deleted_data=true");
}

fn completed(progress: Progress, watermark: &str) -> Completed {
    Completed {
        progress,
        span: Span {
            after: None,
            before: None,
            watermark: at(watermark),
            query: String::new(),
        },
        started_at: at("22:50"),
        ended_at: at("22:51"),
    }
}

#[test]
fn a_completed_fetch_moves_all_three_instants() {
    let stored = later(finished(SyncState::Done, "10:30"), "10:30").progress;
    for progress in [Progress::default(), stored] {
        assert_eq!(
            advance(&completed(progress, "22:46:41")),
            Progress {
                last_synced_at: Some(at("22:50")),
                merge_last_sync_finished: Some(at("22:46:41")),
                last_fetched_at: Some(at("22:51")),
            }
        );
    }
}

#[test]
fn an_overtaken_fetch_moves_nothing() {
    let stored = later(finished(SyncState::Done, "10:30"), "10:30").progress;
    assert_eq!(advance(&completed(stored, "10:29:59")), stored);
}
