//! Whether what was found is what a scenario expects.

use serde_json::Value;

use super::scenario::Failed;

/// Hold every field that is expected against the one that is there; others may be there, too.
pub fn matches(expected: &Value, found: &Value, at: &str) -> Result<(), Failed> {
    let otherwise = || Failed(format!("{at} is {found}, expected {expected}"));
    match (expected, found) {
        (Value::Object(fields), Value::Object(_)) => {
            for (key, expected) in fields {
                let found = found.get(key).ok_or_else(otherwise)?;
                matches(expected, found, &format!("{at}.{key}"))?;
            }
            Ok(())
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (number, (expected, found)) in expected.iter().zip(found).enumerate() {
                matches(expected, found, &format!("{at}.{number}"))?;
            }
            Ok(())
        }
        _ if expected == found => Ok(()),
        _ => Err(otherwise()),
    }
}

/// Each number is larger than the one before it.
pub fn rising(numbers: &[Value]) -> Result<(), Failed> {
    let rises = |pair: &[Value]| pair[0].as_u64() < pair[1].as_u64();
    if numbers.windows(2).all(rises) {
        return Ok(());
    }
    Err(Failed(format!("{numbers:?} do not rise")))
}

/// No two are the same.
pub fn different(values: &[Value]) -> Result<(), Failed> {
    let is_new = |(at, value): (usize, &Value)| !values[..at].contains(value);
    if values.iter().enumerate().all(is_new) {
        return Ok(());
    }
    Err(Failed(format!("{values:?} are not all different")))
}
