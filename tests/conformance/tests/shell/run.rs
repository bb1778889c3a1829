//! `run`, `request` and `inspect`.

use crate::bindings::exports::merge_sync::triggers::triggers::{Command, Failure};
use crate::call;
use crate::host::{Host, Mood};
use crate::receive;

fn account() -> String {
    "a1".to_owned()
}

/// A host with an account that was just linked.
fn linked(mood: Mood) -> Host {
    let (_, host) = receive::link(Mood::Willing);
    Host::with_account(mood, host.notes)
}

/// What went wrong, without its text.
fn kind<T>(result: &Result<T, Failure>) -> &'static str {
    match result {
        Ok(_) => "nothing",
        Err(Failure::Store(_)) => "store",
        Err(Failure::UnknownAccount(_)) => "unknown-account",
        Err(Failure::State(_)) => "state",
        Err(Failure::Settings(_)) => "settings",
    }
}

#[track_caller]
fn check_run(host: Host, failure: &str) -> Host {
    let (result, host) = call(host, |triggers, store| triggers.call_run(store, &account()));
    assert_eq!(kind(&result), failure, "{result:?}, {:?}", host.calls);
    host
}

#[track_caller]
fn check_request(host: Host, failure: &str) -> Host {
    let (result, host) = call(host, |triggers, store| {
        triggers.call_request(store, &account(), &Command::Poll)
    });
    assert_eq!(kind(&result), failure, "{result:?}, {:?}", host.calls);
    host
}

#[test]
fn a_run_asks_for_the_settings_before_anything_else() {
    let host = Host {
        settings: "[]",
        ..linked(Mood::Willing)
    };
    let host = check_run(host, "settings");
    assert_eq!(host.calls, ["settings"]);
}

#[test]
fn a_run_of_an_unknown_account_does_nothing() {
    let host = check_run(Host::new(Mood::Willing), "unknown-account");
    assert_eq!(host.calls, ["settings", "load"]);
}

#[test]
fn a_run_goes_to_its_end_though_merge_does_not_answer() {
    let host = check_run(linked(Mood::Willing), "nothing");
    assert!(
        host.count("send") > 0 && host.count("commit") > 0,
        "{:?}",
        host.calls
    );
    assert_eq!(host.count("load"), 1);
    assert!(host.changes.last().expect("a change").wake_at.is_some());
}

#[test]
fn a_run_that_finds_its_state_stale_goes_on_from_what_is_there_now() {
    let host = check_run(linked(Mood::Stale(1)), "nothing");
    let opening = ["settings", "load", "commit", "load", "commit"];
    assert!(host.calls.starts_with(&opening), "{:?}", host.calls);
    assert_eq!(host.changes[0].expected.as_deref(), Some("1"));
    assert_ne!(host.changes[1].expected.as_deref(), Some("1"));
}

#[test]
fn a_run_ends_where_the_store_is_gone() {
    let host = check_run(linked(Mood::Unavailable), "store");
    assert_eq!(host.count("commit"), 1, "{:?}", host.calls);
}

#[test]
fn a_request_loads_again_where_somebody_else_was_first() {
    let host = check_request(linked(Mood::Stale(2)), "nothing");
    assert_eq!((host.count("load"), host.count("commit")), (3, 3));
    let expected: Vec<_> = host
        .changes
        .iter()
        .map(|change| change.expected.clone())
        .collect();
    assert_eq!(expected[0].as_deref(), Some("1"));
    assert_ne!(
        expected[0], expected[1],
        "it decides on what it loaded last"
    );
}

#[test]
fn a_request_gives_up_after_eight_lost_races() {
    let host = check_request(linked(Mood::Stale(u32::MAX)), "store");
    assert_eq!((host.count("load"), host.count("commit")), (8, 8));
}

#[test]
fn a_request_does_not_insist_where_the_store_is_gone() {
    let host = check_request(linked(Mood::Unavailable), "store");
    assert_eq!(host.count("commit"), 1);
}

#[test]
fn a_request_for_an_unknown_account_commits_nothing() {
    let host = check_request(Host::new(Mood::Willing), "unknown-account");
    assert_eq!(host.count("commit"), 0);
}

#[test]
fn inspecting_only_loads() {
    let host = linked(Mood::Willing);
    let (view, host) = call(host, |triggers, store| {
        triggers.call_inspect(store, &account(), &[])
    });
    assert_eq!(kind(&view), "nothing", "{view:?}");
    assert_eq!(host.count("load"), 1);
    assert_eq!(
        (host.count("commit"), host.count("send"), host.notes.len()),
        (0, 0, 0)
    );
}

#[test]
fn inspecting_an_unknown_account_says_so() {
    let host = Host::new(Mood::Willing);
    let (view, _) = call(host, |triggers, store| {
        triggers.call_inspect(store, &account(), &[])
    });
    assert_eq!(kind(&view), "unknown-account");
}
