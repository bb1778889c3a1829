//! Rows of `/sync-status` that cannot be used as they are.

use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::Milliseconds;

use crate::support::{Answer, Host, at, done, ok, on, page, quiet, row};

/// A Merge that answers this to `/sync-status`, and one team to everything else.
fn saying(status: String) -> impl FnMut(&str) -> Answer {
    move |target| {
        if target.contains("/sync-status") {
            ok(&status)
        } else {
            ok(&page(&[("t1", "09:00")], None))
        }
    }
}

fn rows(rows: &[&str]) -> String {
    format!(r#"{{"next":null,"results":[{}]}}"#, rows.join(","))
}

fn trouble_of(host: &Host, model_id: &str) -> Option<TroubleKind> {
    let models = host.view().models;
    let model = models
        .iter()
        .find(|model| model.status.model_id == model_id);
    let trouble = model.expect(model_id).trouble.as_ref();
    trouble.map(|trouble| trouble.kind)
}

#[test]
fn a_finish_far_ahead_silences_nothing() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("11:00");
    let ahead =
        done(&[("hris.Employee", "09:30")]).replace("2025-11-27T09:30:00", "2999-01-01T00:00:00");
    host.run(saying(ahead)).expect("a report");
    assert_eq!(
        trouble_of(&host, "hris.Employee"),
        Some(TroubleKind::Unreadable)
    );
    host.now = on("2025-11-27", "12:30");
    host.take_requests();
    host.run(quiet("12:00")).expect("a report");
    let windows = host.requests.iter().filter(|to| to.contains("/employees"));
    assert_eq!(windows.count(), 1, "{:?}", host.requests);
    assert_eq!(trouble_of(&host, "hris.Employee"), None);
}

#[test]
fn a_finish_of_tomorrow_on_the_hosts_clock_is_no_trouble() {
    let mut host = Host::linked("{}");
    host.now = on("2025-11-26", "23:59");
    host.run(quiet("23:58")).expect("a report");
    assert_eq!(trouble_of(&host, "hris.Employee"), None);
    assert!(
        host.notices
            .iter()
            .any(|notice| notice.occasion == Occasion::CaughtUp)
    );
}

#[test]
fn a_row_that_names_no_model_hides_what_is_new_of_those_that_are_not_named() {
    let employee = row("hris.Employee", "DONE", Some("09:30"));
    let team = row("hris.Team", "DONE", Some("09:30"));
    for nameless in [
        team.replace(r#""hris.Team""#, "7"),
        team.replace(r#""model_id":"hris.Team","#, ""),
        team.replace("null", "NaN"),
        "5".into(),
    ] {
        let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
        host.run(saying(rows(&[&employee, &team])))
            .expect("a report");
        host.now = host.now.plus(Milliseconds(3_600_000));
        host.run(saying(rows(&[&employee, &nameless])))
            .expect("a report");
        assert_eq!(
            trouble_of(&host, "hris.Team"),
            Some(TroubleKind::Unreadable),
            "{nameless}"
        );
        assert_eq!(trouble_of(&host, "hris.Employee"), None);
        let warned =
            |entry: &&merge_sync_engine::log::Entry| entry.message.contains("cannot be read");
        assert!(host.log.iter().any(|entry| warned(&entry)));
        host.now = host.now.plus(Milliseconds(3_600_000));
        host.run(saying(rows(&[&employee, &team])))
            .expect("a report");
        assert_eq!(trouble_of(&host, "hris.Team"), None);
    }
}

#[test]
fn a_model_that_is_no_longer_listed_goes_where_every_row_names_one() {
    let employee = row("hris.Employee", "DONE", Some("09:30"));
    let team = row("hris.Team", "DONE", Some("09:30"));
    let mut host = Host::linked("{}");
    host.run(saying(rows(&[&employee, &team])))
        .expect("a report");
    host.now = host.now.plus(Milliseconds(3_600_000));
    host.run(saying(rows(&[&employee]))).expect("a report");
    let models = host.view().models;
    let listed: Vec<_> = models.iter().map(|model| &*model.status.model_id).collect();
    assert_eq!(listed, ["hris.Employee"]);
}

/// A failed sync is hinted at once, whatever comes between two polls that tell of it.
#[test]
fn a_row_that_names_no_model_is_no_new_failure() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    host.run(quiet("09:30")).expect("a report");
    host.now = at("11:00");
    host.take_requests();
    let bodies = [
        rows(&[&row("hris.Employee", "FAILED", Some("09:30"))]),
        rows(&["7"]),
    ];
    for body in bodies.iter().cycle().take(10) {
        host.run(saying(body.clone())).expect("a report");
        host.now = host.now.plus(Milliseconds(3_600_000));
    }
    let hints = host
        .requests
        .iter()
        .filter(|to| to.contains("modified_after"));
    assert_eq!(hints.count(), 1, "{:?}", host.requests);
}

/// The one that it does not name may be needed, and still be syncing.
#[test]
fn an_account_does_not_become_ready_by_a_list_with_a_row_that_names_no_model() {
    let mut host = Host::linked("{}");
    let employee = row("hris.Employee", "DONE", Some("09:30"));
    for _ in 0..20 {
        host.run(saying(rows(&[&employee, r#"{"model_id":7}"#])))
            .expect("a report");
        host.sleep();
    }
    assert_eq!(
        host.view().trouble.map(|trouble| trouble.kind),
        Some(TroubleKind::Park)
    );
    let ready = |host: &Host| {
        host.notices
            .iter()
            .any(|notice| notice.occasion == Occasion::BecameReady)
    };
    assert!(!ready(&host));
    host.run(saying(rows(&[&employee]))).expect("a report");
    assert!(ready(&host));
    assert_eq!(host.view().trouble, None);
}
