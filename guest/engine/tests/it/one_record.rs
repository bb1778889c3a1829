//! One record, or one list, that always fails: what lies around it is read all the same.

use merge_sync_engine::http::{Header, Response, SendError};
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::support::list::{List, parameter};
use crate::support::{Answer, Host, at, details, done, ok, page, row, status};
use crate::webhooks::noted;

const HOUR: u64 = 3_600_000;

/// Run from wake-up to wake-up for so many hours. How often lists were asked for.
fn run(host: &mut Host, hours: u64, mut merge: impl FnMut(&str, Timestamp) -> Answer) -> usize {
    let end = host.now.plus(Milliseconds(hours * HOUR));
    host.take_requests();
    while host.now < end {
        let now = host.now;
        host.run(|target| merge(target, now)).expect("a report");
        host.sleep();
    }
    let lists = host
        .requests
        .iter()
        .filter(|to| to.contains("page_size") && !to.contains("status"));
    lists.count()
}

/// 300 employees; `fails` is what a page with the one in the middle meets.
fn with_one_that_fails(fails: Answer) -> List {
    List {
        fails: Some((150, fails)),
        ..List::spread(300)
    }
}

#[test]
fn all_others_are_stored_however_its_page_fails() {
    for fails in [
        status(502),
        status(504),
        status(500),
        Err(SendError::TimedOut("29 s".into())),
        Err(SendError::TooLarge("8 MiB".into())),
        ok("<html>"),
    ] {
        let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
        let list = with_one_that_fails(fails.clone());
        run(&mut host, 24 * 15, |target, _| list.answer(target));
        assert_eq!(host.rows.len(), 299, "{fails:?}");
        let trouble = host.view().models[0].trouble.clone().expect("trouble");
        assert_eq!(trouble.kind, TroubleKind::Incomplete, "{fails:?}");
    }
}

/// A list that fails as a whole is no list with one record that does.
#[test]
fn a_list_that_fails_from_its_first_page_on_is_not_given_up() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    let lists = run(&mut host, 24 * 5, |target, _| match target {
        _ if target.contains("/sync-status") => ok(&done(&[("hris.Employee", "09:30")])),
        _ => status(500),
    });
    assert!(lists <= 24 * 5 + 30, "{lists}");
    let model = &host.view().models[0];
    assert_eq!(model.progress.merge_last_sync_finished, None);
    let trouble = model.trouble.as_ref().expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::Park);
}

#[test]
fn what_was_given_up_is_looked_at_once_more_within_a_day() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    let ids: Vec<_> = (0..100).map(|number| format!("e{number}")).collect();
    let first: Vec<_> = ids.iter().map(|id| (&**id, "09:00")).collect();
    let lists = run(&mut host, 24 * 20, |target, now| match target {
        _ if target.contains("/sync-status") => ok(&done(&[("hris.Employee", "09:30")])),
        _ if !target.contains("cursor=") => ok(&page(&first, Some("c2"))),
        _ if now < at("10:20") => status(400),
        _ => ok(&page(&[("last", "09:00")], None)),
    });
    assert_eq!(host.rows.len(), 101);
    assert_eq!(host.view().trouble, None);
    assert!(lists <= 40, "{lists}");
}

fn slow_down(seconds: &[&str]) -> Answer {
    let header = |value: &&str| Header {
        name: "Retry-After".into(),
        value: (*value).into(),
    };
    Ok(Response {
        status: 429,
        headers: seconds.iter().map(header).collect(),
        body: String::new(),
    })
}

#[test]
fn of_two_lines_of_retry_after_the_longest_counts() {
    let mut host = Host::linked("{}");
    host.run(|_| slow_down(&["1", "300"])).expect("a report");
    assert!(host.due_at() >= Some(at("10:05")), "{:?}", host.due_at());
}

/// A list of 25 pages, which know each other's cursors.
fn long_list(target: &str) -> Answer {
    let number: u32 = parameter(target, "cursor").map_or(0, |text| text.parse().expect("a number"));
    let id = format!("e{number}");
    let next = (number + 1).to_string();
    ok(&page(
        &[(&id, "09:00")],
        (number < 24).then_some(next.as_str()),
    ))
}

#[test]
fn lookups_that_are_always_refused_leave_reads_their_time() {
    for refused in ["/account-details", "/issues"] {
        let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
        host.keep(noted("Issue.new", "{}"));
        let paused = row("hris.Team", "PAUSED", Some("09:30"));
        let employee = row("hris.Employee", "DONE", Some("09:30"));
        let body = format!(r#"{{"next":null,"results":[{employee},{paused}]}}"#);
        run(&mut host, 24, |target, _| match target {
            _ if target.contains(refused) => slow_down(&["3600"]),
            _ if target.contains("/sync-status") => ok(&body),
            _ if target.contains("/account-details") => ok(&details("COMPLETE")),
            _ if target.contains("/employees") => long_list(target),
            _ => ok(&page(&[], None)),
        });
        assert_eq!(host.rows.len(), 25, "{refused}");
    }
}

#[test]
fn a_list_that_is_always_throttled_leaves_the_others_their_time() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    run(&mut host, 24, |target, _| match target {
        _ if target.contains("/sync-status") => {
            ok(&done(&[("hris.Employee", "09:30"), ("hris.Team", "09:30")]))
        }
        _ if target.contains("/employees") => long_list(target),
        _ if target.contains("/teams") => slow_down(&["3600"]),
        _ => ok(&page(&[], None)),
    });
    assert_eq!(host.rows.len(), 25);
}
