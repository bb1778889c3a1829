//! What a state keeps, and what it lets go.

use merge_sync_engine::command::Command;
use merge_sync_engine::http::SendError;
use merge_sync_engine::log::Level;
use merge_sync_engine::settings::Settings;
use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::Timestamp;

use crate::support::{ACCOUNT, Answer, Host, at, details, ok, page, quiet, row, status};
use crate::webhooks::{changed, linked, token};

/// A Merge with these rows in `/sync-status`, whose lists are answered by `list`.
fn merge(rows: &[String], mut list: impl FnMut(&str) -> Answer) -> impl FnMut(&str) -> Answer {
    let statuses = format!(r#"{{"results":[{}]}}"#, rows.join(","));
    move |target| {
        if target.contains("/sync-status") {
            ok(&statuses)
        } else {
            list(target)
        }
    }
}

/// A list whose first page is there and whose second is not.
fn cut_short(target: &str) -> Answer {
    if target.contains("cursor=") {
        status(503)
    } else {
        ok(&page(&[("e1", "09:00")], Some("c2")))
    }
}

/// A host that holds half a window of employees.
fn half_read() -> Host {
    let mut host = Host::linked("{}");
    let rows = [row("hris.Employee", "DONE", Some("09:30"))];
    host.run(merge(&rows, cut_short)).expect("a report");
    assert!(host.state.contains("\"window\""), "{}", host.state);
    host
}

#[test]
fn an_unlinked_account_keeps_no_read_under_way() {
    let mut host = half_read();
    host.request(Command::Unlink);
    assert!(!host.state.contains("\"window\""), "{}", host.state);
}

#[test]
fn a_disabled_model_keeps_no_read_under_way() {
    let mut host = half_read();
    let rows = [row("hris.Employee", "DISABLED", Some("09:30"))];
    host.now = at("22:00");
    host.run(merge(&rows, |target| panic!("{target}")))
        .expect("a report");
    assert!(!host.state.contains("\"window\""), "{}", host.state);
}

#[test]
fn a_model_that_is_no_longer_listed_is_forgotten_unless_something_was_read() {
    let mut host = Host::linked("{}");
    let rows = [
        row("hris.Employee", "DONE", Some("09:30")),
        row("hris.Team", "DISABLED", None),
    ];
    let empty = |_: &str| ok(&page(&[], None));
    host.run(merge(&rows, empty)).expect("a report");
    assert!(host.state.contains("hris.Team"), "{}", host.state);
    host.now = at("22:00");
    host.run(merge(&[], empty)).expect("a report");
    assert!(!host.state.contains("hris.Team"), "{}", host.state);
    assert!(host.state.contains("hris.Employee"), "{}", host.state);
    // What was read before counts when the model comes back.
    host.sleep();
    host.take_requests();
    host.run(merge(&rows, empty)).expect("a report");
    assert_eq!(host.requests.len(), 1, "{:?}", host.requests);
}

#[test]
fn a_hint_finds_its_model_among_others() {
    let mut host = Host::linked("{}");
    let rows = [
        row("hris.Employee", "DONE", Some("09:30")),
        row("hris.Team", "DONE", Some("09:30")),
    ];
    let empty = |_: &str| ok(&page(&[], None));
    host.run(merge(&rows, empty)).expect("a report");
    host.now = at("10:05");
    host.take_requests();
    host.keep(changed("hris.Team"));
    host.run(merge(&rows, empty)).expect("a report");
    assert_eq!(host.requests.len(), 1, "{:?}", host.requests);
    assert!(host.requests[0].contains("/teams"), "{:?}", host.requests);
}

#[test]
fn the_last_eight_links_are_known_again() {
    let mut host = Host::new("{}");
    let notes: Vec<_> = (0..9).map(|n| linked(&format!("T{n}"), true)).collect();
    let link = |host: &mut Host, n: usize| {
        host.keep(notes[n].clone());
        host.sleep();
        host.run(quiet("09:30")).expect("a report");
    };
    host.now = at("09:59");
    for note in &notes[..8] {
        host.keep(note.clone());
        host.run(quiet("09:30")).expect("a report");
        host.now = host.now.plus(merge_sync_logic::types::Milliseconds(60_000));
    }
    link(&mut host, 0);
    assert_eq!(token(&host), Some("T7"), "a replay of the oldest known");
    link(&mut host, 8);
    link(&mut host, 1);
    assert_eq!(
        token(&host),
        Some("T8"),
        "the second oldest is now the oldest"
    );
    link(&mut host, 0);
    assert_eq!(token(&host), Some("T0"), "nine links ago is forgotten");
}

#[test]
fn an_account_is_linked_when_its_first_token_came() {
    let mut host = Host::new("{}");
    host.keep(linked("T1", false));
    host.run(quiet("09:30")).expect("a report");
    let first = host.view().linked_at;
    assert_eq!(first, at("10:00"));
    host.now = at("10:30");
    host.keep(linked("T2", true));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(host.view().linked_at, first, "a relink is no first link");
    host.request(Command::Unlink);
    host.now = at("11:00");
    host.keep(linked("T3", true));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(host.view().linked_at, at("11:00"), "linked anew");
}

#[test]
fn a_relink_leaves_other_trouble_to_the_next_poll() {
    let mut host = Host::linked("{}");
    host.run(|_| status(503)).expect("a report");
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::Retrying);
    host.now = at("10:05");
    host.keep(linked("T2", true));
    host.run(|_| status(503)).expect("a report");
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(
        (trouble.kind, trouble.since),
        (TroubleKind::Retrying, at("10:00"))
    );
}

#[test]
fn trouble_has_its_beginning() {
    // Of the account.
    let mut host = Host::linked("{}");
    let since = |host: &Host| {
        host.view()
            .trouble
            .map(|trouble| (trouble.kind, trouble.since))
    };
    for time in ["10:00", "10:20"] {
        host.now = at(time);
        host.run(|_| status(503)).expect("a report");
        assert_eq!(since(&host), Some((TroubleKind::Retrying, at("10:00"))));
    }
    host.now = at("10:50");
    host.run(|_| status(401)).expect("a report");
    assert_eq!(since(&host), Some((TroubleKind::Reauthorize, at("10:50"))));
    // Of a model.
    let mut host = Host::linked("{}");
    let rows = [row("hris.Employee", "DONE", Some("09:30"))];
    for time in ["10:00", "10:20"] {
        host.now = at(time);
        host.run(merge(&rows, |_| status(503))).expect("a report");
        assert_eq!(since(&host), Some((TroubleKind::Retrying, at("10:00"))));
    }
    host.now = at("10:50");
    host.run(merge(&rows, |_| status(403))).expect("a report");
    let now = since(&host).expect("trouble");
    assert_eq!(now.1, at("10:50"), "{now:?}");
}

#[test]
fn a_first_sync_that_ended_badly_did_so_when_it_was_first_seen() {
    let mut host = Host::linked("{}");
    let failed = row("hris.Employee", "FAILED", None)
        .replace("\"is_initial_sync\":false", "\"is_initial_sync\":true");
    for time in ["10:00", "14:00"] {
        host.now = at(time);
        host.request(Command::Poll);
        let rows = [failed.clone()];
        host.run(merge(&rows, |target| match target {
            _ if target.contains("/account-details") => ok(&details("COMPLETE")),
            _ if target.contains("/issues") => ok(r#"{"results":[]}"#),
            _ => panic!("{target}"),
        }))
        .expect("a report");
        let trouble = host.view().trouble.expect("trouble");
        assert_eq!(
            (trouble.kind, trouble.since),
            (TroubleKind::InitialSync, at("10:00"))
        );
    }
}

#[test]
fn an_account_without_a_state_has_the_id_it_is_stored_under() {
    let mut host = Host::new("{}");
    host.keep(merge_sync_engine::store::Note {
        key: "poll".into(),
        text: "from a later version".into(),
        secret: None,
        profile: None,
        account: ACCOUNT.into(),
        create: false,
    });
    host.run(|_| Err(SendError::NoToken)).expect("a report");
    assert!(host.state.contains(ACCOUNT), "{}", host.state);
    assert_eq!(host.requests.len(), 1, "{:?}", host.requests);
}

#[test]
fn a_reset_of_an_unreadable_state_keeps_what_it_says_and_the_id_it_is_stored_under() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    let strange = "00000000-0000-4000-8000-000000000000";
    host.state = host
        .state
        .replace(ACCOUNT, strange)
        .replacen("\"v\":2", "\"v\":99", 1);
    host.request(Command::Reset);
    let account = host.view().account;
    assert_eq!(
        (account.id.as_str(), account.category.as_str()),
        (ACCOUNT, "hris")
    );
    assert!(!host.state.contains(strange), "{}", host.state);
}

#[test]
fn a_product_hears_again_that_everything_is_read_and_only_of_what_it_needs() {
    let mut host = Host::linked(r#"{"required":["hris.Employee"]}"#);
    let heard = |host: &mut Host, employees: &str, teams: &str| {
        let rows = [
            row("hris.Employee", "DONE", Some(employees)),
            row("hris.Team", "DONE", Some(teams)),
        ];
        host.notices.clear();
        host.run(merge(&rows, |_| ok(&page(&[], None))))
            .expect("a report");
        host.notices
            .iter()
            .filter(|notice| notice.occasion == Occasion::CaughtUp)
            .count()
    };
    assert_eq!(heard(&mut host, "09:30", "09:30"), 1);
    host.now = at("18:00");
    assert_eq!(
        heard(&mut host, "09:30", "17:30"),
        0,
        "a model it does not need"
    );
    host.now = Timestamp(at("23:59").0 + 3_600_000_000);
    assert_eq!(heard(&mut host, "20:30", "17:30"), 1);
}

#[test]
fn the_log_says_what_was_found() {
    let mut host = Host::linked("{}");
    let rows = [
        row("hris.Employee", "DONE", Some("09:30")),
        row("hris.SomethingNew", "DONE", Some("09:30")),
    ];
    host.run(merge(&rows, |_| status(503))).expect("a report");
    let said = |host: &Host, message: &str| -> Vec<String> {
        let entries = host.log.iter().filter(|entry| entry.message == message);
        entries.map(|entry| entry.fields.clone()).collect()
    };
    let failed = said(&host, "reading a page failed");
    assert_eq!(failed.len(), 1);
    assert!(failed[0].contains("\"found\":\"status 503\""), "{failed:?}");
    host.now = at("22:00");
    host.run(merge(&rows, |_| ok(&page(&[("e1", "09:00")], None))))
        .expect("a report");
    let unmapped = said(
        &host,
        "a model is not in the endpoint table and is not fetched",
    );
    assert_eq!(unmapped.len(), 1, "once: {unmapped:?}");
    assert!(unmapped[0].contains("hris.SomethingNew"), "{unmapped:?}");
    assert!(said(&host, "records without a text id are skipped").is_empty());
    assert!(host.log.iter().any(|entry| entry.level == Level::Warn));
}

#[test]
fn a_model_that_is_off_or_not_wanted_is_not_read_for_an_operator_either() {
    let on = [
        row("hris.Employee", "DONE", Some("09:30")),
        row("hris.Team", "DONE", Some("09:30")),
    ];
    let read = |host: &mut Host, rows: &[String]| {
        host.take_requests();
        host.run(merge(rows, |_| ok(&page(&[], None))))
            .expect("a report");
        let asked = |list: &str| host.requests.iter().any(|to| to.contains(list));
        (asked("/employees"), asked("/teams"))
    };
    let mut host = Host::linked("{}");
    assert_eq!(read(&mut host, &on), (true, true));
    host.now = at("11:00");
    let off = [on[0].clone(), row("hris.Team", "DISABLED", Some("09:30"))];
    read(&mut host, &off);
    host.now = at("12:00");
    host.request(Command::Reread);
    assert_eq!(read(&mut host, &off), (true, false), "off");
    let mut host = Host::linked("{}");
    assert_eq!(read(&mut host, &on), (true, true));
    host.settings_text = r#"{"models":["hris.Employee"]}"#.into();
    host.settings = Settings::parse(&host.settings_text).expect("settings");
    host.now = at("12:00");
    host.request(Command::Reread);
    assert_eq!(read(&mut host, &on), (true, false), "not wanted");
}

#[test]
fn an_account_that_nothing_is_known_of_is_shown_under_its_id() {
    assert_eq!(Host::new("{}").view().account.id, ACCOUNT);
}
