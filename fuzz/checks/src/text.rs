//! The text form: any operation with any text has one answer, however the text is spelled.

use merge_sync_engine::text::{self as engine, call};
use merge_sync_logic::json;
use serde_json::Value;

use crate::seeds::Vector;

/// A line with the operation's name; then its input.
pub fn text(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (operation, input) = data.split_once('\n').unwrap_or((&data, ""));
    let answer = call(operation, input);
    assert_eq!(call(operation, input), answer, "asked twice");
    if json::operation(operation).is_some() {
        assert_eq!(json::call(operation, input), answer, "without the engine");
    }
    match answer {
        Err(message) => check_error(operation, &message),
        Ok(answer) => {
            serde_json::from_str::<Value>(&answer).expect("an answer is JSON");
            // Another spelling of the same input: spaces, and keys in another order.
            if let Ok(input) = serde_json::from_str::<Value>(input) {
                let respelled = format!("{input:#}");
                assert_eq!(call(operation, &respelled), Ok(answer), "spelled otherwise");
            }
        }
    }
}

pub(crate) fn seed(vector: &Vector) -> Option<Vec<u8>> {
    Some(format!("{}\n{}", vector.operation, vector.input).into())
}

/// One line for a log.
fn check_error(operation: &str, message: &str) {
    assert!(!message.is_empty());
    assert!(!message.chars().any(char::is_control), "{message:?}");
    let known = json::operation(operation).or_else(|| engine::operation(operation));
    assert_eq!(
        message.starts_with("operation: "),
        known.is_none(),
        "{message}"
    );
}
