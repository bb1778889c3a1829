//! The category of an account, without which nothing of it can be asked for.

use merge_sync_engine::command::{self, NewAccount};
use merge_sync_engine::http::SendError;
use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::readiness::AccountPhase;
use merge_sync_logic::types::{Account, Milliseconds, Secret};

use crate::link::heard;
use crate::support::{ACCOUNT, Answer, Host, at, details, ok, page, quiet, status};
use crate::webhooks::{noted, noted_without_category, token};

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
