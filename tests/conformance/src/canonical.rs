//! One spelling for each JSON value, so that two answers can be compared as text.

use serde_json::{Map, Value};

/// `value` as compact JSON with the keys of every object in byte order.
#[must_use]
pub fn canonical(value: &Value) -> String {
    ordered(value).to_string()
}

/// `value` with its keys in order, also where a crate beside this one switched on
/// insertion-ordered maps.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let mut sorted = Map::new();
            for (key, value) in entries {
                sorted.insert(key.clone(), ordered(value));
            }
            Value::Object(sorted)
        }
        Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_ordered_at_every_depth_and_lists_are_not() {
        let value = json!({"b": [{"d": 1, "c": 2}, 0], "a": {"z": null, "y": "x"}});
        assert_eq!(
            canonical(&value),
            r#"{"a":{"y":"x","z":null},"b":[{"c":2,"d":1},0]}"#
        );
    }
}
