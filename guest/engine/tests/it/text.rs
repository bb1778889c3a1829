//! The engine's operations as text: what is refused and how the error says so, and the very
//! bytes of what is answered. That they answer as the native calls do is held by every other
//! test, since the host in `support` asks both.

use merge_sync_engine::command::Command;
use merge_sync_engine::step::{Effect, Event};
use merge_sync_engine::text;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Host, account, answer, at, ok, page, quiet, row, status, throttled};
use crate::wire;

/// A step as it should be: each test changes one thing about it.
fn first_step() -> Value {
    json!({
        "run": null,
        "account": ACCOUNT,
        "settings": "{}",
        "now": "2025-11-27T10:00:00Z",
        "event": {"tag": "started", "value": {"state": "", "version": "0", "notes": []}},
    })
}

#[track_caller]
fn check(operation: &str, input: &Value, want: &str) {
    let answer = text::call(operation, &input.to_string());
    assert_eq!(answer.as_deref(), Ok(want));
}

#[track_caller]
fn check_error(operation: &str, input: &Value, want: &str) {
    assert_eq!(wire::call(operation, input), Err(want.into()));
}

/// The error after the field at `pointer` became `value`.
#[track_caller]
fn check_changed(pointer: &str, value: Value, want: &str) {
    let mut input = first_step();
    *input.pointer_mut(pointer).expect("a field") = value;
    check_error("engine.step", &input, want);
}

/// The error for this event.
#[track_caller]
fn check_event(tag: &str, value: Value, want: &str) {
    check_changed("/event", json!({"tag": tag, "value": value}), want);
}

#[test]
fn an_operation_is_a_decisions_or_the_engines() {
    let unknown = "operation: `engine.sleep` is not known";
    check_error("engine.sleep", &json!({}), unknown);
    assert!(text::operation("engine.step").is_some());
    assert!(text::operation("meta.version").is_none());
    assert!(text::call("meta.version", "{}").is_ok());
}

#[test]
fn a_step_that_cannot_be_read_is_refused_at_its_place() {
    let missing = "account: missing, expected a text";
    check_error("engine.step", &json!({}), missing);
    let list = "input: expected an object, found a list";
    check_error("engine.step", &json!([]), list);
    check_changed(
        "/account",
        json!(7),
        "account: expected a text, found a number",
    );
    check_changed(
        "/now",
        json!("noon"),
        "now: `noon` is not an RFC 3339 instant",
    );
    check_changed("/run", json!({}), "run: expected a text, found an object");
    check_changed("/run", json!(""), "run: document: expected a JSON document");
    let versions = "run: v: expected a run of this version of the component (1)";
    check_changed("/run", json!(r#"{"v":2}"#), versions);
    let mut input = first_step();
    input["events"] = json!([]);
    check_error("engine.step", &input, "events: unknown field");
}

#[test]
fn a_mistake_in_the_settings_is_named_from_the_settings() {
    check_changed(
        "/settings",
        json!({}),
        "settings: expected a text, found an object",
    );
    check_changed(
        "/settings",
        json!("[]"),
        "settings: expected an object, found a list",
    );
    check_changed(
        "/settings",
        json!("{"),
        "settings: unreadable JSON, EOF while parsing an object at line 1 column 1",
    );
    check_changed(
        "/settings",
        json!(r#"{"ruel":1}"#),
        "settings.ruel: unknown field",
    );
    check_changed(
        "/settings",
        json!(r#"{"input":1}"#),
        "settings.input: unknown field",
    );
    let input = json!({"text": r#"{"run_limits":{"pages":0}}"#});
    let pages = "run_limits.pages: expected at least 1, found 0";
    check_error("engine.check-settings", &input, pages);
    check("engine.check-settings", &json!({"text": "{}"}), "null");
}

#[test]
fn an_event_that_cannot_be_read_is_refused_at_its_place() {
    check_event(
        "done",
        Value::Null,
        "event.tag: `done` is not one of `started`, `response`, `send-error`, `committed`, `stale`, `unavailable`",
    );
    let loaded = json!({"state": "", "version": 3, "notes": []});
    let number = "event.value.version: expected a text, found a number";
    check_event("started", loaded, number);
    let response = json!({"status": 70_000, "headers": [], "body": ""});
    let status = "event.value.status: `70000` is not a whole number from 0 to 65535";
    check_event("response", response, status);
    let response = json!({"status": 200, "headers": [["date", ""]], "body": ""});
    let header = "event.value.headers[0]: expected an object, found a list";
    check_event("response", response, header);
    check_event(
        "send-error",
        json!({"tag": "timeout"}),
        "event.value.tag: `timeout` is not one of `transport`, `timed-out`, `too-large`, `held-back`, `no-token`",
    );
    let held = json!({"tag": "held-back", "value": {"after": -1}});
    let negative = "event.value.value.after: expected a whole number, found a negative number";
    check_event("send-error", held, negative);
    let committed = json!({"version": "1", "swept": "all"});
    let swept = "event.value.swept: expected an object, found a text";
    check_event("committed", committed, swept);
    let stale = json!({"loaded": {"state": ""}});
    let version = "event.value.loaded.version: missing, expected a text";
    check_event("stale", stale, version);
    check_event(
        "stale",
        json!({"current": "4"}),
        "event.value.current: unknown field",
    );
    check_event(
        "unavailable",
        json!("full"),
        "event.value: expected an object, found a text",
    );
}

#[test]
fn an_error_never_shows_a_secret() {
    let note = |secret: Value| {
        let note = json!({"number": 1, "key": "k", "text": "{}", "secret": secret});
        json!({"state": "", "version": "0", "notes": [note]})
    };
    let bare = "event.value.notes[0].secret: expected an object, found a text";
    check_event("started", note(json!("EXAMPLE-TOKEN")), bare);
    let list = "event.value.notes[0].secret.value: expected a text, found a list";
    check_event("started", note(json!({"value": ["EXAMPLE-TOKEN"]})), list);
    let new =
        json!({"account": wire::account_out(&account()), "token": {"value": "EXAMPLE-TOKEN"}});
    let input = json!({"account": new, "now": "2025-11-27T10:00:00Z"});
    let text = "account.token: expected a text, found an object";
    check_error("engine.link", &input, text);
}

#[test]
fn a_run_of_one_account_is_not_taken_for_another_ones() {
    let started = wire::call("engine.step", &first_step()).expect("a step");
    let mut input = first_step();
    input["run"] = started["run"].clone();
    input["account"] = json!("b8f4dc32-6c84-4c0e-8b68-9f4f4a6b6a10");
    check_error("engine.step", &input, "account: not the account of `run`");
}

#[test]
fn a_run_that_is_over_takes_no_more_events() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    // At rest a run ends at once; what it left is not where the next one begins.
    let started = Event::Started(host.load());
    let (over, output) = wire::step(&Value::Null, "{}", host.now, &started);
    assert_eq!(output["effect"]["tag"], "finished");
    let (_, output) = wire::step(&over, "{}", host.now, &started);
    let message = "event: does not answer the latest effect";
    let failure = json!({"tag": "state", "value": {"message": message}});
    assert_eq!(output["effect"], json!({"tag": "failed", "value": failure}));
}

#[test]
fn a_state_that_cannot_be_read_fails_the_run_and_refuses_the_rest() {
    let loaded = json!({"state": r#"{"v":9}"#, "version": "4", "notes": []});
    let mut input = first_step();
    input["event"]["value"] = loaded.clone();
    let output = wire::call("engine.step", &input).expect("a step");
    let problem = "state: v: expected a version that this component reads (1, 2)";
    let failure = json!({"tag": "state", "value": {"message": problem}});
    assert_eq!(output["effect"], json!({"tag": "failed", "value": failure}));
    let mut input = json!({"account": ACCOUNT, "loaded": loaded, "settings": "{}", "now": "2025-11-27T10:00:00Z"});
    input["command"] = json!({"tag": "poll"});
    check_error("engine.request", &input, problem);
    input["command"] = json!({"tag": "restart"});
    check_error(
        "engine.request",
        &input,
        "command.tag: `restart` is not one of `poll`, `reread`, `reread-model`, `approve-deletions`, `pause`, `resume`, `unlink`, `reset`",
    );
    input["command"] = json!({"tag": "reset"});
    assert!(wire::call("engine.request", &input).is_ok());
    input.as_object_mut().expect("an object").remove("command");
    input["required"] = json!([]);
    check_error("engine.inspect", &input, problem);
    input["required"] = json!([null]);
    check_error(
        "engine.inspect",
        &input,
        "required[0]: expected a text, found null",
    );
}

#[test]
fn a_token_is_in_the_note_and_the_change_and_nowhere_else() {
    let input = json!({
        "account": {"account": wire::account_out(&account()), "token": "EXAMPLE-TOKEN"},
        "now": "2025-11-27T10:00:00Z",
    });
    let mut note = wire::call("engine.link", &input).expect("a note");
    assert_eq!(note["secret"], json!({"value": "EXAMPLE-TOKEN"}));
    let stored = json!({"number": 1, "key": note["key"].take(), "text": note["text"].take(), "secret": note["secret"].take()});
    assert!(!stored["text"].to_string().contains("EXAMPLE"));
    let mut input = first_step();
    input["event"]["value"]["notes"] = json!([stored]);
    let output = wire::call("engine.step", &input).expect("a step");
    let put = json!({"tag": "put", "value": {"value": "EXAMPLE-TOKEN"}});
    assert_eq!(output["effect"]["value"]["token"], put);
    assert_eq!(output.to_string().matches("EXAMPLE").count(), 1);
}

#[test]
fn a_note_has_every_key_of_the_contract() {
    let input = json!({
        "account": {"account": wire::account_out(&account()), "token": null, "linked_at": "2025-11-01T00:00:00Z"},
        "now": "2025-11-27T10:00:00Z",
    });
    check(
        "engine.link",
        &input,
        r#"{"account":"7841ee0a-5a1a-44db-bc7e-2912d8c17515","key":"linked:","text":"{\"account\":{\"id\":\"7841ee0a-5a1a-44db-bc7e-2912d8c17515\",\"category\":\"hris\",\"integration\":\"Example HRIS\"},\"linked\":{\"replaces\":1,\"at\":1761955200000000}}","secret":null,"profile":{"id":"7841ee0a-5a1a-44db-bc7e-2912d8c17515","category":"hris","integration":"Example HRIS","integration_slug":"","end_user_origin_id":"","organization_name":"","link_status":"","account_type":"","is_duplicate":null},"create":true}"#,
    );
}

#[test]
fn a_refused_delivery_leaves_no_note() {
    check(
        "engine.receive",
        &json!({"body": "{}", "signatures": [], "keys": ["an-example-key"]}),
        r#"{"note":null,"reply":{"status":401,"body":"{\"error\": \"Missing signature\"}"},"unkept_reply":{"status":500,"body":"{\"error\": \"Processing error\"}"},"log":{"level":"warn","message":"webhook refused","fields":"{\"reason\":\"no signature header\"}"},"unknown_account_log":null,"unkept_log":null}"#,
    );
}

/// `output` with the opaque parts named instead.
fn without_opaque(mut output: Value) -> String {
    for pointer in ["/run", "/effect/value/state"] {
        if let Some(opaque) = output.pointer_mut(pointer) {
            *opaque = json!("..");
        }
    }
    output.to_string()
}

#[test]
fn a_step_has_every_key_of_the_contract() {
    let output = wire::call("engine.step", &first_step()).expect("a step");
    assert_eq!(
        without_opaque(output.clone()),
        r#"{"effect":{"tag":"commit","value":{"account":"7841ee0a-5a1a-44db-bc7e-2912d8c17515","batches":[],"consumed":[],"expected":"0","not_before":"2025-11-27T10:01:30Z","notices":[],"state":"..","summary":{"fresh_to":null,"link":"active","needed":0,"phase":"unknown","ready":0,"skipped":0,"trouble":null},"sweep":null,"token":{"tag":"keep"},"wake_at":"2025-11-27T10:00:00Z"}},"log":[],"run":".."}"#
    );
    let mut input = first_step();
    input["run"] = output["run"].clone();
    input["event"] = json!({"tag": "committed", "value": {"version": "1"}});
    let output = wire::call("engine.step", &input).expect("a step");
    assert_eq!(
        output["effect"]["value"]["target"], "/api/hris/v1/account-details",
        "without a category nothing else can be asked for"
    );
}

/// The keys of an object.
fn keys(value: &Value) -> String {
    let keys: Vec<_> = value
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    keys.join(" ")
}

#[test]
fn a_view_has_every_key_of_the_contract() {
    let mut host = Host::linked("{}");
    let rows = row("hris.Employee", "DONE", Some("09:30"));
    let listed = format!(r#"{{"next":null,"results":[{rows}]}}"#);
    // The window's second page fails: the read stays under way, and there is trouble.
    host.run(|target| match target {
        target if target.contains("/sync-status") => ok(&listed),
        target if target.contains("cursor=c1") => status(403),
        _ => ok(&page(&[("e1", "09:00")], Some("c1"))),
    })
    .expect("a report");
    let view = wire::inspect(&host.load(), &[], "{}", host.now).expect("a view");
    let all = "account issues link linked_at models paused readiness trouble wake_at";
    assert_eq!(keys(&view), all);
    assert_eq!(
        keys(&view["models"][0]),
        "held_sweep page_size progress status trouble unreadable_records window without_key"
    );
    assert_eq!(keys(&view["trouble"]), "kind since text");
}

#[test]
fn a_varied_run_is_the_same_by_text() {
    let mut host = Host::linked(r#"{"run_limits":{"pages":9}}"#);
    let first = row("hris.Employee", "DONE", Some("09:30"));
    let second = row("hris.Team", "FROZEN", Some("09:40"));
    let mut overtaken = false;
    let report = host.drive(|host, effect| match effect {
        // Between two pages of the status, the run is its reading.
        Effect::Send(request) if request.target.contains("/sync-status") => {
            let (next, row) = match request.target.contains("cursor=s1") {
                false => ("\"s1\"", &first),
                true => ("null", &second),
            };
            Some(answer(ok(&format!(
                r#"{{"next":{next},"results":[{row}]}}"#
            ))))
        }
        Effect::Send(request) if request.target.contains("/teams") => Some(answer(throttled(7))),
        Effect::Send(_) => {
            if !overtaken {
                overtaken = true;
                host.request(Command::Reread);
            }
            Some(answer(ok(&page(&[("e1", "09:00")], None))))
        }
        Effect::Commit(_) | Effect::Finished(_) => None,
    });
    assert_eq!(report.map(|report| report.polled), Ok(true));
    assert!(overtaken && host.not_before > Some(at("10:00")));
}
