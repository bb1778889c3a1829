//! Small promises, each of which once nobody held: what a changed operator would have broken unseen.

use merge_sync_engine::command::Command;
use merge_sync_engine::http::{Header, Response};
use merge_sync_engine::settings::Settings;
use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{AccountPhase, Milliseconds};

use crate::support::{Answer, Host, at, done, ok, page, quiet, row, status};
use crate::webhooks::changed;

/// A refusal with a wait.
fn refused(code: u16, seconds: u32) -> Answer {
    let header = Header {
        name: "retry-after".into(),
        value: seconds.to_string(),
    };
    Ok(Response {
        status: code,
        headers: vec![header],
        body: String::new(),
    })
}

/// A Merge with this `/sync-status` and no records.
fn answer(target: &str, statuses: &str) -> Answer {
    ok(if target.contains("/sync-status") {
        statuses
    } else {
        r#"{"results":[]}"#
    })
}

fn trouble(host: &Host) -> Option<TroubleKind> {
    host.view().trouble.map(|trouble| trouble.kind)
}

#[test]
fn a_hint_for_a_model_that_is_not_listed_yet_survives_a_poll() {
    let mut host = Host::linked("{}");
    host.keep(changed("hris.Team"));
    host.run(quiet("09:30")).expect("a report");
    assert!(host.state.contains("hris.Team"), "{}", host.state);
    host.now = at("11:00");
    let none = done(&[("hris.Employee", "09:30")]);
    host.run(|target| answer(target, &none)).expect("a report");
    assert!(host.state.contains("hris.Team"), "{}", host.state);
}

#[test]
fn a_model_that_is_refused_with_a_wait_holds_up_no_other() {
    let mut host = Host::linked("{}");
    let both = done(&[("hris.Employee", "09:30"), ("hris.Team", "09:30")]);
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&both)
        } else if target.contains("/employees") {
            refused(403, 600)
        } else {
            ok(&page(&[("t1", "09:20")], None))
        }
    })
    .expect("a report");
    assert_eq!(host.rows.len(), 1, "{:?}", host.requests);
    assert!(
        host.not_before <= Some(at("10:00:10")),
        "{:?}",
        host.not_before
    );
}

#[test]
fn the_worst_trouble_of_several_models_is_shown() {
    let mut host = Host::linked("{}");
    let all = done(&[
        ("hris.Employee", "09:30"),
        ("hris.Location", "09:30"),
        ("hris.Team", "09:30"),
    ]);
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&all)
        } else if target.contains("/employees") {
            status(403)
        } else if target.contains("/locations") {
            status(404)
        } else {
            status(503)
        }
    })
    .expect("a report");
    assert_eq!(trouble(&host), Some(TroubleKind::Park));
}

#[test]
fn a_first_sync_that_ended_badly_is_trouble_and_is_announced() {
    let mut host = Host::linked("{}");
    let failed = row("hris.Employee", "FAILED", None)
        .replace("\"is_initial_sync\":false", "\"is_initial_sync\":true");
    let body = format!(r#"{{"next":null,"results":[{failed}]}}"#);
    host.run(|_| ok(&body)).expect("a report");
    assert_eq!(trouble(&host), Some(TroubleKind::InitialSync));
    let occasions: Vec<_> = host.notices.iter().map(|notice| notice.occasion).collect();
    assert_eq!(occasions, [Occasion::NeedsAttention]);
}

#[test]
fn an_account_once_ready_stays_so_with_models_enabled_later() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("11:00");
    let new = format!(
        r#"{{"results":[{},{}]}}"#,
        row("hris.Employee", "DONE", Some("09:30")),
        row("hris.Team", "SYNCING", None)
    );
    host.run(|target| answer(target, &new)).expect("a report");
    let summary = &host.commits.last().expect("a commit").summary;
    assert_eq!(summary.phase, AccountPhase::Ready);
}

#[test]
fn freshness_is_told_of_needed_models_with_a_list_alone() {
    let body = format!(
        r#"{{"results":[{},{},{}]}}"#,
        row("hris.Employee", "DONE", Some("09:30")),
        row("hris.Team", "DISABLED", Some("09:10")),
        row("hris.SomethingNew", "DONE", Some("09:00"))
    );
    for settings in ["{}", r#"{"required":["hris.Employee"]}"#] {
        let mut host = Host::linked(settings);
        host.run(|target| answer(target, &body)).expect("a report");
        let summary = &host.commits.last().expect("a commit").summary;
        assert_eq!(summary.fresh_to, Some(at("09:30")), "{settings}");
    }
}

#[test]
fn a_disabled_model_does_not_hold_back_freshness() {
    let mut host = Host::linked("{}");
    let body = format!(
        r#"{{"results":[{},{}]}}"#,
        row("hris.Employee", "DONE", Some("09:30")),
        row("hris.Team", "DISABLED", Some("09:10"))
    );
    host.run(|target| answer(target, &body)).expect("a report");
    let summary = &host.commits.last().expect("a commit").summary;
    assert_eq!(summary.fresh_to, Some(at("09:30")));
}

#[test]
fn a_name_that_the_id_implies_is_not_stored() {
    let mut host = Host::linked("{}");
    let named = |name: &str| {
        let row = row("hris.Employee", "DONE", Some("09:30"));
        let row = row.replace(
            "\"model_name\":\"X\"",
            &format!("\"model_name\":\"{name}\""),
        );
        format!(r#"{{"results":[{row}]}}"#)
    };
    let implied = named("Employee");
    host.run(|target| answer(target, &implied))
        .expect("a report");
    assert!(!host.state.contains("\"Employee\""), "{}", host.state);
    assert_eq!(host.view().models[0].status.model_name, "Employee");
    host.now = at("12:00");
    let other = named("Person");
    host.run(|target| answer(target, &other)).expect("a report");
    assert_eq!(host.view().models[0].status.model_name, "Person");
}

#[test]
fn a_command_for_an_account_without_a_state_keeps_its_id() {
    let mut host = Host::new("{}");
    host.request(Command::Pause);
    assert_eq!(host.view().account.id, crate::support::ACCOUNT);
    assert!(
        host.state.contains(crate::support::ACCOUNT),
        "{}",
        host.state
    );
}

#[test]
fn a_cadence_is_taken_up_to_the_longest_safety_net() {
    let parse = |net: u64| Settings::parse(&format!(r#"{{"cadence":{{"safety_net":{net}}}}}"#));
    for net in [60_000, 86_399_999, 86_400_000] {
        let settings = parse(net).expect("settings");
        assert_eq!(settings.cadence.safety_net, Milliseconds(net));
    }
    let message = parse(86_400_001).expect_err("too long").message;
    assert_eq!(
        message,
        "cadence: expected a safety_net of at most 86400000 milliseconds"
    );
}

#[test]
fn settings_that_nobody_gave_are_those_of_the_contract() {
    let settings = Settings::parse("{}").expect("settings");
    assert_eq!(settings.overlap, Milliseconds(300_000));
    assert_eq!(settings.full_reread, Some(Milliseconds(604_800_000)));
    let limits = settings.run_limits;
    assert_eq!((limits.pages, limits.requests), (50, 60));
    assert_eq!(limits.duration, Milliseconds(20_000));
}

#[test]
fn the_smallest_settings_are_taken_and_nothing_below() {
    let parse = |text: &str| Settings::parse(text).map_err(|problem| problem.message);
    let settings = parse(r#"{"overlap_ms":1000,"full_reread_ms":1}"#).expect("settings");
    assert_eq!(settings.overlap, Milliseconds(1_000));
    assert_eq!(settings.full_reread, Some(Milliseconds(1)));
    let never = parse(r#"{"full_reread_ms":0}"#).expect("settings");
    assert_eq!(never.full_reread, None);
    assert_eq!(
        parse(r#"{"overlap_ms":999}"#),
        Err("overlap_ms: expected at least 1000 milliseconds".into())
    );
}

#[test]
fn a_path_begins_with_a_slash_and_holds_nothing_else() {
    for path in [
        "api/hris/v1/people",
        "/people?x=1",
        "/people#x",
        "/a b",
        "/é",
        "",
    ] {
        let text = format!(r#"{{"endpoint_overrides":{{"hris.Employee":{{"path":"{path}"}}}}}}"#);
        let message = Settings::parse(&text).expect_err(path).message;
        assert_eq!(
            message,
            "endpoint_overrides.hris.Employee.path: expected a path without a query, such as \
             `/api/hris/v1/employees`"
        );
    }
}

#[test]
fn every_extra_parameter_adds() {
    let parse = |extra: &str| {
        Settings::parse(&format!(
            r#"{{"query_extra":{{"hris.Employee":"{extra}"}}}}"#
        ))
    };
    assert!(parse("include_remote_data=true&remote_fields=team").is_ok());
    for extra in [
        "include_remote_data=true&modified_after=2025-01-01",
        "include_remote_data=é",
        "include_deleted_data=false",
        "",
    ] {
        assert!(parse(extra).is_err(), "{extra}");
    }
}
