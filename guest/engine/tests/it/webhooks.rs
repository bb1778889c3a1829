//! Webhooks as notes: received, kept, turned into state, consumed by number.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use hmac::{Hmac, KeyInit, Mac};
use merge_sync_engine::command;
use merge_sync_engine::http::SendError;
use merge_sync_engine::log::Level;
use merge_sync_engine::receive::{Receipt, receive};
use merge_sync_engine::step::Effect;
use merge_sync_engine::store::Note;
use merge_sync_logic::signature::SignedBody;
use merge_sync_logic::types::Secret;
use sha2::Sha256;

use crate::support::{ACCOUNT, Host, account, at, ok, page, quiet, status};
use crate::wire;

const KEY: &str = "an-example-key";

pub fn signed(body: &str) -> SignedBody {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = URL_SAFE.encode(mac.finalize().into_bytes());
    SignedBody {
        body: body.into(),
        signatures: vec![signature],
        keys: vec![Secret(KEY.into())],
    }
}

pub fn deliver(body: &str) -> Receipt {
    both(&signed(body))
}

/// Natively and by text, which is the same.
fn both(delivery: &SignedBody) -> Receipt {
    let received = receive(delivery);
    assert_eq!(wire::receive(delivery), received);
    received
}

pub fn webhook(event: &str, data: &str) -> String {
    format!(
        r#"{{"hook":{{"event":"{event}"}},"linked_account":{{"id":"{ACCOUNT}","category":"hris","integration":"Example HRIS"}},"data":{data}}}"#
    )
}

pub fn noted(event: &str, data: &str) -> Note {
    let received = deliver(&webhook(event, data));
    assert_eq!(received.reply.status, 200);
    received.note.expect("a note")
}

/// As [`noted`], of an account whose category Merge does not say.
pub fn noted_without_category(event: &str, data: &str) -> Note {
    let body = webhook(event, data).replace(r#""category":"hris""#, r#""category":null"#);
    deliver(&body).note.expect("a note")
}

pub fn linked(token: &str, is_relink: bool) -> Note {
    let data = format!(r#"{{"account_token":"{token}","is_relink":{is_relink}}}"#);
    noted("LinkedAccount.linked", &data)
}

pub fn changed(model_id: &str) -> Note {
    let model = model_id.split_once('.').unwrap().1;
    noted(&format!("{model}.changed"), r#"{"id":"e9"}"#)
}

pub fn token(host: &Host) -> Option<&str> {
    host.token.as_ref().map(|token| token.0.as_str())
}

#[test]
fn a_refused_webhook_leaves_nothing_but_a_warning() {
    let received = both(&SignedBody {
        body: webhook("Employee.synced", "{}"),
        signatures: vec!["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()],
        keys: vec![Secret(KEY.into())],
    });
    assert_eq!((received.reply.status, received.note), (401, None));
    assert_eq!(received.log.level, Level::Warn);
}

#[test]
fn a_webhook_that_is_not_kept_is_answered_500_and_told_with_its_account() {
    let receipt = deliver(&webhook("Employee.synced", "{}"));
    let failed = r#"{"error": "Processing error"}"#;
    assert_eq!(
        (receipt.unkept_reply.status, &*receipt.unkept_reply.body),
        (500, failed)
    );
    for log in [receipt.unknown_account_log, receipt.unkept_log] {
        let entry = log.expect("an entry");
        assert_eq!(entry.level, Level::Error);
        assert!(entry.fields.contains(ACCOUNT), "{entry:?}");
    }
    let ping = deliver(r#"{"response":"Success! This URL will be notified."}"#);
    assert_eq!((ping.unknown_account_log, ping.unkept_log), (None, None));
}

#[test]
fn only_a_link_creates_an_account_and_keeps_its_token_apart_from_the_text() {
    let note = linked("EXAMPLE-TOKEN", false);
    assert!(note.create);
    assert_eq!(note.secret, Some(Secret("EXAMPLE-TOKEN".into())));
    assert!(!note.text.contains("EXAMPLE-TOKEN"));
    let note = noted("Employee.synced", r#"{"sync_status":"DONE"}"#);
    assert!(!note.create);
    assert_eq!(note.key, "hint");
    assert_eq!(changed("hris.Employee").key, "changed:hris.Employee");
    assert_eq!(noted("LinkedAccount.deleted", "{}").key, "unlinked");
}

#[test]
fn an_event_that_asks_nothing_leaves_no_note() {
    let received = deliver(r#"{"response":"Success! This URL will be notified."}"#);
    assert_eq!((received.reply.status, received.note), (200, None));
    let received = deliver("[]");
    assert_eq!((received.reply.status, received.note), (200, None));
    assert_eq!(received.log.level, Level::Warn);
}

#[test]
fn a_linked_webhook_starts_the_account_with_its_token() {
    let mut host = Host::new("{}");
    host.keep(linked("T1", false));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T1"));
    assert_eq!(host.view().account.integration, "Example HRIS");
}

#[test]
fn notes_are_consumed_by_the_numbers_that_were_loaded() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.sleep();
    let mut kept = false;
    host.drive(|host, effect| match effect {
        Effect::Send(request) => {
            if !kept {
                // While the run waits for Merge, the same key is noted again.
                host.keep(noted("Employee.synced", r#"{"sync_status":"DONE"}"#));
                kept = true;
            }
            Some(crate::support::answer(quiet("09:30")(&request.target)))
        }
        Effect::Commit(_) | Effect::Finished(_) => None,
    })
    .expect("a report");
    assert_eq!(
        host.notes.len(),
        1,
        "a note that came during the run stays for the next"
    );
    assert!(
        host.due_at() > Some(host.now),
        "not before ten seconds after the poll"
    );
}

#[test]
fn a_note_that_replaced_a_loaded_one_is_not_consumed_with_it() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    let synced = || noted("Employee.synced", r#"{"sync_status":"DONE"}"#);
    host.keep(synced());
    let mut replaced = false;
    host.drive(|host, effect| match effect {
        Effect::Commit(_) if !replaced => {
            host.keep(synced());
            replaced = true;
            None
        }
        Effect::Send(request) => Some(crate::support::answer(quiet("09:30")(&request.target))),
        Effect::Commit(_) | Effect::Finished(_) => None,
    })
    .expect("a report");
    assert_eq!(host.notes.len(), 1);
}

#[test]
fn a_relink_replaces_the_token_and_keeps_the_history() {
    let mut host = Host::new("{}");
    host.keep(linked("T1", false));
    host.run(quiet("09:30")).expect("a report");
    let progress = host.view().models[0].progress;
    host.now = at("10:01");
    host.keep(linked("T2", true));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T2"));
    assert_eq!(host.view().models[0].progress, progress);
}

#[test]
fn a_first_link_never_replaces_a_token_and_a_replay_does_nothing() {
    let mut host = Host::new("{}");
    let first = linked("T1", false);
    host.keep(first.clone());
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:01");
    let relink = linked("T2", true);
    host.keep(relink.clone());
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:02");
    host.keep(first);
    host.keep(linked("T3", false));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T2"));
    host.now = at("10:03");
    host.keep(linked("T4", true));
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:04");
    host.keep(relink);
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T4"));
}

#[test]
fn a_late_replay_of_an_old_link_does_not_push_out_a_new_token() {
    let mut host = Host::new("{}");
    let first = linked("T1", false);
    host.keep(first.clone());
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:01");
    host.keep(linked("T2", true));
    host.keep(first);
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T2"));
}

#[test]
fn without_the_webhook_a_404_erases_nothing() {
    let mut host = Host::linked("{}");
    host.run(|_| status(404)).expect("a report");
    assert!(token(&host).is_some());
    assert!(host.wake_at.is_some());
}

#[test]
fn a_relink_ends_missing_authorization_at_once() {
    let mut host = Host::linked("{}");
    let report = host.run(|_| status(401)).expect("a report");
    assert!(report.trouble.is_some());
    assert_eq!(host.wake_at, Some(at("11:00")), "hourly");
    // Nothing stands in the way of a new token, whenever the host starts the run.
    host.keep(linked("T2", true));
    assert!(host.due_at() <= Some(at("10:00:10")), "{:?}", host.due_at());
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(host.view().trouble, None);
}

/// A link that was completed at this minute of ten o'clock.
fn completed(token: &str, minute: u32) -> Note {
    let body = format!(
        r#"{{"hook":{{"event":"LinkedAccount.linked"}},"linked_account":{{"id":"{ACCOUNT}","category":"hris","completed_at":"2025-11-27T10:{minute:02}:00Z"}},"data":{{"account_token":"{token}","is_relink":true}}}}"#
    );
    deliver(&body).note.expect("a note")
}

#[test]
fn a_webhook_of_a_link_before_the_hosts_own_came_late() {
    let mut host = Host::new("{}");
    host.now = at("10:09");
    host.link("BY-HOST");
    for (token_said, minute, want) in [("T3", 3, "BY-HOST"), ("T4", 4, "T4")] {
        host.keep(completed(token_said, minute));
        host.sleep();
        host.run(quiet("09:30")).expect("a report");
        assert_eq!(token(&host), Some(want), "five minutes are allowed");
    }
    host.keep(completed("T8", 8));
    host.link("BY-HOST-AGAIN");
    host.sleep();
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(
        token(&host),
        Some("BY-HOST-AGAIN"),
        "a host's link is never late"
    );
}

#[test]
fn a_host_cannot_put_a_link_into_the_future() {
    let mut host = Host::new("{}");
    host.now = at("10:00");
    let new = command::NewAccount {
        account: account(),
        token: Some(Secret("BY-HOST".into())),
        linked_at: Some(at("23:00")),
    };
    host.keep(command::link(&new, host.now));
    host.keep(completed("T1", 1));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T1"));
}

#[test]
fn a_link_that_was_completed_before_the_one_in_hand_came_late() {
    let mut host = Host::linked("{}");
    for (token, minute) in [("T2", 2), ("T1", 1)] {
        host.keep(completed(token, minute));
        host.run(quiet("09:30")).expect("a report");
        host.sleep();
    }
    assert_eq!(token(&host), Some("T2"));
    // The same instant, or none, says nothing about which came first.
    host.keep(completed("T3", 2));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T3"));
    host.sleep();
    host.keep(linked("T4", true));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T4"));
}

#[test]
fn a_hint_in_flight_gives_way_to_a_window_and_comes_back() {
    let mut host = Host::linked(r#"{"run_limits":{"pages":1}}"#);
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    host.keep(changed("hris.Employee"));
    host.run(|_| ok(&page(&[("a", "10:01")], Some("h1"))))
        .expect("a report");
    host.now = at("11:30");
    host.take_requests();
    host.run(quiet("11:00")).expect("a report");
    assert!(
        host.requests[1].contains("modified_before"),
        "{:?}",
        host.requests
    );
    host.sleep();
    host.take_requests();
    host.run(quiet("11:00")).expect("a report");
    let hint = "/api/hris/v1/employees?include_deleted_data=true&modified_after=2025-11-27T10:55:00Z&page_size=100";
    assert_eq!(host.requests, [hint]);
}

#[test]
fn a_request_held_back_is_nobodys_failure() {
    let mut host = Host::linked("{}");
    let wait = merge_sync_logic::types::Milliseconds(5_000);
    let report = host
        .run(|_| Err(SendError::HeldBack(wait)))
        .expect("a report");
    assert_eq!(report.trouble, None);
    assert_eq!(host.due_at(), Some(at("10:00:05")));
}
