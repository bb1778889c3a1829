//! Plausible bodies and settings, each chosen by single bytes.

use merge_sync_engine::http::{Header, Response, SendError};
use merge_sync_logic::types::{Milliseconds, Timestamp};

use super::store::ACCOUNT;
use super::{START, later};
use crate::bytes::Bytes;

/// Settings documents, the default first.
pub(crate) const SETTINGS: [&str; 10] = [
    "",
    r#"{"gate":"model"}"#,
    r#"{"rule":"open-ended"}"#,
    r#"{"rule":"fetch-start"}"#,
    r#"{"overlap_ms":1000,"full_reread_ms":3600000}"#,
    r#"{"run_limits":{"pages":1,"requests":2,"duration_ms":1000},"requests_per_minute":3}"#,
    r#"{"models":["hris.Employee","hris.Team"],"partial":"accept-partial"}"#,
    r#"{"required":["hris.Team","ats.Candidate"],"full_reread_ms":0}"#,
    r#"{"retry":{"base":0,"throttled_base":0,"cap":0,"max_attempts":2}}"#,
    r#"{"query_extra":{"hris.Employee":"include_remote_data=true"},"endpoint_overrides":{"hris.New":{"path":"/new","filtered":false}}}"#,
];

/// Models, two of them unknown to the table.
pub(crate) const MODELS: [&str; 6] = [
    "hris.Employee",
    "hris.Team",
    "hris.Employment",
    "ats.Candidate",
    "hris.New",
    "",
];

const STATES: [&str; 8] = [
    "\"DONE\"",
    "\"SYNCING\"",
    "\"PARTIALLY_SYNCED\"",
    "\"FAILED\"",
    "\"DISABLED\"",
    "\"PAUSED\"",
    "\"NEW\"",
    "null",
];

const CURSORS: [&str; 6] = [
    "null",
    "null",
    "\"c1\"",
    "\"c2\"",
    "\"https://api.merge.dev/api/hris/v1/employees?cursor=c3\"",
    "7",
];

const FLAGS: [&str; 3] = ["false", "true", "null"];

const STATUSES: [u16; 16] = [
    200, 200, 200, 200, 200, 200, 201, 400, 401, 403, 404, 408, 429, 500, 503, 302,
];

const RETRY_AFTER: [&str; 8] = [
    "1",
    "30",
    "600",
    "99999999999",
    "Thu, 27 Nov 2025 12:00:00 GMT",
    "soon",
    "-1",
    "",
];

const BROKEN: [&str; 6] = ["", "{", "<html></html>", "[]", "{}", r#"{"results":null}"#];

/// The bytes of [`response`] for a `/sync-status` with one model, `DONE`.
pub(crate) fn one_model_done() -> [u8; 8] {
    let (ok, one, employee, done, not_initial, second_quarter, same, last) =
        (0, 1, 0, 0, 0, 3, 0, 0);
    [
        ok,
        one,
        employee,
        done,
        not_initial,
        second_quarter,
        same,
        last,
    ]
}

/// What Merge answers to `target`: its status, then a body of the kind that was asked for.
pub(crate) fn response(script: &mut Bytes<'_>, target: &str) -> Response {
    let status = script.one_of(&STATUSES);
    if !(200..300).contains(&status) {
        let name = script.one_of(&["retry-after", "retry-after", "date", "x"]);
        let value = script.one_of(&RETRY_AFTER).into();
        let name = name.into();
        return Response {
            status,
            headers: vec![Header { name, value }],
            body: script.one_of(&BROKEN).into(),
        };
    }
    let body = if target.contains("/sync-status") {
        list(script, status_row)
    } else if target.contains("/issues") {
        list(script, issue)
    } else if target.contains("/account-details") {
        let link = script.one_of(&["COMPLETE", "RELINK_NEEDED", "INCOMPLETE", ""]);
        format!(r#"{{"id":"{ACCOUNT}","category":"hris","status":"{link}"}}"#)
    } else {
        list(script, record)
    };
    ok(status, body)
}

/// A success with this body.
pub(crate) fn ok(status: u16, body: String) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body,
    }
}

/// Why there is no response.
pub(crate) fn send_error(script: &mut Bytes<'_>) -> SendError {
    match script.u8() % 6 {
        0 => SendError::NoToken,
        1 => SendError::HeldBack(Milliseconds(script.u16().into())),
        2 => SendError::HeldBack(Milliseconds(u64::MAX)),
        3 => SendError::TimedOut("nothing within 30 s".into()),
        4 => SendError::TooLarge("more than 1 MiB".into()),
        _ => SendError::Transport("connection reset".into()),
    }
}

/// Up to six items and a cursor; more is a body that is broken.
fn list(script: &mut Bytes<'_>, item: impl Fn(&mut Bytes<'_>) -> String) -> String {
    let items = script.u8();
    if items > 250 {
        return script.one_of(&BROKEN).into();
    }
    let items: Vec<_> = (0..items % 7).map(|_| item(script)).collect();
    let next = script.one_of(&CURSORS);
    format!(r#"{{"next":{next},"results":[{}]}}"#, items.join(","))
}

fn status_row(script: &mut Bytes<'_>) -> String {
    let model = script.one_of(&MODELS);
    let state = script.one_of(&STATES);
    let initial = script.one_of(&FLAGS);
    let finished = instant(script);
    let result = script.one_of(&["null", "\"DONE\"", "\"PARTIALLY_SYNCED\"", "\"FAILED\""]);
    format!(
        r#"{{"model_id":"{model}","model_name":"X","status":{state},"is_initial_sync":{initial},"last_sync_finished":{finished},"last_sync_start":{finished},"last_sync_result":{result}}}"#
    )
}

fn record(script: &mut Bytes<'_>) -> String {
    let id = script.u8();
    if id == 255 {
        return r#"{"name":"without an id"}"#.into();
    }
    let modified = instant(script);
    let deleted = script.one_of(&FLAGS);
    format!(r#"{{"id":"r{id}","modified_at":{modified},"remote_was_deleted":{deleted}}}"#)
}

fn issue(script: &mut Bytes<'_>) -> String {
    let number = script.u8();
    format!(r#"{{"id":"{number}","error_description":"issue {number}","status":"ONGOING"}}"#)
}

/// None, at either end of time, or about when the script plays; some without microseconds.
fn instant(script: &mut Bytes<'_>) -> String {
    let at = match script.u8() {
        0 => return "null".into(),
        1 => Timestamp(i64::MIN),
        2 => Timestamp(i64::MAX),
        steps if steps % 2 == 0 => later(START, steps - 3),
        steps => Timestamp(later(START, steps - 3).0 + 118_402),
    };
    format!("\"{at}\"")
}

/// A webhook's body about the account. `token` is what one that links it carries.
pub(crate) fn webhook(script: &mut Bytes<'_>, account: &str, token: &str) -> String {
    let model = script.one_of(&MODELS);
    let name = model.rsplit('.').next().unwrap_or_default();
    let (event, data) = match script.u8() % 9 {
        0 => (
            "LinkedAccount.linked".into(),
            format!(r#"{{"account_token":"{token}","is_relink":false}}"#),
        ),
        1 => (
            "LinkedAccount.linked".into(),
            format!(r#"{{"account_token":"{token}","is_relink":true}}"#),
        ),
        2 => (
            "LinkedAccount.sync_completed".into(),
            r#"{"is_initial_sync":true}"#.into(),
        ),
        3 => ("LinkedAccount.deleted".into(), "{}".into()),
        4 => (
            "Issue.new".into(),
            format!(r#"{{"error_description":"{model} is broken"}}"#),
        ),
        5 => (format!("{name}.synced"), r#"{"sync_status":{}}"#.into()),
        6 => (format!("{name}.added"), r#"{"id":"r1"}"#.into()),
        7 => (format!("{name}.removed"), "{}".into()),
        _ => (format!("{name}.other"), "{}".into()),
    };
    // Two deliveries of one event are two deliveries.
    let delivery = script.u8();
    format!(
        r#"{{"hook":{{"event":"{event}","id":"{delivery}"}},"linked_account":{{"id":"{account}","category":"hris","integration":"Example"}},"data":{data}}}"#
    )
}
