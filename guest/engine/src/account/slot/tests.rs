//! Reads that do not come to an end, and those that do.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::Timestamp;

use super::ending::MOST_SPLITS;
use super::*;
use crate::ground::paging::hash;

const NOW: Timestamp = Timestamp(20_000_000);

fn bounds(after: i64, before: i64) -> Bounds {
    Bounds {
        after: Some(Timestamp(after)),
        before: Some(Timestamp(before)),
    }
}

fn slot() -> Slot {
    Slot::new(bounds(0, 10_000_000), Timestamp(9_999_999), NOW)
}

fn unbounded() -> Slot {
    Slot::new(Bounds::NONE, Timestamp(9_999_999), NOW)
}

fn page(records: u32, next: Option<&str>) -> Page {
    Page {
        asked: 100,
        stored: records,
        keys: next.map_or(0, hash).wrapping_add(records.into()),
        newest: Some(Timestamp(1_000_000)),
        next: next.map(String::from),
        ..Page::default()
    }
}

/// As the engine takes a page in.
fn take(slot: &mut Slot, page: Page) -> SlotOutcome {
    slot.count(&page);
    match slot.take_page(page) {
        SlotOutcome::Loop(why) => slot.start_again(why, NOW, true),
        outcome => outcome,
    }
}

#[test]
fn a_short_page_that_names_itself_as_the_next_is_the_last() {
    let mut slot = unbounded();
    assert_eq!(take(&mut slot, page(100, Some("c1"))), SlotOutcome::More);
    assert_eq!(take(&mut slot, page(30, Some("c1"))), SlotOutcome::Complete);
    assert!(slot.is_unsure);
    assert_eq!(slot.gap, None);
}

#[test]
fn a_full_page_that_names_itself_as_the_next_is_a_loop() {
    let mut slot = unbounded();
    assert_eq!(take(&mut slot, page(100, Some("c1"))), SlotOutcome::More);
    assert_eq!(take(&mut slot, page(100, Some("c1"))), SlotOutcome::More);
    assert_eq!((slot.loops, slot.furthest), (1, 200));
    assert_eq!(slot.paging, Paging::default());
    assert!(!slot.is_unsure);
}

#[test]
fn a_short_page_without_a_larger_one_before_it_is_a_loop() {
    let mut slot = unbounded();
    slot.paging.cursor = Some("c1".into());
    assert_eq!(take(&mut slot, page(1, Some("c1"))), SlotOutcome::More);
    assert_eq!(slot.loops, 1);
}

#[test]
fn a_page_of_as_many_records_as_were_asked_for_is_not_short() {
    let mut slot = unbounded();
    take(&mut slot, page(100, Some("c1")));
    let smaller = Page {
        asked: 10,
        ..page(10, Some("c1"))
    };
    assert_eq!(take(&mut slot, smaller), SlotOutcome::More);
    assert_eq!((slot.loops, slot.is_unsure), (1, false));
}

#[test]
fn getting_further_than_ever_ends_the_count_of_loops() {
    let mut slot = unbounded();
    for _ in 0..3 {
        take(&mut slot, page(100, Some("a")));
        take(&mut slot, page(100, Some("a")));
        slot.loops = slot.loops.min(1);
        assert_eq!(slot.loops, 1);
        take(&mut slot, page(100, Some("b")));
        take(&mut slot, page(100, Some("c")));
        assert_eq!(slot.loops, 1, "as far as before");
        take(&mut slot, page(100, Some("d")));
        assert_eq!(slot.loops, 0, "further");
        slot = unbounded();
    }
}

#[test]
fn every_second_loop_splits_at_the_median() {
    let mut slot = slot();
    slot.cut = Some(Cut {
        at: Timestamp(3_000_000),
        is_alone: false,
    });
    assert_eq!(slot.start_again(Loop::Circle, NOW, true), SlotOutcome::More);
    assert_eq!(slot.parts, [bounds(0, 10_000_000)]);
    assert_eq!(slot.start_again(Loop::Circle, NOW, true), SlotOutcome::More);
    assert_eq!(
        slot.parts,
        [bounds(0, 3_000_001), bounds(2_999_999, 10_000_000)]
    );
}

#[test]
fn a_page_of_one_instant_is_split_around_it() {
    let mut slot = slot();
    slot.loops = 1;
    slot.cut = Some(Cut {
        at: Timestamp(3_000_000),
        is_alone: true,
    });
    assert_eq!(slot.start_again(Loop::Circle, NOW, true), SlotOutcome::More);
    assert_eq!(
        slot.parts,
        [
            bounds(0, 2_999_999),
            bounds(2_999_998, 3_000_002),
            bounds(3_000_001, 10_000_000)
        ]
    );
}

/// Whichever way Merge reads its bounds.
#[test]
fn the_parts_of_a_split_leave_no_instant_out() {
    for (at, is_alone) in [
        (5, true),
        (5, false),
        (1, true),
        (9, true),
        (1, false),
        (9, false),
    ] {
        for inclusive in [false, true] {
            let whole = bounds(0, 10);
            let mut slot = Slot::new(whole, Timestamp(0), NOW);
            slot.cut = Some(Cut {
                at: Timestamp(at),
                is_alone,
            });
            assert!(slot.split(NOW));
            let holds = |part: &Bounds, instant: i64| {
                let (after, before) =
                    (part.after.expect("after").0, part.before.expect("before").0);
                if inclusive {
                    after <= instant && instant <= before
                } else {
                    after < instant && instant < before
                }
            };
            for instant in 1..10 {
                let found = slot
                    .parts
                    .iter()
                    .filter(|part| holds(part, instant))
                    .count();
                assert!(found >= 1, "{instant} of {:?}", slot.parts);
            }
            if is_alone {
                let found = slot.parts.iter().filter(|part| holds(part, at)).count();
                assert_eq!(found, 1, "{at} stands alone: {:?}", slot.parts);
            }
        }
    }
}

#[test]
fn an_instant_is_given_up_at_its_first_loop_and_the_rest_is_read() {
    let mut slot = slot();
    slot.parts = alloc::vec![bounds(2_999_998, 3_000_002), bounds(3_000_001, 10_000_000)];
    slot.is_split = true;
    take(&mut slot, page(100, Some("a")));
    assert_eq!(take(&mut slot, page(100, Some("a"))), SlotOutcome::More);
    let gap = slot.gap.expect("given up");
    assert_eq!(gap.records, 200);
    assert_eq!(slot.part(), bounds(3_000_001, 10_000_000));
    assert_eq!(take(&mut slot, page(5, None)), SlotOutcome::Complete);
    assert_eq!(slot.gap, Some(gap));
}

#[test]
fn a_gap_is_endless_once_a_part_of_it_ended_in_empty_pages() {
    for (first, second) in [(Loop::Circle, Loop::Empty), (Loop::Empty, Loop::Circle)] {
        let mut slot = unbounded();
        slot.parts = alloc::vec![Bounds::NONE, Bounds::NONE];
        for why in [first, first, second] {
            assert_eq!(slot.start_again(why, NOW, false), SlotOutcome::More);
        }
        assert_eq!(slot.start_again(second, NOW, false), SlotOutcome::Complete);
        assert!(slot.gap.is_some_and(|gap| gap.is_endless), "{first:?}");
    }
    let mut slot = unbounded();
    slot.start_again(Loop::Circle, NOW, false);
    slot.start_again(Loop::Circle, NOW, false);
    assert!(slot.gap.is_some_and(|gap| !gap.is_endless));
}

#[test]
fn what_cannot_be_split_is_given_up() {
    let mut slot = unbounded();
    assert_eq!(
        slot.start_again(Loop::Circle, NOW, false),
        SlotOutcome::More
    );
    assert_eq!(
        slot.start_again(Loop::Circle, NOW, false),
        SlotOutcome::Complete
    );
    assert!(slot.gap.is_some());
}

#[test]
fn a_cursor_that_is_refused_behind_an_empty_page_splits_nothing() {
    let mut slot = slot();
    for refusal in 1..=8 {
        take(&mut slot, page(100, Some("a")));
        take(&mut slot, page(0, Some("b")));
        let outcome = slot.start_again(Loop::Refused, NOW, true);
        assert_eq!(outcome == SlotOutcome::Complete, refusal == 8, "{refusal}");
        assert_eq!(slot.parts, [bounds(0, 10_000_000)]);
    }
}

#[test]
fn what_cannot_be_split_outlives_seven_loops_that_another_try_may_end() {
    let alone = bounds(2_999_998, 3_000_002);
    for why in [Loop::Refused, Loop::Unsteady] {
        for (whole, splittable) in [(alone, true), (Bounds::NONE, false)] {
            let mut slot = Slot::new(whole, Timestamp(9_999_999), NOW);
            for number in 1..=8 {
                assert_eq!(slot.gap, None, "{why:?} {number} times");
                take(&mut slot, page(100, Some("a")));
                let outcome = slot.start_again(why, NOW, splittable);
                let ended = outcome == SlotOutcome::Complete;
                assert_eq!(ended, number == 8, "{why:?} {number} times");
            }
            assert!(slot.gap.is_some());
        }
    }
}

#[test]
fn a_part_with_bounds_and_several_pages_is_read_until_two_tries_agree() {
    let mut slot = slot();
    slot.is_split = true;
    take(&mut slot, page(100, Some("a")));
    assert_eq!(take(&mut slot, page(10, None)), SlotOutcome::More, "once");
    take(&mut slot, page(100, Some("a")));
    assert_eq!(
        take(&mut slot, page(9, None)),
        SlotOutcome::More,
        "another number"
    );
    assert_eq!(slot.loops, 1);
    take(&mut slot, page(100, Some("a")));
    assert_eq!(take(&mut slot, page(9, None)), SlotOutcome::Complete);
}

#[test]
fn equal_numbers_of_other_records_do_not_agree() {
    let mut slot = slot();
    slot.is_split = true;
    for keys in [1, 2] {
        take(&mut slot, page(100, Some("a")));
        let last = Page {
            keys,
            ..page(10, None)
        };
        assert_eq!(take(&mut slot, last), SlotOutcome::More);
    }
}

#[test]
fn a_part_with_bounds_and_one_page_is_read_once() {
    let mut slot = slot();
    slot.is_split = true;
    assert_eq!(take(&mut slot, page(100, None)), SlotOutcome::Complete);
}

#[test]
fn twenty_empty_pages_are_borne_and_one_more_is_a_loop() {
    let mut slot = unbounded();
    for number in 0..20 {
        let next = alloc::format!("c{number}");
        assert_eq!(slot.take_page(page(0, Some(&next))), SlotOutcome::More);
    }
    assert_eq!(
        slot.take_page(page(0, Some("x"))),
        SlotOutcome::Loop(Loop::Empty)
    );
}

#[test]
fn cursors_that_never_end_over_empty_pages_come_to_an_end() {
    let mut slot = unbounded();
    let mut pages = 0;
    loop {
        pages += 1;
        assert!(pages < 10_000, "{:?}", slot.parts.len());
        let next = alloc::format!("c{pages}");
        if take(&mut slot, page(0, Some(&next))) == SlotOutcome::Complete {
            break;
        }
    }
    assert!(slot.gap.is_some());
}

#[test]
fn a_list_whose_every_cursor_is_refused_is_read_by_parts_of_a_page() {
    // 950 rows, one a second; a page serves the first hundred of the part, and every cursor fails.
    let rows: Vec<i64> = (1..=950).map(|second| second * 1_000_000).collect();
    let mut slot = Slot::new(Bounds::NONE, Timestamp(0), Timestamp(2_000_000_000));
    let mut read = alloc::collections::BTreeSet::new();
    let mut requests = 0;
    loop {
        requests += 1;
        assert!(requests < 400, "{:?}", slot.parts);
        if slot.paging.cursor.is_some() {
            if slot.start_again(Loop::Refused, NOW, true) == SlotOutcome::Complete {
                break;
            }
            continue;
        }
        let part = slot.part();
        let inside: Vec<i64> = rows
            .iter()
            .copied()
            .filter(|at| part.after.is_none_or(|after| after.0 < *at))
            .filter(|at| part.before.is_none_or(|before| *at < before.0))
            .collect();
        let served = &inside[..inside.len().min(100)];
        read.extend(served.iter().copied());
        slot.cut = served.get(served.len() / 2).map(|at| Cut {
            at: Timestamp(*at),
            is_alone: false,
        });
        let next = (inside.len() > 100).then_some("refused");
        let records = u32::try_from(served.len()).expect("a page");
        if take(&mut slot, page(records, next)) == SlotOutcome::Complete {
            break;
        }
    }
    assert_eq!(read.len(), 950);
    assert_eq!(slot.gap, None);
}

#[test]
fn extreme_bounds_do_not_overflow() {
    let mut slot = Slot::new(
        bounds(i64::MIN, i64::MAX),
        Timestamp(i64::MAX),
        Timestamp(i64::MIN),
    );
    let mut tries = 0;
    while slot.start_again(Loop::Circle, Timestamp(i64::MAX), true) != SlotOutcome::Complete {
        tries += 1;
        assert!(tries < 100_000);
        assert!(slot.parts.len() <= 130);
    }
}

/// A read that replaces another goes on counting its loops.
#[test]
fn a_first_try_gets_no_further_than_one_before_it() {
    let mut slot = unbounded();
    slot.loops = 3;
    take(&mut slot, page(100, Some("c1")));
    assert_eq!(slot.loops, 3);
    slot.furthest = 150;
    take(&mut slot, page(100, Some("c2")));
    assert_eq!(slot.loops, 0);
}

#[test]
fn a_part_around_a_record_that_cannot_be_read_is_split_where_it_can_be() {
    let mut splittable = slot();
    splittable.count(&page(9, None));
    assert_eq!(splittable.split_or_give_up(NOW, true), SlotOutcome::More);
    assert_eq!((splittable.parts.len(), splittable.gap), (2, None));
    let mut other = slot();
    other.count(&page(9, None));
    assert_eq!(other.split_or_give_up(NOW, false), SlotOutcome::Complete);
    assert_eq!(other.gap.map(|gap| gap.records), Some(9));
}

#[test]
fn sixty_four_splits_in_a_row_are_the_last() {
    for (splits, again) in [
        (MOST_SPLITS - 1, SlotOutcome::More),
        (MOST_SPLITS, SlotOutcome::Complete),
    ] {
        let mut slot = Slot { splits, ..slot() };
        assert_eq!(slot.split_or_give_up(NOW, true), again, "{splits}");
    }
}

fn cut(at: i64, is_alone: bool) -> Option<Cut> {
    Some(Cut {
        at: Timestamp(at),
        is_alone,
    })
}

#[test]
fn a_cut_that_is_not_within_the_part_is_none() {
    let halves = [bounds(0, 5_000_001), bounds(4_999_999, 10_000_000)];
    for at in [-1, 0, 10_000_000, 10_000_001] {
        let mut slot = Slot {
            cut: cut(at, false),
            ..slot()
        };
        assert!(slot.split(NOW));
        assert_eq!(slot.parts, halves, "{at}");
    }
}

#[test]
fn nothing_is_left_before_or_behind_an_instant_at_the_edge_of_its_part() {
    for (at, parts) in [
        (1, [bounds(-1, 3), bounds(2, 10_000_000)]),
        (
            9_999_999,
            [bounds(0, 9_999_998), bounds(9_999_997, 10_000_001)],
        ),
    ] {
        let mut slot = Slot {
            cut: cut(at, true),
            ..slot()
        };
        assert!(slot.split(NOW));
        assert_eq!(slot.parts, parts, "{at}");
    }
}

#[test]
fn a_part_without_bounds_is_halved_a_day_back_and_twice_as_far_each_time() {
    const DAY: i64 = 24 * 60 * 60 * 1_000_000;
    for (splits, days) in [(0, 1), (1, 2), (2, 4), (11, 2_048)] {
        let mut slot = Slot {
            splits,
            ..unbounded()
        };
        assert!(slot.split(NOW));
        let at = NOW.0 - days * DAY;
        assert_eq!(slot.parts[0].before, Some(Timestamp(at + 1)), "{splits}");
        assert_eq!(slot.parts[1].after, Some(Timestamp(at - 1)), "{splits}");
    }
}

#[test]
fn a_read_is_held_in_at_most_128_parts() {
    let mut slot = slot();
    slot.parts = alloc::vec![slot.bounds; 127];
    assert!(slot.split(NOW));
    assert_eq!(slot.parts.len(), 128);
    assert!(!slot.split(NOW));
}

#[test]
fn the_same_pages_under_cursors_that_are_always_new_are_a_loop() {
    let mut slot = unbounded();
    let mut outcomes = Vec::new();
    for cursor in ["a", "b", "c"] {
        let again = Page {
            next: Some(cursor.into()),
            ..page(100, Some("same"))
        };
        slot.count(&again);
        outcomes.push(slot.take_page(again));
    }
    let circle = SlotOutcome::Loop(Loop::Circle);
    assert_eq!(outcomes, [SlotOutcome::More, SlotOutcome::More, circle]);
}

#[test]
fn a_list_whose_records_cannot_be_stored_is_not_read_for_ever() {
    let mut slot = unbounded();
    let useless = |number: u32| Page {
        asked: 100,
        without_key: 100,
        next: Some(alloc::format!("c{number}")),
        ..Page::default()
    };
    for number in 0..1_000 {
        assert_eq!(
            slot.take_page(useless(number)),
            SlotOutcome::More,
            "{number}"
        );
    }
    assert_eq!(
        slot.take_page(useless(1_000)),
        SlotOutcome::Loop(Loop::Empty)
    );
}

#[test]
fn a_list_whose_records_tell_no_instant_is_not_split() {
    for (newest, outcome) in [
        (None, SlotOutcome::Complete),
        (Some(Timestamp(5_000_000)), SlotOutcome::More),
    ] {
        let mut slot = unbounded();
        let again = Page {
            newest,
            ..page(100, Some("a"))
        };
        for _ in 0..3 {
            take(&mut slot, again.clone());
        }
        assert_eq!(take(&mut slot, again), outcome, "{newest:?}");
        assert_eq!(slot.gap.is_some(), newest.is_none());
        assert_eq!(slot.gap.and_then(|gap| gap.at), None);
    }
}
