//! A page of records: nothing is lost in reading it, and each record stays as it was sent.

use merge_sync_logic::page::{Contents, parse};
use merge_sync_logic::types::{Row, Timestamp};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::seeds::Vector;

/// A model and the fields that are its records' key.
const MODELS: [(&str, &[&str]); 2] = [
    ("hris.Employee", &["id"]),
    ("ats.Tag", &["remote_id", "name"]),
];

/// The body as it is: read as far as it can be, for either kind of key, and read by another library.
pub fn page(data: &[u8]) {
    let body = String::from_utf8_lossy(data);
    for (model_id, key) in MODELS {
        check_page(model_id, key, &body);
    }
}

fn check_page(model_id: &str, key: &[&str], body: &str) {
    let unmarked = body.strip_prefix('\u{feff}').unwrap_or(body);
    let other = serde_json::from_str::<Value>(unmarked);
    let Ok(contents) = parse(model_id, body) else {
        if let Ok(value) = other {
            assert!(!is_list(&value), "a page was refused");
        }
        return;
    };
    for row in &contents.rows {
        assert!(!row.id.is_empty());
        assert!(body.contains(&row.json), "a record was changed");
        assert!(is_json(&row.json), "what is not JSON was read");
    }
    check_whole(model_id, &contents);
    // The other library refuses what cannot matter here: numbers too large, half a surrogate
    // pair, and depth.
    if let Ok(value) = other {
        let sent = value["results"].as_array().expect("a list");
        let objects = sent.iter().filter(|record| record.is_object()).count();
        let usable = sent.iter().filter(|record| key_of(key, record).is_some());
        let usable: Vec<_> = usable.collect();
        assert_eq!(contents.rows.len(), usable.len());
        assert_eq!(count(contents.without_key), objects - usable.len());
        assert_eq!(count(contents.unreadable), sent.len() - objects);
        for (row, record) in contents.rows.iter().zip(usable) {
            check_row(row, key, record);
        }
        check_next(contents.next.as_deref(), &value["next"]);
    }
}

/// A page of the same rows is read whole; with something between them that is not JSON, and with a
/// record without a key, all but these are read, and each is counted once.
fn check_whole(model_id: &str, contents: &Contents) {
    let rows: Vec<_> = contents.rows.iter().map(|row| &*row.json).collect();
    let read = |records: &[&str]| {
        let body = format!(r#"{{"results":[{}],"next":null}}"#, records.join(","));
        let read = parse(model_id, &body).expect("a page of records that were read");
        assert_eq!(read.rows, contents.rows);
        (read.without_key, read.unreadable)
    };
    assert_eq!(read(&rows), (0, 0));
    let (before, after) = rows.split_at(rows.len() / 2);
    let bad = [before, &[r#"{"id":NaN}"#, "{}"], after].concat();
    assert_eq!(read(&bad), (1, 1), "what was skipped is not told");
}

/// A key may hold a control character as it is: nothing comes of it, and a scanner that looked for
/// one would cost every body its time.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(&text.replace(char::is_control, " ")).is_ok()
}

fn count(records: u32) -> usize {
    usize::try_from(records).expect("few records")
}

pub(crate) fn seed(vector: &Vector) -> Option<Vec<u8>> {
    vector.body_of("page.parse").map(Into::into)
}

/// The key as JSON: the text of the one field, or the list of several; none where all are absent.
fn key_of(key: &[&str], record: &Value) -> Option<Value> {
    let filled = |name: &&str| text(&record[*name]).filter(|text| !text.is_empty());
    let parts: Vec<_> = key.iter().map(filled).collect();
    if parts.iter().all(Option::is_none) {
        return None;
    }
    Some(match parts.as_slice() {
        [part] => json!(part),
        _ => json!(parts),
    })
}

/// A text as it is kept: databases take no NUL.
fn text(value: &Value) -> Option<String> {
    value.as_str().map(|text| text.replace('\0', "\u{fffd}"))
}

fn check_row(row: &Row, key: &[&str], record: &Value) {
    let found = match key {
        [_] => json!(row.id),
        _ => serde_json::from_str(&row.id).expect("a key of several fields is JSON"),
    };
    assert_eq!(Some(found), key_of(key, record));
    assert_eq!(row.remote_id, text(&record["remote_id"]));
    assert_eq!(row.deleted, record["remote_was_deleted"] == true);
    let modified = record["modified_at"].as_str().and_then(Timestamp::parse);
    assert_eq!(row.modified_at, modified);
    let kept: Value = serde_json::from_str(&row.json).expect("a record");
    assert_eq!(&kept, record);
}

/// Whether `value` has all that a page of any of Merge's lists needs.
pub(crate) fn is_list(value: &Value) -> bool {
    let next = &value["next"];
    let has_next = next.is_null() || next.as_str().is_some_and(|next| !next.contains("://"));
    value["results"].is_array() && has_next
}

/// The cursor is the one sent, or within the URL sent.
pub(crate) fn check_next(found: Option<&str>, sent: &Value) {
    let sent = sent.as_str().filter(|sent| !sent.is_empty());
    if sent.is_none_or(|sent| !sent.contains("://")) {
        assert_eq!(found, sent);
    }
}
