//! Cursors that are always new, over pages that were there before.

use merge_sync_engine::command::Command;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::support::list::kinds;
use crate::support::{Answer, Host, at, done, ok, page, quiet, row};

const HOUR: u64 = 3_600_000;

/// Run from wake-up to wake-up for so many hours. Each request, and when it was made.
fn run(
    host: &mut Host,
    hours: u64,
    mut merge: impl FnMut(&str) -> Answer,
) -> Vec<(Timestamp, String)> {
    let end = host.now.plus(Milliseconds(hours * HOUR));
    let mut requests = Vec::new();
    while host.now < end {
        host.run(&mut merge).expect("a report");
        let now = host.now;
        let asked = host.take_requests().into_iter();
        requests.extend(asked.map(|target| (now, target)));
        assert!(requests.len() < 2_000, "the read does not end");
        host.sleep();
    }
    requests
}

fn count(requests: &[(Timestamp, String)], what: &str) -> usize {
    let found = requests.iter().filter(|(_, target)| target.contains(what));
    found.count()
}

/// The same records on every page, each page with a cursor that was never there before.
fn same_records(records: &[(&str, &str)]) -> impl FnMut(&str) -> Answer {
    let mut cursors = 0;
    let rows: Vec<_> = records
        .iter()
        .map(|(id, time)| (String::from(*id), String::from(*time)))
        .collect();
    move |target| {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30")]));
        }
        cursors += 1;
        let rows: Vec<_> = rows.iter().map(|(id, time)| (&**id, &**time)).collect();
        ok(&page(&rows, Some(&format!("c{cursors}"))))
    }
}

#[test]
fn the_same_records_again_and_again_are_stored_and_the_read_is_given_up() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    let merge = same_records(&[("e1", "09:00"), ("e2", "09:10"), ("e3", "09:20")]);
    let requests = run(&mut host, 5, merge);
    assert!(count(&requests, "/employees") <= 40, "{requests:?}");
    assert_eq!(host.rows.len(), 3);
    assert_eq!(kinds(&host), [TroubleKind::Incomplete]);
}

#[test]
fn records_without_an_instant_are_given_up_without_a_split() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    let mut cursors = 0;
    let requests = run(&mut host, 5, |target| {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30")]));
        }
        cursors += 1;
        ok(&format!(
            r#"{{"next":"c{cursors}","results":[{{"id":"e1"}},{{"id":"e2"}}]}}"#
        ))
    });
    assert!(count(&requests, "/employees") <= 8, "{requests:?}");
    let trouble = host.view().models[0].trouble.clone().expect("trouble");
    assert!(!trouble.text.contains("around"), "{}", trouble.text);
}

#[test]
fn a_list_of_models_that_goes_round_is_trouble_and_is_asked_for_ever_more_rarely() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.take_requests();
    host.sleep();
    let mut cursors = 0;
    let employee = row("hris.Employee", "DONE", Some("09:30"));
    let requests = run(&mut host, 5, |_| {
        cursors += 1;
        ok(&format!(
            r#"{{"next":"c{cursors}","results":[{employee}]}}"#
        ))
    });
    assert!(requests.len() <= 60, "{} requests", requests.len());
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::Park);
    let logged =
        |entry: &merge_sync_engine::log::Entry| format!("{entry:?}").contains("without an end");
    assert!(host.log.iter().any(logged));
}

/// Only so many requests are let through in a minute: a read that began again with each of them
/// would never come to its end.
#[test]
fn a_list_of_empty_pages_of_models_ends_within_a_hosts_budget() {
    let mut host = Host::linked("{}");
    let mut cursors = 0;
    let (mut minute, mut sent) = (0, 0);
    let end = host.now.plus(Milliseconds(HOUR));
    let mut requests = 0;
    while host.now < end && host.view().trouble.is_none() {
        let now = host.now.0 / 60_000_000;
        if now != minute {
            (minute, sent) = (now, 0);
        }
        host.run(|_| {
            sent += 1;
            if sent > 60 {
                return Err(merge_sync_engine::http::SendError::HeldBack(Milliseconds(
                    1_000,
                )));
            }
            cursors += 1;
            requests += 1;
            ok(&format!(r#"{{"next":"c{cursors}","results":[]}}"#))
        })
        .expect("a report");
        host.sleep();
    }
    assert!(host.view().trouble.is_some(), "{requests} requests");
    assert!(requests <= 200, "{requests} requests");
}

/// Once it is known, the end of such a list is the first empty page of a window: one request for
/// each finished sync, as of a list that ends. The next full re-read looks at all of it again.
#[test]
fn empty_pages_that_are_known_to_have_no_end_cost_one_request_a_window() {
    let mut host = Host::linked(r#"{"full_reread_ms":864000000}"#);
    let mut cursors = 0;
    let mut lists = Vec::new();
    for half_hour in 0..8 {
        let until = at("10:00").plus(Milliseconds((half_hour + 1) * HOUR / 2));
        let finish = format!("{:02}:{:02}", 9 + half_hour / 2, half_hour % 2 * 30);
        let before = lists.len();
        host.request(Command::Poll);
        while host.due_at().is_some_and(|due| due < until) {
            host.sleep();
            host.run(|target| {
                if target.contains("/sync-status") {
                    return ok(&done(&[("hris.Employee", &finish)]));
                }
                if !target.contains("/employees") {
                    return ok(&page(&[], None));
                }
                lists.push(String::from(target));
                cursors += 1;
                let next = format!("c{cursors}");
                let is_first = !target.contains("cursor=");
                match half_hour {
                    6 if is_first => ok(&page(&[("e1", "11:50")], Some(&next))),
                    _ => ok(&page(&[], Some(&next))),
                }
            })
            .expect("a report");
            assert!(lists.len() < 500, "{half_hour}: the read does not end");
        }
        host.now = until;
        let requests = lists.len() - before;
        let expected = match half_hour {
            0 => 42..=46,
            6 => 2..=3,
            _ => 1..=1,
        };
        assert!(
            expected.contains(&requests),
            "{half_hour}: {requests}, {:?}",
            lists.last()
        );
        assert_eq!(kinds(&host), [TroubleKind::Incomplete], "{half_hour}");
    }
    assert_eq!(host.rows.len(), 1);
}

#[test]
fn a_circle_with_pages_that_hold_nothing_to_store_ends_too() {
    for useless in ["", r#"{"id":null}"#] {
        for length in [2, 3, 4, 8] {
            let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
            let mut served = 0;
            let requests = run(&mut host, 5, |target| {
                if target.contains("/sync-status") {
                    return ok(&done(&[("hris.Employee", "09:30")]));
                }
                served += 1;
                let place = served % length;
                let id = format!("e{place}");
                if place == 0 {
                    ok(&format!(r#"{{"next":"c{served}","results":[{useless}]}}"#))
                } else {
                    ok(&page(&[(&id, "09:00")], Some(&format!("c{served}"))))
                }
            });
            assert!(
                requests.len() <= 150,
                "{length}: {} requests",
                requests.len()
            );
            assert_eq!(
                kinds(&host),
                [TroubleKind::Incomplete],
                "{length} {useless}"
            );
        }
    }
}

#[test]
fn pages_of_which_nothing_can_be_stored_are_not_taken_for_empty_ones() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    run(&mut host, 2, |target| {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30")]));
        }
        let cursor = target.split("cursor=c").nth(1);
        match cursor.map_or(0, |number| number.parse().expect("a number")) {
            number @ 0..25 => {
                let next = number + 1;
                ok(&format!(
                    r#"{{"next":"c{next}","results":[{{"id":null}}]}}"#
                ))
            }
            25 => ok(&page(&[], Some("c26"))),
            _ => ok(&page(&[("e1", "09:00")], None)),
        }
    });
    assert_eq!(host.rows.len(), 1);
    assert_eq!(kinds(&host), [TroubleKind::NoKey]);
}
