//! Reads of several pages: begun once, whatever they are for, and numbered.

use merge_sync_engine::command::Command;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::support::{Answer, Host, at, done, ok, page, quiet};
use crate::webhooks::changed;

/// Employees in three pages, which know each other's cursors.
fn three_pages(target: &str) -> Answer {
    if target.contains("/sync-status") {
        return ok(&done(&[("hris.Employee", "09:30")]));
    }
    ok(&match target {
        _ if target.contains("cursor=c2") => page(&[("e2", "09:28")], Some("c3")),
        _ if target.contains("cursor=c3") => page(&[("e3", "09:28")], None),
        _ => page(&[("e1", "09:28")], Some("c2")),
    })
}

#[track_caller]
fn check_read_in_order(requests: &[String]) {
    let lists: Vec<_> = requests
        .iter()
        .filter(|target| target.contains("/employees"))
        .collect();
    assert_eq!(lists.len(), 3, "{lists:?}");
    assert!(!lists[0].contains("cursor="), "{lists:?}");
    assert!(lists[1].contains("cursor=c2"), "{lists:?}");
    assert!(lists[2].contains("cursor=c3"), "{lists:?}");
}

#[test]
fn every_read_goes_on_where_its_last_page_ended() {
    let mut host = Host::linked("{}");
    host.run(three_pages).expect("a report");
    check_read_in_order(&host.take_requests());
    host.now = at("10:05");
    host.keep(changed("hris.Employee"));
    host.run(three_pages).expect("a report");
    check_read_in_order(&host.take_requests());
    host.now = at("11:00");
    host.request(Command::Reread);
    host.run(three_pages).expect("a report");
    check_read_in_order(&host.take_requests());
}

#[test]
fn a_pass_is_numbered_by_the_seconds_since_1970_and_never_runs_back() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    let pass_of_reread = |host: &mut Host, time: &str| {
        host.now = at(time);
        host.request(Command::Reread);
        host.run(three_pages).expect("a report");
        let passes: Vec<_> = host
            .commits
            .iter()
            .filter_map(|change| change.sweep.as_ref())
            .map(|sweep| sweep.unseen_since)
            .collect();
        *passes.last().expect("a sweep")
    };
    let seconds = |time: &str| u64::try_from(at(time).0 / 1_000_000).expect("after 1970");
    assert_eq!(pass_of_reread(&mut host, "11:00"), seconds("11:00"));
    assert_eq!(
        pass_of_reread(&mut host, "10:58"),
        seconds("11:00") + 1,
        "the clock was set back"
    );
}

#[test]
fn the_first_full_reread_comes_by_itself_within_its_interval() {
    let interval = 3 * 24 * 60 * 60 * 1_000;
    let mut host = Host::linked(&format!(r#"{{"full_reread_ms":{interval}}}"#));
    let began = host.now;
    let mut first = None;
    while first.is_none() && host.now.since(began) <= Milliseconds(2 * interval) {
        host.run(quiet("09:30")).expect("a report");
        let swept = host.commits.iter().any(|change| change.sweep.is_some());
        first = swept.then_some(host.now);
        host.sleep();
    }
    let first: Timestamp = first.expect("a full re-read");
    assert!(first.since(began) <= Milliseconds(interval), "{first}");
    assert!(first > began, "not with the first window");
}
