//! A linked account, driven through the native engine by a host whose Merge, store and clock
//! misbehave at random. What it asked on the way are the questions.

use serde_json::{Value, json};

use super::{Dice, Question};
use crate::instant::print_instant;
use crate::{NativeEngine, Refused, Subject as _, facts};

const ACCOUNT: &str = "6c4f6f0e-7a0b-4d0d-9e55-3a1f0c5b2d90";
/// 2026-01-05T06:00:00Z.
const BEGINNING: i64 = 1_767_592_800_000_000;
/// No run of the engine takes more steps than its limit of requests allows; this is for one
/// that never ends.
const STEPS: u32 = 400;

/// Drive one account for some runs.
pub(super) fn drive(dice: &mut Dice) -> Vec<Question> {
    let settings = *dice.one(&SETTINGS);
    let mut host = Host {
        dice,
        settings,
        now: BEGINNING,
        state: json!(""),
        version: 0,
        notes: Vec::new(),
        noted: 0,
        asked: Vec::new(),
    };
    host.link();
    for _ in 0..host.dice.below(5) + 1 {
        host.pass_time();
        match host.dice.below(6) {
            0 => host.receive(),
            1 => host.request(),
            2 => host.inspect(),
            3 => host.check_settings(),
            _ => {}
        }
        host.run();
    }
    host.asked
}

const SETTINGS: [&str; 7] = [
    "{}",
    "{}",
    r#"{"rule": "open-ended", "overlap_ms": 60000}"#,
    r#"{"rule": "fetch-start", "gate": "account"}"#,
    r#"{"partial": "accept-partial", "run_limits": {"pages": 1, "requests": 2, "duration_ms": 5000}}"#,
    r#"{"models": ["hris.Employee"], "required": ["hris.Employee", "hris.Team"]}"#,
    r#"{"rule": "loose"}"#,
];

struct Host<'a> {
    dice: &'a mut Dice,
    settings: &'static str,
    /// Microseconds since 1970.
    now: i64,
    state: Value,
    version: u32,
    notes: Vec<Value>,
    noted: u32,
    asked: Vec<Question>,
}

impl Host<'_> {
    /// Ask, now and then something damaged instead, of which the answer is not wanted.
    fn ask(&mut self, operation: &str, input: &Value) -> Option<Value> {
        let input = input.to_string();
        if self.dice.once_in(12) {
            let damaged = self.dice.damage(&input);
            self.keep_question(operation, damaged);
        }
        let answer = match NativeEngine.call(operation, &input) {
            Ok(answer) => Some(serde_json::from_str(&answer).expect("an answer is JSON")),
            Err(Refused::Problem(_)) => None,
            Err(other) => panic!("{operation}: {other:?}"),
        };
        self.keep_question(operation, input);
        answer
    }

    fn keep_question(&mut self, operation: &str, input: String) {
        self.asked.push(Question {
            operation: operation.to_owned(),
            input,
        });
    }

    fn clock(&self) -> String {
        print_instant(self.now)
    }

    /// Seconds, an hour, a day; now and then backwards, as clocks do.
    fn pass_time(&mut self) {
        let seconds = *self.dice.one(&[1, 40, 600, 3_600, 90_000, -5]);
        self.now += seconds * 1_000_000 + i64::from(self.dice.below(1_000_000));
    }

    fn loaded(&self) -> Value {
        json!({"state": self.state, "version": self.version.to_string(), "notes": self.notes})
    }

    fn keep_note(&mut self, note: &Value) {
        self.noted += 1;
        self.notes
            .push(json!({"number": self.noted, "key": note["key"],
            "text": note["text"], "secret": note["secret"]}));
    }

    fn link(&mut self) {
        let account = json!({"id": ACCOUNT, "category": "hris", "integration": "Nordic Payroll",
            "integration_slug": "nordic-payroll", "end_user_origin_id": "customer-7",
            "organization_name": "Brindlewood", "link_status": "COMPLETE",
            "account_type": "PRODUCTION", "is_duplicate": null});
        let now = self.clock();
        let new = json!({"account": account, "token": "token", "linked_at": now});
        if let Some(note) = self.ask("engine.link", &json!({"account": new, "now": now})) {
            self.keep_note(&note);
        }
    }

    fn receive(&mut self) {
        let delivery = self.dice.draw(&facts::delivery());
        if let Some(received) = self.ask("engine.receive", &delivery)
            && !received["note"].is_null()
        {
            self.keep_note(&received["note"]);
        }
    }

    fn request(&mut self) {
        let model = "hris.Employee";
        let commands = [
            json!({"tag": "poll"}),
            json!({"tag": "reread"}),
            json!({"tag": "reread-model", "value": model}),
            json!({"tag": "approve-deletions", "value": {"model_id": model, "pass": 1}}),
            json!({"tag": "pause"}),
            json!({"tag": "resume"}),
            json!({"tag": "unlink"}),
            json!({"tag": "reset"}),
            json!({"tag": "stop"}),
        ];
        let command = self.dice.one(&commands).clone();
        let input = json!({"account": ACCOUNT, "loaded": self.loaded(), "command": command,
            "settings": self.settings, "now": self.clock()});
        if let Some(change) = self.ask("engine.request", &input) {
            self.commit(&change);
        }
    }

    fn inspect(&mut self) {
        let required = self.dice.draw(&facts::model())["model_id"].take();
        let input = json!({"account": ACCOUNT, "loaded": self.loaded(), "required": [required],
            "settings": self.settings, "now": self.clock()});
        self.ask("engine.inspect", &input);
    }

    fn check_settings(&mut self) {
        let settings = *self.dice.one(&SETTINGS);
        let text = if self.dice.once_in(2) {
            self.dice.damage(settings)
        } else {
            settings.to_owned()
        };
        self.ask("engine.check-settings", &json!({ "text": text }));
    }

    /// One run, to its end.
    fn run(&mut self) {
        let mut run = Value::Null;
        let mut event = json!({"tag": "started", "value": self.loaded()});
        for _ in 0..STEPS {
            let input = json!({"account": ACCOUNT, "run": run, "settings": self.settings,
                "now": self.clock(), "event": event});
            self.now += i64::from(self.dice.below(2_000_000));
            let Some(step) = self.ask("engine.step", &input) else {
                return;
            };
            run = step["run"].clone();
            let effect = &step["effect"];
            event = match effect["tag"].as_str() {
                Some("send") => self.merge_answers(&effect["value"]),
                Some("commit") => self.store_answers(&effect["value"]),
                Some("finished" | "failed") => return,
                other => panic!("effect {other:?}"),
            };
        }
        panic!("a run of {STEPS} steps has not ended");
    }

    /// Mostly what was asked for.
    fn merge_answers(&mut self, request: &Value) -> Value {
        if self.dice.once_in(24) {
            return json!({"tag": "send-error", "value": {"tag": "transport",
                "value": {"message": "connection reset"}}});
        }
        let statuses = [
            200, 200, 200, 200, 200, 200, 200, 302, 401, 403, 404, 429, 500, 502,
        ];
        let status = *self.dice.one(&statuses);
        let mut headers = Vec::new();
        if self.dice.once_in(2) {
            let date = "Mon, 05 Jan 2026 06:00:03 GMT";
            headers.push(json!({"name": "date", "value": date}));
        }
        if status == 429 || self.dice.once_in(16) {
            let after = *self
                .dice
                .one(&["5", "120", "soon", "Mon, 05 Jan 2026 07:00:00 GMT"]);
            headers.push(json!({"name": "retry-after", "value": after}));
        }
        let body = match status {
            502 => "<html></html>".to_owned(),
            200 => self.body(request["target"].as_str().unwrap_or_default()),
            _ => r#"{"detail": "no"}"#.to_owned(),
        };
        let value = json!({"status": status, "headers": headers, "body": body});
        json!({"tag": "response", "value": value})
    }

    fn body(&mut self, target: &str) -> String {
        let body = if target.contains("/sync-status") {
            self.statuses()
        } else {
            self.page()
        };
        if self.dice.once_in(16) {
            return self.dice.damage(&body);
        }
        body
    }

    fn statuses(&mut self) -> String {
        let mut results = Vec::new();
        for model in [
            "hris.Employee",
            "hris.Team",
            "hris.Location",
            "hris.SomethingNew",
        ] {
            let states = [
                "DONE",
                "DONE",
                "DONE",
                "SYNCING",
                "PARTIALLY_SYNCED",
                "FAILED",
                "DISABLED",
                "PAUSED",
                "A_NEW_VALUE",
            ];
            let state = *self.dice.one(&states);
            let finished = print_instant(self.now - i64::from(self.dice.below(2_000_000_000)));
            results.push(json!({"model_id": model, "model_name": "", "status": state,
                "is_initial_sync": self.dice.once_in(6), "last_sync_start": finished,
                "next_sync_start": null, "last_sync_result": *self.dice.one(&states),
                "last_sync_finished": finished}));
        }
        json!({"next": null, "results": results}).to_string()
    }

    fn page(&mut self) -> String {
        let next = match self.dice.below(4) {
            0 => Value::Null,
            1 => json!("cj1uZXh0"),
            _ => json!(format!("cursor-{}", self.dice.below(1_000))),
        };
        let next = if self.dice.once_in(2) {
            Value::Null
        } else {
            next
        };
        let mut results = Vec::new();
        for _ in 0..self.dice.below(4) {
            let modified_at = print_instant(self.now - i64::from(self.dice.below(2_000_000_000)));
            results.push(json!({"id": format!("r{}", self.dice.below(500)),
                "remote_id": null, "modified_at": modified_at,
                "remote_was_deleted": self.dice.once_in(8), "name": "Åse \"A\" Berg"}));
        }
        json!({"next": next, "results": results}).to_string()
    }

    /// Mostly committed; now and then somebody else was faster, or the store is out of reach.
    fn store_answers(&mut self, change: &Value) -> Value {
        match self.dice.below(24) {
            0 => {
                self.version += 1;
                let loaded = if self.dice.once_in(4) {
                    Value::Null
                } else {
                    self.loaded()
                };
                json!({"tag": "stale", "value": {"loaded": loaded}})
            }
            1 => json!({"tag": "unavailable", "value": {"message": "disk full"}}),
            _ => {
                self.commit(change);
                let swept = if change["sweep"].is_null() {
                    Value::Null
                } else {
                    json!(self.dice.below(9))
                };
                let version = self.version.to_string();
                json!({"tag": "committed", "value": {"version": version, "swept": swept}})
            }
        }
    }

    fn commit(&mut self, change: &Value) {
        self.state = change["state"].clone();
        self.version += 1;
        let consumed = change["consumed"].as_array().cloned().unwrap_or_default();
        self.notes
            .retain(|note| !consumed.contains(&note["number"]));
    }
}
