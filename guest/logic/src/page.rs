//! What does a page of records hold?
//!
//! A record is kept as the very bytes that Merge sent; only what tells it apart, and when it
//! changed, is read.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::value::RawValue;

use crate::endpoints;
use crate::merge_json::list::List;
use crate::merge_json::{Object, object};
use crate::types::{Problem, Row};

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// In Merge's order.
    pub rows: Vec<Row>,
    /// The `cursor` of the next page, also where Merge sent a URL; `None` on the last.
    pub next: Option<String>,
    /// Records left out because they have no key.
    pub without_key: u32,
    /// Records left out because they are not JSON objects.
    pub unreadable: u32,
}

/// Read one page of the list endpoint of `model_id`. A record that cannot be stored is left out
/// and counted: one bad record must not hold up a customer's data.
///
/// The key of a record is what the endpoint table names for its model, `id` where that is not in
/// the table.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`, or where `next` is there and
/// holds no cursor.
pub fn parse(model_id: &str, body: &str) -> Result<Contents, Problem> {
    let (contents, cut_off) = parse_records(model_id, body)?;
    cut_off.map_or(Ok(contents), Err)
}

/// As [`parse`], for those who can use the records of a page whose `next` holds no cursor: what is
/// wrong with it stands beside them.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`.
pub fn parse_records(model_id: &str, body: &str) -> Result<(Contents, Option<Problem>), Problem> {
    let List {
        results,
        next,
        cut_off,
        broken,
    } = List::parse(body)?;
    let key = endpoints::key(model_id);
    let mut contents = Contents {
        rows: Vec::with_capacity(results.len()),
        next,
        without_key: 0,
        unreadable: broken,
    };
    for record in results {
        match object(record).map(|fields| row(key, &fields, record)) {
            Some(Some(row)) => contents.rows.push(row),
            Some(None) => contents.without_key = contents.without_key.saturating_add(1),
            None => contents.unreadable = contents.unreadable.saturating_add(1),
        }
    }
    Ok((contents, cut_off))
}

/// `None` where the record has no key to be stored under.
fn row(key: &[&str], fields: &Object<'_>, record: &RawValue) -> Option<Row> {
    Some(Row {
        id: key_of(key, fields)?,
        remote_id: fields.text("remote_id"),
        modified_at: fields.instant("modified_at"),
        deleted: fields.flag("remote_was_deleted").unwrap_or(false),
        json: String::from(record.get()),
    })
}

/// The text of the one field, or the JSON array of several, null where one says nothing.
fn key_of(key: &[&str], fields: &Object<'_>) -> Option<String> {
    if let [name] = key {
        return fields.filled_text(name);
    }
    let mut id = String::new();
    let mut says_something = false;
    for name in key {
        id.push(if id.is_empty() { '[' } else { ',' });
        match fields.filled_text(name) {
            Some(text) => {
                says_something = true;
                push_text(&mut id, &text);
            }
            None => id.push_str("null"),
        }
    }
    id.push(']');
    says_something.then_some(id)
}

/// As [`crate::json::write::text`], for which the component would need serde_json's writer.
fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        let escaped = match character {
            '"' | '\\' => character,
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            '\0'..' ' => {
                let digits = "0123456789abcdef";
                let code = character as usize;
                out.push_str("\\u00");
                for digit in [code >> 4, code & 0xf] {
                    out.push_str(digits.get(digit..=digit).unwrap_or_default());
                }
                continue;
            }
            plain => {
                out.push(plain);
                continue;
            }
        };
        out.push('\\');
        out.push(escaped);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use alloc::format;
    use alloc::vec;

    const GOOD: &str = r#"{ "id":"a","remote_id":"r","modified_at":"1970-01-01T00:00:01Z",
        "remote_was_deleted":true, "x": 1.0e+00 , "y":"\u00e9" }"#;

    fn good() -> Row {
        Row {
            id: String::from("a"),
            remote_id: Some(String::from("r")),
            modified_at: Some(Timestamp(1_000_000)),
            deleted: true,
            json: String::from(GOOD),
        }
    }

    #[track_caller]
    fn check(results: &str, rows: Vec<Row>, without_key: u32, unreadable: u32) {
        let body = format!(r#"{{"next":"n","results":[{results}]}}"#);
        let want = Contents {
            rows,
            next: Some(String::from("n")),
            without_key,
            unreadable,
        };
        assert_eq!(parse("hris.Employee", &body), Ok(want), "{results}");
    }

    #[test]
    fn a_record_keeps_its_bytes() {
        check(GOOD, vec![good()], 0, 0);
        check(&format!("  {GOOD}\n,{GOOD}"), vec![good(), good()], 0, 0);
        check("", vec![], 0, 0);
    }

    #[test]
    fn a_bad_optional_field_is_absent() {
        let json = r#"{"id":"a","remote_id":7,"modified_at":"soon","remote_was_deleted":"yes"}"#;
        let row = Row {
            remote_id: None,
            modified_at: None,
            deleted: false,
            json: String::from(json),
            ..good()
        };
        check(json, vec![row], 0, 0);
    }

    #[test]
    fn a_record_without_a_key_is_left_out_and_counted() {
        for record in [
            "{}",
            r#"{"id":null}"#,
            r#"{"id":12}"#,
            r#"{"id":""}"#,
            r#"{"id":"\ud800"}"#,
        ] {
            let results = format!("{GOOD},{record},{GOOD}");
            check(&results, vec![good(), good()], 1, 0);
        }
    }

    #[test]
    fn a_record_that_is_no_object_is_left_out_and_counted() {
        for record in ["7", "null", "[]", r#""a""#] {
            let results = format!("{GOOD},{record},{GOOD}");
            check(&results, vec![good(), good()], 0, 1);
        }
    }

    #[test]
    fn a_model_without_ids_has_the_key_that_the_table_names() {
        for (record, want) in [
            (r#"{"remote_id":"r","name":"n"}"#, Some(r#"["r","n"]"#)),
            (
                r#"{"remote_id":"r\u0022","name":null}"#,
                Some(r#"["r\"",null]"#),
            ),
            (
                r#"{"name":"\u00e9","remote_id":7}"#,
                Some("[null,\"\u{e9}\"]"),
            ),
            (r#"{"id":"a","name":"","remote_id":null}"#, None),
            ("{}", None),
        ] {
            let body = format!(r#"{{"results":[{record}]}}"#);
            let contents = parse("ats.Tag", &body).expect(record);
            let ids: Vec<_> = contents.rows.iter().map(|row| &*row.id).collect();
            assert_eq!(ids, Vec::from_iter(want), "{record}");
            assert_eq!(contents.without_key, u32::from(want.is_none()), "{record}");
        }
    }

    #[test]
    fn a_key_is_written_as_any_json() {
        let every: String = (1..0x300_u32).filter_map(char::from_u32).collect();
        for text in [every.as_str(), "", "\u{2028}\u{1f600}"] {
            let mut written = String::new();
            push_text(&mut written, text);
            assert_eq!(
                written,
                crate::json::write::alone(text, crate::json::write::text)
            );
        }
    }

    #[test]
    fn a_model_that_nobody_knows_has_the_usual_key() {
        let contents = parse("hris.Unknown", r#"{"results":[{"id":"a"}]}"#).expect("a page");
        assert_eq!(contents.rows.len(), 1);
    }

    #[test]
    fn a_page_of_more_than_ten_thousand_records_is_refused_unread() {
        for (records, is_page) in [(9_000, true), (10_001, false), (100_000, false)] {
            let body = format!(r#"{{"results":[{}7]}}"#, "[],".repeat(records));
            assert_eq!(parse("hris.Employee", &body).is_ok(), is_page, "{records}");
        }
    }

    #[test]
    fn a_body_that_is_no_page_is_refused() {
        for body in [
            "",
            "<html>",
            "[]",
            "{",
            r#"{"results":7}"#,
            r#"{"results":[],"next":[]}"#,
        ] {
            assert!(parse("hris.Employee", body).is_err(), "{body}");
        }
    }
}
