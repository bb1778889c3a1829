//! Lists within a record, and lists that are always empty here.

use serde_json::{Value, json};

use crate::Merge;
use crate::api::page::Key;
use crate::api::query::Query;
use crate::api::{Handled, Response, not_found};
use crate::time::iso;
use crate::world::record::{Record, Version};

/// The lists of a record: its model's path, the list's, and what its rows say.
type Nested = (&'static str, &'static str, fn(&Record, &Version) -> Value);

const NESTED: [Nested; 5] = [
    ("jobs", "screening-questions", |record, _| {
        json!({
            "job": record.id,
            "description": "Why do you want to work here?",
            "title": "Motivation",
            "type": "LONG_TEXT",
            "required": true,
            "options": [],
        })
    }),
    (
        "collections",
        "viewers",
        |_, _| json!({ "team": null, "user": null }),
    ),
    (
        "tickets",
        "viewers",
        |_, _| json!({ "team": null, "user": null }),
    ),
    (
        "projects",
        "users",
        |_, _| json!({ "name": "Ada Example", "is_active": true }),
    ),
    (
        "expense-reports",
        "lines",
        |_, _| json!({ "description": "Travel", "amount": 12.5, "tracking_categories": [] }),
    ),
];

impl Merge {
    /// A list within a record: one row.
    pub(super) fn nested(
        &self,
        number: usize,
        (path, id, list): (&str, &str, &str),
        query: &Query,
    ) -> Handled {
        let mut known = NESTED.iter();
        let known = known.find(|(of, name, _)| (*of, *name) == (path, list));
        let (_, _, row) = known.ok_or_else(not_found)?;
        let (_, model) = self.model_at(number, path)?;
        let mut records = model.records.iter();
        let record = records.find(|record| record.id == id && model.enabled);
        let record = record.ok_or_else(not_found)?;
        let version = record.visible(self.now).ok_or_else(not_found)?;
        let key: Key = (record.created_at, record.id.clone());
        let render = |record: &Record| {
            let mut row = row(record, version);
            // The id differs from the record's and stays the same.
            row["id"] = json!(format!("{}{}", &record.id[..35], "n"));
            row["remote_id"] = json!(format!("{}-1", record.remote_id));
            row["created_at"] = json!(iso(record.created_at));
            row["modified_at"] = json!(iso(version.modified_at));
            if list != "viewers" {
                row["remote_was_deleted"] = json!(version.truth.deleted);
            }
            row
        };
        let what = format!("{}/{path}/{id}/{list}", self.accounts[number].id);
        let page = self.page(&what, query, [(&key, record)].into_iter(), render)?;
        Ok(Response::json(200, &page))
    }
}

/// A page of nothing.
pub(super) fn nothing() -> Response {
    Response::json(
        200,
        &json!({ "next": null, "previous": null, "results": [] }),
    )
}
