//! A page of records: nothing is lost in reading it, and each record stays as it was sent.

use merge_sync_logic::page::{parse, salvage};
use merge_sync_logic::types::{Row, Timestamp};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::seeds::Vector;

/// The body as it is: read strictly, read as far as it can be, and read by another library.
pub fn page(data: &[u8]) {
    let body = String::from_utf8_lossy(data);
    let strict = parse(&body);
    let salvaged = salvage(&body);
    match (&strict, &salvaged) {
        (Ok(strict), Ok(salvaged)) => {
            assert_eq!((strict, 0), (&salvaged.contents, salvaged.skipped));
        }
        (Err(_), Ok(salvaged)) => assert!(salvaged.skipped > 0),
        (Err(strict), Err(salvaged)) => assert_eq!(strict, salvaged),
        (Ok(_), Err(problem)) => panic!("read strictly alone: {}", problem.message),
    }
    let Ok(salvaged) = salvaged else {
        if let Ok(value) = serde_json::from_str(&body) {
            assert!(!is_list(&value), "a page was refused");
        }
        return;
    };
    // A key may hold a control character as it is: nothing comes of it, and a scanner that
    // looked for one would cost every body its time.
    let plain = body.replace(char::is_control, " ");
    let well_formed = serde_json::from_str::<IgnoredAny>(&plain).is_ok();
    assert!(well_formed, "what is not JSON was read");
    let rows = &salvaged.contents.rows;
    for row in rows {
        assert!(!row.id.is_empty());
        assert!(body.contains(&row.json), "a record was changed");
    }
    // The other library refuses what cannot matter here: numbers too large, half a surrogate
    // pair, and depth.
    if let Ok(value) = serde_json::from_str::<Value>(&body) {
        let sent = value["results"].as_array().expect("a list");
        let skipped = usize::try_from(salvaged.skipped).expect("few records");
        assert_eq!(rows.len() + skipped, sent.len());
        let usable = sent.iter().filter(|record| id(record).is_some());
        assert_eq!(usable.clone().count(), rows.len());
        for (row, record) in rows.iter().zip(usable) {
            check_row(row, record);
        }
        check_next(salvaged.contents.next.as_deref(), &value["next"]);
    }
}

pub(crate) fn seed(vector: &Vector) -> Option<Vec<u8>> {
    vector.body_of("page.parse").map(Into::into)
}

fn id(record: &Value) -> Option<&str> {
    record["id"].as_str().filter(|id| !id.is_empty())
}

fn check_row(row: &Row, record: &Value) {
    assert_eq!(Some(row.id.as_str()), id(record));
    assert_eq!(row.remote_id.as_deref(), record["remote_id"].as_str());
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
