//! What does a page of records hold?
//!
//! A record is kept as the very bytes that Merge sent; only what tells it apart, and when it
//! changed, is read.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::value::RawValue;

use crate::merge_json::list::List;
use crate::merge_json::{Object, kind_of, object, quoted};
use crate::types::{Problem, Row};

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// In Merge's order.
    pub rows: Vec<Row>,
    /// The `cursor` of the next page, also where Merge sent a URL; `None` on the last.
    pub next: Option<String>,
}

/// A page read as far as it can be: records without a text id are left out and counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// The usable part.
    pub contents: Contents,
    /// How many records had no text id.
    pub skipped: u32,
}

/// Read one page of a list endpoint. A row without an id makes the page a problem.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`, where `next` is there and holds
/// no cursor, or where a record has no text id, or an empty one.
pub fn parse(body: &str) -> Result<Contents, Problem> {
    let List { results, next } = List::parse(body)?;
    let rows = results
        .into_iter()
        .enumerate()
        .map(|(index, record)| row(record).ok_or_else(|| without_id(index, record)))
        .collect::<Result<_, _>>()?;
    Ok(Contents { rows, next })
}

/// As [`parse`], but a record without a text id is skipped and counted: what the engine uses,
/// since one bad record must not hold up a customer's data.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`, or where `next` is there and
/// holds no cursor.
pub fn salvage(body: &str) -> Result<Salvaged, Problem> {
    let List { results, next } = List::parse(body)?;
    let sent = results.len();
    let rows: Vec<Row> = results.into_iter().filter_map(row).collect();
    let skipped = u32::try_from(sent.saturating_sub(rows.len())).unwrap_or(u32::MAX);
    Ok(Salvaged {
        contents: Contents { rows, next },
        skipped,
    })
}

/// `None` where the record has no id to be stored under.
fn row(record: &RawValue) -> Option<Row> {
    let fields = object(record)?;
    Some(Row {
        id: fields.filled_text("id")?,
        remote_id: fields.text("remote_id"),
        modified_at: fields.instant("modified_at"),
        deleted: fields.flag("remote_was_deleted").unwrap_or(false),
        json: String::from(record.get()),
    })
}

fn without_id(index: usize, record: &RawValue) -> Problem {
    let message = match object(record) {
        None => {
            let found = kind_of(record);
            format!("results[{index}]: expected an object, found {found}")
        }
        Some(fields) => format!(
            "results[{index}].id: expected a text, found {}",
            found_id(&fields)
        ),
    };
    Problem { message }
}

fn found_id(fields: &Object<'_>) -> String {
    fields
        .raw("id")
        .map_or(String::from("nothing"), |value| quoted(value.get()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
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
    fn check(results: &str, parsed: Result<Vec<Row>, &str>, salvaged: Vec<Row>, skipped: u32) {
        let body = format!(r#"{{"next":"n","results":[{results}]}}"#);
        let contents = |rows| Contents {
            rows,
            next: Some(String::from("n")),
        };
        let want = parsed.map(contents).map_err(|message| Problem {
            message: message.into(),
        });
        assert_eq!(parse(&body), want, "{results}");
        let want = Salvaged {
            contents: contents(salvaged),
            skipped,
        };
        assert_eq!(salvage(&body), Ok(want), "{results}");
    }

    #[test]
    fn a_record_keeps_its_bytes() {
        check(GOOD, Ok(vec![good()]), vec![good()], 0);
        check(
            &format!("  {GOOD}\n,{GOOD}"),
            Ok(vec![good(), good()]),
            vec![good(), good()],
            0,
        );
        check("", Ok(vec![]), vec![], 0);
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
        check(json, Ok(vec![row.clone()]), vec![row], 0);
    }

    #[test]
    fn a_record_without_a_text_id_is_named_or_counted() {
        for (record, want) in [
            ("{}", "results[1].id: expected a text, found nothing"),
            (
                r#"{"id":null}"#,
                "results[1].id: expected a text, found nothing",
            ),
            (r#"{"id":12}"#, "results[1].id: expected a text, found `12`"),
            (
                r#"{"id":""}"#,
                "results[1].id: expected a text, found `\"\"`",
            ),
            (
                r#"{"id":"\ud800"}"#,
                "results[1].id: expected a text, found `\"\\ud800\"`",
            ),
            ("7", "results[1]: expected an object, found a number"),
            ("null", "results[1]: expected an object, found null"),
        ] {
            check(
                &format!("{GOOD},{record},{GOOD}"),
                Err(want),
                vec![good(), good()],
                1,
            );
        }
    }

    #[test]
    fn a_body_that_is_no_page_is_refused_by_both() {
        for body in [
            "",
            "<html>",
            "[]",
            "{",
            r#"{"results":7}"#,
            r#"{"results":[],"next":[]}"#,
        ] {
            assert!(parse(body).is_err(), "{body}");
            assert!(salvage(body).is_err(), "{body}");
        }
    }
}
