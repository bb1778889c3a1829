//! Merge's words on what is wrong: asked for politely, and nowhere where there is no path.

use merge_sync_engine::command::{self, NewAccount};
use merge_sync_engine::http::SendError;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Account, Milliseconds, Secret};

use crate::support::{ACCOUNT, Answer, Host, at, ok, quiet, status, throttled};
use crate::webhooks::{noted, noted_without_category};

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

/// A Merge whose account has these ongoing issues.
fn with_issues(descriptions: &[&str]) -> impl FnMut(&str) -> Answer {
    let all: Vec<String> = descriptions
        .iter()
        .map(|text| format!(r#"{{"id":"1","error_description":"{text}"}}"#))
        .collect();
    let body = format!(r#"{{"results":[{}]}}"#, all.join(","));
    let mut rest = quiet("09:30");
    move |target| {
        if target.contains("/issues") {
            ok(&body)
        } else {
            rest(target)
        }
    }
}

fn reads_of_issues(host: &Host) -> usize {
    let issues = host.requests.iter().filter(|to| to.contains("/issues"));
    issues.count()
}

#[test]
fn an_issue_event_is_a_hint_and_what_merge_answers_replaces_the_texts() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    let said = r#"{"error_description":"What the event says."}"#;
    host.keep(noted("Issue.new", said));
    host.run(with_issues(&["b", "a"])).expect("a report");
    assert_eq!(host.view().issues, ["b", "a"]);
    // Solved: it is gone, whatever the event says.
    host.now = at("10:10");
    host.keep(noted("Issue.resolved", said));
    host.run(with_issues(&[])).expect("a report");
    assert!(host.view().issues.is_empty(), "{:?}", host.view().issues);
}

#[test]
fn no_more_than_five_issues_are_kept() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    host.keep(noted("Issue.new", "{}"));
    host.run(with_issues(&["1", "2", "3", "4", "5", "6", "7"]))
        .expect("a report");
    assert_eq!(host.view().issues, ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_stream_of_issue_events_reads_them_once_a_minute_and_the_last_is_not_lost() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.take_requests();
    host.now = at("10:05");
    for _ in 0..30 {
        host.keep(noted("Issue.new", "{}"));
        host.run(with_issues(&["old"])).expect("a report");
        host.now = host.now.plus(Milliseconds(2_000));
    }
    // 10:05:00 and 10:06:00.
    assert_eq!(reads_of_issues(&host), 1, "{:?}", host.requests);
    host.sleep();
    assert_eq!(host.now, at("10:06"));
    host.run(with_issues(&["new"])).expect("a report");
    assert_eq!(reads_of_issues(&host), 2, "{:?}", host.requests);
    assert_eq!(host.view().issues, ["new"]);
}

#[test]
fn an_issue_whose_end_nobody_told_of_disappears_within_the_hour() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    host.keep(noted("Issue.new", "{}"));
    host.run(with_issues(&["a"])).expect("a report");
    host.now = at("11:10");
    host.run(with_issues(&[])).expect("a report");
    assert!(host.view().issues.is_empty(), "{:?}", host.view().issues);
}

#[test]
fn a_refused_read_of_issues_is_tried_again_in_an_hour_and_keeps_what_is_known() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    host.keep(noted("Issue.new", "{}"));
    host.run(with_issues(&["a"])).expect("a report");
    for (body, time) in [("<html>", "10:10"), ("", "11:20")] {
        host.now = at(time);
        host.take_requests();
        host.keep(noted("Issue.new", "{}"));
        let mut rest = quiet("09:30");
        let mut refused = |target: &str| match target {
            _ if !target.contains("/issues") => rest(target),
            _ if body.is_empty() => status(500),
            _ => ok(body),
        };
        host.run(&mut refused).expect("a report");
        host.now = host.now.plus(Milliseconds(120_000));
        host.keep(noted("Issue.new", "{}"));
        host.run(&mut refused).expect("a report");
        assert_eq!(reads_of_issues(&host), 1, "{:?}", host.requests);
        assert_eq!(host.view().issues, ["a"]);
    }
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
    host.keep(noted_without_category("Issue.new", "{}"));
    for _ in 0..12 {
        host.run(|_| status(404)).expect("a report");
        host.sleep();
    }
    assert_eq!(reads_of_issues(&host), 0, "{:?}", host.requests);
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::DropRequest);
}
