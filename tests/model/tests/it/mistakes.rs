//! The checker can fail: a mistake of the store, of a host or of a rule is found, each as a named
//! property that it breaks.

use merge_sync_logic::window::Rule;
use merge_sync_model::properties;
use merge_sync_model::protocol::Protocol;
use merge_sync_model::scenario::{Budget, Fault, Mistake, Scenario};
use stateright::{Checker as _, HasDiscoveries, Model as _};

#[track_caller]
fn finds(property: &'static str, scenario: Scenario) {
    let checker = Protocol::new(scenario)
        .checker()
        .finish_when(HasDiscoveries::AnyOf([property].into()))
        .spawn_bfs()
        .join();
    let found: Vec<_> = checker.discoveries().into_keys().collect();
    assert!(found.contains(&property), "found only {found:?}");
}

#[test]
fn a_store_that_ignores_versions_lets_progress_move_back() {
    let scenario = Scenario::calm().with_mistake(Mistake::StoreIgnoresVersions);
    finds(properties::ONE_ASKS, scenario.clone());
    let stall = Budget::of(Fault::Stall, 1);
    finds(properties::PROGRESS, scenario.with_budget(stall));
}

#[test]
fn a_store_that_drops_later_notes_loses_what_they_said() {
    let scenario = Scenario::calm().with_mistake(Mistake::StoreDropsLaterNotes);
    finds(properties::NOT_FORGOTTEN, scenario);
}

#[test]
fn a_store_that_tears_commits_leaves_a_gap() {
    let scenario = Scenario::calm().with_mistake(Mistake::StoreTearsCommits);
    finds(properties::NO_GAP, scenario);
}

#[test]
fn a_host_that_answers_before_a_note_is_durable_loses_it() {
    let scenario = Scenario::calm().with_mistake(Mistake::HostAnswersFirst);
    finds(properties::NOT_FORGOTTEN, scenario);
}

#[test]
fn a_host_that_does_not_look_at_not_before_runs_in_a_hot_loop() {
    let scenario = Scenario::calm().with_mistake(Mistake::HostIgnoresNotBefore);
    finds(properties::NO_HOT_LOOP, scenario);
}

#[test]
fn a_host_that_forgets_notes_never_catches_up() {
    let scenario = Scenario::calm().with_mistake(Mistake::HostIgnoresNotes);
    finds(properties::NO_DEAD_END, scenario.clone());
    finds(properties::CAUGHT_UP, scenario);
}

#[test]
fn the_published_rule_leaves_a_gap() {
    let scenario = Scenario::calm().with_rule(Rule::FetchStart);
    finds(properties::NO_GAP, scenario);
}

#[test]
fn a_bound_of_requests_that_is_too_low_is_exceeded() {
    let scenario = Scenario::calm().with_most_requests(3);
    finds(properties::FEW_REQUESTS, scenario);
}
