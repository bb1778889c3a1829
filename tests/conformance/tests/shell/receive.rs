//! `receive`, `link` and `check-settings`.

use merge_sync_conformance::load_vectors;
use serde_json::Value;

use crate::bindings::exports::merge_sync::triggers::signature::SignedBody;
use crate::bindings::exports::merge_sync::triggers::triggers::{
    Failure, NewAccount, Receipt, Reply,
};
use crate::bindings::exports::merge_sync::triggers::types::Account;
use crate::bindings::merge_sync::triggers::log::Level;
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

/// What came of it. Nothing of the host's was called.
fn receive(id: &str) -> Receipt {
    let (receipt, host) = call(Host::new(Mood::Unavailable), |triggers, store| {
        triggers.call_receive(store, &delivery(id))
    });
    assert_eq!((host.calls.len(), host.log.len()), (0, 0), "{id}");
    receipt
}

#[track_caller]
fn check_reply(reply: &Reply, status: u16, body: &str) {
    let found: Value = serde_json::from_str(&reply.body).expect("JSON");
    let expected: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((reply.status, found), (status, expected));
}

#[test]
fn a_webhook_has_a_note_and_a_reply_for_when_it_is_kept_and_one_for_when_it_is_not() {
    let receipt = receive("webhook-sample-sync-completed");
    check_reply(&receipt.reply, 200, RECEIVED);
    check_reply(
        &receipt.unkept_reply,
        500,
        r#"{"error": "Processing error"}"#,
    );
    let note = receipt.note.expect("a note");
    for log in [receipt.unknown_account_log, receipt.unkept_log] {
        let entry = log.expect("an entry");
        assert_eq!(entry.level, Level::Error);
        assert!(entry.fields.contains(&note.account), "{entry:?}");
    }
}

#[test]
fn only_a_link_may_create_an_account() {
    let note = receive("webhook-sample-linked").note.expect("a note");
    assert!(note.create && note.secret.is_some());
    let note = receive("webhook-sample-sync-completed").note;
    let note = note.expect("a note");
    assert!(!note.create && note.secret.is_none());
}

#[test]
fn a_refused_body_leaves_nothing_but_a_line_in_the_log() {
    let receipt = receive("webhook-refused-missing");
    check_reply(&receipt.reply, 401, r#"{"error": "Missing signature"}"#);
    assert!(receipt.note.is_none());
    assert_eq!(receipt.log.level, Level::Warn);
    assert!(receipt.unknown_account_log.is_none() && receipt.unkept_log.is_none());
}

#[test]
fn no_token_reaches_the_log() {
    let receipt = receive("webhook-sample-linked");
    let secret = receipt.note.and_then(|note| note.secret);
    let token = secret.expect("a token").value;
    for log in [
        Some(receipt.log),
        receipt.unknown_account_log,
        receipt.unkept_log,
    ] {
        let text = format!("{log:?}");
        assert!(!text.contains(&token), "{text}");
    }
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
