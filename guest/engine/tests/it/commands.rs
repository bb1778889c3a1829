//! What an operator asks for, and what people see.

use merge_sync_engine::command::Command;
use merge_sync_logic::readiness::AccountPhase;
use merge_sync_logic::types::{LinkState, Milliseconds};

use crate::support::{Host, at, done, ok, page, quiet, row, throttled};
use crate::webhooks::{changed, linked};

#[test]
fn a_paused_account_takes_webhooks_in_and_asks_nothing() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.request(Command::Pause);
    assert!(host.view().paused);
    assert_eq!(host.wake_at, None);
    host.now = at("10:05");
    host.keep(changed("hris.Employee"));
    host.run(|target| panic!("{target}")).expect("a report");
    assert!(host.notes.is_empty(), "taken into the state");
    host.request(Command::Resume);
    assert_eq!(host.due_at(), Some(host.now));
    host.take_requests();
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(
        host.requests.len(),
        2,
        "a poll, and the hint that came meanwhile"
    );
}

#[test]
fn unlink_erases_the_token_and_a_relink_begins_anew() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.request(Command::Unlink);
    assert_eq!((host.token.clone(), host.wake_at), (None, None));
    host.now = at("10:05");
    host.keep(changed("hris.Employee"));
    host.run(|target| panic!("{target}")).expect("a report");
    host.link("TOKEN-2");
    host.run(quiet("09:30")).expect("a report");
    assert!(host.token.is_some() && host.wake_at.is_some());
}

#[test]
fn a_link_that_no_run_has_read_yet_does_not_bring_an_unlinked_account_back() {
    let mut host = Host::new("{}");
    let linked = linked("TOKEN-1", false);
    host.keep(linked.clone());
    host.request(Command::Unlink);
    let view = host.view();
    assert_eq!((view.link, view.wake_at), (LinkState::Unlinked, None));
    assert_eq!(view.account.integration, "Example HRIS", "it has its name");
    assert_eq!((host.token.clone(), host.due_at()), (None, None));
    host.now = at("10:05");
    host.keep(linked);
    host.run(|target| panic!("{target}"))
        .expect("a replay changes nothing");
    assert_eq!(host.view().link, LinkState::Unlinked);
    host.link("TOKEN-2");
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(host.view().link, LinkState::Active);
}

#[test]
fn reset_keeps_who_the_account_is_and_reads_everything_again() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.request(Command::Reset);
    assert_eq!(host.view().account.category, "hris");
    host.now = at("10:05");
    host.take_requests();
    host.run(quiet("09:30")).expect("a report");
    assert!(
        !host.requests[1].contains("modified_after"),
        "{:?}",
        host.requests
    );
    assert!(host.token.is_some());
}

#[test]
fn reset_keeps_what_the_server_demanded() {
    let mut host = Host::linked("{}");
    host.run(|_| throttled(600)).expect("a report");
    let demanded = host.not_before.expect("a wait");
    assert!(demanded >= at("10:10"), "{demanded}");
    host.request(Command::Reset);
    assert_eq!(host.not_before, Some(demanded));
    host.now = at("10:09");
    host.run(|target| panic!("{target}")).expect("a report");
}

#[test]
fn the_view_of_an_account_just_linked_has_its_name() {
    let host = Host::linked("{}");
    let view = host.view();
    assert_eq!(view.account.integration, "Example HRIS");
    assert_eq!(view.readiness.phase, AccountPhase::Unknown);
    assert!(view.models.is_empty());
}

#[test]
fn the_view_answers_for_the_models_asked_about() {
    let mut host = Host::linked("{}");
    let half = format!(
        r#"{{"results":[{},{}]}}"#,
        row("hris.Employee", "DONE", Some("09:30")),
        row("hris.Team", "SYNCING", None)
    );
    host.run(|_| ok(&half)).expect("a report");
    assert_eq!(host.view().readiness.phase, AccountPhase::Syncing);
    let view = merge_sync_engine::view::inspect(
        crate::support::ACCOUNT,
        &host.load(),
        &["hris.Employee".to_string()],
        &host.settings,
        host.now,
    )
    .expect("a view");
    assert_eq!(view.readiness.phase, AccountPhase::Ready);
    assert_eq!((view.readiness.ready, view.readiness.needed), (1, 1));
}

#[test]
fn settings_choose_the_models_and_what_to_ask_for() {
    let mut host = Host::linked(
        r#"{"models":["hris.Employee"],"query_extra":{"hris.Employee":"include_remote_data=true"},"endpoint_overrides":{"hris.Employee":{"path":"/api/hris/v1/people","filtered":false}}}"#,
    );
    host.run(|target| {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30"), ("hris.Team", "09:30")]));
        }
        ok(&page(&[], None))
    })
    .expect("a report");
    assert_eq!(
        host.requests[1..],
        ["/api/hris/v1/people?include_deleted_data=true&include_remote_data=true&page_size=100"]
    );
}

#[test]
fn a_model_at_rest_takes_at_most_two_hundred_bytes_of_state() {
    let models: Vec<String> = (0..40)
        .map(|number| format!("hris.Model{number:02}"))
        .collect();
    let overrides: Vec<String> = models
        .iter()
        .map(|model| format!(r#""{model}":{{"path":"/api/hris/v1/x","filtered":true}}"#))
        .collect();
    let settings = format!(r#"{{"endpoint_overrides":{{{}}}}}"#, overrides.join(","));
    let mut host = Host::linked(&settings);
    let rows: Vec<String> = models
        .iter()
        .map(|model| {
            let name = model.split_once('.').unwrap().1;
            format!(
                r#"{{"model_id":"{model}","model_name":"{name}","status":"DONE","is_initial_sync":false,"last_sync_result":"DONE","last_sync_start":"2025-11-27T08:39:49.905833Z","next_sync_start":"2025-11-28T08:39:49.905833Z","last_sync_finished":"2025-11-27T09:12:03.118402Z","data_fresh_as_of":"2025-11-27T08:39:49.905833Z"}}"#
            )
        })
        .collect();
    let body = format!(r#"{{"results":[{}]}}"#, rows.join(","));
    for _ in 0..3 {
        host.run(|target| {
            if target.contains("/sync-status") {
                ok(&body)
            } else {
                ok(&page(&[("e", "09:00")], None))
            }
        })
        .expect("a report");
        host.now = host.now.plus(Milliseconds(20_000));
    }
    let mut small = Host::linked("{}");
    small.run(|_| ok(r#"{"results":[]}"#)).expect("a report");
    let per_model = (host.state.len() - small.state.len()) / models.len();
    assert!(
        per_model <= 200,
        "{per_model} bytes a model: {}",
        host.state
    );
}

#[test]
fn a_reread_is_carried_out_also_where_none_is_due_by_itself() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    host.run(quiet("09:30")).expect("a report");
    host.now = at("11:00");
    for command in [
        Command::Reread,
        Command::RereadModel("hris.Employee".into()),
    ] {
        host.take_requests();
        host.request(command);
        host.run(quiet("09:30")).expect("a report");
        let asked = host.requests.iter().filter(|to| to.contains("/employees"));
        assert_eq!(asked.count(), 1, "{:?}", host.requests);
        host.sleep();
    }
}

#[test]
fn a_reset_leaves_a_paused_account_paused_and_an_unlinked_one_unlinked() {
    for (command, is_paused) in [(Command::Pause, true), (Command::Unlink, false)] {
        let mut host = Host::linked("{}");
        host.run(quiet("09:30")).expect("a report");
        host.request(command);
        host.request(Command::Reset);
        assert_eq!(host.view().paused, is_paused);
        assert_eq!(host.wake_at, None);
        host.take_requests();
        host.run(|target| panic!("asked for {target}"))
            .expect("a report");
    }
}

#[test]
fn a_reset_looks_up_what_was_known_of_the_link() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.request(Command::Reset);
    host.take_requests();
    host.now = at("11:00");
    host.run(quiet("09:30")).expect("a report");
    let asked = host
        .requests
        .iter()
        .filter(|to| to.contains("/account-details"));
    assert_eq!(asked.count(), 1, "{:?}", host.requests);
}
