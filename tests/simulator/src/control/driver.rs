//! Control requests of a driver in another process: when something happens next, and how what
//! it stored compares.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::time::iso;
use crate::{Merge, StoredRow, Verdict};

/// The store of a consumer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    account: String,
    model_id: String,
    id: String,
    modified_at: Option<String>,
    deleted: bool,
    json: String,
}

/// What a driver must know before it moves the clock.
pub(super) fn next(merge: &Merge) -> Value {
    json!({
        "now": iso(merge.now()),
        "next_event_at": merge.next_event_at().map(iso),
        "next_delivery_at": merge.next_delivery_at().map(iso),
        "host_skew_micros": merge.host_skew(),
    })
}

pub(super) fn verdict(merge: &Merge, stored: Stored) -> Result<Verdict, String> {
    let rows: Result<Vec<StoredRow>, String> = stored
        .rows
        .into_iter()
        .map(|row| {
            let modified_at = row
                .modified_at
                .map(|text| super::instant("modified_at", &text))
                .transpose()?;
            Ok(StoredRow {
                account: row.account,
                model_id: row.model_id,
                id: row.id,
                modified_at,
                deleted: row.deleted,
                json: row.json,
            })
        })
        .collect();
    Ok(merge.verdict(rows?))
}
