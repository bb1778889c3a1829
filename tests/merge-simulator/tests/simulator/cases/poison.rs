//! Persistent faults of one model's list.

use std::collections::BTreeSet;

use merge_simulator::time::{DAY, HOUR, MINUTE, Micros};
use merge_simulator::{Config, Merge, Poison};
use serde_json::Value;

use crate::client::{after, get, json, read_all, small};

const LIST: &str = "/api/hris/v1/employees?include_deleted_data=true";
const MODEL: &str = "hris.Employee";

/// One account with one model of so many rows, poisoned from the beginning, and settled.
fn poisoned(rows: u64, poison: Poison) -> Merge {
    let mut config = small(1);
    config.accounts = 1;
    config.models_at_most = Some(1);
    config.records_per_account = rows;
    config.changes_per_hour = 0;
    config.realtime_per_hour = 0;
    settle(config, poison, Micros::MIN)
}

fn settle(config: Config, poison: Poison, from: Micros) -> Merge {
    let mut merge = Merge::new(config);
    assert!(merge.poison(0, Some(MODEL), poison, from));
    merge.advance_to(merge.now() + DAY / 2);
    merge
}

/// The cursor of the next page.
fn next(page: &Value) -> Option<String> {
    page["next"].as_str().map(str::to_owned)
}

#[track_caller]
fn page(merge: &mut Merge, cursor: Option<&str>) -> Value {
    let mut target = format!("{LIST}&page_size=100");
    if let Some(cursor) = cursor {
        target += &format!("&cursor={cursor}");
    }
    let response = get(merge, 0, &target);
    assert_eq!(response.status, 200, "{target}");
    json(&response)
}

fn rows(page: &Value) -> &[Value] {
    page["results"].as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn the_last_page_names_the_cursor_it_was_asked_with() {
    let mut merge = poisoned(130, Poison::LastPageNamesItself);
    let first = page(&mut merge, None);
    let cursor = next(&first).expect("a second page");
    let last = page(&mut merge, Some(&cursor));
    assert_eq!(rows(&last).len(), 30);
    assert_eq!(next(&last), Some(cursor));
    assert_eq!(
        merge
            .reread(&merge.accounts()[0].id, MODEL)
            .map(|ids| ids.len()),
        Some(130)
    );
}

#[test]
fn a_clamped_offset_serves_1100_of_1500_rows_with_one_timestamp() {
    let mut merge = poisoned(1500, Poison::ClampedOffsetCursors { clamp: 1000 });
    let (mut seen, mut cursors) = (BTreeSet::new(), Vec::new());
    let mut cursor = None;
    let mut stamps = BTreeSet::new();
    for _ in 0..20 {
        let page = page(&mut merge, cursor.as_deref());
        for row in rows(&page) {
            seen.insert(row["id"].to_string());
            stamps.insert(row["modified_at"].to_string());
        }
        cursor = next(&page);
        cursors.extend(cursor.clone());
    }
    assert_eq!(stamps.len(), 1, "one timestamp");
    assert_eq!(seen.len(), 1100);
    assert_eq!(cursors.len(), 20, "there is always a next page");
    assert_eq!(cursors.iter().collect::<BTreeSet<_>>().len(), 11);
    let ledger = merge.ledger();
    assert_eq!(ledger.values().filter(|entry| entry.served).count(), 1100);
    let verdict = merge.verdict([]);
    assert_eq!((verdict.lost, verdict.unserved), (1100, 400));
}

#[test]
fn every_page_with_a_cursor_is_refused() {
    for status in [400, 404] {
        let mut merge = poisoned(130, Poison::CursorsRefused { status });
        let cursor = next(&page(&mut merge, None)).expect("a second page");
        let target = format!("{LIST}&page_size=100&cursor={cursor}");
        for _ in 0..3 {
            assert_eq!(get(&mut merge, 0, &target).status, status);
        }
        // Small windows reach every row: only the first page of each is needed.
        assert!(merge.ledger().values().all(|entry| entry.served));
        assert_eq!(
            merge
                .reread(&merge.accounts()[0].id, MODEL)
                .map(|ids| ids.len()),
            Some(100)
        );
    }
}

#[test]
fn a_change_during_a_bounded_read_keeps_unchanged_rows_from_it() {
    let mut merge = poisoned(900, Poison::OffsetCursorsShift);
    let read = |merge: &mut Merge, target: &str| -> BTreeSet<String> {
        let rows = read_all(merge, 0, target);
        rows.iter().map(|row| row["id"].to_string()).collect()
    };
    let before = merge_simulator::time::iso(merge.now());
    let bounded = read(
        &mut merge,
        &format!("{LIST}&page_size=100&modified_before={before}"),
    );
    // Up to three rows for each of eight pages: a change may happen to change nothing.
    assert!((876..890).contains(&bounded.len()), "{}", bounded.len());
    let open = read(&mut merge, &format!("{LIST}&page_size=100"));
    assert_eq!(open.len(), 900);
}

#[test]
fn empty_pages_go_on_for_ever_under_new_cursors() {
    let mut merge = poisoned(130, Poison::EmptyPagesForever);
    let mut seen = BTreeSet::new();
    let (mut cursor, mut served) = (None, 0);
    for _ in 0..60 {
        let page = page(&mut merge, cursor.as_deref());
        served += rows(&page).len();
        cursor = next(&page);
        assert!(seen.insert(cursor.clone().expect("always a next page")));
    }
    assert_eq!(served, 130);
}

#[test]
fn large_pages_are_answered_502_or_504() {
    let mut merge = poisoned(130, Poison::PageSizeLimit { rows: 40 });
    let ask =
        |merge: &mut Merge, size: usize| get(merge, 0, &format!("{LIST}&page_size={size}")).status;
    let large: BTreeSet<u16> = (0..12).map(|_| ask(&mut merge, 100)).collect();
    assert_eq!(large, BTreeSet::from([502, 504]));
    assert_eq!(ask(&mut merge, 41) / 100, 5);
    assert_eq!(ask(&mut merge, 40), 200);
    assert_eq!(
        read_all(&mut merge, 0, &format!("{LIST}&page_size=40")).len(),
        130
    );
}

#[track_caller]
fn check_broken(poison: Poison, value: &str) {
    let mut merge = poisoned(60, poison);
    let response = get(&mut merge, 0, &format!("{LIST}&page_size=100"));
    let text = String::from_utf8(response.body.clone()).expect("UTF-8");
    assert!(serde_json::from_str::<Value>(&text).is_err());
    let spoilt = format!("\"field_mappings\":{value},");
    assert_eq!(text.matches(&spoilt).count(), 1);
    let mended = text.replace(&spoilt, "\"field_mappings\":null,");
    let page: Value = serde_json::from_str(&mended).expect("only one record is broken");
    assert_eq!(rows(&page).len(), 60);
    let withheld = merge.ledger().into_values().filter(|entry| !entry.served);
    assert_eq!(withheld.count(), 1);
    assert_eq!(
        merge
            .reread(&merge.accounts()[0].id, MODEL)
            .map(|ids| ids.len()),
        Some(59)
    );
}

#[test]
fn one_record_is_no_json() {
    check_broken(Poison::BrokenRecord, "NaN");
    check_broken(Poison::BrokenJson, "None");
}

#[test]
fn a_huge_body_is_lawful_json_of_empty_lists() {
    let mut merge = poisoned(10, Poison::HugeBody { bytes: 3000 });
    let page = page(&mut merge, None);
    assert_eq!(rows(&page).len(), 1001);
    assert!(rows(&page).iter().all(Value::is_array));
}

#[test]
fn a_read_without_bounds_finds_nothing_while_windows_do() {
    let mut merge = poisoned(60, Poison::EmptyFullReads);
    assert!(read_all(&mut merge, 0, LIST).is_empty());
    let window = format!("{LIST}&modified_after=2020-01-01T00:00:00Z&page_size=7");
    assert_eq!(read_all(&mut merge, 0, &window).len(), 60);
    assert_eq!(
        merge.reread(&merge.accounts()[0].id, MODEL),
        Some(BTreeSet::new())
    );
    assert!(
        merge
            .ledger()
            .values()
            .all(|entry| entry.served && !entry.deleted)
    );
}

/// How many rows there are to read, and how many are gone, a day after the poison came.
fn remaining(poison: Poison) -> (usize, usize) {
    let mut config = small(1);
    config.accounts = 1;
    config.models_at_most = Some(1);
    config.records_per_account = 300;
    config.changes_per_hour = 0;
    config.realtime_per_hour = 0;
    let from = config.start + DAY / 3;
    let mut merge = settle(config, poison, from);
    merge.advance_to(merge.now() + HOUR);
    let purged = merge.ledger().into_values().filter(|entry| entry.purged);
    (read_all(&mut merge, 0, LIST).len(), purged.count())
}

#[test]
fn most_rows_vanish_lawfully() {
    assert_eq!(remaining(Poison::ShrunkenFullReads), (50, 300));
    assert_eq!(remaining(Poison::NarrowedSelectiveSync), (30, 270));
}

#[test]
fn a_scope_that_is_off_disables_the_model_and_deletes_nothing() {
    let mut merge = after(small(1), DAY / 2);
    let before = merge.ledger();
    let now = merge.now();
    assert!(merge.poison(0, Some(MODEL), Poison::ScopeOff, now));
    merge.advance_to(now + 1);
    assert_eq!(get(&mut merge, 0, LIST).status, 403);
    let status = read_all(&mut merge, 0, "/api/hris/v1/sync-status");
    let row = status.iter().find(|row| row["model_id"] == MODEL);
    assert_eq!(row.expect("the model is listed")["status"], "DISABLED");
    merge.cure(0);
    assert_eq!(merge.ledger(), before);
    assert_eq!(get(&mut merge, 0, LIST).status, 200);
}

#[test]
fn a_field_that_is_off_is_null_everywhere_without_a_new_stamp() {
    let mut merge = after(small(1), DAY / 2);
    let stamps = |rows: &[Value]| -> Vec<Value> {
        rows.iter().map(|row| row["modified_at"].clone()).collect()
    };
    let before = read_all(&mut merge, 0, LIST);
    assert!(before.iter().any(|row| !row["avatar"].is_null()));
    let now = merge.now();
    merge.poison(0, Some(MODEL), Poison::FieldOff, now);
    let rows = read_all(&mut merge, 0, LIST);
    assert!(rows.iter().all(|row| row["avatar"].is_null()));
    assert_eq!(stamps(&rows), stamps(&before));
    let silent = merge
        .ledger()
        .into_values()
        .filter(|entry| entry.silent == Some("avatar"));
    assert_eq!(silent.count(), rows.len());
}

#[test]
fn one_page_in_fifty_fails_and_cursors_live_ten_minutes() {
    let mut merge = poisoned(
        130,
        Poison::FlakyPages {
            one_in: 50,
            minutes: 10,
        },
    );
    let mut failed = 0;
    for _ in 0..1000 {
        failed += u32::from(get(&mut merge, 0, LIST).status >= 500);
        merge.advance_to(merge.now() + MINUTE);
    }
    assert!((10..35).contains(&failed), "{failed}");
    let mut answers = BTreeSet::new();
    let mut cursor = None;
    while cursor.is_none() {
        let response = get(&mut merge, 0, LIST);
        cursor = (response.status == 200)
            .then(|| next(&json(&response)))
            .flatten();
    }
    let target = format!("{LIST}&cursor={}", cursor.unwrap_or_default());
    merge.advance_to(merge.now() + 10 * MINUTE);
    answers.extend((0..5).map(|_| get(&mut merge, 0, &target).status));
    assert!(
        answers.contains(&200) && !answers.contains(&400),
        "{answers:?}"
    );
    merge.advance_to(merge.now() + 1);
    answers = (0..5).map(|_| get(&mut merge, 0, &target).status).collect();
    assert!(
        answers.contains(&400) && !answers.contains(&200),
        "{answers:?}"
    );
}

#[test]
fn some_records_have_no_id() {
    let mut merge = poisoned(60, Poison::RecordsWithoutId);
    let rows = read_all(&mut merge, 0, LIST);
    let without = rows.iter().filter(|row| row.get("id").is_none()).count();
    assert_eq!((rows.len(), without), (60, 3));
    assert_eq!(merge.verdict([]).unserved, 3);
}

#[test]
fn filters_are_ignored() {
    let mut merge = poisoned(60, Poison::FiltersIgnored);
    let window = format!("{LIST}&modified_after=2030-01-01T00:00:00Z");
    assert_eq!(read_all(&mut merge, 0, &window).len(), 60);
}

#[test]
fn a_refused_list_leaves_the_others_alone() {
    let mut merge = settle(small(1), Poison::ListRefused { status: 403 }, Micros::MIN);
    assert_eq!(get(&mut merge, 0, LIST).status, 403);
    assert_eq!(get(&mut merge, 0, "/api/hris/v1/teams").status, 200);
    assert_eq!(merge.reread(&merge.accounts()[0].id, MODEL), None);
}

#[test]
fn a_finish_that_cannot_be_read_is_neither_null_nor_an_instant() {
    let mut merge = settle(small(1), Poison::UnreadableFinish, Micros::MIN);
    for row in read_all(&mut merge, 0, "/api/hris/v1/sync-status") {
        let finish = row["last_sync_finished"].as_str().unwrap_or_default();
        assert_eq!(finish == "27/11/2026 10:00", row["model_id"] == MODEL);
    }
}

#[test]
fn a_poison_needs_an_account_and_a_model_that_exist() {
    let mut merge = after(small(1), HOUR);
    let now = merge.now();
    assert!(!merge.poison(9, None, Poison::ScopeOff, now));
    assert!(!merge.poison(0, Some("hris.Nothing"), Poison::ScopeOff, now));
    assert!(!merge.poison(0, Some(MODEL), Poison::ByteOrderMark, now));
    assert!(merge.poisoned().is_empty());
    assert!(merge.poison(0, None, Poison::ByteOrderMark, now));
    assert_eq!(merge.poisoned()[0].poison, Poison::ByteOrderMark);
}
