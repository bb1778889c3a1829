//! Cases of [`handle`], each signed and sent through the whole of it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{borrow::ToOwned, vec};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;
use crate::types::{Account, ModelStatus, Secret, SyncState, Timestamp};

const ACCOUNT: &str = r#"{"id":"a1","integration":"Example","integration_slug":"example",
    "category":"hris","end_user_origin_id":"","end_user_organization_name":"Org",
    "end_user_email_address":"x@example.test","status":"RELINK_NEEDED","is_duplicate":null}"#;

fn account() -> Account {
    Account {
        id: "a1".to_owned(),
        category: "hris".to_owned(),
        integration: "Example".to_owned(),
        integration_slug: "example".to_owned(),
        end_user_origin_id: String::new(),
        organization_name: "Org".to_owned(),
        link_status: "RELINK_NEEDED".to_owned(),
        ..Account::default()
    }
}

fn bare(id: &str, category: &str) -> Account {
    Account {
        id: id.to_owned(),
        category: category.to_owned(),
        ..Account::default()
    }
}

fn model(model_id: &str) -> ModelStatus {
    ModelStatus {
        model_id: model_id.to_owned(),
        ..ModelStatus::default()
    }
}

fn body(event: &str, data: &str) -> String {
    format!(r#"{{"hook":{{"id":"h","event":"{event}"}},"linked_account":{ACCOUNT},"data":{data}}}"#)
}

fn signed(body: &str) -> SignedBody {
    let mac = Hmac::<Sha256>::new_from_slice(b"key").expect("any length");
    let bytes = mac.chain_update(body.as_bytes()).finalize().into_bytes();
    SignedBody {
        body: body.to_owned(),
        signatures: vec![URL_SAFE_NO_PAD.encode(bytes)],
        keys: vec![Secret("key".to_owned())],
    }
}

#[track_caller]
fn check(body: &str, name: &str, event: Event) {
    let Handling { reply, outcome } = handle(&signed(body));
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, r#"{"received": true}"#)
    );
    let Outcome::Accepted(accepted) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (accepted.name.as_str(), accepted.event),
        (name, event),
        "{body}"
    );
}

#[track_caller]
fn check_malformed(body: &str, want: &str) {
    let Handling { reply, outcome } = handle(&signed(body));
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, r#"{"received": true}"#)
    );
    let Outcome::Malformed(malformed) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(malformed.problem.message, want, "{body}");
}

#[track_caller]
fn check_refused(signatures: &[&str], keys: &[&str], reason: Refusal, status: u16, reply: &str) {
    let delivery = SignedBody {
        body: "{".to_owned(),
        signatures: signatures.iter().map(|&text| text.to_owned()).collect(),
        keys: keys.iter().map(|&key| Secret(key.to_owned())).collect(),
    };
    let want = Handling {
        reply: Reply {
            status,
            body: reply.to_owned(),
        },
        outcome: Outcome::Refused(Refused { reason }),
    };
    assert_eq!(handle(&delivery), want);
}

fn synced(is_initial_sync: Option<bool>, models: Vec<ModelStatus>) -> Event {
    Event::Synced(Synced {
        account: account(),
        is_initial_sync,
        models,
    })
}

#[test]
fn each_refusal_has_its_reply() {
    let invalid = r#"{"error": "Invalid signature"}"#;
    let well_formed = format!("{}A", "A".repeat(42));
    check_refused(
        &[],
        &["k"],
        Refusal::MissingSignature,
        401,
        r#"{"error": "Missing signature"}"#,
    );
    check_refused(&["", ""], &["k"], Refusal::AmbiguousSignature, 401, invalid);
    check_refused(&[""], &["k"], Refusal::MalformedSignature, 401, invalid);
    check_refused(&[&well_formed], &["k"], Refusal::Mismatch, 401, invalid);
    check_refused(
        &[],
        &[],
        Refusal::NoKey,
        500,
        r#"{"error": "Server configuration error"}"#,
    );
    let want = Reply {
        status: 500,
        body: r#"{"error": "Processing error"}"#.to_owned(),
    };
    assert_eq!(not_durable(), want);
}

#[test]
fn a_link_brings_its_token_and_hides_it() {
    let linked = |is_relink| {
        Event::Linked(Linked {
            account: account(),
            account_token: Secret("secret".to_owned()),
            is_relink,
            completed_at: None,
        })
    };
    let name = "LinkedAccount.linked";
    check(
        &body(name, r#"{"account_token":"secret","is_relink":true}"#),
        name,
        linked(true),
    );
    check(
        &body(name, r#"{"account_token":"secret","is_relink":"yes"}"#),
        name,
        linked(false),
    );
    let delivery = signed(&body(name, r#"{"account_token":"secret"}"#));
    assert!(!format!("{delivery:?} {:?}", handle(&delivery)).contains("secret"));
}

#[test]
fn a_link_says_when_it_was_completed_where_that_can_be_read() {
    for (said, want) in [
        (
            r#""2026-01-05T08:00:00.000001Z""#,
            Some(Timestamp(1_767_600_000_000_001)),
        ),
        (r#""yesterday""#, None),
        ("7", None),
    ] {
        let body = format!(
            r#"{{"hook":{{"event":"LinkedAccount.linked"}},"linked_account":{{"id":"a","completed_at":{said}}},"data":{{"account_token":"t"}}}}"#
        );
        let Outcome::Accepted(accepted) = handle(&signed(&body)).outcome else {
            panic!("{body}");
        };
        let Event::Linked(linked) = accepted.event else {
            panic!("{body}");
        };
        assert_eq!(linked.completed_at, want, "{said}");
    }
}

#[test]
fn a_link_without_a_token_is_malformed_and_says_no_secret() {
    for (data, found) in [
        ("{}", "nothing"),
        (r#"{"account_token":null}"#, "nothing"),
        (r#"{"account_token":""}"#, "an empty text"),
        (r#"{"account_token":["secret"]}"#, "a list"),
        (r#""secret""#, "nothing"),
        (
            r#"{"account_token":"secret\ud800"}"#,
            "a text with half a surrogate pair",
        ),
    ] {
        let want = format!("data.account_token: expected a text, found {found}");
        check_malformed(&body("LinkedAccount.linked", data), &want);
    }
}

#[test]
fn a_completed_sync_names_its_models_in_order() {
    let data = r#"{"is_initial_sync":true,"sync_status":{
        "hris.Team":{"last_sync_result":"DONE","last_sync_finished":"1970-01-01T00:00:02Z"},
        "hris.Employee":{"last_sync_result":"FAILED","last_sync_finished":"soon",
            "data_fresh_as_of":"1970-01-01T00:00:01Z","sync_status_reason":"RATE_LIMITED"},
        "":{}, "hris.Group":"DONE",
        "hris.Team":{"last_sync_result":"PARTIALLY_SYNCED"}}}"#;
    let employee = ModelStatus {
        last_sync_result: Some(SyncState::Failed),
        data_fresh_as_of: Some(Timestamp(1_000_000)),
        status_reason: "RATE_LIMITED".to_owned(),
        unreadable: vec!["last_sync_finished".to_owned()],
        ..model("hris.Employee")
    };
    let team = ModelStatus {
        last_sync_result: Some(SyncState::PartiallySynced),
        ..model("hris.Team")
    };
    let name = "LinkedAccount.sync_completed";
    check(
        &body(name, data),
        name,
        synced(Some(true), vec![employee, team]),
    );
}

#[test]
fn a_completed_sync_without_a_map_names_no_model() {
    let name = "LinkedAccount.sync_completed";
    for data in [
        "null",
        "[]",
        "{}",
        r#"{"sync_status":"DONE"}"#,
        r#"{"sync_status":[]}"#,
    ] {
        check(&body(name, data), name, synced(None, vec![]));
    }
}

#[test]
fn a_synced_model_is_read_from_its_row() {
    let data = r#"{"sync_status":{"model_id":"hris.Employee","model_name":"Employee",
        "status":"COMPLETE","is_initial_sync":true,"last_sync_result":"DONE"}}"#;
    let employee = ModelStatus {
        model_name: "Employee".to_owned(),
        status: Some(SyncState::Unknown("COMPLETE".to_owned())),
        is_initial_sync: Some(true),
        last_sync_result: Some(SyncState::Done),
        ..model("hris.Employee")
    };
    check(
        &body("Employee.synced", data),
        "Employee.synced",
        synced(Some(true), vec![employee]),
    );
}

#[test]
fn a_row_that_names_no_model_does_not_take_the_name_of_the_event() {
    for model_id in ["null", "7", "\"\""] {
        let data = format!(
            r#"{{"sync_status":{{"model_id":{model_id},"status":"DONE","is_initial_sync":false}}}}"#
        );
        check(
            &body("Employee.synced", &data),
            "Employee.synced",
            synced(Some(false), vec![]),
        );
    }
}

#[test]
fn a_bare_state_names_no_model() {
    let data = r#"{"sync_status":"PARTIALLY_SYNCED","is_initial_sync":true}"#;
    check(
        &body("Employee.synced", data),
        "Employee.synced",
        synced(None, vec![]),
    );
}

#[test]
fn a_changed_record_names_its_model_through_the_table() {
    for (event, category, model_id) in [
        ("Employee.added", "hris", Some("hris.Employee")),
        ("Account.changed", "crm", Some("crm.CRMAccount")),
        ("CRMAccount.removed", "crm", Some("crm.CRMAccount")),
        ("Deduction.changed", "hris", Some("hris.Deduction")),
        ("Account.changed", "hris", None),
        ("Employee.changed", "", None),
        ("a.b.changed", "hris", None),
    ] {
        let body = format!(
            r#"{{"hook":{{"event":"{event}"}},"data":{{"id":"r1"}},
                "linked_account":{{"id":"a1","category":"{category}"}}}}"#
        );
        let want = RecordChanged {
            account: bare("a1", category),
            model_id: model_id.map(String::from),
            record_id: Some("r1".to_owned()),
        };
        check(&body, event, Event::RecordChanged(want));
    }
}

#[test]
fn a_record_without_an_id_has_none() {
    let want = Event::RecordChanged(RecordChanged {
        account: account(),
        model_id: Some("hris.Employee".to_owned()),
        record_id: None,
    });
    check(
        &body("Employee.removed", r#"{"id":7}"#),
        "Employee.removed",
        want,
    );
}

#[test]
fn an_issue_may_be_of_no_account() {
    let issue = |account, description: &str| {
        Event::IssueChanged(IssueChanged {
            account,
            description: description.to_owned(),
        })
    };
    let data = r#"{"error_description":"Missing permission."}"#;
    check(
        &body("Issue.new", data),
        "Issue.new",
        issue(Some(account()), "Missing permission."),
    );
    check(
        r#"{"hook":{"event":"Issue.muted"}}"#,
        "Issue.muted",
        issue(None, ""),
    );
}

#[test]
fn a_deleted_account_is_unlinked() {
    let name = "LinkedAccount.deleted";
    check(
        &body(name, "null"),
        name,
        Event::Unlinked(Unlinked { account: account() }),
    );
}

#[test]
fn any_other_event_of_an_account_is_a_hint_and_of_none_is_ignored() {
    for name in [
        "LinkedAccount.synced",
        "LinkedAccount.fully_synced_initial",
        "LinkedAccount.synced_completed",
        "LinkedAccount.changed",
        "LinkedAccount",
        "employee.updated",
        "Employee.promoted",
        "synced",
        ".synced",
        ".",
    ] {
        let data = r#"{"sync_status":[{"model_id":"hris.Employee"}]}"#;
        check(&body(name, data), name, synced(None, vec![]));
        let reason = format!("`{name}` is not an event to act on");
        let body = format!(r#"{{"hook":{{"event":"{name}"}}}}"#);
        check(&body, name, Event::Ignored(Ignored { reason }));
    }
}

#[test]
fn what_came_of_a_request_is_ignored() {
    for name in [
        "AsyncPost.completed",
        "AsyncPassthrough.resolved",
        "asyncbulkpost.added",
        "Passthrough.synced",
    ] {
        let reason = format!("`{name}` is not an event to act on");
        check(&body(name, "{}"), name, Event::Ignored(Ignored { reason }));
    }
    let ping = r#"{"response":"Success! This URL will be notified."}"#;
    check(
        ping,
        "",
        Event::Ignored(Ignored {
            reason: "test ping".to_owned(),
        }),
    );
}

#[test]
fn names_compare_without_regard_to_case() {
    let data = r#"{"sync_status":{"model_id":"hris.Employee"}}"#;
    let name = "EMPLOYEE.Synced";
    check(
        &body(name, data),
        name,
        synced(None, vec![model("hris.Employee")]),
    );
    let data = r#"{"sync_status":{"hris.Employee":{}}}"#;
    let name = "linkedaccount.SYNC_completed";
    check(
        &body(name, data),
        name,
        synced(None, vec![model("hris.Employee")]),
    );
    let name = "linkedAccount.Deleted";
    check(
        &body(name, "{}"),
        name,
        Event::Unlinked(Unlinked { account: account() }),
    );
    let name = "timeoff.CHANGED";
    let changed = RecordChanged {
        account: account(),
        model_id: Some("hris.TimeOff".to_owned()),
        record_id: None,
    };
    check(&body(name, "{}"), name, Event::RecordChanged(changed));
    let name = "issue.New";
    let changed = IssueChanged {
        account: Some(account()),
        description: "a".to_owned(),
    };
    check(
        &body(name, r#"{"error_details":["a"]}"#),
        name,
        Event::IssueChanged(changed),
    );
}

#[test]
fn a_record_too_large_to_look_into_is_a_change_all_the_same() {
    let many = "7,".repeat(20_000);
    let data = format!(r#"{{"lines":[{many}7],"id":"r"}}"#);
    let name = "Employee.changed";
    let changed = RecordChanged {
        account: account(),
        model_id: Some("hris.Employee".to_owned()),
        record_id: Some("r".to_owned()),
    };
    check(&body(name, &data), name, Event::RecordChanged(changed));
}

#[test]
fn a_body_that_cannot_be_acted_on_is_malformed() {
    check_malformed("[]", "body: expected an object, found a list");
    check_malformed("{}", "hook.event: expected a text, found nothing");
    check_malformed(
        r#"{"response":7}"#,
        "hook.event: expected a text, found nothing",
    );
    check_malformed(
        r#"{"hook":7,"response":"x"}"#,
        "hook.event: expected a text, found nothing",
    );
    check_malformed(
        r#"{"hook":{"event":7}}"#,
        "hook.event: expected a text, found a number",
    );
    check_malformed(
        r#"{"hook":{"event":""}}"#,
        "hook.event: expected a text, found an empty text",
    );
    check_malformed(
        r#"{"event":"Employee.synced","linked_account":{"id":"a1"}}"#,
        "hook.event: expected a text, found nothing",
    );
    for name in [
        "LinkedAccount.linked",
        "LinkedAccount.sync_completed",
        "LinkedAccount.deleted",
        "Employee.synced",
        "Employee.added",
        "Employee.changed",
        "Employee.removed",
    ] {
        let body = format!(
            r#"{{"hook":{{"event":"{name}"}},"data":{{"account_token":"t"}},
                "linked_account":{{"id":null,"end_user_origin_id":"o"}}}}"#
        );
        check_malformed(&body, "linked_account.id: expected a text, found nothing");
    }
}

#[test]
fn a_long_model_id_is_data_and_a_long_name_is_shortened() {
    let long = "x".repeat(10_000);
    let data = format!(r#"{{"sync_status":{{"{long}":{{}}}}}}"#);
    let name = "LinkedAccount.sync_completed";
    check(&body(name, &data), name, synced(None, vec![model(&long)]));
    let reason = format!("`{}…` is not an event to act on", "x".repeat(40));
    let body = format!(r#"{{"hook":{{"event":"{long}"}}}}"#);
    check(&body, &long, Event::Ignored(Ignored { reason }));
}
