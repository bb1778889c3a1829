//! The envelope that Merge's lists share: `results`, and the cursor of the next page.
//!
//! A wrong type is no small matter here: a `next` that cannot be read, taken as absent, would
//! end the reading early and lose the pages behind it in silence. So it is a problem.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use super::{Object, scan, unmarked};
use crate::types::Problem;

/// One page of any of Merge's lists.
#[derive(Debug)]
pub struct List<'a> {
    /// The items, unread, in Merge's order.
    pub results: Vec<&'a RawValue>,
    /// The cursor of the next page; `None` on the last.
    pub next: Option<String>,
    /// What is wrong with a `next` that is there and holds no cursor.
    pub cut_off: Option<Problem>,
    /// How many more items there are that are not JSON.
    pub broken: u32,
}

impl<'a> List<'a> {
    /// Reads a page. A problem where `body` is not an object with a list `results`. Items
    /// that are not JSON are counted, where the rest of the page can be read.
    pub fn parse(body: &'a str) -> Result<Self, Problem> {
        // With its items in the same pass: they are most of the body.
        let (object, broken) = match Object::parse("body", body, 1) {
            Ok(object) => (object, 0),
            Err(problem) => scan::page(unmarked(body)).ok_or(problem)?,
        };
        let Some(results) = object.items("results") else {
            let found = object.kind_of("results");
            return Err(Problem {
                message: format!("results: expected a list, found {found}"),
            });
        };
        let (next, cut_off) = match next_cursor(&object) {
            Ok(next) => (next, None),
            Err(problem) => (None, Some(problem)),
        };
        Ok(Self {
            results,
            next,
            cut_off,
            broken,
        })
    }
}

/// The cursor in `next`, which is the cursor itself or, in some editions of Merge's
/// documentation, the whole URL of the next page. An empty one is none.
fn next_cursor(object: &Object<'_>) -> Result<Option<String>, Problem> {
    if !object.has("next") {
        return Ok(None);
    }
    let Some(text) = object.text("next") else {
        let found = object.kind_of("next");
        return Err(Problem {
            message: format!("next: expected a text, found {found}"),
        });
    };
    let cursor = match query_of_url(&text) {
        None => text,
        Some(query) => cursor_parameter(query).ok_or_else(|| Problem {
            message: "next: expected a cursor, found a URL without one".to_owned(),
        })?,
    };
    Ok(Some(cursor).filter(|cursor| !cursor.is_empty()))
}

/// The query of `text` where it is an HTTP URL, empty where that has none.
fn query_of_url(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let (target, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
    Some(target.split_once('?').map_or("", |(_, query)| query))
}

/// The first `cursor` of a query, percent-decoded. A `+` stands for itself: a cursor is
/// base64, where it is a digit, and never holds a space.
fn cursor_parameter(query: &str) -> Option<String> {
    let (_, value) = query
        .split('&')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| *name == "cursor")?;
    percent_decode_str(value)
        .decode_utf8()
        .ok()
        .map(|cursor| cursor.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(next: &str, want: Result<Option<&str>, &str>) {
        let body = format!(r#"{{"results":[],"next":{next}}}"#);
        let found = List::parse(&body)
            .and_then(|list| list.cut_off.map_or(Ok(list.next), Err))
            .map_err(|problem| problem.message);
        assert_eq!(
            found,
            want.map(|next| next.map(String::from))
                .map_err(String::from),
            "{next}"
        );
    }

    #[test]
    fn a_cursor_is_taken_as_it_is() {
        check(r#""cD0yMDIx+/==""#, Ok(Some("cD0yMDIx+/==")));
        check(r#""?cursor=x""#, Ok(Some("?cursor=x")));
        check(r#""ftp://h/?cursor=x""#, Ok(Some("ftp://h/?cursor=x")));
        check(r#""cD0%3D""#, Ok(Some("cD0%3D")));
    }

    #[test]
    fn a_url_gives_its_cursor_decoded() {
        let url =
            r#""https://api.merge.dev/api/hris/v1/employees?page_size=9&cursor=cD0%3D%2b+&x""#;
        check(url, Ok(Some("cD0=++")));
        check(r#""HTTP://h?cursor=a&cursor=b#cursor=c""#, Ok(Some("a")));
        check(r#""https://h/?cursor=100%25%""#, Ok(Some("100%%")));
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        check("null", Ok(None));
        check(r#""""#, Ok(None));
        check(r#""https://h/?cursor=""#, Ok(None));
        let bare = List::parse(r#"{"results":[]}"#).expect("a list");
        assert_eq!((bare.next, bare.cut_off), (None, None));
    }

    #[test]
    fn a_next_that_names_no_page_is_a_problem() {
        check("7", Err("next: expected a text, found a number"));
        check(
            r#""\ud800""#,
            Err("next: expected a text, found a text with half a surrogate pair"),
        );
        for url in [
            "https://h/",
            "https://h/?cursors=a",
            "https://h/#?cursor=a",
            "https://h?cursor=%ff",
        ] {
            check(
                &format!("\"{url}\""),
                Err("next: expected a cursor, found a URL without one"),
            );
        }
    }

    #[test]
    fn results_must_be_a_list() {
        for (body, want) in [
            ("{}", "results: expected a list, found nothing"),
            (
                r#"{"results":null}"#,
                "results: expected a list, found nothing",
            ),
            (
                r#"{"results":{}}"#,
                "results: expected a list, found an object",
            ),
            ("[]", "body: expected an object, found a list"),
        ] {
            assert_eq!(List::parse(body).expect_err(body).message, want);
        }
    }
}
