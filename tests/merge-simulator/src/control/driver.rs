//! Control requests of a driver in another process: when something happens next, and how what
//! it stored compares.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::time::{Micros, iso};
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

/// Move the clock to `to`, or to the first instant before it at which a webhook is due. A driver
/// need not ask at each event of the world, of which there are many more.
pub(super) fn advance_to_delivery(merge: &mut Merge, to: Micros) {
    loop {
        // What is planned for this very instant may call for a webhook.
        merge.advance_to(merge.now());
        let delivery = merge.next_delivery_at();
        if merge.now() >= to || delivery.is_some_and(|at| at <= merge.now()) {
            return;
        }
        let events = [delivery, merge.next_event_at()];
        merge.advance_to(events.into_iter().flatten().fold(to, Micros::min));
    }
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
