//! What Merge says of a model's sync, from `/sync-status` and from webhooks alike.

use alloc::borrow::Cow;
#[cfg(test)]
use alloc::string::String;
use alloc::vec::Vec;

use crate::merge_json::list::List;
use crate::merge_json::{Object, object};
use crate::readiness::StatusPage;
use crate::types::{ModelId, ModelStatus, Problem, SyncState};

/// Read one page of `/sync-status`. A row without a text `model_id` names no model and is
/// passed over; any other field that cannot be read is `None`, or empty, by itself.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`, or its `next` holds no cursor.
pub fn parse(body: &str) -> Result<StatusPage, Problem> {
    let List { results, next } = List::parse(body)?;
    let statuses: Vec<ModelStatus> = results
        .into_iter()
        .filter_map(object)
        .filter_map(|row| named(&row))
        .collect();
    Ok(StatusPage { statuses, next })
}

/// A row that names its own model.
fn named(row: &Object<'_>) -> Option<ModelStatus> {
    Some(of_model(row.filled_text("model_id")?, row))
}

/// What `row` says of `model_id`, whatever model the row itself names.
pub fn of_model(model_id: ModelId, row: &Object<'_>) -> ModelStatus {
    let mut status = ModelStatus {
        model_id,
        ..ModelStatus::default()
    };
    // One walk instead of nine searches. Where a key is repeated, its last value counts.
    for (key, value) in row.entries() {
        match key {
            "model_name" => status.model_name = value.text().unwrap_or_default(),
            "status" => status.status = value.borrowed().map(state),
            "is_initial_sync" => status.is_initial_sync = value.flag(),
            "last_sync_start" => status.last_sync_start = value.instant(),
            "next_sync_start" => status.next_sync_start = value.instant(),
            "last_sync_result" => status.last_sync_result = value.borrowed().map(state),
            "last_sync_finished" => status.last_sync_finished = value.instant(),
            "sync_status_reason" => status.status_reason = value.text().unwrap_or_default(),
            "data_fresh_as_of" => status.data_fresh_as_of = value.instant(),
            _ => {}
        }
    }
    status
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
    use super::*;
    use crate::time::Timestamp;
    use alloc::format;
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
            "last_sync_finished":{},"sync_status_reason":false,"data_fresh_as_of":""}"#;
        check(row, vec![employee()]);
    }

    #[test]
    fn a_row_that_names_no_model_is_passed_over() {
        check(
            r#"7,[],null,{},{"model_id":7},{"model_id":""},{"model_id":"\ud800"},{"model_id":"hris.Employee"}"#,
            vec![employee()],
        );
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
