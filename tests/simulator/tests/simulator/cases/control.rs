//! The control interface.

use merge_simulator::time::{HOUR, iso};
use merge_simulator::{Merge, control};
use serde_json::{Value, json};

use crate::client::{get, json, settled};

#[track_caller]
fn ask(merge: &mut Merge, command: &str, body: &Value, want: u16) -> Value {
    let response = control::handle(merge, command, body.to_string().as_bytes());
    assert_eq!(response.status, want, "{command} {body}: {response:?}");
    json(&response)
}

#[test]
fn the_clock_moves_by_seconds_and_to_an_instant() {
    let mut merge = settled();
    let start = merge.now();
    ask(&mut merge, "advance", &json!({ "seconds": 3600 }), 200);
    assert_eq!(merge.now(), start + HOUR);
    ask(
        &mut merge,
        "advance",
        &json!({ "to": iso(start + 2 * HOUR) }),
        200,
    );
    assert_eq!(merge.now(), start + 2 * HOUR);
    ask(&mut merge, "advance", &json!({ "to": iso(start) }), 200);
    assert_eq!(merge.now(), start + 2 * HOUR, "time does not go back");
    ask(&mut merge, "advance", &json!({}), 400);
    ask(&mut merge, "advance", &json!({ "minutes": 1 }), 400);
}

#[test]
fn faults_are_set_forced_and_ended() {
    let mut merge = settled();
    let answer = ask(
        &mut merge,
        "faults",
        &json!({ "rates": { "server_error": 1000 } }),
        200,
    );
    assert_eq!(answer["on"], json!(["server_error"]));
    assert!(get(&mut merge, 0, "/api/hris/v1/account-details").status >= 500);
    ask(&mut merge, "faults", &json!({}), 200);
    assert_eq!(
        get(&mut merge, 0, "/api/hris/v1/account-details").status,
        200
    );
    let slow = json!({ "force": { "slow_response": 1 }, "slow_millis": 30_000 });
    ask(&mut merge, "faults", &slow, 200);
    assert_eq!(
        get(&mut merge, 0, "/api/hris/v1/account-details").delay_millis,
        30_000
    );
    let all = ask(&mut merge, "faults", &json!({ "all": true }), 200);
    assert_eq!(all["on"].as_array().map(Vec::len), Some(17));
    ask(
        &mut merge,
        "faults",
        &json!({ "rates": { "sunshine": 1 } }),
        400,
    );
}

#[test]
fn what_is_held_is_listed() {
    let mut merge = settled();
    let id = merge.accounts()[0].id.clone();
    let state = ask(&mut merge, "state", &json!({}), 200);
    assert_eq!(state["accounts"].as_array().map(Vec::len), Some(3));
    let which = json!({ "account": id, "model_id": "hris.Employee" });
    let ledger = ask(&mut merge, "ledger", &which, 200);
    assert!(
        ledger["records"]
            .as_array()
            .is_some_and(|records| records.len() > 10)
    );
    assert!(ask(&mut merge, "stats", &json!({}), 200)["sync_finishes"].as_u64() > Some(0));
}

#[test]
fn accounts_and_models_come_and_go() {
    let mut merge = settled();
    let new = ask(&mut merge, "link", &json!({}), 200);
    assert_eq!(new["category"], "hris");
    merge.advance_to(merge.now() + 2 * HOUR);
    let of = json!({ "account": new["id"] });
    let relinked = ask(&mut merge, "relink", &of, 200);
    assert_ne!(relinked["token"], new["token"]);
    let model = json!({ "account": new["id"], "model_id": "hris.Employee", "enabled": false });
    assert_eq!(ask(&mut merge, "model", &model, 200)["status"], "DISABLED");
    assert_eq!(ask(&mut merge, "unlink", &of, 200)["status"], "DELETED");
    ask(&mut merge, "unlink", &json!({ "account": "nobody" }), 400);
    ask(&mut merge, "dance", &json!({}), 404);
}

#[test]
fn the_help_names_every_fault_and_every_command() {
    for kind in merge_simulator::FaultKind::ALL {
        assert!(control::HELP.contains(kind.name()), "{}", kind.name());
    }
    let mut merge = settled();
    for line in control::HELP.lines().skip(1) {
        let Some(command) = line
            .strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '))
        else {
            break;
        };
        let command = command.split(' ').next().unwrap_or_default();
        let response = control::handle(&mut merge, command, b"");
        assert!([200, 400].contains(&response.status), "{command}");
    }
}

#[test]
fn any_event_can_be_sent() {
    let mut merge = settled();
    merge.take_due();
    let id = merge.accounts()[0].id.clone();
    let body = json!({ "account": id, "event": "AsyncPost.completed", "data": { "x": 1 } });
    ask(&mut merge, "emit", &body, 200);
    merge.advance_to(merge.now() + HOUR / 60);
    let due = merge.take_due();
    assert!(
        due.iter()
            .any(|delivery| delivery.event == "AsyncPost.completed")
    );
}
