//! The random questions that the hosts are compared by: the same for a seed, of every operation,
//! and answered alike.

use std::collections::BTreeMap;

use merge_sync_conformance::{
    Contract, CoreModule, NativeEngine, Question, Refused, Subject as _, Text, questions, replay,
};

/// Enough for every operation.
const COUNT: u64 = 1_500;

fn drawn(seed: u64, count: u64) -> Vec<Question> {
    questions(seed, count).collect()
}

fn pairs(questions: &[Question]) -> impl Iterator<Item = (&str, &str)> {
    questions
        .iter()
        .map(|question| (question.operation.as_str(), question.input.as_str()))
}

#[test]
fn a_seed_gives_the_same_questions_and_another_gives_others() {
    let first = drawn(7, 300);
    assert_eq!(drawn(7, 300), first);
    assert_ne!(drawn(8, 300), first);
}

#[test]
fn every_operation_is_asked_and_mostly_answered() {
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for Question { operation, input } in drawn(1, COUNT) {
        let answered = match NativeEngine.call(&operation, &input) {
            Ok(_) => 1,
            Err(Refused::Problem(_)) => 0,
            Err(other) => panic!("{operation}: {other:?}"),
        };
        let (asked, given) = counts.entry(operation).or_default();
        *asked += 1;
        *given += answered;
    }
    let contract = Contract::load().expect("the contract loads");
    let decisions = contract.operations().map(|(name, _)| name);
    let engine = [
        "step",
        "receive",
        "link",
        "request",
        "inspect",
        "check-settings",
    ];
    let engine = engine.map(|name| format!("engine.{name}"));
    for operation in decisions.chain(engine.iter().map(String::as_str)) {
        let &(asked, given) = counts.get(operation).unwrap_or(&(0, 0));
        assert!(asked >= 5, "{operation} is asked {asked} times: {counts:?}");
        assert!(given > 0, "{operation} is never answered: {counts:?}");
    }
    let (asked, given) = counts["engine.step"];
    assert!(
        asked > 200 && given * 4 > asked * 3,
        "{asked} steps, {given} answered"
    );
}

#[test]
fn native_and_webassembly_have_one_digest() {
    let questions = drawn(3, COUNT);
    let native = replay(&mut NativeEngine, pairs(&questions)).expect("native");
    let mut text = Text::load().expect("the text component loads");
    assert_eq!(replay(&mut text, pairs(&questions)).expect("text"), native);
    let mut core = CoreModule::load().expect("the core module loads");
    assert_eq!(replay(&mut core, pairs(&questions)).expect("core"), native);
}
