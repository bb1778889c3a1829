//! Merge's words on what is wrong: asked for politely, and nowhere where there is no path.

use merge_sync_engine::command::{self, NewAccount};
use merge_sync_engine::http::SendError;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Account, Milliseconds, Secret};

use crate::support::{ACCOUNT, Host, at, ok, status, throttled};

/// An account whose next run asks for issues and nothing else.
fn in_trouble() -> Host {
    let mut host = Host::linked("{}");
    host.run(|_| status(401)).expect("a report");
    host.now = at("10:01");
    host.take_requests();
    host
}

#[test]
fn issues_are_read_while_an_account_needs_attention() {
    let mut host = in_trouble();
    let issues = r#"{"results":[{"id":"1","error_description":"The password changed."}]}"#;
    host.run(|_| ok(issues)).expect("a report");
    assert!(host.requests[0].contains("/issues?"), "{:?}", host.requests);
    assert_eq!(host.view().issues, ["The password changed."]);
    host.now = at("10:59");
    host.run(|target| panic!("{target}")).expect("a report");
}

#[test]
fn a_server_that_is_asked_for_issues_is_not_asked_again_sooner_than_it_said() {
    let mut host = in_trouble();
    host.run(|_| throttled(7_200)).expect("a report");
    assert_eq!(host.requests.len(), 1);
    // What the server asked for comes first, and a drawn delay on top.
    assert!(host.not_before >= Some(at("12:01")));
    host.now = at("12:00");
    host.run(|target| panic!("{target}")).expect("a report");
}

#[test]
fn a_refusal_of_issues_without_a_wait_holds_nothing_up() {
    let mut host = in_trouble();
    host.run(|_| status(503)).expect("a report");
    assert!(host.not_before < Some(host.now), "{:?}", host.not_before);
}

#[test]
fn issues_that_the_hosts_budget_holds_back_are_asked_for_later() {
    let mut host = in_trouble();
    let wait = Milliseconds(120_000);
    host.run(|_| Err(SendError::HeldBack(wait)))
        .expect("a report");
    assert_eq!(host.take_requests().len(), 1);
    assert_eq!(host.not_before, Some(host.now.plus(wait)));
    host.now = host.now.plus(wait);
    host.run(|_| ok(r#"{"results":[]}"#)).expect("a report");
    assert!(host.requests[0].contains("/issues"), "{:?}", host.requests);
}

#[test]
fn no_issues_are_asked_for_where_the_category_is_unknown() {
    let mut host = Host::new("{}");
    let new = NewAccount {
        account: Account {
            id: ACCOUNT.into(),
            ..Account::default()
        },
        token: Some(Secret("TOKEN-1".into())),
        linked_at: None,
    };
    host.keep(command::link(&new, host.now));
    host.run(|target| panic!("{target}")).expect("a report");
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::DropRequest);
    host.now = at("10:01");
    host.run(|target| panic!("{target}")).expect("a report");
}
