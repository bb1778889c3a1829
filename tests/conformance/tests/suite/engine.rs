//! The engine's operations, offered by the text form alone: a host of a few lines drives one
//! account through each form of them, and what they ask of the host must be the same.
//!
//! What the engine does is tested where it lives; here it is only the same everywhere.

use merge_sync_conformance::{CoreModule, NativeEngine, Refused, Subject, Text, canonical};
use serde_json::{Value, json};

const ACCOUNT: &str = "7841ee0a-5a1a-44db-bc7e-2912d8c17515";
const STATUS: &str = r#"{"next": null, "results": [
    {"model_id": "hris.Employee", "model_name": "Employee", "status": "DONE",
     "is_initial_sync": false, "last_sync_start": "2025-11-27T10:39:49.905833Z",
     "next_sync_start": "2025-11-27T11:39:49.905833Z", "last_sync_result": "DONE",
     "last_sync_finished": "2025-11-27T10:52:03.118402Z"},
    {"model_id": "hris.Team", "model_name": "Team", "status": "PARTIALLY_SYNCED",
     "is_initial_sync": false, "last_sync_start": "2025-11-27T10:39:49Z",
     "next_sync_start": null, "last_sync_result": "PARTIALLY_SYNCED",
     "last_sync_finished": "2025-11-27T10:41:00Z"},
    {"model_id": "hris.SomethingNew", "status": "A_NEW_VALUE", "is_initial_sync": false}]}"#;
const FIRST_PAGE: &str = r#"{"next": "cj1sZXdw", "results": [
    {"id": "r1", "remote_id": "1", "modified_at": "2025-11-27T10:40:00.000001Z"},
    {"name": "a record without an id"}]}"#;
const LAST_PAGE: &str = r#"{"next": null, "results": [
    {"id": "r2", "modified_at": "2025-11-27T10:52:03Z", "remote_was_deleted": true}]}"#;

/// A host that keeps one account in memory and answers for Merge, badly now and then.
struct Host<'a> {
    subject: &'a mut dyn Subject,
    /// Seconds since the account was linked.
    now: u32,
    state: Value,
    version: u32,
    notes: Vec<Value>,
    requests: u32,
    rows: usize,
    /// Every answer of the subject, in order.
    transcript: Vec<String>,
}

impl Host<'_> {
    fn clock(&self) -> String {
        let (hour, minute, second) = (self.now / 3600, self.now / 60 % 60, self.now % 60);
        format!("2025-11-27T{:02}:{minute:02}:{second:02}Z", 11 + hour)
    }

    /// Call an operation and keep its answer for the comparison.
    #[track_caller]
    fn ask(&mut self, operation: &str, input: &Value) -> Value {
        let name = self.subject.name();
        match self.subject.call(operation, &input.to_string()) {
            Ok(text) => {
                let value = serde_json::from_str(&text).expect("an answer is JSON");
                self.transcript
                    .push(format!("{operation} {}", canonical(&value)));
                value
            }
            Err(Refused::Problem(problem)) => {
                self.transcript
                    .push(format!("{operation} refused: {problem}"));
                Value::Null
            }
            Err(other) => panic!("{name}: {operation}: {other:?}"),
        }
    }

    fn keep(&mut self, mut note: Value) {
        let number = self.notes.len() + 1;
        let note = json!({
            "number": number,
            "key": note["key"].take(),
            "text": note["text"].take(),
            "secret": note["secret"].take(),
        });
        self.notes.push(note);
    }

    fn loaded(&self) -> Value {
        let version = self.version.to_string();
        json!({"state": self.state, "version": version, "notes": self.notes})
    }

    /// What Merge answers: the third request meets a limit, the fifth a broken proxy, the
    /// seventh nobody.
    fn response(&mut self, request: &Value) -> Value {
        self.requests += 1;
        let target = request["target"].as_str().expect("a target is a text");
        let (status, headers, body) = match self.requests {
            3 => (429, json!([{"name": "retry-after", "value": "5"}]), "{}"),
            5 => (502, json!([]), "<html></html>"),
            7 => {
                return json!({"tag": "send-error", "value": {"tag": "transport",
                    "value": {"message": "connection reset"}}});
            }
            _ if target.contains("/sync-status") => (200, json!([]), STATUS),
            _ if target.contains("cursor=") => (200, json!([]), LAST_PAGE),
            _ => (200, json!([]), FIRST_PAGE),
        };
        let value = json!({"status": status, "headers": headers, "body": body});
        json!({"tag": "response", "value": value})
    }

    fn commit(&mut self, change: &Value) -> Value {
        self.state = change["state"].clone();
        self.version += 1;
        let consumed = change["consumed"].as_array().cloned().unwrap_or_default();
        self.notes
            .retain(|note| !consumed.contains(&note["number"]));
        let batches = change["batches"].as_array().cloned().unwrap_or_default();
        self.rows += batches
            .iter()
            .filter_map(|batch| batch["rows"].as_array())
            .map(Vec::len)
            .sum::<usize>();
        let swept = if change["sweep"].is_null() {
            Value::Null
        } else {
            json!(0)
        };
        json!({"tag": "committed", "value": {"version": self.version.to_string(), "swept": swept}})
    }

    /// One run, to its end.
    fn run(&mut self) {
        let mut run = Value::Null;
        let mut event = json!({"tag": "started", "value": self.loaded()});
        loop {
            let input = json!({"account": ACCOUNT, "run": run, "settings": "{}",
                "now": self.clock(), "event": event});
            let step = self.ask("engine.step", &input);
            self.now += 1;
            run = step["run"].clone();
            let effect = &step["effect"];
            event = match effect["tag"].as_str() {
                Some("send") => self.response(&effect["value"]),
                Some("commit") => self.commit(&effect["value"]),
                Some("finished") => return,
                other => panic!("{}: effect {other:?}: {step}", self.subject.name()),
            };
        }
    }
}

/// Link an account, run it for two hours, pause it, look at it.
fn walk(subject: &mut dyn Subject) -> Vec<String> {
    let mut host = Host {
        subject,
        now: 0,
        state: json!(""),
        version: 0,
        notes: Vec::new(),
        requests: 0,
        rows: 0,
        transcript: Vec::new(),
    };
    let account = json!({"id": ACCOUNT, "category": "hris", "integration": "Example HRIS",
        "integration_slug": "example-hris", "end_user_origin_id": "", "organization_name": "",
        "link_status": "COMPLETE",
            "account_type": "PRODUCTION", "is_duplicate": null});
    let new = json!({"account": account, "token": "t", "linked_at": host.clock()});
    let now = host.clock();
    let note = host.ask("engine.link", &json!({"account": new, "now": now}));
    host.keep(note);
    for _ in 0..12 {
        host.run();
        host.now += 600;
    }
    let mut input = json!({"account": ACCOUNT, "loaded": host.loaded(), "settings": "{}",
        "now": host.clock(), "required": ["hris.Team"]});
    host.ask("engine.inspect", &input);
    input.as_object_mut().expect("an object").remove("required");
    input["command"] = json!("pause");
    host.ask("engine.request", &input);
    input["command"] = json!("stop");
    host.ask("engine.request", &input);
    host.ask(
        "engine.check-settings",
        &json!({"text": "{\"overlap\": 1}"}),
    );
    host.ask("engine.check-settings", &json!({"text": "{}"}));

    assert!(host.requests > 7, "only {} requests", host.requests);
    assert!(host.rows >= 2, "only {} rows", host.rows);
    host.transcript
}

#[track_caller]
fn check(subject: &mut dyn Subject) {
    let native = walk(&mut NativeEngine);
    let other = walk(subject);
    for (step, (native, other)) in native.iter().zip(&other).enumerate() {
        assert_eq!(other, native, "{} at step {step}", subject.name());
    }
    assert_eq!(other.len(), native.len(), "{}", subject.name());
}

#[test]
fn text_component_drives_an_account_as_the_native_engine_does() {
    check(&mut Text::load().expect("the text component loads"));
}

#[test]
fn core_module_drives_an_account_as_the_native_engine_does() {
    check(&mut CoreModule::load().expect("the core module loads"));
}
