//! A page of records: nothing is lost in reading it, and each record stays as it was sent.

use merge_sync_logic::page::{Contents, parse};
use merge_sync_logic::types::{Row, Timestamp};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::seeds::Vector;

/// The body as it is: read, and read by another library.
pub fn page(data: &[u8]) {
    let body = String::from_utf8_lossy(data);
    check_keys(&body);
    let other = body.strip_prefix('\u{feff}').unwrap_or(&body);
    let Ok(page) = parse("hris.Employee", &body) else {
        if let Ok(value) = serde_json::from_str(other) {
            assert!(!is_list(&value), "a page was refused");
        }
        return;
    };
    check_whole(&page);
    for row in &page.rows {
        assert!(!row.id.is_empty() && !row.id.contains('\0'));
        assert!(body.contains(&row.json), "a record was changed");
        // A key may hold a control character as it is: nothing comes of it, and a scanner that
        // looked for one would cost every body its time.
        let plain = row.json.replace(char::is_control, " ");
        let well_formed = serde_json::from_str::<IgnoredAny>(&plain).is_ok();
        assert!(well_formed, "a record that is not JSON was read");
    }
    // The other library refuses what cannot matter here: numbers too large, half a surrogate
    // pair, and depth.
    if let Ok(value) = serde_json::from_str::<Value>(other) {
        let sent = value["results"].as_array().expect("a list");
        let left_out = page.without_key.saturating_add(page.unreadable);
        let left_out = usize::try_from(left_out).expect("few records");
        assert_eq!(page.rows.len() + left_out, sent.len());
        let objects = sent.iter().filter(|record| record.is_object()).count();
        assert_eq!(usize::try_from(page.unreadable), Ok(sent.len() - objects));
        let usable = sent.iter().filter(|record| id(record).is_some());
        assert_eq!(usable.clone().count(), page.rows.len());
        for (row, record) in page.rows.iter().zip(usable) {
            check_row(row, record);
        }
        check_next(page.next.as_deref(), &value["next"]);
    }
}

/// A page of the same rows is read whole; with something between them that is not JSON, and with a
/// record without a key, all but these are read, and each is counted once.
fn check_whole(page: &Contents) {
    let rows: Vec<_> = page.rows.iter().map(|row| &*row.json).collect();
    let read = |records: &[&str]| {
        let body = format!(r#"{{"results":[{}],"next":null}}"#, records.join(","));
        let read = parse("hris.Employee", &body).expect("a page of records that were read");
        assert_eq!(read.rows, page.rows);
        (read.without_key, read.unreadable)
    };
    assert_eq!(read(&rows), (0, 0));
    // What is not JSON as a whole is read less deep, and no page has so many.
    let is_flat = |row: &&str| row.matches(['[', '{']).count() < 32;
    if rows.len() > 1_000 || !rows.iter().all(is_flat) {
        return;
    }
    let (before, after) = rows.split_at(rows.len() / 2);
    let bad = [before, &[r#"{"id":NaN}"#, "{}"], after].concat();
    assert_eq!(read(&bad), (1, 1), "what was skipped is not told");
}

/// A model without ids has the same records, each under a key that is JSON.
fn check_keys(body: &str) {
    let (tags, others) = (parse("ats.Tag", body), parse("ats.Job", body));
    match (tags, others) {
        (Ok(tags), Ok(others)) => {
            let all = |page: &Contents| {
                let rows = u32::try_from(page.rows.len()).expect("few records");
                (rows + page.without_key, page.unreadable)
            };
            assert_eq!(all(&tags), all(&others));
            assert_eq!(tags.next, others.next);
            for row in &tags.rows {
                let key: Vec<Option<String>> = serde_json::from_str(&row.id).expect("a key");
                assert_eq!(key.len(), 2);
                assert!(key.iter().flatten().all(|part| !part.is_empty()));
                assert!(key.iter().any(Option::is_some));
            }
        }
        (tags, others) => assert_eq!(tags, others),
    }
}

pub(crate) fn seed(vector: &Vector) -> Option<Vec<u8>> {
    vector.body_of("page.parse").map(Into::into)
}

fn id(record: &Value) -> Option<&str> {
    record["id"].as_str().filter(|id| !id.is_empty())
}

fn check_row(row: &Row, record: &Value) {
    let stored = |text: &Value| text.as_str().map(|text| text.replace('\0', "\u{fffd}"));
    assert_eq!(Some(&row.id), stored(&record["id"]).as_ref());
    assert_eq!(row.remote_id, stored(&record["remote_id"]));
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
    // No page has so many.
    let results = value["results"].as_array();
    results.is_some_and(|results| results.len() < 9_000) && has_next
}

/// The cursor is the one sent, or within the URL sent.
pub(crate) fn check_next(found: Option<&str>, sent: &Value) {
    let sent = sent.as_str().filter(|sent| !sent.is_empty());
    if sent.is_none_or(|sent| !sent.contains("://")) {
        let sent = sent.map(|sent| sent.replace('\0', "\u{fffd}"));
        assert_eq!(found, sent.as_deref());
    }
}
