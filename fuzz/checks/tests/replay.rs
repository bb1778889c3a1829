//! Every input that is kept or made from a vector goes through its target's checks, without a fuzzer.

use std::panic::catch_unwind;

use merge_sync_fuzz::{TARGETS, Target, kept};

/// No target has fewer seeds, or kept inputs, than this.
const LEAST: usize = 20;

#[track_caller]
fn check(name: &str) {
    let target = Target::named(name).expect("a target");
    let seeds = target.seeds().expect("the vectors");
    let kept = kept(target).expect("the kept inputs");
    for (kind, inputs) in [("seed", seeds), ("kept input", kept)] {
        assert!(
            inputs.len() >= LEAST,
            "only {} of kind {kind}",
            inputs.len()
        );
        for (index, input) in inputs.iter().enumerate() {
            let done = catch_unwind(|| (target.run)(input));
            assert!(done.is_ok(), "{kind} {index}: {}", input.escape_ascii());
        }
    }
}

#[test]
fn every_webhook_passes() {
    check("webhook");
}

#[test]
fn every_status_passes() {
    check("status");
}

#[test]
fn every_page_passes() {
    check("page");
}

#[test]
fn every_text_passes() {
    check("text");
}

#[test]
fn every_retry_passes() {
    check("retry");
}

#[test]
fn every_time_passes() {
    check("time");
}

#[test]
fn every_engine_script_passes() {
    check("engine");
}

#[test]
fn every_target_is_replayed() {
    let names = TARGETS.map(|target| target.name);
    let replayed = [
        "webhook", "status", "page", "text", "retry", "time", "engine",
    ];
    assert_eq!(names, replayed);
    assert!(Target::named("").is_none());
}
