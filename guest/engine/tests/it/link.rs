//! The link itself: what webhooks say of it is a hint, and Merge's own answers decide.

use merge_sync_engine::command::{self, NewAccount};
use merge_sync_engine::http::SendError;
use merge_sync_engine::store::{Note, Occasion, TokenChange};
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::readiness::AccountPhase;
use merge_sync_logic::types::{Account, LinkState, Milliseconds, Secret};

use crate::support::{ACCOUNT, Answer, Host, at, details, ok, on, page, quiet, row, status};
use crate::webhooks::{deliver, linked, noted, noted_without_category, token, webhook};

const HOUR: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// A webhook that names no finish and says this of the link.
fn saying(link_status: &str) -> Note {
    let body = webhook("Employee.synced", r#"{"sync_status":"DONE"}"#).replace(
        r#""category":"hris""#,
        &format!(r#""category":"hris","status":"{link_status}""#),
    );
    deliver(&body).note.expect("a note")
}

/// A quiet Merge whose account has this link status.
fn merge(link_status: &str) -> impl FnMut(&str) -> Answer {
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

fn asked(host: &Host, part: &str) -> usize {
    let requests = host.requests.iter().filter(|to| to.contains(part));
    requests.count()
}

fn heard(host: &Host, occasion: Occasion) -> usize {
    let notices = host.notices.iter();
    notices.filter(|notice| notice.occasion == occasion).count()
}

/// A ready account at 10:05.
fn ready() -> Host {
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

// --- Without a category.

/// An account linked by a webhook that does not say its category.
fn without_category() -> Host {
    let mut host = Host::new("{}");
    let data = r#"{"account_token":"T1","is_relink":false}"#;
    host.keep(noted_without_category("LinkedAccount.linked", data));
    host
}

/// Merge knows the account under `category` alone.
fn only_under(category: &str) -> impl FnMut(&str) -> Answer {
    let prefix = format!("/api/{category}/v1/");
    let body = details("COMPLETE").replace("hris", category);
    let model = if category == "ats" {
        "ats.Candidate"
    } else {
        "crm.CRMContact"
    };
    let statuses = crate::support::done(&[(model, "09:30")]);
    move |target| {
        if !target.starts_with(&prefix) {
            return status(if target.contains("/hris/") { 403 } else { 404 });
        }
        if target.contains("/account-details") {
            ok(&body)
        } else if target.contains("/sync-status") {
            ok(&statuses)
        } else {
            ok(&page(&[], None))
        }
    }
}

#[test]
fn an_account_without_a_category_is_looked_for_under_one_a_minute_until_it_is_found() {
    let mut host = without_category();
    let mut merge = only_under("crm");
    let mut times = Vec::new();
    for _ in 0..20 {
        let before = host.requests.len();
        host.run(&mut merge).expect("a report");
        if host.requests.len() > before {
            times.push(host.now);
        }
        if !host.view().account.category.is_empty() {
            break;
        }
        let trouble = host.view().trouble.expect("trouble");
        assert_eq!(
            trouble.kind,
            TroubleKind::Retrying,
            "not yet anybody's task"
        );
        host.sleep();
    }
    let looked: Vec<_> = host.requests[..5]
        .iter()
        .map(|target| target.split('/').nth(2).unwrap_or_default())
        .collect();
    assert_eq!(looked, ["hris", "ats", "accounting", "ticketing", "crm"]);
    for pair in times.windows(2) {
        assert_eq!(pair[1].since(pair[0]), Milliseconds(60_000));
    }
    let view = host.view();
    assert_eq!((&*view.account.category, view.trouble), ("crm", None));
    // The very run that found it goes on to sync.
    assert_eq!(host.requests[5], "/api/crm/v1/sync-status?page_size=100");
    assert_eq!(view.readiness.phase, AccountPhase::Ready);
}

#[test]
fn an_account_that_is_found_nowhere_is_trouble_and_is_looked_for_again_in_an_hour() {
    let mut host = without_category();
    for _ in 0..11 {
        host.run(|_| status(404)).expect("a report");
        host.sleep();
    }
    assert_eq!(host.requests.len(), 11);
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::DropRequest);
    assert!(
        !trouble.text.contains("link the account again"),
        "{}",
        trouble.text
    );
    assert_eq!(heard(&host, Occasion::NeedsAttention), 1);
    assert_eq!(host.now, at("11:10"), "ten minutes, and an hour");
    host.run(only_under("hris")).expect("a report");
    assert_eq!(host.requests[11], "/api/hris/v1/account-details");
}

#[test]
fn a_failure_that_says_nothing_of_the_category_is_met_with_patience() {
    let mut host = without_category();
    host.run(|_| status(401)).expect("a report");
    assert_eq!(
        host.view().trouble.map(|trouble| trouble.kind),
        Some(TroubleKind::Reauthorize)
    );
    assert_eq!(host.due_at(), Some(at("11:00")), "hourly");
    let mut host = without_category();
    for _ in 0..3 {
        host.run(|_| status(503)).expect("a report");
        host.sleep();
    }
    assert!(host.requests.iter().all(|to| to.contains("/hris/")));
    host.run(|_| Err(SendError::HeldBack(Milliseconds(5_000))))
        .expect("a report");
    assert_eq!(host.due_at(), Some(host.now.plus(Milliseconds(5_000))));
}

#[test]
fn an_account_without_a_category_that_merge_disowns_for_a_day_is_unlinked() {
    let mut host = without_category();
    host.run(|_| status(401)).expect("a report");
    host.keep(noted_without_category("LinkedAccount.deleted", "{}"));
    for _ in 0..26 {
        assert!(token(&host).is_some(), "{}", host.now);
        host.sleep();
        host.run(|_| status(401)).expect("a report");
        if host.wake_at.is_none() {
            break;
        }
    }
    assert_eq!((token(&host), host.wake_at), (None, None));
    assert_eq!(heard(&host, Occasion::Unlinked), 1);
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
fn a_later_webhook_brings_the_category() {
    let mut host = without_category();
    host.run(|_| status(404)).expect("a report");
    host.now = at("10:00:20");
    host.keep(noted("Employee.synced", "{}"));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(host.view().account.category, "hris");
    assert_eq!(host.view().trouble, None);
    let mut host = without_category();
    host.run(|_| status(404)).expect("a report");
    host.now = at("10:00:20");
    let data = r#"{"sync_status":{"hris.Employee":{"status":"DONE"}}}"#;
    host.keep(noted_without_category("LinkedAccount.sync_completed", data));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(host.view().account.category, "hris", "by its models");
}

// --- Deleted at Merge.

fn deleted() -> Note {
    noted("LinkedAccount.deleted", "{}")
}

#[test]
fn only_a_day_of_refusals_erases_the_token_and_the_account_is_unlinked_from_the_first() {
    for code in [401, 404] {
        let mut host = ready();
        host.keep(deleted());
        host.run(|_| status(code)).expect("a report");
        let first = host.now;
        let mut polls = 1;
        while host.now.since(first) < Milliseconds(HOUR.0 * 24) {
            let view = host.view();
            assert_eq!(view.link, LinkState::Unlinked, "from the first answer");
            assert_eq!(view.readiness.phase, AccountPhase::NeedsAttention);
            let text = view.trouble.expect("trouble").text;
            assert!(text.contains("deleted"), "{text}");
            let summary = &host.commits.last().expect("a commit").summary;
            assert_eq!(summary.link, LinkState::Unlinked);
            assert_eq!(summary.phase, AccountPhase::NeedsAttention);
            assert!(token(&host).is_some(), "{polls} polls");
            let before = host.now;
            host.sleep();
            assert!(host.now.since(before) <= HOUR);
            polls += 1;
            host.run(|_| status(code)).expect("a report");
        }
        assert!(polls >= 24, "{polls}");
        assert_eq!(host.commits.last().unwrap().token, TokenChange::Erase);
        assert_eq!((token(&host), host.wake_at), (None, None));
        assert_eq!(host.view().link, LinkState::Unlinked);
        assert_eq!(heard(&host, Occasion::Unlinked), 1);
        assert_ne!(host.view().readiness.phase, AccountPhase::Ready);
    }
}

/// Hours of 401 after a `deleted`, and what was answered at the given one instead.
fn disowned_but(other: impl Fn() -> Answer, at_hour: usize, hours: usize) -> Host {
    let mut host = ready();
    host.keep(deleted());
    for hour in 0..hours {
        host.run(|target| {
            if hour == at_hour && target.contains("/sync-status") {
                other()
            } else {
                status(401)
            }
        })
        .expect("a report");
        host.now = host.now.plus(HOUR);
    }
    host
}

#[test]
fn one_good_answer_ends_the_count() {
    let good = || ok(&crate::support::done(&[("hris.Employee", "09:30")]));
    let mut host = disowned_but(good, 20, 40);
    assert!(token(&host).is_some());
    assert_eq!(host.view().link, LinkState::Active, "an ordinary 401 since");
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(host.view().link, LinkState::Active);
    assert_eq!(host.view().trouble, None);
}

#[test]
fn an_answer_of_another_kind_begins_the_day_again() {
    let host = disowned_but(|| status(503), 20, 30);
    assert!(token(&host).is_some());
    assert_eq!(host.view().link, LinkState::Unlinked);
    let host = disowned_but(|| status(503), 20, 46);
    assert!(token(&host).is_none());
}

#[test]
fn two_refusals_a_day_apart_are_not_a_day_of_refusals() {
    let mut host = ready();
    host.keep(deleted());
    host.run(|_| status(401)).expect("a report");
    // The host was down, or the clock was set.
    host.now = on("2025-11-29", "10:00");
    host.run(|_| status(401)).expect("a report");
    assert!(token(&host).is_some());
}

#[test]
fn a_late_or_replayed_deletion_does_no_harm() {
    let mut host = ready();
    let note = deleted();
    for time in ["10:05", "10:30", "12:00"] {
        host.now = at(time);
        host.keep(note.clone());
        host.run(quiet("09:30")).expect("a report");
        assert!(token(&host).is_some());
        assert_eq!(host.view().link, LinkState::Active, "{time}");
    }
}

#[test]
fn a_replayed_link_does_not_bring_a_deleted_account_back_and_a_new_one_does() {
    let mut host = Host::new("{}");
    let link = linked("T1", false);
    host.keep(link.clone());
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    host.keep(deleted());
    for _ in 0..25 {
        host.run(|_| status(404)).expect("a report");
        host.now = host.now.plus(HOUR);
    }
    assert_eq!((token(&host), host.wake_at), (None, None));
    host.keep(link);
    host.run(|target| panic!("{target}")).expect("a report");
    assert_eq!((token(&host), host.wake_at), (None, None));
    assert_eq!(host.view().link, LinkState::Unlinked);
    host.keep(linked("T2", true));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T2"));
    assert_eq!(host.view().link, LinkState::Active);
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

#[test]
fn a_deletion_that_is_told_again_and_again_is_looked_up_once_in_an_hour() {
    let mut host = ready();
    let end = host.now.plus(Milliseconds(HOUR.0 * 3));
    while host.now < end {
        host.keep(deleted());
        host.run(|_| status(401)).expect("a report");
        host.now = host.now.plus(Milliseconds(20_000));
    }
    assert!(asked(&host, "/sync-status") <= 4, "{:?}", host.requests);
}

/// Nobody looks after it any more, which is not the end of a trouble.
#[test]
fn an_account_that_ends_in_trouble_has_not_recovered() {
    let mut host = ready();
    host.keep(deleted());
    for _ in 0..30 {
        host.run(|_| status(401)).expect("a report");
        host.now = host.now.plus(HOUR);
    }
    assert_eq!(heard(&host, Occasion::NeedsAttention), 1);
    assert_eq!(heard(&host, Occasion::Unlinked), 1);
    assert_eq!(heard(&host, Occasion::Recovered), 0);

    let mut host = ready();
    host.request(command::Command::Poll);
    host.run(|_| status(401)).expect("a report");
    host.request(command::Command::Unlink);
    assert_eq!(heard(&host, Occasion::NeedsAttention), 1);
    assert_eq!(heard(&host, Occasion::Recovered), 0);
}

#[test]
fn a_category_is_known_however_it_is_written() {
    let mut host = Host::new("{}");
    let account = Account {
        id: ACCOUNT.into(),
        category: " HRIS ".into(),
        ..Account::default()
    };
    let new = NewAccount {
        account,
        token: Some(Secret("T".into())),
        linked_at: None,
    };
    host.keep(command::link(&new, host.now));
    host.run(quiet("09:30")).expect("a report");
    assert!(
        host.requests[0].starts_with("/api/hris/v1/"),
        "{:?}",
        host.requests
    );
}
