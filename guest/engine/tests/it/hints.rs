//! Webhooks that say little: they cause few polls, lose nothing, and start no hot loop.

use merge_sync_engine::command::{self, NewAccount};
use merge_sync_engine::http::SendError;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Account, Milliseconds, Secret};

use crate::support::{Host, account, at, done, ok, page, quiet, row, status};
use crate::webhooks::{changed, deliver, linked, noted, webhook};

/// A webhook that names no finish.
const BARE: &str = r#"{"sync_status":"DONE"}"#;

/// A webhook that names one, and when.
fn finish(time: &str) -> String {
    format!(
        r#"{{"sync_status":{{"model_id":"hris.Employee","status":"DONE","last_sync_finished":"{}"}}}}"#,
        at(time)
    )
}

fn polls(host: &Host) -> usize {
    let polls = host
        .requests
        .iter()
        .filter(|to| to.contains("/sync-status"));
    polls.count()
}

/// A ready account at 10:05 whose last poll was at 10:00.
fn ready() -> Host {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    host.take_requests();
    host
}

#[test]
fn a_finish_that_a_webhook_names_is_looked_up_at_once() {
    let mut host = ready();
    let note = noted("Employee.synced", &finish("10:04"));
    assert_eq!(note.key, "poll");
    host.keep(note);
    host.run(quiet("10:04")).expect("a report");
    host.now = at("10:06");
    host.keep(noted("Employee.synced", &finish("10:05")));
    host.run(quiet("10:05")).expect("a report");
    assert_eq!(polls(&host), 2, "{:?}", host.requests);
}

#[test]
fn hints_that_name_no_finish_cause_one_poll_in_five_minutes_and_the_last_is_not_lost() {
    let mut host = ready();
    for _ in 0..60 {
        host.keep(noted("Employee.synced", BARE));
        host.run(quiet("09:30")).expect("a report");
        host.now = host.now.plus(Milliseconds(4_000));
    }
    assert_eq!(polls(&host), 1, "{:?}", host.requests);
    // No hot loop: nothing starts a run before the hint may poll.
    assert!(host.notes.is_empty());
    assert_eq!(host.due_at(), Some(at("10:10")));
    host.sleep();
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(polls(&host), 2, "{:?}", host.requests);
    assert!(host.due_at() > Some(at("10:14")), "{:?}", host.due_at());
}

#[test]
fn a_model_that_the_table_does_not_know_is_such_a_hint() {
    for (event, data) in [
        ("SomethingNew.changed", r#"{"id":"x"}"#.to_string()),
        (
            "SomethingNew.synced",
            finish("10:04").replace("hris.Employee", "hris.SomethingNew"),
        ),
    ] {
        assert_eq!(noted(event, &data).key, "hint", "{event}");
    }
}

#[test]
fn an_account_whose_token_is_refused_is_polled_for_hints_once_an_hour() {
    let mut host = ready();
    for _ in 0..1_000 {
        host.keep(noted("Employee.synced", BARE));
        host.run(|_| status(401)).expect("a report");
        host.now = host.now.plus(Milliseconds(3_000));
    }
    // 50 minutes of webhooks: one poll for the first, and the regular one an hour after that.
    assert_eq!(polls(&host), 1, "{:?}", host.requests);
}

#[test]
fn the_ten_seconds_after_a_poll_hold_whatever_was_answered() {
    for answer in [
        status(401),
        status(403),
        status(404),
        status(500),
        ok("<html>"),
        Err(SendError::NoToken),
        Err(SendError::Transport("reset".into())),
    ] {
        let mut host = ready();
        host.keep(noted("Employee.synced", &finish("10:04")));
        host.run(|_| answer.clone()).expect("a report");
        host.keep(noted("Employee.synced", &finish("10:04")));
        assert!(host.due_at() >= Some(at("10:05:10")), "{answer:?}");
        let asked = host.requests.len();
        host.now = at("10:05:09");
        host.run(|target| panic!("{target}")).expect("a report");
        assert_eq!(host.requests.len(), asked, "{answer:?}");
        assert_eq!(host.notes.len(), 1, "it waits for the next run: {answer:?}");
    }
}

#[test]
fn a_new_token_is_tried_though_the_old_one_was_just_refused_and_a_replay_is_not() {
    let mut host = Host::new("{}");
    let first = linked("T1", false);
    host.keep(first.clone());
    host.run(|_| status(401)).expect("a report");
    host.now = at("10:00:02");
    host.keep(first);
    host.run(|target| panic!("{target}")).expect("a report");
    host.keep(linked("T2", true));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(host.view().trouble, None);
    assert_eq!(host.token.as_ref().map(|token| &*token.0), Some("T2"));
}

#[test]
fn a_missing_token_is_nobodys_refusal() {
    let mut host = Host::linked("{}");
    host.run(|_| Err(SendError::NoToken)).expect("a report");
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::Reauthorize);
    assert!(!trouble.text.contains("401"), "{}", trouble.text);
    assert!(trouble.text.contains("token"), "{}", trouble.text);
    let found: Vec<_> = host.log.iter().map(|entry| &*entry.fields).collect();
    assert!(!found.join(" ").contains("401"), "{found:?}");
}

/// The lower bound of the only list that was asked for.
fn lower_bound(host: &mut Host) -> String {
    let requests = host.take_requests();
    let [target] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let (_, after) = target.split_once("modified_after=").expect("a bound");
    after.split('&').next().unwrap_or_default().to_string()
}

#[test]
fn a_record_stamped_in_the_future_does_not_silence_later_hints() {
    let mut host = ready();
    host.keep(changed("hris.Employee"));
    host.run(|_| ok(&page(&[("e1", "23:00")], None)))
        .expect("a report");
    assert_eq!(lower_bound(&mut host), "2025-11-27T09:25:00Z");
    host.now = at("10:10");
    host.keep(changed("hris.Employee"));
    host.run(|_| ok(&page(&[], None))).expect("a report");
    // Five minutes before the first hint fetch ended, not before what the record says.
    assert_eq!(lower_bound(&mut host), "2025-11-27T10:00:00Z");
}

#[test]
fn each_failed_sync_is_looked_behind() {
    let mut host = ready();
    let mut lists = Vec::new();
    for (time, start) in [("10:35", "10:30"), ("11:40", "10:30"), ("12:45", "12:40")] {
        host.now = at(time);
        let failed = row("hris.Employee", "FAILED", Some("09:30")).replace(
            r#""last_sync_start":null"#,
            &format!(r#""last_sync_start":"{}""#, at(start)),
        );
        let body = format!(r#"{{"results":[{failed}]}}"#);
        host.keep(noted("Employee.synced", &finish(time)));
        host.run(|target| {
            if target.contains("/sync-status") {
                return ok(&body);
            }
            if target.contains("/employees") {
                lists.push(time);
            }
            ok(&page(&[], None))
        })
        .expect("a report");
    }
    assert_eq!(lists, ["10:35", "12:45"]);
}

/// A `/sync-status` whose finish of employees cannot be read.
fn unreadable() -> String {
    done(&[("hris.Employee", "09:30"), ("hris.Team", "10:30")]).replacen(
        &format!("\"{}\"", at("09:30")),
        "\"27/11/2025 at half past nine\"",
        1,
    )
}

#[test]
fn a_finish_that_cannot_be_read_is_trouble_and_not_caught_up_and_stops_no_other_model() {
    let mut host = Host::linked("{}");
    let body = unreadable();
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&body)
        } else {
            ok(&page(&[("t1", "10:00")], None))
        }
    })
    .expect("a report");
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::Unreadable);
    assert!(trouble.text.contains("hris.Employee"), "{}", trouble.text);
    let warned = host.log.iter().filter(|entry| {
        entry.message == "fields of the sync status cannot be read"
            && entry.fields.contains("hris.Employee.last_sync_finished")
    });
    assert_eq!(warned.count(), 1);
    assert_eq!(host.rows.len(), 1, "teams are read");
    let heard = |host: &Host, name: &str| {
        let notices = host.notices.iter();
        notices
            .filter(|notice| format!("{:?}", notice.occasion) == name)
            .count()
    };
    assert_eq!(heard(&host, "CaughtUp"), 0);
    assert_eq!(heard(&host, "NeedsAttention"), 1);
    // It ends when the field can be read.
    host.now = at("11:30");
    let body = done(&[("hris.Employee", "09:30"), ("hris.Team", "10:30")]);
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&body)
        } else {
            ok(&page(&[], None))
        }
    })
    .expect("a report");
    assert_eq!(host.view().trouble, None);
    assert_eq!(heard(&host, "CaughtUp"), 1);
    assert_eq!(heard(&host, "Recovered"), 1);
}

#[test]
fn one_warning_names_every_field_that_cannot_be_read() {
    let mut host = Host::linked("{}");
    let body = unreadable().replace(r#""last_sync_start":null"#, r#""last_sync_start":"soon""#);
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&body)
        } else {
            ok(&page(&[], None))
        }
    })
    .expect("a report");
    let warned: Vec<_> = host
        .log
        .iter()
        .filter(|entry| entry.message == "fields of the sync status cannot be read")
        .collect();
    assert_eq!(warned.len(), 1);
    let names = "hris.Employee.last_sync_start, hris.Employee.last_sync_finished, \
                 hris.Team.last_sync_start";
    assert!(
        warned[0].fields.contains(&format!("\"{names}\"")),
        "{}",
        warned[0].fields
    );
}

/// A webhook, and an operator, whose every text holds U+0000.
#[test]
fn nothing_that_is_stored_holds_a_nul() {
    let body = webhook("LinkedAccount.linked", r#"{"account_token":"T1"}"#).replace(
        r#""integration":"Example HRIS""#,
        r#""integration":"a\u0000b","end_user_organization_name":"c\u0000d""#,
    );
    let mut notes = vec![deliver(&body).note.expect("a note")];
    let account = Account {
        integration: "a\0b".into(),
        organization_name: "c\0d".into(),
        end_user_origin_id: "e\0f".into(),
        ..account()
    };
    let new = NewAccount {
        account,
        token: Some(Secret("T1".into())),
        linked_at: None,
    };
    notes.push(command::link(&new, at("10:00")));
    for note in notes {
        let profile = note.profile.clone().expect("a profile");
        assert_eq!(profile.integration, "a\u{fffd}b");
        assert_eq!(profile.organization_name, "c\u{fffd}d");
        assert!(!profile.end_user_origin_id.contains('\0'));
        assert!(!note.text.contains("\\u0000"), "{}", note.text);
        let mut host = Host::new("{}");
        host.keep(note);
        host.run(|target| {
            if target.contains("/issues") {
                return ok(r#"{"results":[{"error_description":"g\u0000h"}]}"#);
            }
            status(401)
        })
        .expect("a report");
        host.now = at("10:01");
        host.run(|_| ok(r#"{"results":[{"error_description":"g\u0000h"}]}"#))
            .expect("a report");
        assert!(!host.state.contains("\\u0000"), "{}", host.state);
        assert_eq!(host.view().issues, ["g\u{fffd}h"]);
    }
}
