//! Random facts: every subject gives the answer that the native crate gives.

use std::cell::RefCell;

use merge_sync_conformance::{Refused, Subject, Typed, canonical, facts};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRunner};
use serde_json::Value;

use crate::subjects::subjects;

/// Inputs tried an operation.
const CASES: u32 = 400;
/// Fixed, so that a failure is the same on every machine.
const SEED: u64 = 0x6d65_7267_652d_7379;

/// An answer in a form that can be compared.
fn answer(subject: &mut dyn Subject, operation: &str, input: &str) -> Result<String, Refused> {
    let text = subject.call(operation, input)?;
    let value = serde_json::from_str(&text)
        .map_err(|error| Refused::Trapped(format!("not JSON ({error}): {text}")))?;
    Ok(canonical(&value))
}

/// Every one of `subjects` answers as the first, which is the native crate.
fn agree(
    subjects: &mut [Box<dyn Subject>],
    operation: &str,
    input: &str,
) -> Result<(), TestCaseError> {
    let answers: Vec<_> = subjects
        .iter_mut()
        .map(|subject| (subject.name(), answer(subject.as_mut(), operation, input)))
        .collect();
    let Some(((_, native), others)) = answers.split_first() else {
        return Err(TestCaseError::fail("no subjects"));
    };
    prop_assert!(
        matches!(native, Ok(_) | Err(Refused::Problem(_))),
        "native on {}: {:?}",
        input,
        native
    );
    for (name, other) in others {
        prop_assert_eq!(other, native, "{} on {}", name, input);
    }
    Ok(())
}

fn config() -> Config {
    Config {
        cases: CASES,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        ..Config::default()
    }
}

#[track_caller]
fn check(operation: &str, inputs: impl Strategy<Value = Value>) {
    let subjects = RefCell::new(subjects());
    let outcome = TestRunner::new(config()).run(&inputs, |input| {
        agree(&mut subjects.borrow_mut(), operation, &input.to_string())
    });
    if let Err(failure) = outcome {
        panic!("{operation}: {failure}");
    }
}

/// The typed form cannot be given such an input; the forms of text refuse it in one voice.
#[test]
fn damaged_input_is_refused_in_the_same_words() {
    let texts = subjects()
        .into_iter()
        .filter(|subject| subject.name() != Typed::NAME);
    let subjects = RefCell::new(texts.collect::<Vec<_>>());
    let outcome = TestRunner::new(config()).run(&facts::damaged_input(), |(operation, input)| {
        agree(&mut subjects.borrow_mut(), &operation, &input)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn signature_verify_is_the_same_everywhere() {
    check("signature.verify", facts::delivery());
}

#[test]
fn webhook_handle_is_the_same_everywhere() {
    check("webhook.handle", facts::delivery());
}

#[test]
fn readiness_parse_status_is_the_same_everywhere() {
    check("readiness.parse-status", facts::status_body());
}

#[test]
fn readiness_evaluate_is_the_same_everywhere() {
    check("readiness.evaluate", facts::readiness());
}

#[test]
fn window_next_is_the_same_everywhere() {
    check("window.next", facts::window());
}

#[test]
fn window_advance_is_the_same_everywhere() {
    check("window.advance", facts::completed());
}

#[test]
fn window_locate_is_the_same_everywhere() {
    check("window.locate", facts::model());
}

#[test]
fn page_parse_is_the_same_everywhere() {
    check("page.parse", facts::page_body());
}

#[test]
fn cadence_next_is_the_same_everywhere() {
    check("cadence.next", facts::cadence());
}

#[test]
fn retry_decide_is_the_same_everywhere() {
    check("retry.decide", facts::retry());
}
