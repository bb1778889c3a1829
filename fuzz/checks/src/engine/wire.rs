//! The engine's step as text, written from the contract, and what it must share with the native one.

use merge_sync_engine::http::SendError;
use merge_sync_engine::step::{Effect, Event, Step};
use merge_sync_engine::store::{Change, LoadedAccount, Swept, TokenChange};
use merge_sync_engine::text::call;
use merge_sync_engine::view::Failure;
use merge_sync_logic::json::types::account_phase_name;
use merge_sync_logic::types::{Problem, Timestamp};
use serde_json::{Value, json};

use super::store::ACCOUNT;

/// One step: the run as text, and the whole answer.
pub(crate) fn step(run: &Value, settings: &str, now: Timestamp, event: &Event) -> (Value, Value) {
    let input = json!({
        "run": run,
        "account": ACCOUNT,
        "settings": settings,
        "now": now.to_rfc3339(),
        "event": event_out(event),
    });
    let output = call("engine.step", &input.to_string()).expect("a step");
    let output: Value = serde_json::from_str(&output).expect("JSON");
    (output["run"].clone(), output)
}

/// Both forms ask for the same and log as much.
pub(crate) fn check_same(by_text: &Value, native: &Step) {
    let effect = &by_text["effect"];
    let (tag, value) = (effect["tag"].as_str().expect("a tag"), &effect["value"]);
    match &native.effect {
        Effect::Send(request) => {
            assert_eq!(
                (tag, value["target"].as_str()),
                ("send", Some(&*request.target))
            );
        }
        Effect::Commit(change) => {
            assert_eq!(tag, "commit");
            check_same_change(value, change);
        }
        Effect::Finished(Ok(report)) => {
            assert_eq!(tag, "finished");
            assert_eq!(value["rows"], report.rows);
            assert_eq!(value["windows"], report.windows);
            assert_eq!(value["polled"], report.polled);
            assert_eq!(value["wake_at"], json!(instant(report.wake_at)));
            let trouble = report.trouble.as_ref().map(|trouble| &trouble.text);
            assert_eq!(value["trouble"]["text"], json!(trouble));
        }
        Effect::Finished(Err(failure)) => {
            assert_eq!(tag, "failed");
            let (Failure::Store(problem)
            | Failure::UnknownAccount(problem)
            | Failure::State(problem)
            | Failure::Settings(problem)) = failure;
            assert_eq!(value["value"]["message"], problem.message);
        }
    }
    let logged = by_text["log"].as_array().expect("a list");
    let messages: Vec<_> = logged
        .iter()
        .map(|entry| entry["message"].as_str())
        .collect();
    let native: Vec<_> = native
        .log
        .iter()
        .map(|entry| Some(&*entry.message))
        .collect();
    assert_eq!(messages, native);
}

fn check_same_change(value: &Value, change: &Change) {
    assert_eq!(value["state"], change.state);
    assert_eq!(value["expected"], json!(change.expected));
    assert_eq!(value["consumed"], json!(change.consumed));
    assert_eq!(value["wake_at"], json!(instant(change.wake_at)));
    assert_eq!(value["not_before"], json!(instant(change.not_before)));
    assert_eq!(
        value["summary"]["phase"],
        account_phase_name(change.summary.phase)
    );
    assert_eq!(value["summary"]["skipped"], change.summary.skipped);
    let sweep = change.sweep.as_ref().map(|sweep| {
        json!({
            "model_id": sweep.model_id,
            "unseen_since": number(sweep.unseen_since),
            "most_rows": number(sweep.most_rows),
            "most_percent": sweep.most_percent,
            "limit": sweep.limit,
        })
    });
    assert_eq!(value["sweep"], json!(sweep));
    let token = match &change.token {
        TokenChange::Keep => json!({"tag": "keep"}),
        TokenChange::Put(secret) => json!({"tag": "put", "value": {"value": secret.0}}),
        TokenChange::Erase => json!({"tag": "erase"}),
    };
    assert_eq!(value["token"], token);
    let records = |batch: &Value| -> Vec<Value> {
        let rows = batch["rows"].as_array().expect("a list");
        rows.iter().map(|row| row["json"].clone()).collect()
    };
    let batches = value["batches"].as_array().expect("a list");
    let by_text: Vec<_> = batches.iter().flat_map(records).collect();
    let rows = change.batches.iter().flat_map(|batch| &batch.rows);
    assert_eq!(by_text, rows.map(|row| json!(row.json)).collect::<Vec<_>>());
    let notices = value["notices"].as_array().expect("a list");
    let ids: Vec<_> = notices.iter().map(|notice| notice["id"].as_str()).collect();
    let native: Vec<_> = change
        .notices
        .iter()
        .map(|notice| Some(&*notice.id))
        .collect();
    assert_eq!(ids, native);
}

/// A problem that says so.
pub(crate) fn problem(message: &str) -> Problem {
    Problem {
        message: message.into(),
    }
}

/// As text where a number in JSON may lose digits.
fn number(value: u64) -> Value {
    if value >= 1 << 53 {
        json!(value.to_string())
    } else {
        json!(value)
    }
}

fn instant(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::to_rfc3339)
}

fn event_out(event: &Event) -> Value {
    let (tag, value) = match event {
        Event::Started(loaded) => ("started", loaded_account_out(loaded)),
        Event::Response(response) => {
            let headers = response.headers.iter();
            let headers: Vec<_> = headers
                .map(|header| json!({"name": header.name, "value": header.value}))
                .collect();
            let (status, body) = (response.status, &response.body);
            (
                "response",
                json!({"status": status, "headers": headers, "body": body}),
            )
        }
        Event::SendError(error) => ("send-error", send_error_out(error)),
        Event::Committed(committed) => {
            let version = &committed.version;
            let swept = committed.swept.map(|swept| {
                let Swept {
                    live,
                    unseen,
                    marked,
                    held,
                } = swept;
                json!({"live": live, "unseen": unseen, "marked": marked, "held": held})
            });
            ("committed", json!({"version": version, "swept": swept}))
        }
        Event::Stale(loaded) => {
            let loaded = loaded.as_ref().map(loaded_account_out);
            ("stale", json!({"loaded": loaded}))
        }
        Event::Unavailable(problem) => ("unavailable", json!({"message": problem.message})),
    };
    json!({"tag": tag, "value": value})
}

fn send_error_out(error: &SendError) -> Value {
    let (tag, value) = match error {
        SendError::Transport(message) => ("transport", json!({"message": message})),
        SendError::TimedOut(message) => ("timed-out", json!({"message": message})),
        SendError::TooLarge(message) => ("too-large", json!({"message": message})),
        SendError::HeldBack(after) => ("held-back", json!({"after": after.0.to_string()})),
        SendError::NoToken => ("no-token", json!({"account": ACCOUNT})),
    };
    json!({"tag": tag, "value": value})
}

fn loaded_account_out(loaded: &LoadedAccount) -> Value {
    let note_out = |note: &merge_sync_engine::store::StoredNote| {
        let secret = note.secret.as_ref();
        let secret = secret.map(|secret| json!({"value": secret.0}));
        json!({"number": note.number, "key": note.key, "text": note.text, "secret": secret})
    };
    let notes: Vec<_> = loaded.notes.iter().map(note_out).collect();
    json!({"state": loaded.state, "version": loaded.version, "notes": notes})
}
