//! The state of the link: what webhooks say of it is a hint, and Merge's own answers decide.

use merge_sync_engine::command::{self, NewAccount};
use merge_sync_engine::store::{Note, Occasion};
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Account, LinkState, Milliseconds, Secret};

use crate::support::{ACCOUNT, Answer, Host, at, details, ok, page, quiet, row, status};
use crate::webhooks::{deliver, linked, noted, webhook};

/// A webhook that names no finish and says this of the link.
pub fn saying(link_status: &str) -> Note {
    let body = webhook("Employee.synced", r#"{"sync_status":"DONE"}"#).replace(
        r#""category":"hris""#,
        &format!(r#""category":"hris","status":"{link_status}""#),
    );
    deliver(&body).note.expect("a note")
}

/// A quiet Merge whose account has this link status.
pub fn merge(link_status: &str) -> impl FnMut(&str) -> Answer {
    let body = details(link_status);
    let mut rest = quiet("09:30");
    move |target| {
        if target.contains("/account-details") {
            ok(&body)
        } else {
            rest(target)
        }
    }
}

pub fn asked(host: &Host, part: &str) -> usize {
    let requests = host.requests.iter().filter(|to| to.contains(part));
    requests.count()
}

pub fn heard(host: &Host, occasion: Occasion) -> usize {
    let notices = host.notices.iter();
    notices.filter(|notice| notice.occasion == occasion).count()
}

/// A ready account at 10:05.
pub fn ready() -> Host {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    host.take_requests();
    host.notices.clear();
    host
}

#[test]
fn a_webhook_that_says_relink_is_looked_up_and_the_answer_is_believed() {
    let mut host = ready();
    host.keep(saying("RELINK_NEEDED"));
    host.run(merge("COMPLETE")).expect("a report");
    assert_eq!(asked(&host, "/api/hris/v1/account-details"), 1);
    assert_eq!(
        (host.view().link, host.view().trouble),
        (LinkState::Active, None)
    );
    host.now = at("10:20");
    host.keep(saying("RELINK_NEEDED"));
    host.run(merge("RELINK_NEEDED")).expect("a report");
    let view = host.view();
    assert_eq!(view.link, LinkState::RelinkNeeded);
    assert_eq!(view.account.link_status, "RELINK_NEEDED");
    let trouble = view.trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::Reauthorize);
    assert_eq!(trouble.since, at("10:20"));
    assert_eq!(heard(&host, Occasion::NeedsAttention), 1);
    let summary = &host.commits.last().expect("a commit").summary;
    assert_eq!(summary.link, LinkState::RelinkNeeded);
    assert_eq!(summary.trouble, Some(TroubleKind::Reauthorize));
}

/// An account that needs a relink, at 10:06.
fn relink_needed() -> Host {
    let mut host = ready();
    host.keep(saying("RELINK_NEEDED"));
    host.run(merge("RELINK_NEEDED")).expect("a report");
    host.now = at("10:06");
    host.take_requests();
    host
}

#[test]
fn a_needed_relink_survives_good_polls_and_stops_no_read() {
    let mut host = relink_needed();
    host.now = at("11:10");
    let mut answers = merge("RELINK_NEEDED");
    let newer = crate::support::done(&[("hris.Employee", "10:50")]);
    host.run(|target| match target {
        _ if target.contains("/sync-status") => ok(&newer),
        _ if target.contains("/employees") => ok(&page(&[("e1", "10:40")], None)),
        _ => answers(target),
    })
    .expect("a report");
    assert_eq!(host.rows.len(), 1, "{:?}", host.requests);
    assert_eq!(host.view().link, LinkState::RelinkNeeded);
    assert_eq!(heard(&host, Occasion::NeedsAttention), 1, "told once");
    assert_eq!(heard(&host, Occasion::Recovered), 0);
}

#[test]
fn a_needed_relink_is_shown_before_other_trouble_and_behind_a_refused_token() {
    for (answer, shown) in [
        (403, "Merge has lost access to the customer's system"),
        (401, "Merge does not accept"),
    ] {
        let mut host = relink_needed();
        host.now = at("11:10");
        host.run(|_| status(answer)).expect("a report");
        let trouble = host.view().trouble.expect("trouble");
        assert_eq!(trouble.kind, TroubleKind::Reauthorize, "{answer}");
        assert!(trouble.text.contains(shown), "{answer}: {}", trouble.text);
    }
}

#[test]
fn a_needed_relink_ends_with_complete_within_the_hour_though_no_webhook_tells() {
    let mut host = relink_needed();
    host.sleep();
    assert!(host.now <= at("11:06"), "{}", host.now);
    host.run(merge("COMPLETE")).expect("a report");
    let view = host.view();
    assert_eq!((view.link, view.trouble), (LinkState::Active, None));
    assert_eq!(heard(&host, Occasion::Recovered), 1);
}

#[test]
fn a_relink_is_looked_up_at_once() {
    let mut host = relink_needed();
    host.keep(linked("T2", true));
    assert_eq!(
        host.view().link,
        LinkState::RelinkNeeded,
        "not before it is known"
    );
    host.run(merge("COMPLETE")).expect("a report");
    assert_eq!(host.view().link, LinkState::Active);
}

#[test]
fn an_idle_link_neither_needs_a_relink_nor_mends_one() {
    let mut host = relink_needed();
    host.now = at("11:00");
    host.run(merge("IDLE")).expect("a report");
    assert_eq!(host.view().link, LinkState::RelinkNeeded);
    let mut host = ready();
    host.keep(saying("IDLE"));
    host.run(merge("IDLE")).expect("a report");
    assert_eq!(host.view().link, LinkState::Active);
    // What is known is no hint any more.
    host.now = at("10:30");
    host.take_requests();
    host.keep(saying("IDLE"));
    host.run(merge("IDLE")).expect("a report");
    assert_eq!(asked(&host, "/account-details"), 0, "{:?}", host.requests);
}

#[test]
fn the_link_is_looked_up_every_ten_minutes_at_most() {
    let mut host = ready();
    for _ in 0..90 {
        host.keep(saying("RELINK_NEEDED"));
        host.run(merge("COMPLETE")).expect("a report");
        host.now = host.now.plus(Milliseconds(10_000));
    }
    // 15 minutes: 10:05 and 10:15.
    assert_eq!(asked(&host, "/account-details"), 2, "{:?}", host.requests);
    assert!(host.notes.is_empty(), "each run takes its notes in");
    assert!(host.requests.len() < 8, "{:?}", host.requests);
}

#[test]
fn good_news_of_an_account_just_linked_needs_no_look_up() {
    let mut host = Host::linked("{}");
    host.keep(saying("COMPLETE"));
    host.run(merge("COMPLETE")).expect("a report");
    assert_eq!(asked(&host, "/account-details"), 0, "{:?}", host.requests);
    assert_eq!(host.view().account.link_status, "COMPLETE");
}

#[test]
fn an_issue_and_a_model_that_failed_or_was_paused_make_the_link_due() {
    let mut host = ready();
    host.keep(noted("Issue.new", "{}"));
    host.run(merge("RELINK_NEEDED")).expect("a report");
    assert_eq!(host.view().link, LinkState::RelinkNeeded);
    for state in ["FAILED", "PAUSED"] {
        let mut host = Host::linked("{}");
        let body = format!(
            r#"{{"results":[{}]}}"#,
            row("hris.Employee", state, Some("09:30"))
        );
        let mut rest = merge("RELINK_NEEDED");
        host.run(|target| {
            if target.contains("/sync-status") {
                ok(&body)
            } else {
                rest(target)
            }
        })
        .expect("a report");
        assert_eq!(host.view().link, LinkState::RelinkNeeded, "{state}");
    }
}

#[test]
fn a_third_party_that_is_offline_is_no_cause_to_ask_for_a_relink() {
    let mut host = ready();
    let said = r#"{"error_description":"Third-party offline"}"#;
    host.keep(noted("Issue.new", said));
    let mut rest = merge("COMPLETE");
    host.run(|target| {
        if target.contains("/issues") {
            ok(&format!(r#"{{"results":[{said}]}}"#))
        } else {
            rest(target)
        }
    })
    .expect("a report");
    let view = host.view();
    assert_eq!((view.link, view.trouble), (LinkState::Active, None));
    assert_eq!(view.issues, ["Third-party offline"]);
}

#[test]
fn an_answer_that_does_not_help_is_asked_for_again_in_an_hour() {
    for answer in [
        status(403),
        status(500),
        ok("<html>"),
        ok(r#"{"id":"another-account","status":"RELINK_NEEDED"}"#),
    ] {
        let mut host = ready();
        let mut rest = quiet("09:30");
        let mut refused = |target: &str| {
            if target.contains("/account-details") {
                answer.clone()
            } else {
                rest(target)
            }
        };
        for _ in 0..20 {
            host.keep(saying("RELINK_NEEDED"));
            host.run(&mut refused).expect("a report");
            host.now = host.now.plus(Milliseconds(60_000));
        }
        assert_eq!(asked(&host, "/account-details"), 1, "{answer:?}");
        assert_eq!(host.view().link, LinkState::Active, "{answer:?}");
        host.now = at("11:05");
        host.run(merge("RELINK_NEEDED")).expect("a report");
        assert_eq!(host.view().link, LinkState::RelinkNeeded, "{answer:?}");
    }
}

#[test]
fn a_paused_first_sync_says_what_ends_it() {
    let paused = row("hris.Employee", "PAUSED", None)
        .replace("\"is_initial_sync\":false", "\"is_initial_sync\":true");
    let body = format!(r#"{{"results":[{paused}]}}"#);
    let told = |link_status: &str| {
        let mut host = Host::linked("{}");
        let mut rest = merge(link_status);
        host.run(|target| {
            if target.contains("/sync-status") {
                ok(&body)
            } else {
                rest(target)
            }
        })
        .expect("a report");
        let trouble = host.view().trouble.expect("trouble");
        (trouble.kind, trouble.text)
    };
    let (kind, text) = told("COMPLETE");
    assert_eq!(kind, TroubleKind::InitialSync);
    assert!(text.contains("need not link again"), "{text}");
    let (kind, text) = told("RELINK_NEEDED");
    assert_eq!(kind, TroubleKind::Reauthorize);
    assert!(text.contains("has to link the account again"), "{text}");
}

#[test]
fn a_failed_first_sync_is_not_shown_as_a_paused_one() {
    let failed = row("hris.Employee", "FAILED", None);
    let body = format!(r#"{{"results":[{failed}]}}"#);
    let body = body.replace("\"is_initial_sync\":false", "\"is_initial_sync\":true");
    let mut host = Host::linked("{}");
    let mut rest = merge("COMPLETE");
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&body)
        } else {
            rest(target)
        }
    })
    .expect("a report");
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::InitialSync);
    assert!(
        trouble.text.contains("ended incomplete"),
        "{}",
        trouble.text
    );
}

#[test]
fn a_test_account_that_waits_is_shown_as_one() {
    let mut host = Host::new("{}");
    let new = NewAccount {
        account: Account {
            account_type: "TEST".into(),
            ..crate::support::account()
        },
        token: Some(Secret("TOKEN-1".into())),
        linked_at: None,
    };
    host.keep(command::link(&new, host.now));
    let paused = row("hris.Employee", "PAUSED", None)
        .replace("\"is_initial_sync\":false", "\"is_initial_sync\":true");
    let body = format!(r#"{{"results":[{paused}]}}"#);
    let mut rest = merge("COMPLETE");
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&body)
        } else {
            rest(target)
        }
    })
    .expect("a report");
    let view = host.view();
    assert!(view.trouble.expect("trouble").text.contains("test account"));
    let reason = &view.readiness.models[0].reason;
    assert!(reason.contains("Merge's dashboard"), "{reason}");
}

#[test]
fn a_look_up_that_fails_delays_no_read() {
    let mut host = ready();
    host.keep(saying("IDLE"));
    host.now = at("11:10");
    let newer = crate::support::done(&[("hris.Employee", "10:50")]);
    host.run(|target| match target {
        _ if target.contains("/account-details") => status(500),
        _ if target.contains("/sync-status") => ok(&newer),
        _ => ok(&page(&[("e1", "10:40")], None)),
    })
    .expect("a report");
    let order: Vec<_> = host
        .requests
        .iter()
        .map(|to| to.split('?').next())
        .collect();
    assert_eq!(host.rows.len(), 1, "{order:?}");
}

#[test]
fn an_account_of_an_earlier_version_is_read() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.state = format!(
        r#"{{"v":1,"account":{{"id":"{ACCOUNT}","category":"hris","link_status":"RELINK_NEEDED"}},"linked_at":1764237600000000,"life":"active","has_token":1,"complete":1,"was_ready":1,"announced_ready":1,"caught_up":1,"polls":1,"last_poll_at":1764237600000000,"next_poll_at":1764239400000000,"issues":["old"],"issues_read_at":1764237600000000,"models":[["hris.Employee",null,"DlD",[null,null,-1800000000,null,0],1,0]]}}"#
    );
    let view = host.view();
    assert_eq!(view.link, LinkState::Active, "a webhook alone said so");
    assert_eq!(view.issues, ["old"]);
    // Its note too.
    host.now = at("10:05");
    host.keep(Note {
        account: ACCOUNT.into(),
        key: "issue".into(),
        text: format!(r#"{{"account":{{"id":"{ACCOUNT}"}},"issue":"An old text."}}"#),
        secret: None,
        profile: None,
        create: false,
    });
    // What was adopted from a webhook is no decision: the same status is a hint still.
    host.keep(saying("RELINK_NEEDED"));
    host.run(merge("RELINK_NEEDED")).expect("a report");
    assert_eq!(host.view().link, LinkState::RelinkNeeded);
    assert!(host.view().issues.is_empty());
}
