//! Reads that would never end: each ends, and what can be read is stored.

use std::collections::BTreeSet;

use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::support::{Answer, Host, at, done, ok, page, status};

const SECOND: i64 = 1_000_000;

/// A Merge with one list of employees: the instant at which each was modified.
struct List {
    rows: Vec<(String, Timestamp)>,
    /// The offset that a cursor cannot go beyond.
    clamp: usize,
    /// What a page with a cursor is answered.
    refuses_cursors: Option<u16>,
    /// The last page names itself as the next.
    last_names_itself: bool,
    /// The `next` of every page but the last is a number.
    next_is_a_number: bool,
    /// Larger pages are answered 502.
    largest_page: usize,
    /// A record that cannot be read.
    broken: Option<usize>,
    finish: &'static str,
}

impl List {
    fn of(rows: Vec<(String, Timestamp)>) -> Self {
        Self {
            rows,
            clamp: usize::MAX,
            refuses_cursors: None,
            last_names_itself: false,
            next_is_a_number: false,
            largest_page: 100,
            broken: None,
            finish: "09:30",
        }
    }

    /// One row a second from 08:00 on.
    fn spread(rows: i64) -> Self {
        let instant = |number: i64| Timestamp(at("08:00").0 + number * SECOND);
        Self::of(
            (0..rows)
                .map(|number| (format!("e{number}"), instant(number)))
                .collect(),
        )
    }

    /// All of one instant.
    fn at_once(rows: i64) -> Self {
        Self::of(
            (0..rows)
                .map(|number| (format!("e{number}"), at("08:00")))
                .collect(),
        )
    }

    fn answer(&self, target: &str) -> Answer {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", self.finish)]));
        }
        if !target.contains("/employees") {
            return ok(r#"{"results":[],"next":null}"#);
        }
        let parameter = |name: &str| {
            let query = target.split_once('?').expect("a query").1;
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let bound = |name| parameter(name).map(|text| Timestamp::parse(text).expect("an instant"));
        let (after, before) = (bound("modified_after"), bound("modified_before"));
        let size: usize = parameter("page_size")
            .expect("a size")
            .parse()
            .expect("a number");
        if size > self.largest_page {
            return status(502);
        }
        let offset = match parameter("cursor") {
            None => 0,
            Some(_) if self.refuses_cursors.is_some() => {
                return status(self.refuses_cursors.expect("a status"));
            }
            Some(cursor) => cursor.parse().expect("an offset"),
        };
        let inside: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, modified)| after.is_none_or(|after| after < *modified))
            .filter(|(_, modified)| before.is_none_or(|before| *modified < before))
            .collect();
        let served = inside.iter().skip(offset).take(size);
        let records: Vec<String> = served
            .map(|(id, modified)| {
                let broken = self.broken.map(|number| format!("e{number}"));
                if broken.as_ref() == Some(id) {
                    format!(r#"{{"id":"{id}","rate":NaN,"modified_at":"{modified}"}}"#)
                } else {
                    format!(r#"{{"id":"{id}","modified_at":"{modified}"}}"#)
                }
            })
            .collect();
        let end = offset + records.len();
        let next = if end < inside.len() {
            Some(end.min(self.clamp))
        } else if self.last_names_itself && offset > 0 {
            Some(offset)
        } else {
            None
        };
        let quote = if self.next_is_a_number { "" } else { "\"" };
        let next = next.map_or("null".into(), |next| format!("{quote}{next}{quote}"));
        ok(&format!(
            r#"{{"next":{next},"results":[{}]}}"#,
            records.join(",")
        ))
    }
}

/// Run from wake-up to wake-up for so many hours; the requests for the list.
fn run(host: &mut Host, list: &List, hours: u64) -> Vec<(Timestamp, String)> {
    let end = host.now.plus(Milliseconds(hours * 3_600_000));
    let mut lists = Vec::new();
    while host.now < end {
        host.take_requests();
        host.run(|target| list.answer(target)).expect("a report");
        let now = host.now;
        let asked = host.take_requests().into_iter();
        lists.extend(
            asked
                .filter(|target| target.contains("/employees"))
                .map(|target| (now, target)),
        );
        assert!(lists.len() < 20_000, "the read does not end");
        host.sleep();
    }
    lists
}

fn stored(host: &Host) -> usize {
    let ids: BTreeSet<_> = host.rows.keys().map(|(_, id)| id.clone()).collect();
    ids.len()
}

fn kinds(host: &Host) -> Vec<TroubleKind> {
    let models = host.view().models;
    models
        .iter()
        .filter_map(|model| Some(model.trouble.as_ref()?.kind))
        .collect()
}

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
fn pages_that_are_too_large_are_asked_for_in_smaller_ones() {
    for (largest_page, most) in [(60, 40), (10, 60), (1, 300)] {
        let mut host = Host::linked("{}");
        let list = List {
            largest_page,
            ..List::spread(150)
        };
        let lists = run(&mut host, &list, 3);
        assert_eq!(stored(&host), 150, "{largest_page}");
        assert!(lists.len() <= most, "{largest_page}: {}", lists.len());
        assert_eq!(kinds(&host), [], "{largest_page}");
    }
}

#[test]
fn a_page_that_shrinks_to_one_record_is_not_parked_on_the_way() {
    let mut host = Host::linked("{}");
    let list = List {
        largest_page: 1,
        ..List::spread(50)
    };
    let mut asked = 0;
    host.run(|target| {
        asked += u32::from(target.contains("/employees"));
        match asked {
            1 | 2 => status(500),
            _ => list.answer(target),
        }
    })
    .expect("a report");
    host.sleep();
    run(&mut host, &list, 1);
    assert_eq!(stored(&host), 50);
    assert_eq!(kinds(&host), []);
}

#[test]
fn a_page_at_rest_still_shrinks() {
    let mut host = Host::linked("{}");
    let down = List::spread(50);
    let end = host.now.plus(Milliseconds(3_600_000));
    while host.now < end {
        host.run(|target| match target.contains("/employees") {
            true => status(500),
            false => down.answer(target),
        })
        .expect("a report");
        host.sleep();
    }
    assert_eq!(kinds(&host), [TroubleKind::Park]);
    let list = List {
        largest_page: 2,
        ..List::spread(50)
    };
    run(&mut host, &list, 9);
    assert_eq!(stored(&host), 50);
    assert_eq!(kinds(&host), []);
}

#[test]
fn a_page_that_never_arrives_rests_an_hour_and_costs_two_requests_an_hour() {
    let mut host = Host::linked("{}");
    let list = List {
        largest_page: 0,
        ..List::spread(150)
    };
    let lists = run(&mut host, &list, 8);
    assert_eq!(kinds(&host), [TroubleKind::Park]);
    let later = at("12:00");
    let late: Vec<_> = lists.iter().filter(|(asked, _)| *asked > later).collect();
    assert!(late.len() <= 12 && late.len() >= 5, "{}", late.len());
    // Merge mends it.
    let list = List::spread(150);
    run(&mut host, &list, 2);
    assert_eq!(stored(&host), 150);
    assert_eq!(kinds(&host), []);
}

#[test]
fn a_record_that_cannot_be_read_costs_the_others_nothing() {
    let mut host = Host::linked("{}");
    let list = List {
        broken: Some(70),
        ..List::spread(150)
    };
    run(&mut host, &list, 2);
    assert_eq!(stored(&host), 149);
    assert_eq!(host.view().models[0].unreadable_records, 1);
    assert_eq!(kinds(&host), [], "one of a hundred and fifty");
    assert_eq!(host.commits.last().expect("a commit").summary.skipped, 1);
}

#[test]
fn records_without_a_key_are_counted_and_told_where_they_are_many() {
    let mut host = Host::linked("{}");
    let body = r#"{"next":null,"results":[{"name":"a"},{"name":"b"}]}"#;
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(body)
        }
    })
    .expect("a report");
    assert_eq!(host.view().models[0].without_key, 2);
    assert_eq!(kinds(&host), [TroubleKind::NoKey]);
    let told: Vec<_> = host
        .notices
        .iter()
        .filter(|notice| notice.occasion == Occasion::NeedsAttention)
        .collect();
    assert_eq!(told.len(), 1);
    for number in ["of hris.Employee", "2 had no key", "0 could not be read"] {
        assert!(told[0].text.contains(number), "{}", told[0].text);
    }
}

#[test]
fn a_tag_is_kept_under_its_remote_id_and_its_name() {
    let mut host = Host::linked("{}");
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("ats.Tag", "09:30")]))
        } else {
            ok(r#"{"next":null,"results":[{"remote_id":"4","name":"High priority"}]}"#)
        }
    })
    .expect("a report");
    let keys: Vec<_> = host.rows.keys().map(|(_, id)| id.as_str()).collect();
    assert_eq!(keys, [r#"["4","High priority"]"#]);
}

#[test]
fn a_window_of_several_pages_is_read_again_without_its_upper_bound() {
    let mut host = Host::linked("{}");
    let mut list = List::spread(1);
    run(&mut host, &list, 1);
    let since_ten = |number: i64| Timestamp(at("10:00").0 + number * SECOND);
    let rows = (0..350).map(|number| (format!("n{number}"), since_ten(number)));
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
