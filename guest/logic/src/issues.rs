//! What does Merge say is wrong? One page of `/issues`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::merge_json::list::List;
use crate::merge_json::object;
use crate::types::Problem;

/// Read one page of `GET /api/{category}/v1/issues`: the descriptions, in Merge's order. An
/// issue without one is left out.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`.
pub fn parse(body: &str) -> Result<Vec<String>, Problem> {
    let list = List::parse(body)?;
    let issues = list.results.into_iter().filter_map(object);
    Ok(issues
        .filter_map(|issue| issue.filled_text("error_description"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_taken_in_order_and_the_rest_is_left_out() {
        let body = r#"{"results":[{"error_description":"b"},7,{},{"error_description":"a"}]}"#;
        assert_eq!(parse(body), Ok(alloc::vec!["b".into(), "a".into()]));
        assert!(parse("<html>").is_err());
    }
}
