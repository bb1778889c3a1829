//! A Merge with one list of employees, and what may be wrong with its bounds, cursors and pages.

use std::collections::BTreeSet;

use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::support::{Answer, Host, at, done, ok, status};

pub const SECOND: i64 = 1_000_000;

/// A list that is sound, but for what a test says of it.
pub struct List {
    /// Each id, and the instant at which it was modified.
    pub rows: Vec<(String, Option<Timestamp>)>,
    /// The offset that a cursor cannot go beyond.
    pub clamp: usize,
    /// What a page with a cursor is answered.
    pub refuses_cursors: Option<u16>,
    /// The last page names itself as the next.
    pub last_names_itself: bool,
    /// The `next` of every page but the last is a number.
    pub next_is_a_number: bool,
    /// Larger pages are answered 502.
    pub largest_page: usize,
    /// A record that cannot be read.
    pub broken: Option<usize>,
    /// A record, and what every page is answered that it is on.
    pub fails: Option<(usize, Answer)>,
    pub finish: &'static str,
}

impl List {
    pub fn of(rows: Vec<(String, Option<Timestamp>)>) -> Self {
        Self {
            rows,
            clamp: usize::MAX,
            refuses_cursors: None,
            last_names_itself: false,
            next_is_a_number: false,
            largest_page: 100,
            broken: None,
            fails: None,
            finish: "09:30",
        }
    }

    /// One row a second from 08:00 on: `e0`, `e1`, ...
    pub fn spread(rows: i64) -> Self {
        let instant = |number: i64| Timestamp(at("08:00").0 + number * SECOND);
        Self::of(
            (0..rows)
                .map(|number| (format!("e{number}"), Some(instant(number))))
                .collect(),
        )
    }

    /// All of one instant.
    pub fn at_once(rows: i64) -> Self {
        Self::of(
            (0..rows)
                .map(|number| (format!("e{number}"), Some(at("08:00"))))
                .collect(),
        )
    }

    pub fn answer(&self, target: &str) -> Answer {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", self.finish)]));
        }
        if !target.contains("/employees") {
            return ok(r#"{"results":[],"next":null}"#);
        }
        let size: usize = parameter(target, "page_size")
            .expect("a size")
            .parse()
            .expect("a number");
        if size > self.largest_page {
            return status(502);
        }
        let offset = match (parameter(target, "cursor"), self.refuses_cursors) {
            (None, _) => 0,
            (Some(_), Some(refusal)) => return status(refusal),
            (Some(cursor), None) => cursor.parse().expect("an offset"),
        };
        let inside = self.inside(target);
        let served: Vec<_> = inside.iter().skip(offset).take(size).collect();
        if let Some((number, answer)) = &self.fails {
            let id = format!("e{number}");
            if served.iter().any(|(served, _)| *served == id) {
                return answer.clone();
            }
        }
        let records: Vec<String> = served.iter().map(|row| self.record(row)).collect();
        let end = offset + records.len();
        let next = if end < inside.len() {
            Some(end.min(self.clamp))
        } else if self.last_names_itself && offset > 0 {
            Some(offset)
        } else {
            None
        };
        let quote = if self.next_is_a_number { "" } else { "\"" };
        let next = next.map_or("null".into(), |next| format!("{quote}{next}{quote}"));
        ok(&format!(
            r#"{{"next":{next},"results":[{}]}}"#,
            records.join(",")
        ))
    }

    /// The rows within the bounds, which none without an instant is.
    fn inside(&self, target: &str) -> Vec<&(String, Option<Timestamp>)> {
        let bound =
            |name| parameter(target, name).map(|text| Timestamp::parse(text).expect("an instant"));
        let (after, before) = (bound("modified_after"), bound("modified_before"));
        self.rows
            .iter()
            .filter(|(_, modified)| {
                after.is_none_or(|after| modified.is_some_and(|modified| after < modified))
                    && before
                        .is_none_or(|before| modified.is_some_and(|modified| modified < before))
            })
            .collect()
    }

    fn record(&self, (id, modified): &(String, Option<Timestamp>)) -> String {
        let is_broken = self
            .broken
            .is_some_and(|number| *id == format!("e{number}"));
        let rate = if is_broken { r#""rate":NaN,"# } else { "" };
        let modified = modified.map_or("null".into(), |modified| format!("\"{modified}\""));
        format!(r#"{{"id":"{id}",{rate}"modified_at":{modified}}}"#)
    }
}

/// What the target says of `name`.
pub fn parameter<'t>(target: &'t str, name: &str) -> Option<&'t str> {
    let mut pairs = target.split(['?', '&']);
    pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Run from wake-up to wake-up for so many hours; the requests for the list.
pub fn run(host: &mut Host, list: &List, hours: u64) -> Vec<(Timestamp, String)> {
    let end = host.now.plus(Milliseconds(hours * 3_600_000));
    let mut lists = Vec::new();
    while host.now < end {
        host.take_requests();
        host.run(|target| list.answer(target)).expect("a report");
        let now = host.now;
        let asked = host.take_requests().into_iter();
        lists.extend(
            asked
                .filter(|target| target.contains("/employees"))
                .map(|target| (now, target)),
        );
        assert!(lists.len() < 2_000, "the read does not end");
        host.sleep();
    }
    lists
}

/// How many records there are.
pub fn stored(host: &Host) -> usize {
    let ids: BTreeSet<_> = host.rows.keys().map(|(_, id)| id.clone()).collect();
    ids.len()
}

/// The trouble of each model.
pub fn kinds(host: &Host) -> Vec<TroubleKind> {
    let models = host.view().models;
    models
        .iter()
        .filter_map(|model| Some(model.trouble.as_ref()?.kind))
        .collect()
}
