//! Inputs too large to be read as vectors: every subject answers them, and all alike.

use merge_sync_conformance::{Refused, canonical};
use serde_json::{Value, json};

use crate::subjects::subjects;

/// Every subject gives the same answer, and `expected` holds of it.
#[track_caller]
fn check(operation: &str, input: &Value, expected: impl Fn(&Value) -> bool) {
    let input = input.to_string();
    let mut first = None;
    for mut subject in subjects() {
        let name = subject.name();
        let answer = match subject.call(operation, &input) {
            Ok(text) => serde_json::from_str(&text).expect("an answer is JSON"),
            Err(Refused::Problem(message)) => json!({ "error": message }),
            Err(other) => panic!("{name}: {other:?}"),
        };
        assert!(
            expected(&answer),
            "{name}: {}",
            canonical(&answer).get(..400).unwrap_or("short")
        );
        let answer = canonical(&answer);
        assert!(
            *first.get_or_insert_with(|| answer.clone()) == answer,
            "{name} differs"
        );
    }
}

/// The input of `page.parse`.
fn page(body: &str) -> Value {
    json!({ "model_id": "hris.Employee", "body": body })
}

#[test]
fn a_body_of_millions_of_items_asks_for_no_more_memory_than_there_is() {
    let many = "[],".repeat(3_000_000);
    for body in [
        format!(r#"{{"results":[{many}7],"next":null}}"#),
        format!(r#"{{"results":[NaN,{many}7],"next":null}}"#),
        format!(r#"{{"next":null,"other":[{many}7],"results":7}}"#),
        many,
    ] {
        check("page.parse", &page(&body), |answer| {
            answer["error"].is_string()
        });
        check(
            "readiness.parse-status",
            &json!({ "body": body }),
            |answer| answer["error"].is_string(),
        );
    }
}

#[test]
fn a_deep_record_beside_a_broken_one_ends_no_stack() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let body = format!(r#"{{"results":[NaN,{{"id":"a","x":{deep}}}],"next":null}}"#);
    check("page.parse", &page(&body), |answer| {
        answer["error"].is_string()
    });
}

#[test]
fn a_body_of_a_megabyte_is_read_record_by_record() {
    let record = format!(r#"{{"id":"a","note":"{}"}}"#, "x".repeat(1_000));
    let body = format!(
        r#"{{"results":[{}],"next":null}}"#,
        vec![record.as_str(); 1_000].join(",")
    );
    check("page.parse", &page(&body), |answer| {
        answer["rows"].as_array().is_some_and(|rows| {
            rows.len() == 1_000 && rows.iter().all(|row| row["json"] == record.as_str())
        })
    });
}

#[test]
fn nesting_of_a_hundred_thousand_levels_ends_no_stack() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let record = format!(r#"{{"id":"a","x":{deep}}}"#);
    let body = format!(r#"{{"results":[{record}],"next":null}}"#);
    check("page.parse", &page(&body), |answer| {
        answer["rows"][0]["id"] == "a"
    });
    check("page.parse", &page(&deep), |answer| {
        answer["error"].is_string()
    });
    check("page.parse", &page(&"[".repeat(100_000)), |answer| {
        answer["error"].is_string()
    });
}

#[test]
fn a_name_of_ten_thousand_characters_is_data() {
    let model = "x".repeat(10_000);
    check("window.locate", &json!({ "model_id": model }), |answer| {
        answer["tag"] == "unmapped"
    });
    let body = json!({"results": [{"model_id": model, "status": model}]}).to_string();
    check(
        "readiness.parse-status",
        &json!({ "body": body }),
        |answer| answer["statuses"][0]["status"]["value"]["text"] == model.as_str(),
    );
}

#[test]
fn ten_thousand_models_are_judged_in_one_answer() {
    let statuses: Vec<_> = (0..10_000)
        .map(|number| {
            json!({"model_id": format!("hris.Model{number:05}"), "model_name": "",
                "status": {"tag": "done"}, "status_reason": "", "synced_fields": [],
                "unreadable": []})
        })
        .collect();
    let facts = json!({"statuses": statuses, "complete": true, "required": [],
        "partial": "strict", "ready_before": [], "was_ready": false});
    check("readiness.evaluate", &facts, |answer| {
        answer["needed"] == 10_000 && answer["ready"] == 10_000 && answer["phase"] == "ready"
    });
}

#[test]
fn ten_thousand_keys_are_all_tried() {
    let mut keys: Vec<_> = (0..10_000).map(|number| format!("key {number}")).collect();
    keys.push("example_signature_key_not_a_real_secret".to_owned());
    let facts = json!({"body": "{}", "keys": keys,
        "signatures": ["QeVZt0DwBgek9aZYczcTctlrw1V7q3P8ZaFcCKienWc"]});
    check("signature.verify", &facts, |answer| {
        answer["value"]["key_index"] == 10_000
    });
}
