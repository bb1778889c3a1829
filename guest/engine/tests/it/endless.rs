//! Reads that would never end: each ends, and what can be read is stored.

use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::support::list::{List, SECOND, kinds, run, stored};
use crate::support::{Host, at, done, ok, page, status};

#[test]
fn a_last_page_that_names_itself_is_stored_and_ends_the_read() {
    let mut host = Host::linked("{}");
    let list = List {
        last_names_itself: true,
        ..List::spread(150)
    };
    let lists = run(&mut host, &list, 5);
    assert_eq!(stored(&host), 150);
    assert!(lists.len() <= 3, "{lists:?}");
    assert_eq!(kinds(&host), []);
    assert!(
        host.notices
            .iter()
            .any(|notice| notice.occasion == Occasion::CaughtUp)
    );
}

#[test]
fn a_full_last_page_that_names_itself_is_stored_too() {
    let mut host = Host::linked("{}");
    let list = List {
        last_names_itself: true,
        ..List::spread(200)
    };
    let lists = run(&mut host, &list, 5);
    assert_eq!(stored(&host), 200);
    assert!(lists.len() <= 40, "{}", lists.len());
}

#[test]
fn a_list_whose_next_cannot_be_read_is_read_by_parts_of_a_page() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    let list = List {
        next_is_a_number: true,
        ..List::spread(950)
    };
    let lists = run(&mut host, &list, 24);
    assert!(lists.len() <= 100, "{} requests", lists.len());
    assert_eq!(stored(&host), 950);
    assert_eq!(kinds(&host), []);
}

#[test]
fn rows_of_one_instant_before_a_next_that_cannot_be_read_are_stored() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    let list = List {
        next_is_a_number: true,
        ..List::at_once(150)
    };
    let lists = run(&mut host, &list, 5);
    assert!(lists.len() <= 20, "{} requests", lists.len());
    assert_eq!(stored(&host), 100, "as far as they are served");
    assert_eq!(kinds(&host), [TroubleKind::Incomplete]);
}

#[test]
fn fifteen_hundred_rows_of_one_instant_behind_clamped_cursors_cost_forty_requests() {
    let mut host = Host::linked("{}");
    let list = List {
        clamp: 1_000,
        ..List::at_once(1_500)
    };
    let lists = run(&mut host, &list, 5);
    assert!(lists.len() <= 40, "{} requests", lists.len());
    assert_eq!(stored(&host), 1_100, "as far as they are served");
    assert_eq!(kinds(&host), [TroubleKind::Incomplete]);
    let told: Vec<_> = host
        .notices
        .iter()
        .filter(|notice| notice.occasion == Occasion::NeedsAttention)
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].text.contains("2025-11-27T08:00:00Z"),
        "{}",
        told[0].text
    );
    assert!(
        host.notices
            .iter()
            .all(|notice| notice.occasion != Occasion::CaughtUp)
    );
    let progress = host.view().models[0].progress;
    assert_eq!(
        progress.merge_last_sync_finished,
        Some(at("09:30")),
        "F moves"
    );
}

#[test]
fn a_full_read_with_a_part_given_up_marks_nothing_as_deleted() {
    let mut host = Host::linked("{}");
    let mut list = List {
        clamp: 1_000,
        ..List::at_once(1_500)
    };
    run(&mut host, &list, 1);
    // Merge no longer has a hundred of the rows that it served.
    list.rows.drain(0..100);
    host.request(merge_sync_engine::command::Command::Reread);
    run(&mut host, &list, 1);
    assert_eq!(kinds(&host), [TroubleKind::Incomplete]);
    assert!(host.commits.iter().all(|change| change.sweep.is_none()));
    assert!(host.rows.values().all(|(row, _)| !row.deleted));
}

#[test]
fn a_read_whose_every_cursor_is_refused_is_read_in_parts() {
    for refusal in [400, 404, 410] {
        let mut host = Host::linked("{}");
        let list = List {
            refuses_cursors: Some(refusal),
            ..List::spread(950)
        };
        let lists = run(&mut host, &list, 5);
        assert_eq!(stored(&host), 950, "{refusal}");
        assert!(lists.len() <= 200, "{refusal}: {}", lists.len());
        assert_eq!(kinds(&host), [], "{refusal}");
    }
}

#[test]
fn refused_cursors_over_one_instant_are_given_up() {
    let mut host = Host::linked("{}");
    let list = List {
        refuses_cursors: Some(400),
        ..List::at_once(950)
    };
    let lists = run(&mut host, &list, 5);
    // Eight refusals, each behind a page, where the instant cannot be split; two before it is alone.
    assert!(lists.len() <= 25, "{}", lists.len());
    assert_eq!(stored(&host), 100);
    assert_eq!(kinds(&host), [TroubleKind::Incomplete]);
}

#[test]
fn a_window_of_several_pages_is_read_again_without_its_upper_bound() {
    let mut host = Host::linked("{}");
    let mut list = List::spread(1);
    run(&mut host, &list, 1);
    let since_ten = |number: i64| Timestamp(at("10:00").0 + number * SECOND);
    let rows = (0..350).map(|number| (format!("n{number}"), Some(since_ten(number))));
    list = List::of(rows.collect());
    list.finish = "10:40";
    let lists = run(&mut host, &list, 1);
    let bounded: Vec<_> = lists
        .iter()
        .map(|(_, target)| target.contains("modified_before"))
        .collect();
    assert_eq!(bounded, [true, false, false, false, false], "{lists:?}");
    assert_eq!(stored(&host), 351);
    assert_eq!(
        host.view().models[0].progress.merge_last_sync_finished,
        Some(at("10:40"))
    );
}

#[test]
fn a_list_that_ignores_its_bounds_is_read_whole() {
    let mut host = Host::linked("{}");
    run(&mut host, &List::spread(10), 1);
    let mut ignoring = List::spread(250);
    ignoring.finish = "10:40";
    let mut lists = Vec::new();
    for _ in 0..8 {
        host.sleep();
        host.run(|target| {
            // Whatever bounds it is asked for.
            let plain = target
                .split('&')
                .filter(|pair| !pair.starts_with("modified_"))
                .collect::<Vec<_>>()
                .join("&");
            ignoring.answer(&plain)
        })
        .expect("a report");
        lists.extend(host.take_requests());
    }
    assert_eq!(stored(&host), 250);
    assert!(lists.len() < 40, "{}", lists.len());
}

#[test]
fn a_hint_that_rests_does_not_delay_a_window() {
    let mut host = Host::linked("{}");
    run(&mut host, &List::spread(10), 1);
    host.keep(crate::webhooks::changed("hris.Employee"));
    let broken = List {
        largest_page: 0,
        ..List::spread(10)
    };
    run(&mut host, &broken, 1);
    assert_eq!(kinds(&host), [TroubleKind::Park]);
    let mut list = List::spread(20);
    list.finish = "11:55";
    host.request(merge_sync_engine::command::Command::Poll);
    run(&mut host, &list, 1);
    assert_eq!(
        host.view().models[0].progress.merge_last_sync_finished,
        Some(at("11:55"))
    );
}

/// It came to rest for another reason; an hour later its page cannot be read.
#[test]
fn a_read_at_rest_is_split_around_what_cannot_be_read() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    let end = host.now.plus(Milliseconds(5 * 24 * 3_600_000));
    while host.now < end {
        let now = host.now;
        host.run(|target| match target {
            _ if target.contains("/sync-status") => ok(&done(&[("hris.Employee", "09:30")])),
            _ if target.contains("cursor=c1") && now < at("11:30") => status(503),
            _ if target.contains("cursor=c1") => ok(r#"{"results":7}"#),
            _ if target.contains("modified_") => ok(&page(&[("e1", "09:00")], None)),
            _ => ok(&page(&[("e1", "09:00"), ("e2", "09:10")], Some("c1"))),
        })
        .expect("a report");
        host.sleep();
    }
    assert_eq!(kinds(&host), [TroubleKind::Incomplete]);
    let finish = host.view().models[0].progress.merge_last_sync_finished;
    assert_eq!(finish, Some(at("09:30")));
}

#[test]
fn a_loop_waits_however_few_tries_are_wanted() {
    let mut host = Host::linked(r#"{"full_reread_ms":0,"retry":{"max_attempts":1}}"#);
    let list = List {
        refuses_cursors: Some(410),
        ..List::at_once(150)
    };
    let lists = run(&mut host, &list, 3);
    let at_once = lists.iter().filter(|(now, _)| *now == at("10:00"));
    assert!(at_once.count() <= 4, "{lists:?}");
    assert_eq!(kinds(&host), [TroubleKind::Incomplete]);
}
