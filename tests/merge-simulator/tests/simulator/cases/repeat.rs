//! The same seed gives the same run, byte for byte.

use merge_simulator::time::{DAY, HOUR, MINUTE, iso};
use merge_simulator::{Faults, Merge};
use std::fmt::Write as _;

use crate::client::{get, small};
use crate::consumer::{Consumer, Rule};

/// Everything a client and a receiver see in a day and a half with every fault on.
fn transcript(seed: u64) -> String {
    let mut config = small(seed);
    config.faults = Faults::all(config.start + DAY);
    let mut merge = Merge::new(config);
    let mut text = String::new();
    let mut consumer = Consumer::new(Rule::Contiguous);
    for step in 0..72 {
        merge.advance_to(merge.now() + 30 * MINUTE);
        for delivery in merge.take_due() {
            let status = [Some(200), Some(500), None, Some(400)][step % 4];
            let _ = writeln!(text, "{} {delivery:?}", iso(merge.now()));
            merge.delivered(delivery.id, status);
        }
        consumer.poll(&mut merge);
        let response = get(&mut merge, 0, "/api/hris/v1/employees?page_size=2");
        let _ = writeln!(text, "{response:?} {}", merge.host_skew());
    }
    let _ = writeln!(text, "{:?}", merge.stats());
    for (key, entry) in merge.ledger() {
        let _ = writeln!(text, "{key:?} {entry:?}");
    }
    text
}

#[test]
fn a_seed_repeats_its_run() {
    let first = transcript(7);
    assert!(first == transcript(7), "two runs of one seed differ");
    assert!(first != transcript(8), "two seeds give one run");
}

#[test]
fn what_clients_ask_does_not_change_what_third_parties_do() {
    let ledger = |asks: usize| {
        let mut merge = Merge::new(small(3));
        for _ in 0..24 {
            merge.advance_to(merge.now() + HOUR);
            for _ in 0..asks {
                get(&mut merge, 0, "/api/hris/v1/employees");
            }
        }
        merge.ledger()
    };
    assert!(ledger(0) == ledger(5));
}

#[test]
fn the_size_of_a_step_of_the_clock_does_not_matter() {
    let ledger = |step| {
        let mut merge = Merge::new(small(3));
        let end = merge.now() + DAY;
        while merge.now() < end {
            merge.advance_to(merge.now() + step);
        }
        (merge.ledger(), merge.waiting().cloned().collect::<Vec<_>>())
    };
    assert!(ledger(DAY) == ledger(MINUTE));
}
