//! Every vector, natively: the quick half of what `tests/conformance` asks of every form.

use std::fs;
use std::path::Path;

use merge_sync_logic::json;
use serde_json::Value;

/// What is wrong with the answer to a vector, if anything.
fn complaint(vector: &Value) -> Option<String> {
    let text = |key: &str| vector[key].as_str().expect("a text");
    let found = match json::call(text("operation"), &vector["input"].to_string()) {
        Ok(answer) => serde_json::from_str(&answer).expect("an answer is JSON"),
        Err(message) => serde_json::json!({ "error": message }),
    };
    (found != vector["output"]).then(|| format!("{}: {}\n  got {found}", text("id"), text("note")))
}

#[test]
fn every_vector_is_answered_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let mut asked = 0;
    let mut complaints = Vec::new();
    for file in fs::read_dir(folder).expect("the vectors") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("a text");
        let vectors: Vec<Value> = serde_json::from_str(&text).expect("a list of vectors");
        asked += vectors.len();
        complaints.extend(vectors.iter().filter_map(complaint));
    }
    assert!(asked >= 300, "only {asked} vectors");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
