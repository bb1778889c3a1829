//! The engine as a host sees it that has nothing but text: written from the contract alone, so
//! that what it reads and writes is compared with the native call on every step of every test.

use merge_sync_engine::command::{Command, NewAccount};
use merge_sync_engine::http::{Request, SendError};
use merge_sync_engine::log::{Entry, Level};
use merge_sync_engine::receive::Receipt;
use merge_sync_engine::step::{Effect, Event};
use merge_sync_engine::store::{
    Batch, Change, LoadedAccount, Note, Notice, Occasion, StoredNote, Summary, Sweep, TokenChange,
};
use merge_sync_engine::text;
use merge_sync_engine::view::{Failure, Report, Trouble, TroubleKind, View};
use merge_sync_logic::signature::SignedBody;
use merge_sync_logic::types::{Account, AccountPhase, LinkState, Problem, Row, Secret, Timestamp};
use merge_sync_logic::webhook::Reply;
use serde_json::{Value, json};

use crate::support::ACCOUNT;

/// What `operation` answers.
pub fn call(operation: &str, input: &Value) -> Result<Value, String> {
    let output = text::call(operation, &input.to_string())?;
    Ok(serde_json::from_str(&output).expect("JSON"))
}

/// One step: the run as text, what to do, what to log.
#[track_caller]
pub fn step(run: &Value, settings: &str, now: Timestamp, event: &Event) -> (Value, Value) {
    let input = json!({
        "run": run,
        "account": ACCOUNT,
        "settings": settings,
        "now": instant(now),
        "event": event_out(event),
    });
    let mut output = call("engine.step", &input).expect("a step");
    let run = output["run"].take();
    assert!(run.is_string(), "{run}");
    (run, output)
}

/// What to do and what to log, of the answer to `engine.step`.
pub fn effect_and_log(output: &Value) -> (Effect, Vec<Entry>) {
    (effect_in(&output["effect"]), each(&output["log"], entry_in))
}

#[track_caller]
pub fn receive(delivery: &SignedBody) -> Receipt {
    let keys: Vec<&str> = delivery.keys.iter().map(|key| key.0.as_str()).collect();
    let input = json!({"body": delivery.body, "signatures": delivery.signatures, "keys": keys});
    let output = call("engine.receive", &input).expect("a reply");
    Receipt {
        note: maybe(&output["note"], note_in),
        reply: reply_in(&output["reply"]),
        unkept_reply: reply_in(&output["unkept_reply"]),
        log: entry_in(&output["log"]),
        unknown_account_log: maybe(&output["unknown_account_log"], entry_in),
        unkept_log: maybe(&output["unkept_log"], entry_in),
    }
}

fn reply_in(reply: &Value) -> Reply {
    Reply {
        status: number(&reply["status"]).try_into().unwrap(),
        body: text(&reply["body"]),
    }
}

#[track_caller]
pub fn link(new: &NewAccount, now: Timestamp) -> Note {
    let input = json!({
        "account": {
            "account": account_out(&new.account),
            "token": new.token.as_ref().map(|token| &token.0),
            "linked_at": new.linked_at.map(instant),
        },
        "now": instant(now),
    });
    note_in(&call("engine.link", &input).expect("a note"))
}

pub fn request(
    loaded: &LoadedAccount,
    command: Command,
    settings: &str,
    now: Timestamp,
) -> Result<Change, String> {
    let command = match command {
        Command::Poll => json!({"tag": "poll"}),
        Command::Reread => json!({"tag": "reread"}),
        Command::RereadModel(model_id) => json!({"tag": "reread-model", "value": model_id}),
        Command::ApproveDeletions(model_id, pass) => {
            json!({"tag": "approve-deletions", "value": {"model_id": model_id, "pass": pass}})
        }
        Command::Pause => json!({"tag": "pause"}),
        Command::Resume => json!({"tag": "resume"}),
        Command::Unlink => json!({"tag": "unlink"}),
        Command::Reset => json!({"tag": "reset"}),
    };
    let input = json!({
        "account": ACCOUNT,
        "loaded": loaded_account_out(loaded),
        "command": command,
        "settings": settings,
        "now": instant(now),
    });
    call("engine.request", &input).map(|change| change_in(&change))
}

pub fn inspect(
    loaded: &LoadedAccount,
    required: &[String],
    settings: &str,
    now: Timestamp,
) -> Result<Value, String> {
    let input = json!({
        "account": ACCOUNT,
        "loaded": loaded_account_out(loaded),
        "required": required,
        "settings": settings,
        "now": instant(now),
    });
    call("engine.inspect", &input)
}

/// What people see, in the parts that are the engine's own.
#[track_caller]
pub fn check_view(found: &Value, view: &View) {
    assert_eq!(account_in(&found["account"]), view.account);
    assert_eq!(instant_in(&found["linked_at"]), view.linked_at);
    assert_eq!(small(&found["readiness"]["ready"]), view.readiness.ready);
    let models = each(&found["models"], |model| text(&model["status"]["model_id"]));
    let expected: Vec<_> = view
        .models
        .iter()
        .map(|model| &model.status.model_id)
        .collect();
    assert_eq!(models.iter().collect::<Vec<_>>(), expected);
    assert_eq!(maybe(&found["trouble"], trouble_in), view.trouble);
    assert_eq!(each(&found["issues"], text), view.issues);
    assert_eq!(flag(&found["paused"]), view.paused);
    assert_eq!(link_in(&found["link"]), view.link);
    assert_eq!(maybe(&found["wake_at"], instant_in), view.wake_at);
}

fn event_out(event: &Event) -> Value {
    match event {
        Event::Started(loaded) => json!({"tag": "started", "value": loaded_account_out(loaded)}),
        Event::Response(response) => {
            let headers: Vec<Value> = response
                .headers
                .iter()
                .map(|header| json!({"name": header.name, "value": header.value}))
                .collect();
            let value =
                json!({"status": response.status, "headers": headers, "body": response.body});
            json!({"tag": "response", "value": value})
        }
        Event::SendError(error) => json!({"tag": "send-error", "value": send_error_out(error)}),
        Event::Committed(committed) => {
            let value = json!({
                "version": committed.version,
                "swept": committed.swept.map(|swept| json!({
                    "live": swept.live,
                    "unseen": swept.unseen,
                    "marked": swept.marked,
                    "held": swept.held,
                })),
            });
            json!({"tag": "committed", "value": value})
        }
        Event::Stale(loaded) => {
            let loaded = loaded.as_ref().map(loaded_account_out);
            json!({"tag": "stale", "value": {"loaded": loaded}})
        }
        Event::Unavailable(problem) => {
            json!({"tag": "unavailable", "value": {"message": problem.message}})
        }
    }
}

fn send_error_out(error: &SendError) -> Value {
    match error {
        SendError::Transport(message) => json!({"tag": "transport", "value": {"message": message}}),
        SendError::TimedOut(message) => {
            json!({"tag": "timed-out", "value": {"message": message}})
        }
        SendError::TooLarge(message) => {
            json!({"tag": "too-large", "value": {"message": message}})
        }
        SendError::HeldBack(after) => json!({"tag": "held-back", "value": {"after": after.0}}),
        SendError::NoToken => json!({"tag": "no-token", "value": {"account": ACCOUNT}}),
    }
}

pub fn loaded_account_out(loaded: &LoadedAccount) -> Value {
    let notes: Vec<Value> = loaded.notes.iter().map(stored_note_out).collect();
    json!({"state": loaded.state, "version": loaded.version, "notes": notes})
}

fn stored_note_out(note: &StoredNote) -> Value {
    let secret = note
        .secret
        .as_ref()
        .map(|secret| json!({"value": secret.0}));
    json!({"number": note.number, "key": note.key, "text": note.text, "secret": secret})
}

pub fn account_out(account: &Account) -> Value {
    json!({
        "id": account.id,
        "category": account.category,
        "integration": account.integration,
        "integration_slug": account.integration_slug,
        "end_user_origin_id": account.end_user_origin_id,
        "organization_name": account.organization_name,
        "link_status": account.link_status,
        "account_type": account.account_type,
        "is_duplicate": account.is_duplicate,
    })
}

pub fn instant(at: Timestamp) -> String {
    at.to_rfc3339()
}

fn effect_in(effect: &Value) -> Effect {
    let value = &effect["value"];
    match effect["tag"].as_str().expect("a tag") {
        "send" => Effect::Send(Request {
            account: text(&value["account"]),
            method: text(&value["method"]),
            target: text(&value["target"]),
        }),
        "commit" => Effect::Commit(Box::new(change_in(value))),
        "finished" => Effect::Finished(Ok(Report {
            polled: flag(&value["polled"]),
            windows: small(&value["windows"]),
            rows: number(&value["rows"]),
            wake_at: maybe(&value["wake_at"], instant_in),
            trouble: maybe(&value["trouble"], trouble_in),
        })),
        "failed" => Effect::Finished(Err(failure_in(value))),
        other => panic!("{other}"),
    }
}

fn failure_in(failure: &Value) -> Failure {
    let problem = Problem {
        message: text(&failure["value"]["message"]),
    };
    match failure["tag"].as_str().expect("a tag") {
        "store" => Failure::Store(problem),
        "unknown-account" => Failure::UnknownAccount(problem),
        "state" => Failure::State(problem),
        "settings" => Failure::Settings(problem),
        other => panic!("{other}"),
    }
}

fn trouble_in(trouble: &Value) -> Trouble {
    Trouble {
        kind: kind_in(&trouble["kind"]),
        since: instant_in(&trouble["since"]),
        text: text(&trouble["text"]),
    }
}

fn kind_in(kind: &Value) -> TroubleKind {
    match kind.as_str().expect("a kind") {
        "reauthorize" => TroubleKind::Reauthorize,
        "drop-request" => TroubleKind::DropRequest,
        "park" => TroubleKind::Park,
        "retrying" => TroubleKind::Retrying,
        "initial-sync" => TroubleKind::InitialSync,
        "held-sweep" => TroubleKind::HeldSweep,
        "incomplete" => TroubleKind::Incomplete,
        "unreadable" => TroubleKind::Unreadable,
        "no-key" => TroubleKind::NoKey,
        other => panic!("{other}"),
    }
}

fn phase_in(phase: &Value) -> AccountPhase {
    match phase.as_str().expect("a phase") {
        "unknown" => AccountPhase::Unknown,
        "syncing" => AccountPhase::Syncing,
        "needs-attention" => AccountPhase::NeedsAttention,
        "ready" => AccountPhase::Ready,
        other => panic!("{other}"),
    }
}

fn link_in(state: &Value) -> LinkState {
    match state.as_str().expect("a state") {
        "active" => LinkState::Active,
        "relink-needed" => LinkState::RelinkNeeded,
        "unlinked" => LinkState::Unlinked,
        other => panic!("{other}"),
    }
}

fn change_in(change: &Value) -> Change {
    let summary = &change["summary"];
    Change {
        account: text(&change["account"]),
        expected: maybe(&change["expected"], text),
        state: text(&change["state"]),
        consumed: each(&change["consumed"], number),
        wake_at: maybe(&change["wake_at"], instant_in),
        not_before: maybe(&change["not_before"], instant_in),
        token: token_change_in(&change["token"]),
        summary: Summary {
            phase: phase_in(&summary["phase"]),
            ready: small(&summary["ready"]),
            needed: small(&summary["needed"]),
            trouble: maybe(&summary["trouble"], kind_in),
            link: link_in(&summary["link"]),
            skipped: number(&summary["skipped"]),
            fresh_to: maybe(&summary["fresh_to"], instant_in),
        },
        batches: each(&change["batches"], |batch| Batch {
            model_id: text(&batch["model_id"]),
            pass: maybe(&batch["pass"], number),
            rows: each(&batch["rows"], row_in),
        }),
        sweep: maybe(&change["sweep"], |sweep| Sweep {
            model_id: text(&sweep["model_id"]),
            unseen_since: number(&sweep["unseen_since"]),
            most_rows: number(&sweep["most_rows"]),
            most_percent: small(&sweep["most_percent"]),
            limit: small(&sweep["limit"]),
        }),
        notices: each(&change["notices"], notice_in),
    }
}

fn token_change_in(change: &Value) -> TokenChange {
    match change["tag"].as_str().expect("a tag") {
        "keep" => TokenChange::Keep,
        "put" => TokenChange::Put(Secret(text(&change["value"]["value"]))),
        "erase" => TokenChange::Erase,
        other => panic!("{other}"),
    }
}

fn row_in(row: &Value) -> Row {
    Row {
        id: text(&row["id"]),
        remote_id: maybe(&row["remote_id"], text),
        modified_at: maybe(&row["modified_at"], instant_in),
        deleted: flag(&row["deleted"]),
        json: text(&row["json"]),
    }
}

fn notice_in(notice: &Value) -> Notice {
    let occasion = match notice["occasion"].as_str().expect("an occasion") {
        "became-ready" => Occasion::BecameReady,
        "window-completed" => Occasion::WindowCompleted,
        "caught-up" => Occasion::CaughtUp,
        "needs-attention" => Occasion::NeedsAttention,
        "recovered" => Occasion::Recovered,
        "unlinked" => Occasion::Unlinked,
        other => panic!("{other}"),
    };
    Notice {
        id: text(&notice["id"]),
        occasion,
        model_id: maybe(&notice["model_id"], text),
        text: text(&notice["text"]),
    }
}

fn note_in(note: &Value) -> Note {
    Note {
        account: text(&note["account"]),
        key: text(&note["key"]),
        text: text(&note["text"]),
        secret: maybe(&note["secret"], |secret| Secret(text(&secret["value"]))),
        profile: maybe(&note["profile"], account_in),
        create: flag(&note["create"]),
    }
}

pub fn account_in(account: &Value) -> Account {
    Account {
        id: text(&account["id"]),
        category: text(&account["category"]),
        integration: text(&account["integration"]),
        integration_slug: text(&account["integration_slug"]),
        end_user_origin_id: text(&account["end_user_origin_id"]),
        organization_name: text(&account["organization_name"]),
        link_status: text(&account["link_status"]),
        account_type: text(&account["account_type"]),
        is_duplicate: maybe(&account["is_duplicate"], flag),
    }
}

fn entry_in(entry: &Value) -> Entry {
    let level = match entry["level"].as_str().expect("a level") {
        "debug" => Level::Debug,
        "info" => Level::Info,
        "warn" => Level::Warn,
        "error" => Level::Error,
        other => panic!("{other}"),
    };
    Entry {
        level,
        message: text(&entry["message"]),
        fields: text(&entry["fields"]),
    }
}

fn maybe<T>(value: &Value, read: impl Fn(&Value) -> T) -> Option<T> {
    (!value.is_null()).then(|| read(value))
}

fn each<T>(values: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    values
        .as_array()
        .expect("a list")
        .iter()
        .map(read)
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").into()
}

fn flag(value: &Value) -> bool {
    value.as_bool().expect("a boolean")
}

fn number(value: &Value) -> u64 {
    let digits = |value: &Value| value.as_str().and_then(|digits| digits.parse().ok());
    value.as_u64().or_else(|| digits(value)).expect("a number")
}

fn small(value: &Value) -> u32 {
    number(value).try_into().expect("a small number")
}

fn instant_in(value: &Value) -> Timestamp {
    Timestamp::parse(&text(value)).expect("an instant")
}
