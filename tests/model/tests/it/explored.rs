//! Every state that can be reached is sound.
//!
//! The numbers of states are exact. One that changed says that the engine behaves differently in
//! some order of events, or that the model does: look at why, and if it is meant, take the number that
//! the failure prints. The bounds of requests are the least: `MOST_REQUESTS` must be reached too.

use merge_sync_logic::window::Rule;
use merge_sync_model::protocol::Protocol;
use merge_sync_model::scenario::{Budget, Fault, Scenario};
use stateright::{Checker as _, HasDiscoveries, Model as _};

#[track_caller]
fn check(scenario: Scenario, states: usize) {
    // What is broken may have no end of states.
    let checker = Protocol::new(scenario)
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    checker.assert_properties();
    assert_eq!(checker.unique_state_count(), states);
}

#[test]
fn two_hosts_without_faults() {
    check(Scenario::calm().with_most_requests(9), 4_188);
}

#[test]
fn two_hosts_and_any_one_fault() {
    let scenario = Scenario::calm().with_budget(Budget::any(1));
    check(scenario.with_most_requests(11), 1_060_363);
}

#[test]
fn one_host_that_dies_twice() {
    let scenario = Scenario::calm().with_hosts(1);
    let scenario = scenario.with_budget(Budget::of(Fault::Crash, 2));
    check(scenario.with_most_requests(12), 103_481);
}

#[test]
fn two_hosts_that_read_without_an_upper_bound() {
    let scenario = Scenario::calm().with_rule(Rule::OpenEnded);
    check(scenario.with_most_requests(8), 3_916);
}
