//! What Merge says of a model's sync, from `/sync-status` and from webhooks alike.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::merge_json::list::List;
use crate::merge_json::{Object, object};
use crate::types::{ModelId, ModelStatus, Problem, SyncState};

/// A parsed `/sync-status` body, one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// The rows, in Merge's order.
    pub statuses: Vec<ModelStatus>,
    /// The `cursor` of the next page; `None` on the last.
    pub next: Option<String>,
}

/// Read one page of `/sync-status`. A field that cannot be read is `None`, or empty, by itself,
/// and named. A row that is broken, or names no model, stays as a row of no model: without it, some
/// model would seem not to be listed.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`, or its `next` holds no cursor.
pub fn parse(body: &str) -> Result<StatusPage, Problem> {
    let list = List::parse(body)?;
    if let Some(problem) = list.cut_off {
        return Err(problem);
    }
    let named = |row| {
        let row = object(row)?;
        Some(of_model(row.filled_text("model_id")?, &row))
    };
    let rows = list.results.into_iter();
    let mut statuses: Vec<_> = rows
        .map(|row| named(row).unwrap_or_else(nameless))
        .collect();
    for _ in 0..list.broken {
        statuses.push(nameless());
    }
    Ok(StatusPage {
        statuses,
        next: list.next,
    })
}

/// A row that names no model.
#[inline(never)]
fn nameless() -> ModelStatus {
    ModelStatus {
        unreadable: alloc::vec![String::from("model_id")],
        ..ModelStatus::default()
    }
}

/// The fields of a row, by Merge's names, in the order of the contract and of the bits below.
const FIELDS: [&str; 10] = [
    "model_name",
    "status",
    "is_initial_sync",
    "last_sync_start",
    "next_sync_start",
    "last_sync_result",
    "last_sync_finished",
    "sync_status_reason",
    "data_fresh_as_of",
    SYNCED_FIELDS,
];

/// Beside the row in a webhook, not in it.
pub const SYNCED_FIELDS: &str = "synced_fields";

/// What `row` says of `model_id`, whatever model the row itself names.
pub fn of_model(model_id: ModelId, row: &Object<'_>) -> ModelStatus {
    let mut status = ModelStatus {
        model_id,
        ..ModelStatus::default()
    };
    // A bit for each of the fields. Where a key is repeated, its last value counts.
    let mut unreadable = 0_u16;
    // One walk instead of ten searches.
    for (key, value) in row.entries() {
        let (bit, read) = match key {
            "model_name" => (1, kept(&mut status.model_name, value.text())),
            "status" => (1 << 1, set(&mut status.status, value.borrowed().map(state))),
            "is_initial_sync" => (1 << 2, set(&mut status.is_initial_sync, value.flag())),
            "last_sync_start" => (1 << 3, set(&mut status.last_sync_start, value.instant())),
            "next_sync_start" => (1 << 4, set(&mut status.next_sync_start, value.instant())),
            "last_sync_result" => {
                let result = value.borrowed().map(state);
                (1 << 5, set(&mut status.last_sync_result, result))
            }
            "last_sync_finished" => (1 << 6, set(&mut status.last_sync_finished, value.instant())),
            "sync_status_reason" => (1 << 7, kept(&mut status.status_reason, value.text())),
            "data_fresh_as_of" => (1 << 8, set(&mut status.data_fresh_as_of, value.instant())),
            SYNCED_FIELDS => (1 << 9, kept(&mut status.synced_fields, value.texts())),
            _ => continue,
        };
        unreadable &= !bit;
        if !read && !value.is_null() {
            unreadable |= bit;
        }
    }
    if unreadable != 0 {
        let bits = (0_u32..).map(|place| unreadable.checked_shr(place).unwrap_or(0) & 1 == 1);
        let named = FIELDS.iter().zip(bits).filter(|(_, bad)| *bad);
        status.unreadable = named.map(|(name, _)| String::from(*name)).collect();
    }
    status
}

/// Takes over what was read; whether there was something.
fn set<T>(field: &mut Option<T>, read: Option<T>) -> bool {
    *field = read;
    field.is_some()
}

/// As [`set`], for a field whose empty value is "not sent".
fn kept<T: Default>(field: &mut T, read: Option<T>) -> bool {
    let is_there = read.is_some();
    *field = read.unwrap_or_default();
    is_there
}

/// Merge's states are an open set: what is not documented keeps its text.
fn state(text: Cow<'_, str>) -> SyncState {
    match &*text {
        "SYNCING" => SyncState::Syncing,
        "DONE" => SyncState::Done,
        "PARTIALLY_SYNCED" => SyncState::PartiallySynced,
        "FAILED" => SyncState::Failed,
        "DISABLED" => SyncState::Disabled,
        "PAUSED" => SyncState::Paused,
        _ => SyncState::Unknown(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::time::Timestamp;
    use alloc::vec;

    #[track_caller]
    fn check(row: &str, want: Vec<ModelStatus>) {
        let body = format!(r#"{{"results":[{row}],"next":null}}"#);
        assert_eq!(
            parse(&body),
            Ok(StatusPage {
                statuses: want,
                next: None
            }),
            "{row}"
        );
    }

    fn employee() -> ModelStatus {
        ModelStatus {
            model_id: String::from("hris.Employee"),
            ..ModelStatus::default()
        }
    }

    #[test]
    fn a_full_row_is_read_whole() {
        let row = r#"{"model_name":"Employee","model_id":"hris.Employee","status":"SYNCING",
            "is_initial_sync":false,"last_sync_start":"1970-01-01T00:00:01.000001Z",
            "next_sync_start":"1970-01-01T00:00:02Z","last_sync_result":"PARTIALLY_SYNCED",
            "last_sync_finished":"1970-01-01T00:00:03","sync_status_reason":"RATE_LIMITED",
            "data_fresh_as_of":"1970-01-01T00:00:04Z","a_future_field":{"x":[1e99]}}"#;
        let want = ModelStatus {
            model_id: String::from("hris.Employee"),
            model_name: String::from("Employee"),
            status: Some(SyncState::Syncing),
            is_initial_sync: Some(false),
            last_sync_start: Some(Timestamp(1_000_001)),
            next_sync_start: Some(Timestamp(2_000_000)),
            last_sync_result: Some(SyncState::PartiallySynced),
            last_sync_finished: Some(Timestamp(3_000_000)),
            status_reason: String::from("RATE_LIMITED"),
            data_fresh_as_of: Some(Timestamp(4_000_000)),
            ..ModelStatus::default()
        };
        check(row, vec![want]);
    }

    #[test]
    fn what_cannot_be_read_is_absent_and_the_rest_stands() {
        check(r#"{"model_id":"hris.Employee"}"#, vec![employee()]);
        let row = r#"{"model_id":"hris.Employee","model_name":[],"status":7,"is_initial_sync":"no",
            "last_sync_start":"yesterday","next_sync_start":1,"last_sync_result":null,
            "last_sync_finished":{},"sync_status_reason":false,"data_fresh_as_of":"",
            "synced_fields":["a",7]}"#;
        let unreadable = FIELDS
            .into_iter()
            .filter(|name| *name != "last_sync_result");
        let want = ModelStatus {
            unreadable: unreadable.map(String::from).collect(),
            ..employee()
        };
        check(row, vec![want]);
    }

    #[test]
    fn what_was_not_sent_is_not_unreadable() {
        for name in FIELDS {
            let row = format!(r#"{{"model_id":"hris.Employee","{name}":null}}"#);
            check(&row, vec![employee()]);
            let row = format!(r#"{{"model_id":"hris.Employee","{name}":7,"{name}":null}}"#);
            check(&row, vec![employee()]);
            let row = format!(r#"{{"model_id":"hris.Employee","{name}":null,"{name}":7}}"#);
            let want = ModelStatus {
                unreadable: alloc::vec![String::from(name)],
                ..employee()
            };
            check(&row, vec![want]);
        }
    }

    #[test]
    fn the_fields_of_a_partial_sync_are_kept() {
        let want = ModelStatus {
            synced_fields: vec![String::from("a"), String::from("b")],
            ..employee()
        };
        check(
            r#"{"model_id":"hris.Employee","synced_fields":["a","b"]}"#,
            vec![want],
        );
    }

    #[test]
    fn a_row_that_names_no_model_is_not_taken_for_none() {
        for (rows, broken) in [
            (
                r#"7,[],null,{},{"model_id":7},{"model_id":""},{"model_id":"\ud800"}"#,
                7,
            ),
            (r#"{"model_id":NaN},{"model_id":"hris.Team","x":None}"#, 2),
        ] {
            let body = format!(r#"{{"results":[{rows},{{"model_id":"hris.Employee"}}]}}"#);
            let mut statuses = parse(&body).expect(&body).statuses;
            let named = statuses.iter().position(|row| !row.model_id.is_empty());
            assert_eq!(statuses.remove(named.expect(rows)), employee());
            assert_eq!(statuses, vec![nameless(); broken], "{rows}");
        }
    }

    #[test]
    fn each_state_is_known_by_its_exact_text() {
        for (text, want) in [
            ("SYNCING", SyncState::Syncing),
            ("DONE", SyncState::Done),
            ("PARTIALLY_SYNCED", SyncState::PartiallySynced),
            ("FAILED", SyncState::Failed),
            ("DISABLED", SyncState::Disabled),
            ("PAUSED", SyncState::Paused),
            ("COMPLETE", SyncState::Unknown(String::from("COMPLETE"))),
            ("done", SyncState::Unknown(String::from("done"))),
            ("", SyncState::Unknown(String::new())),
        ] {
            let row = format!(r#"{{"model_id":"hris.Employee","status":"{text}"}}"#);
            check(
                &row,
                vec![ModelStatus {
                    status: Some(want),
                    ..employee()
                }],
            );
        }
    }
}
