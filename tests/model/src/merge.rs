//! A Merge of one account with one model: four records on pages of two.
//!
//! Its first sync has finished. It does two more things, in any order: it writes one record
//! outside syncs, and it finishes a second sync that changed the three others.

use merge_sync_engine::http::Response;
use merge_sync_logic::types::{Milliseconds, Timestamp};
use serde_json::json;

use crate::clock::{BEHIND, FIRST_FINISH, TICK};

/// The model.
pub const MODEL: &str = "hris.Employee";

/// The records, in the order in which they are listed. The last is written outside syncs.
pub const RECORDS: [&str; 4] = ["a", "b", "c", "d"];

/// When each was last modified, if at all.
pub type Versions = [Option<Timestamp>; 4];

const PAGE: usize = 2;

/// What Merge has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Merge {
    /// When it wrote a record outside syncs.
    pub written: Option<Timestamp>,
    /// When it finished its second sync.
    pub finished: Option<Timestamp>,
}

impl Merge {
    /// The latest finish.
    #[must_use]
    pub fn finish(&self) -> Timestamp {
        self.finished.unwrap_or(FIRST_FINISH)
    }

    /// The latest version of each record. One of each sync bears the very instant of its finish.
    #[must_use]
    pub fn versions(&self) -> Versions {
        let finish = self.finish();
        let written = self
            .written
            .unwrap_or(FIRST_FINISH.minus(Milliseconds(900)));
        [
            Some(finish.minus(Milliseconds(600))),
            Some(finish.minus(Milliseconds(300))),
            Some(finish),
            Some(written),
        ]
    }

    /// Write a record outside syncs.
    pub fn write(&mut self, now: Timestamp) {
        self.written = Some(self.clock(now));
    }

    /// Finish the second sync.
    pub fn finish_second(&mut self, now: Timestamp) {
        self.finished = Some(self.clock(now));
    }

    /// Merge's own clock: the second thing that it does is a tick after the first.
    fn clock(&self, now: Timestamp) -> Timestamp {
        let first = now.minus(BEHIND);
        let latest = self.written.max(self.finished);
        latest.map_or(first, |latest| first.max(latest.plus(TICK)))
    }

    /// Whether there is nothing left for it to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.written.is_some() && self.finished.is_some()
    }

    /// Answer a request.
    ///
    /// # Panics
    ///
    /// Where the request is none that Merge documents.
    #[must_use]
    pub fn answer(&self, target: &str) -> Response {
        let (path, query) = target.split_once('?').expect("a query");
        let body = match path {
            "/api/hris/v1/sync-status" => self.status(),
            "/api/hris/v1/employees" => self.page(query),
            _ => panic!("unknown path: {path}"),
        };
        Response {
            status: 200,
            headers: Vec::new(),
            body,
        }
    }

    fn status(&self) -> String {
        let row = json!({
            "model_id": MODEL,
            "model_name": "Employee",
            "status": "DONE",
            "is_initial_sync": false,
            "last_sync_start": null,
            "next_sync_start": null,
            "last_sync_result": "DONE",
            "last_sync_finished": self.finish().to_rfc3339(),
        });
        json!({ "next": null, "results": [row] }).to_string()
    }

    /// Both bounds are exclusive, and the cursor is a place in the list of all records: a record
    /// that is modified meanwhile leaves its page.
    fn page(&self, query: &str) -> String {
        let instant = |name| {
            let value = parameter(query, name)?;
            Some(Timestamp::parse(value).expect("an instant"))
        };
        let after = instant("modified_after");
        let before = instant("modified_before");
        let from: usize =
            parameter(query, "cursor").map_or(0, |cursor| cursor.parse().expect("a cursor"));
        let versions = self.versions();
        let mut listed = (from..RECORDS.len()).filter(|&index| {
            let inside = |at| {
                after.is_none_or(|after| after < at) && before.is_none_or(|before| at < before)
            };
            versions[index].is_some_and(inside)
        });
        let page: Vec<usize> = listed.by_ref().take(PAGE).collect();
        let next = listed.next().map(|index| index.to_string());
        let rows: Vec<_> = page
            .into_iter()
            .map(|index| {
                let modified_at = versions[index].map(Timestamp::to_rfc3339);
                json!({ "id": RECORDS[index], "modified_at": modified_at })
            })
            .collect();
        json!({ "next": next, "results": rows }).to_string()
    }
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}
