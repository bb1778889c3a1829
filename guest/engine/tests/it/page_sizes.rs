//! Pages that are too large to arrive: asked for with fewer records, or tried again after a rest.

use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::Milliseconds;

use crate::support::list::{List, kinds, run, stored};
use crate::support::{Host, at, status};

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
