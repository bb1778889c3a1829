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
    for name in merge_simulator::poison::NAMES {
        assert!(control::HELP.contains(name), "{name}");
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

#[test]
fn a_driver_learns_when_something_happens_next() {
    let mut merge = settled();
    merge.take_due();
    let next = ask(&mut merge, "next", &json!({}), 200);
    assert_eq!(next["now"], iso(merge.now()));
    assert_eq!(
        next["next_event_at"],
        iso(merge.next_event_at().expect("syncs never end"))
    );
    assert_eq!(next["next_delivery_at"], Value::Null);
    assert_eq!(next["host_skew_micros"], 0);
    merge.ping();
    let next = ask(&mut merge, "next", &json!({}), 200);
    assert_eq!(
        next["next_delivery_at"],
        iso(merge.next_delivery_at().expect("the ping waits"))
    );
}

#[test]
fn the_clock_stops_where_a_webhook_is_due() {
    let step_by_step = {
        let mut merge = settled();
        merge.take_due();
        while merge.next_delivery_at().is_none_or(|due| due > merge.now()) {
            let events = [merge.next_event_at(), merge.next_delivery_at()];
            merge.advance_to(events.into_iter().flatten().min().expect("syncs never end"));
        }
        merge.now()
    };
    let mut merge = settled();
    merge.take_due();
    let start = merge.now();
    let far = json!({ "to": iso(start + 24 * HOUR), "until_delivery": true });
    let answer = ask(&mut merge, "advance", &far, 200);
    assert_eq!(answer["now"], iso(step_by_step));
    assert_eq!(answer["next_delivery_at"], iso(step_by_step));
    let again = ask(&mut merge, "advance", &far, 200);
    assert_eq!(again["now"], iso(step_by_step), "it is still due");
    merge.take_due();
    let near = json!({ "seconds": 0, "until_delivery": true });
    ask(&mut merge, "advance", &near, 200);
    assert_eq!(merge.now(), step_by_step);
    ask(&mut merge, "advance", &far, 200);
    assert!(merge.now() > step_by_step && merge.now() < start + 24 * HOUR);
}

/// Everything that `merge` holds, as rows of a store.
fn stored(merge: &Merge) -> Vec<Value> {
    let rows = merge.ledger().into_iter();
    rows.map(|((account, model_id, id), entry)| {
        json!({
            "account": account,
            "model_id": model_id,
            "id": id,
            "modified_at": iso(entry.modified_at),
            "deleted": entry.deleted,
            "json": entry.row.to_string(),
        })
    })
    .collect()
}

#[test]
fn a_store_is_compared_with_what_is_held() {
    let mut merge = settled();
    let mut rows = stored(&merge);
    let clean = ask(&mut merge, "verdict", &json!({ "rows": rows }), 200);
    assert_eq!(clean["lost"], 0);
    assert_eq!(clean["stale"], 0);
    assert_eq!(clean["records_stored"], rows.len());
    assert_eq!(clean["records_in_merge"], rows.len());
    rows.pop();
    rows[0]["json"] = json!("{}");
    rows[1]["modified_at"] = json!("2001-01-01T00:00:00Z");
    rows[2]["modified_at"] = Value::Null;
    let spoiled = ask(&mut merge, "verdict", &json!({ "rows": rows }), 200);
    assert_eq!(spoiled["lost"], 1);
    assert_eq!(spoiled["stale"], 2);
    assert_eq!(spoiled["examples"].as_array().map(Vec::len), Some(3));
}

#[test]
fn rows_that_are_none_are_refused() {
    let mut merge = settled();
    let row = stored(&merge).swap_remove(0);
    ask(&mut merge, "verdict", &json!({}), 400);
    let mut naive = row.clone();
    naive["modified_at"] = json!("yesterday");
    let answer = ask(&mut merge, "verdict", &json!({ "rows": [naive] }), 400);
    assert_eq!(
        answer["detail"],
        "modified_at: `yesterday` is not an RFC 3339 instant"
    );
    let mut unknown = row;
    unknown["remote_id"] = json!("7");
    ask(&mut merge, "verdict", &json!({ "rows": [unknown] }), 400);
}

#[test]
fn poison_is_put_on_and_taken_away() {
    let mut merge = settled();
    let id = merge.accounts()[0].id.clone();
    let list = "/api/hris/v1/teams";
    let wanted = json!({ "account": id, "model_id": "hris.Team", "kind": "list-refused=404" });
    let answer = ask(&mut merge, "poison", &wanted, 200);
    assert_eq!(answer[0]["kind"], "list-refused=404");
    assert_eq!(answer[0]["model_id"], "hris.Team");
    assert_eq!(get(&mut merge, 0, list).status, 404);
    let state = ask(&mut merge, "state", &json!({}), 200);
    assert_eq!(state["accounts"][0]["poison"], answer);
    let ledger = json!({ "account": id, "model_id": "hris.Team" });
    let ledger = ask(&mut merge, "ledger", &ledger, 200);
    assert_eq!(ledger["records"][0]["served"], false);
    ask(&mut merge, "cure", &json!({ "account": id }), 200);
    assert_eq!(get(&mut merge, 0, list).status, 200);
    for wrong in [
        json!({ "account": id, "kind": "nothing" }),
        json!({ "account": id, "kind": "byte-order-mark", "model_id": "hris.Team" }),
        json!({ "account": id, "kind": "scope-off", "from": "soon" }),
        json!({ "account": "x", "kind": "scope-off" }),
    ] {
        ask(&mut merge, "poison", &wrong, 400);
    }
}
