//! How a page is looked at: the median of its instants, the bounds it lies in, the sum of its keys.

use alloc::vec::Vec;

use merge_sync_logic::retry::AttemptOutcome;
use merge_sync_logic::types::{Row, Timestamp};

use super::*;
use crate::account::slot::Cut;
use crate::settings::Settings;

fn rows(instants: &[i64]) -> Vec<Row> {
    instants
        .iter()
        .map(|at| Row {
            id: alloc::format!("r{at}"),
            remote_id: None,
            modified_at: Some(Timestamp(*at)),
            deleted: false,
            json: "{}".into(),
        })
        .collect()
}

#[test]
fn the_median_is_of_the_instants_and_stands_alone_only_if_all_are_equal() {
    for (instants, at, is_alone) in [
        (&[5][..], 5, true),
        (&[7, 7, 7], 7, true),
        (&[9, 1, 5], 5, false),
        (&[1, 2, 9, 9], 9, false),
        (&[3, 3, 3, 9], 3, false),
    ] {
        let cut = Cut {
            at: Timestamp(at),
            is_alone,
        };
        assert_eq!(median(&rows(instants)), Some(cut), "{instants:?}");
    }
    assert_eq!(median(&[]), None);
}

#[test]
fn bounds_are_ignored_where_most_rows_lie_over_a_second_outside() {
    let part = Bounds {
        after: Some(Timestamp(10_000_000)),
        before: Some(Timestamp(20_000_000)),
    };
    let outside = |instants: &[i64]| are_outside(&rows(instants), part);
    assert!(!outside(&[9_000_000]), "a second before it");
    assert!(!outside(&[21_000_000]), "a second behind it");
    assert!(!outside(&[1, 15_000_000]), "half");
    assert!(outside(&[1, 2, 15_000_000]));
    assert!(outside(&[21_000_001]));
    assert!(!outside(&[]));
    assert!(!are_outside(&rows(&[1, 2]), Bounds::NONE));
}

#[test]
fn bounds_are_asked_for_where_merge_knows_them_and_does_not_ignore_them() {
    let slot = a_read();
    let part = slot.part();
    let mut model = Model {
        window: Some(slot),
        ..Model::default()
    };
    for (filtered, ignores, asked) in [
        (true, false, part),
        (true, true, Bounds::NONE),
        (false, false, Bounds::NONE),
        (false, true, Bounds::NONE),
    ] {
        model.ignores_bounds = ignores;
        let endpoint = Listed {
            path: String::new(),
            filtered,
            ..employees()
        };
        let found = asked_part(&model, Kind::Window, &endpoint);
        assert_eq!(found, Some(asked), "{filtered} {ignores}");
    }
}

fn employees() -> Listed {
    let Endpoint::Listed(endpoint) = settings().endpoint("hris.Employee") else {
        panic!("employees have a list");
    };
    endpoint
}

fn settings() -> Settings {
    Settings::parse("{}").expect("settings")
}

const NOW: Timestamp = Timestamp(20_000_000);

fn a_read() -> Slot {
    let bounds = Bounds {
        after: Some(Timestamp(1_000_000)),
        before: None,
    };
    Slot::new(bounds, Timestamp(9_000_000), NOW)
}

/// A model whose window is this read, after a page of it.
fn after_page(model: Model, body: &str) -> (Model, Taken, Vec<Entry>) {
    let account = merge_sync_logic::types::Account {
        id: "a".into(),
        category: "hris".into(),
        ..Default::default()
    };
    let mut document = Document::new(account, NOW);
    document.models.insert("hris.Employee".into(), model);
    let (settings, mut log) = (settings(), Vec::new());
    let mut context = PageContext {
        model_id: "hris.Employee",
        kind: Kind::Window,
        settings: &settings,
        now: NOW,
        log: &mut log,
    };
    let taken = take_page(&mut document, body, &mut context).expect("a page");
    let model = document
        .models
        .get("hris.Employee")
        .expect("the model")
        .clone();
    (model, taken, log)
}

fn reading(slot: Slot) -> Model {
    Model {
        window: Some(slot),
        ..Model::default()
    }
}

const ROWS: &str = r#"{"next":"c2","results":[
    {"id":"e1","modified_at":"1970-01-01T00:00:03Z"},
    {"id":"e2","modified_at":"1970-01-01T00:00:04Z"},
    {"id":"e3","modified_at":"1970-01-01T00:00:05Z"}]}"#;

const NO_ROWS: &str = r#"{"next":"c2","results":[]}"#;

/// To look for the median costs a page of a hundred rows ten thousand comparisons.
#[test]
fn where_a_part_would_be_split_is_looked_for_only_where_it_may_have_to_be() {
    let cut = |loops: u32, rows: u32| {
        let mut model = reading(Slot { loops, ..a_read() });
        model.page_size.rows = rows;
        let (model, ..) = after_page(model, ROWS);
        model.window.and_then(|slot| slot.cut).map(|cut| cut.at)
    };
    assert_eq!(cut(0, 0), None, "nothing failed");
    assert_eq!(cut(1, 0), Some(Timestamp(4_000_000)), "it was read before");
    assert_eq!(cut(0, 50), Some(Timestamp(4_000_000)), "pages fail");
}

#[test]
fn rows_carry_the_latest_pass_and_none_before_the_first() {
    for (pass, carried) in [(0, None), (7, Some(7))] {
        let model = Model {
            pass,
            ..reading(a_read())
        };
        let (_, taken, _) = after_page(model, ROWS);
        assert_eq!(taken.batch.map(|batch| batch.pass), Some(carried));
    }
}

#[test]
fn a_rest_ends_with_a_page_where_none_was_before() {
    let is_parked = |slot: Slot, body: &str| {
        let mut model = reading(slot);
        model.patience.of_mut(Kind::Window).is_parked = true;
        let (model, ..) = after_page(model, body);
        model.patience.of(Kind::Window).is_parked
    };
    let seen_before = || Slot {
        furthest: 1_000,
        ..a_read()
    };
    assert!(!is_parked(a_read(), ROWS), "rows that no try had");
    assert!(is_parked(seen_before(), ROWS), "rows that some try had");
    let mut slot = seen_before();
    slot.paging.cursor = Some("c1".into());
    assert!(!is_parked(slot, ROWS), "behind the first page");
    let mut slot = seen_before();
    slot.parts.push(slot.bounds);
    let last = ROWS.replace("\"c2\"", "null");
    assert!(!is_parked(slot, &last), "the part is complete");
}

#[test]
fn a_row_or_a_later_page_ends_the_failures_in_a_row() {
    let failures = |cursor: Option<&str>, body: &str| {
        let mut slot = a_read();
        slot.paging.cursor = cursor.map(String::from);
        let mut model = reading(slot);
        model.patience.of_mut(Kind::Window).failures = 3;
        let (model, ..) = after_page(model, body);
        model.patience.of(Kind::Window).failures
    };
    assert_eq!(failures(None, ROWS), 0);
    assert_eq!(failures(None, NO_ROWS), 3);
    assert_eq!(failures(Some("c1"), NO_ROWS), 0);
}

#[test]
fn a_page_of_which_nothing_can_be_stored_is_told_at_once() {
    let told = |body: &str| {
        let (model, _, log) = after_page(reading(a_read()), body);
        let warned = log.iter().filter(|entry| entry.level == Level::Warn);
        (model.skipped.too_many_since, warned.count())
    };
    let no_key = r#"{"next":"c2","results":[{"name":"a"}]}"#;
    assert_eq!(told(no_key), (Some(NOW), 1));
    let not_json = r#"{"next":"c2","results":[{"id":NaN}]}"#;
    assert_eq!(told(not_json), (Some(NOW), 1));
    assert_eq!(told(NO_ROWS), (None, 0), "nothing was served");
    assert_eq!(told(ROWS), (None, 0));
}

/// Merge refuses a cursor that comes with other parameters than those of its read.
#[test]
fn a_cursor_of_a_read_without_bounds_is_not_sent_with_them() {
    let mut slot = Slot::new(
        Bounds {
            after: Some(Timestamp(1)),
            before: None,
        },
        Timestamp(2),
        Timestamp(3),
    );
    slot.paging.cursor = Some("c1".into());
    let mut model = Model {
        window: Some(slot),
        ..Model::default()
    };
    complete::look_at_bounds_again(&mut model);
    let cursor = |model: &Model| {
        model
            .slot(Kind::Window)
            .map(|slot| slot.paging.cursor.clone())
    };
    assert_eq!(
        cursor(&model),
        Some(Some("c1".into())),
        "asked for with bounds"
    );
    model.ignores_bounds = true;
    complete::look_at_bounds_again(&mut model);
    assert_eq!(cursor(&model), Some(None));
    assert!(!model.ignores_bounds);
}

fn told_of_before() -> crate::account::document::Skipped {
    crate::account::document::Skipped {
        without_key: 5,
        unreadable: 2,
        too_many_since: Some(Timestamp(1)),
    }
}

#[test]
fn a_read_with_bounds_tells_of_more_that_cannot_be_stored_and_never_of_fewer() {
    let skipped = |slot: Slot, body: &str| {
        let model = Model {
            skipped: told_of_before(),
            ..reading(slot)
        };
        let (model, ..) = after_page(model, &body.replace("\"c2\"", "null"));
        assert!(model.window.is_none(), "complete");
        model.skipped
    };
    let whole = || Slot::new(Bounds::NONE, Timestamp(9_000_000), NOW);
    let no_key = r#"{"next":"c2","results":[{"name":"a"}]}"#;
    assert_eq!(skipped(a_read(), ROWS), told_of_before());
    assert_eq!(
        skipped(whole(), ROWS),
        crate::account::document::Skipped::default()
    );
    for slot in [a_read(), whole()] {
        let found = skipped(slot, no_key);
        assert_eq!((found.without_key, found.unreadable), (1, 0));
        assert_eq!(found.records(), 1);
    }
    assert_eq!(told_of_before().records(), 7);
}

#[test]
fn the_published_rule_keeps_its_upper_bound_over_all_pages() {
    for (rule, keeps_it) in [("contiguous", false), ("fetch-start", true)] {
        let settings = Settings::parse(&alloc::format!(r#"{{"rule":"{rule}"}}"#));
        let settings = settings.expect("settings");
        let context = PageContext {
            model_id: "hris.Employee",
            kind: Kind::Window,
            settings: &settings,
            now: NOW,
            log: &mut Vec::new(),
        };
        let mut slot = a_read();
        slot.bounds.before = Some(Timestamp(9_000_000));
        slot.parts[0] = slot.bounds;
        let part = slot.part();
        let page = Page {
            stored: 1,
            next: Some("c2".into()),
            ..Page::default()
        };
        apply_page(&mut slot, page, &rows(&[3_000_000]), part, &context);
        assert_eq!(slot.part().before.is_some(), keeps_it, "{rule}");
    }
}

fn after_failure(model: Model, outcome: &AttemptOutcome) -> Model {
    let account = merge_sync_logic::types::Account::default();
    let mut document = Document::new(account, NOW);
    document.models.insert("hris.Employee".into(), model);
    let (settings, mut log) = (settings(), Vec::new());
    let mut context = PageContext {
        model_id: "hris.Employee",
        kind: Kind::Window,
        settings: &settings,
        now: NOW,
        log: &mut log,
    };
    failed::failed(&mut document, outcome.clone(), &mut context);
    document
        .models
        .get("hris.Employee")
        .expect("the model")
        .clone()
}

fn answered(status: u16) -> AttemptOutcome {
    AttemptOutcome::Response(merge_sync_logic::retry::ResponseFacts {
        status,
        retry_after: None,
        date: None,
    })
}

#[test]
fn the_second_failure_that_a_smaller_page_might_have_avoided_halves_it() {
    for (outcome, halves) in [
        (AttemptOutcome::TimedOut, true),
        (AttemptOutcome::TooLarge, true),
        (crate::decide::failure::unusable("cut short".into()), true),
        (answered(502), true),
        (answered(504), true),
        (answered(500), false),
        (crate::decide::failure::unreachable("refused".into()), false),
        (AttemptOutcome::NoToken, false),
    ] {
        let model = after_failure(reading(a_read()), &outcome);
        assert_eq!(model.page_size.asked(100), 100, "{outcome:?}: the first");
        let model = after_failure(model, &outcome);
        let asked = if halves { 50 } else { 100 };
        assert_eq!(model.page_size.asked(100), asked, "{outcome:?}");
    }
}

#[test]
fn a_part_is_split_where_a_record_cannot_be_read_even_alone() {
    let parts = |outcome: &AttemptOutcome, is_parked: bool, ignores_bounds: bool| {
        let mut model = reading(a_read());
        model.page_size.rows = 1;
        model.ignores_bounds = ignores_bounds;
        let patience = model.patience.of_mut(Kind::Window);
        patience.failures_of_page = 1;
        patience.is_parked = is_parked;
        let model = after_failure(model, outcome);
        let gave_up = model.missing.is_some();
        (model.window.map(|slot| slot.parts.len()), gave_up)
    };
    let broken = crate::decide::failure::unusable("cut short".into());
    assert_eq!(parts(&broken, false, false), (Some(2), false));
    assert_eq!(parts(&broken, false, true), (None, true), "no bounds");
    assert_eq!(parts(&broken, true, false), (Some(2), false), "at rest");
    let late = AttemptOutcome::TimedOut;
    assert_eq!(parts(&late, false, false), (Some(1), false));
}

#[test]
fn a_try_that_fails_at_rest_changes_neither_the_rest_nor_its_reason() {
    let mut model = reading(a_read());
    let patience = model.patience.of_mut(Kind::Window);
    patience.is_parked = true;
    patience.set_trouble(
        crate::ground::trouble::TroubleKind::Park,
        "text".into(),
        Timestamp(1),
    );
    let trouble = patience.trouble.clone();
    let model = after_failure(model, &answered(500));
    let patience = model.patience.of(Kind::Window);
    assert_eq!(patience.trouble, trouble);
    assert_eq!(
        patience.not_before,
        Some(NOW.plus(crate::account::patience::REST)),
        "another hour"
    );
}
