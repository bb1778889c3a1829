//! What does Merge say is wrong? One page of `/issues`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::merge_json::list::List;
use crate::merge_json::{Object, object};
use crate::types::Problem;

/// Read one page of `GET /api/{category}/v1/issues`: what each issue says, in Merge's order. One
/// that says nothing is left out, and so is one that is resolved or muted, whatever was asked for.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`.
pub fn parse(body: &str) -> Result<Vec<String>, Problem> {
    let list = List::parse(body)?;
    let issues = list.results.into_iter().filter_map(object);
    Ok(issues
        .filter(is_open)
        .filter_map(|issue| description(&issue))
        .collect())
}

fn is_open(issue: &Object<'_>) -> bool {
    let status = issue.text("status");
    let is_resolved = status.is_some_and(|status| status.eq_ignore_ascii_case("RESOLVED"));
    !is_resolved && issue.flag("is_muted") != Some(true)
}

/// Merge's words for people or, without any, the first of its details.
pub fn description(issue: &Object<'_>) -> Option<String> {
    issue.filled_text("error_description").or_else(|| {
        let details = issue.texts("error_details")?;
        details.into_iter().find(|detail| !detail.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[track_caller]
    fn check(issues: &str, want: &[&str]) {
        let body = format!("\u{feff}{{\"results\":[{issues}]}}");
        let found = parse(&body).expect(&body);
        assert_eq!(found, want, "{issues}");
    }

    #[test]
    fn descriptions_are_taken_in_order_and_the_rest_is_left_out() {
        check(
            r#"{"error_description":"b"},7,{},{"error_description":"a"}"#,
            &["b", "a"],
        );
        check(
            r#"{"error_description":"b\u0000"},{"x":NaN}"#,
            &["b\u{fffd}"],
        );
        assert!(parse("<html>").is_err());
    }

    #[test]
    fn an_issue_without_a_description_shows_its_details() {
        for description in ["null", r#""""#, "7"] {
            let issue = format!(
                r#"{{"error_description":{description},"error_details":["","Employee: x","y"]}}"#
            );
            check(&issue, &["Employee: x"]);
        }
        check(
            r#"{"error_details":[]},{"error_details":[7]},{"error_details":"x"}"#,
            &[],
        );
    }

    #[test]
    fn an_issue_that_is_solved_or_muted_is_left_out() {
        check(
            r#"{"status":"RESOLVED","error_description":"a"},
            {"status":"ONGOING","is_muted":true,"error_description":"b"},
            {"status":"ONGOING","is_muted":false,"error_description":"c"},
            {"status":null,"error_description":"d"}"#,
            &["c", "d"],
        );
    }
}
