//! The one question that every host is timed with, `embed/bench-input.json`: each of them must
//! answer it in full, or the times would be those of a refusal.

use std::fs;

use merge_sync_conformance::repository;
use serde_json::Value;

use crate::subjects::subjects;

#[test]
fn the_timed_webhook_is_accepted_everywhere_and_of_the_stated_size() {
    let path = repository().join("embed/bench-input.json");
    let text = fs::read_to_string(path).expect("embed/bench-input.json");
    let question: Value = serde_json::from_str(&text).expect("it is JSON");
    let body = question["input"]["body"].as_str().expect("a body");
    assert!((1_350..=1_450).contains(&body.len()), "{}", body.len());
    assert_eq!(question["operation"], "webhook.handle");

    let input = question["input"].to_string();
    for mut subject in subjects() {
        let answer = subject.call("webhook.handle", &input).expect("an answer");
        let answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
        assert_eq!(answer["reply"]["status"], 200, "{}", subject.name());
        assert_eq!(answer["outcome"]["tag"], "accepted", "{}", subject.name());
        let event = &answer["outcome"]["value"]["event"];
        assert_eq!(event["tag"], "synced", "{}", subject.name());
        let models = event["value"]["models"].as_array().map(Vec::len);
        assert_eq!(models, Some(7), "{}", subject.name());
    }
}
