//! Trouble that nothing can end is not shown.

use merge_sync_engine::command::Command;
use merge_sync_engine::settings::Settings;
use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::Milliseconds;

use crate::support::{Answer, Host, done, ok, page, row, status};

/// A list that is cut off, beside one that is not.
fn cut_off(target: &str) -> Answer {
    match target {
        _ if target.contains("/sync-status") => {
            ok(&done(&[("hris.Employee", "09:30"), ("hris.Team", "09:30")]))
        }
        _ if target.contains("/employees") => ok(r#"{"next":7,"results":[{"id":"e1"}]}"#),
        _ => ok(&page(&[("t1", "09:00")], None)),
    }
}

fn run(host: &mut Host, hours: u64, mut merge: impl FnMut(&str) -> Answer) {
    let end = host.now.plus(Milliseconds(hours * 3_600_000));
    while host.now < end {
        host.run(&mut merge).expect("a report");
        host.sleep();
    }
}

fn trouble(host: &Host) -> Option<TroubleKind> {
    host.view().trouble.map(|trouble| trouble.kind)
}

fn incomplete() -> Host {
    let mut host = Host::linked("{}");
    run(&mut host, 1, cut_off);
    assert_eq!(trouble(&host), Some(TroubleKind::Incomplete));
    host
}

#[test]
fn that_of_a_model_which_is_switched_off_or_no_longer_listed() {
    let team = row("hris.Team", "DONE", Some("09:30"));
    let off = row("hris.Employee", "DISABLED", None);
    for rows in [format!("{team},{off}"), team.clone()] {
        let mut host = incomplete();
        let body = format!(r#"{{"next":null,"results":[{rows}]}}"#);
        run(&mut host, 2, |target| match target {
            _ if target.contains("/sync-status") => ok(&body),
            _ => cut_off(target),
        });
        assert_eq!(trouble(&host), None, "{rows}");
    }
}

#[test]
fn that_of_a_model_which_the_operator_no_longer_wants() {
    let mut host = incomplete();
    host.settings_text = r#"{"models":["hris.Team"]}"#.into();
    host.settings = Settings::parse(&host.settings_text).expect("settings");
    run(&mut host, 2, cut_off);
    assert_eq!(trouble(&host), None);
}

#[test]
fn that_of_an_account_which_nobody_looks_after() {
    let mut host = Host::linked("{}");
    host.run(|_| status(404)).expect("a report");
    assert_eq!(trouble(&host), Some(TroubleKind::DropRequest));
    host.request(Command::Unlink);
    assert_eq!(trouble(&host), None);
    let change = host.commits.last().expect("a commit");
    assert_eq!(change.summary.trouble, None);
    let recovered = host
        .notices
        .iter()
        .filter(|notice| notice.occasion == Occasion::Recovered);
    assert_eq!(recovered.count(), 0);
}

/// A page of which nothing can be stored is trouble also where the read goes on behind it, and once.
#[test]
fn a_page_of_which_nothing_can_be_stored_stays_trouble_and_is_told_once() {
    let ids: Vec<_> = (0..100).map(|number| format!("e{number}")).collect();
    let good: Vec<_> = ids.iter().map(|id| (&**id, "09:00")).collect();
    for useless_first in [true, false] {
        let mut host = Host::linked("{}");
        run(&mut host, 24 * 20, |target| {
            let is_last = target.contains("cursor=c2");
            match target {
                _ if target.contains("/sync-status") => ok(&done(&[("hris.Employee", "09:30")])),
                _ if is_last == useless_first => ok(&page(&good, (!is_last).then_some("c2"))),
                _ if is_last => ok(r#"{"next":null,"results":[{"id":null}]}"#),
                _ => ok(r#"{"next":"c2","results":[{"id":null}]}"#),
            }
        });
        assert_eq!(trouble(&host), Some(TroubleKind::NoKey), "{useless_first}");
        let told = |occasion| {
            host.notices
                .iter()
                .filter(|notice| notice.occasion == occasion)
                .count()
        };
        assert_eq!(
            (told(Occasion::NeedsAttention), told(Occasion::Recovered)),
            (1, 0)
        );
    }
}

#[test]
fn the_end_of_an_accounts_trouble_is_told_though_a_models_stays() {
    let mut host = incomplete();
    host.notices.clear();
    run(&mut host, 3, |_| status(401));
    run(&mut host, 2, cut_off);
    let told: Vec<_> = host.notices.iter().map(|notice| notice.occasion).collect();
    assert_eq!(told, [Occasion::NeedsAttention, Occasion::Recovered]);
    assert!(
        host.notices[1].text.contains("stays"),
        "{}",
        host.notices[1].text
    );
    assert_eq!(trouble(&host), Some(TroubleKind::Incomplete));
}
