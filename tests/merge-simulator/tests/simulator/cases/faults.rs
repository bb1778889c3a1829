//! Every fault happens, often enough, and only while it is on.

use merge_simulator::time::{DAY, HOUR, MINUTE};
use merge_simulator::{FaultKind, Faults, Merge};

use crate::client::{get, json, settled, small};
use crate::consumer::{Consumer, Rule};

#[test]
fn each_kind_happens_at_least_five_times_and_never_in_the_quiet_time() {
    for seed in 0..3 {
        let mut config = small(seed);
        // Enough for reads of several pages.
        config.records_per_account = 1500;
        let until = config.start + 2 * DAY;
        config.faults = Faults::all(until);
        let mut merge = Merge::new(config);
        let mut consumer = Consumer::new(Rule::Contiguous);
        let mut run = |merge: &mut Merge, end| {
            while merge.now() < end {
                merge.advance_to(merge.now() + 30 * MINUTE);
                merge
                    .take_due()
                    .iter()
                    .for_each(|due| merge.delivered(due.id, Some(200)));
                consumer.poll(merge);
            }
            merge.stats().faults
        };
        let faults = run(&mut merge, until);
        for kind in FaultKind::ALL {
            let count = faults.get(kind.name()).copied().unwrap_or(0);
            assert!(
                count >= 5,
                "seed {seed}: {} happened {count} times",
                kind.name()
            );
        }
        assert_eq!(run(&mut merge, until + DAY), faults, "seed {seed}");
        assert_eq!(merge.host_skew(), 0);
    }
}

#[test]
fn nothing_happens_unless_it_is_switched_on() {
    let mut merge = settled();
    let mut consumer = Consumer::new(Rule::Contiguous);
    for _ in 0..48 {
        merge.advance_to(merge.now() + HOUR);
        consumer.poll(&mut merge);
    }
    assert_eq!(merge.stats().faults.len(), 0);
    assert!(merge.stats().answers.keys().all(|status| *status == 200));
}

#[track_caller]
fn check(kind: FaultKind, target: &str, look: impl Fn(&merge_simulator::Response) -> bool) {
    let mut merge = settled();
    merge.force(kind, 1);
    let response = get(&mut merge, 2, target);
    assert!(look(&response), "{kind:?}: {response:?}");
    assert_eq!(merge.stats().faults.get(kind.name()), Some(&1));
    let again = get(&mut merge, 2, target);
    assert_eq!(again.status, 200);
    assert_eq!((again.cut_after, again.delay_millis), (None, 0));
    let _ = json(&again);
}

#[test]
fn answers_fail_in_the_manner_of_their_kind() {
    let list = "/api/ticketing/v1/comments";
    check(FaultKind::TooManyRequests, list, |response| {
        response.status == 429 && response.header("Retry-After").is_some()
    });
    check(FaultKind::ServerError, list, |response| {
        response.status >= 500 && response.header("Content-Type") == Some("application/json")
    });
    check(FaultKind::HtmlError, list, |response| {
        response.status >= 500 && response.body.starts_with(b"<html>")
    });
    check(FaultKind::SlowResponse, list, |response| {
        response.delay_millis > 0
    });
    check(FaultKind::CutResponse, list, |response| {
        response
            .cut_after
            .is_some_and(|sent| sent < response.body.len())
    });
    check(FaultKind::CutJson, list, |response| {
        response.status == 200
            && serde_json::from_slice::<serde_json::Value>(&response.body).is_err()
    });
    let mut merge = settled();
    let page = json(&get(&mut merge, 2, &format!("{list}?page_size=9")));
    let cursor = page["next"].as_str().unwrap_or_default();
    check(
        FaultKind::StaleCursor,
        &format!("{list}?page_size=9&cursor={cursor}"),
        |response| response.status == 400,
    );
}

#[test]
fn virtual_time_passes_while_a_slow_answer_is_on_its_way() {
    let mut config = small(1);
    config.faults.slow_takes = MINUTE;
    let mut merge = Merge::new(config);
    merge.advance_to(merge.now() + HOUR);
    let before = merge.now();
    get(&mut merge, 2, "/api/ticketing/v1/comments");
    assert_eq!(merge.now(), before);
    merge.force(FaultKind::SlowResponse, 1);
    get(&mut merge, 2, "/api/ticketing/v1/comments");
    let took = merge.now() - before;
    assert!((MINUTE / 4..=MINUTE).contains(&took), "{took}");
}

#[test]
fn syncs_end_as_forced() {
    for (kind, status) in [
        (FaultKind::SyncFailed, "FAILED"),
        (FaultKind::SyncPartial, "PARTIALLY_SYNCED"),
        (FaultKind::SyncPaused, "PAUSED"),
    ] {
        let mut merge = settled();
        merge.force(kind, 100);
        merge.advance_to(merge.now() + 3 * HOUR);
        let body = json(&get(
            &mut merge,
            2,
            "/api/ticketing/v1/sync-status?page_size=100",
        ));
        let rows = body["results"].as_array().expect("results");
        assert!(rows.iter().any(|row| row["status"] == status), "{status}");
    }
}

#[test]
fn a_late_row_shows_its_earlier_version_until_it_is_visible() {
    let mut config = small(1);
    config.faults = Faults::none().with(FaultKind::LateVisible, 1000);
    config.changes_per_hour = 600;
    let mut merge = Merge::new(config);
    let target = "/api/ticketing/v1/comments?include_deleted_data=true&page_size=100";
    let mut newest_lag = 0;
    for _ in 0..600 {
        merge.advance_to(merge.now() + MINUTE);
        if merge.accounts()[2].status != "COMPLETE" {
            continue;
        }
        let now = merge.now();
        let body = json(&get(&mut merge, 2, target));
        for row in body["results"].as_array().expect("results") {
            let at = row["modified_at"]
                .as_str()
                .and_then(merge_simulator::time::parse);
            newest_lag = newest_lag.max(now - at.expect("an instant"));
            assert!(at < Some(now));
        }
    }
    assert!(newest_lag > 0);
}
