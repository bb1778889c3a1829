//! `receive`, `link` and `check-settings`.

use merge_sync_conformance::load_vectors;
use serde_json::Value;

use crate::bindings::exports::merge_sync::triggers::signature::SignedBody;
use crate::bindings::exports::merge_sync::triggers::triggers::{Failure, NewAccount, Reply};
use crate::bindings::exports::merge_sync::triggers::types::Account;
use crate::call;
use crate::host::{Host, Mood};

const RECEIVED: &str = r#"{"received": true}"#;

/// The delivery of the vector of that name.
fn delivery(id: &str) -> SignedBody {
    let vectors = load_vectors().expect("vectors");
    let vector = vectors
        .into_iter()
        .find(|vector| vector.id == id)
        .expect("a vector");
    let texts = |name: &str| {
        let list = vector.input[name].as_array().expect("a list");
        list.iter()
            .map(|text| text.as_str().expect("a text").to_owned())
            .collect()
    };
    SignedBody {
        body: vector.input["body"].as_str().expect("a text").to_owned(),
        signatures: texts("signatures"),
        keys: texts("keys"),
    }
}

fn receive(id: &str, mood: Mood) -> (Reply, Host) {
    call(Host::new(mood), |triggers, store| {
        triggers.call_receive(store, &delivery(id))
    })
}

#[track_caller]
fn check(id: &str, mood: Mood, status: u16, body: &str, notes: usize) -> Host {
    let (reply, host) = receive(id, mood);
    let found: Value = serde_json::from_str(&reply.body).expect("JSON");
    let expected: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((reply.status, found), (status, expected), "{id}");
    assert_eq!(host.notes.len(), notes, "notes of {id}");
    host
}

#[test]
fn a_webhook_is_answered_200_once_its_note_is_kept() {
    let host = check(
        "webhook-sample-sync-completed",
        Mood::Willing,
        200,
        RECEIVED,
        1,
    );
    assert_eq!(
        host.calls,
        ["keep-note"],
        "it loads nothing and makes no request"
    );
}

#[test]
fn a_webhook_that_cannot_be_kept_is_answered_500_so_that_it_comes_again() {
    let failed = r#"{"error": "Processing error"}"#;
    let host = check(
        "webhook-sample-sync-completed",
        Mood::Unavailable,
        500,
        failed,
        1,
    );
    assert!(
        host.log.iter().any(|line| line.starts_with("Level::Error")),
        "{:?}",
        host.log
    );
}

#[test]
fn a_webhook_for_an_account_that_nobody_linked_is_answered_200_and_logged_with_its_id() {
    let host = check(
        "webhook-sample-sync-completed",
        Mood::Unknown,
        200,
        RECEIVED,
        1,
    );
    let account = host.notes[0].account.as_str();
    let logged = |line: &String| line.starts_with("Level::Error") && line.contains(account);
    assert!(host.log.iter().any(logged), "{:?}", host.log);
}

#[test]
fn only_a_link_may_create_an_account() {
    let host = check("webhook-sample-linked", Mood::Willing, 200, RECEIVED, 1);
    assert!(host.notes[0].create && host.notes[0].secret.is_some());
    let host = check(
        "webhook-sample-sync-completed",
        Mood::Willing,
        200,
        RECEIVED,
        1,
    );
    assert!(!host.notes[0].create && host.notes[0].secret.is_none());
}

#[test]
fn a_refused_body_leaves_nothing_but_a_line_in_the_log() {
    let refused = r#"{"error": "Missing signature"}"#;
    let host = check("webhook-refused-missing", Mood::Willing, 401, refused, 0);
    assert_eq!((host.calls.len(), host.log.len()), (0, 1));
}

#[test]
fn no_token_reaches_the_log() {
    let host = check("webhook-sample-linked", Mood::Unknown, 200, RECEIVED, 1);
    let token = host.notes[0]
        .secret
        .as_ref()
        .expect("a token")
        .value
        .as_str();
    assert!(
        !host.log.iter().any(|line| line.contains(token)),
        "{:?}",
        host.log
    );
}

/// What linking an account leaves with the host.
pub fn link(mood: Mood) -> (Result<(), Failure>, Host) {
    let text = |text: &str| text.to_owned();
    let account = Account {
        id: text("a1"),
        category: text("hris"),
        integration: text("BambooHR"),
        integration_slug: text("bamboohr"),
        end_user_origin_id: String::new(),
        organization_name: text("Acme"),
        link_status: text("COMPLETE"),
        account_type: String::new(),
        is_duplicate: None,
    };
    let new = NewAccount {
        account,
        token: Some(text("secret")),
        linked_at: None,
    };
    call(Host::new(mood), |triggers, store| {
        triggers.call_link(store, &new)
    })
}

#[test]
fn a_link_is_a_note_with_the_token_and_the_whole_profile() {
    let (linked, host) = link(Mood::Willing);
    linked.expect("linked");
    let [note] = &host.notes[..] else {
        panic!("{:?}", host.notes)
    };
    assert!(note.create);
    assert_eq!(note.secret.as_ref().expect("a token").value, "secret");
    let profile = note.profile.as_ref().expect("a profile");
    assert_eq!(
        [
            &profile.id,
            &profile.category,
            &profile.integration,
            &profile.integration_slug
        ],
        ["a1", "hris", "BambooHR", "bamboohr"]
    );
    assert_eq!(
        [
            &profile.end_user_origin_id,
            &profile.organization_name,
            &profile.link_status
        ],
        ["", "Acme", "COMPLETE"]
    );
}

#[test]
fn a_link_that_cannot_be_kept_is_a_failure_of_the_store() {
    let (linked, _) = link(Mood::Unavailable);
    assert!(matches!(linked, Err(Failure::Store(_))), "{linked:?}");
}

#[test]
fn a_wrong_settings_document_is_refused_by_the_name_of_its_field() {
    let (checked, _) = call(Host::new(Mood::Willing), |triggers, store| {
        triggers.call_check_settings(store, r#"{"overlap": 1}"#)
    });
    let problem = checked.expect_err("refused");
    assert!(problem.message.contains("overlap"), "{}", problem.message);
    let (checked, _) = call(Host::new(Mood::Willing), |triggers, store| {
        triggers.call_check_settings(store, "{}")
    });
    checked.expect("accepted");
}
