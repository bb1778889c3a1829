//! What the vectors cover, measured against the contract.
//!
//! The cases are read from `wit/`, so a case that is added there fails here until it has
//! vectors.

use std::collections::BTreeMap;

use merge_sync_conformance::{Contract, Shape, Vector, load_vectors};
use serde_json::Value;
use wit_parser::Type;

/// `operation`, type and case, with how often they were seen.
type Seen = BTreeMap<String, usize>;

/// An operation has at least so many vectors; `meta.version` alone has but one input.
const PER_OPERATION: usize = 10;
/// A case of an answer occurs in at least so many vectors.
const PER_CASE: usize = 2;

/// Cases that the types allow and the rules exclude, with the reason.
const EXCLUDED: [&str; 1] = [
    // A fetch is for a finish, and what it was for is stored.
    "window.advance progress.merge-last-sync-finished none",
];

/// Enter every case that an answer of type `of` can have, unseen.
fn expect(contract: &Contract, of: &Type, prefix: &str, seen: &mut Seen) {
    let shape = contract.shape(of).expect("a type of the contract");
    match shape {
        Shape::Bool | Shape::U16 | Shape::U32 | Shape::U64 | Shape::Instant | Shape::Text => {}
        Shape::List(item) => expect(contract, item, prefix, seen),
        Shape::Option(some) => expect(contract, some, prefix, seen),
        Shape::Record(name, record) => {
            for field in &record.fields {
                if matches!(contract.shape(&field.ty), Ok(Shape::Option(_))) {
                    for case in ["none", "some"] {
                        seen.entry(format!("{prefix} {name}.{} {case}", field.name))
                            .or_default();
                    }
                }
                expect(contract, &field.ty, prefix, seen);
            }
        }
        Shape::Enum(name, cases) => {
            for case in &cases.cases {
                seen.entry(format!("{prefix} {name}.{}", case.name))
                    .or_default();
            }
        }
        Shape::Variant(name, cases) => {
            for case in &cases.cases {
                seen.entry(format!("{prefix} {name}.{}", case.name))
                    .or_default();
                if let Some(payload) = &case.ty {
                    expect(contract, payload, prefix, seen);
                }
            }
        }
        Shape::Result(ok, err) => {
            for case in ["ok", "err"] {
                seen.entry(format!("{prefix} result.{case}")).or_default();
            }
            expect(contract, ok, prefix, seen);
            expect(contract, err, prefix, seen);
        }
    }
}

/// Collect the cases of one answer.
fn collect(contract: &Contract, of: &Type, prefix: &str, answer: &Value, cases: &mut Vec<String>) {
    let shape = contract.shape(of).expect("a type of the contract");
    match shape {
        Shape::Bool | Shape::U16 | Shape::U32 | Shape::U64 | Shape::Instant | Shape::Text => {}
        Shape::List(item) => {
            for value in answer.as_array().into_iter().flatten() {
                collect(contract, item, prefix, value, cases);
            }
        }
        Shape::Option(_) if answer.is_null() => {}
        Shape::Option(some) => collect(contract, some, prefix, answer, cases),
        Shape::Record(name, record) => {
            for field in &record.fields {
                let value = &answer[field.name.replace('-', "_")];
                if matches!(contract.shape(&field.ty), Ok(Shape::Option(_))) {
                    let case = if value.is_null() { "none" } else { "some" };
                    cases.push(format!("{prefix} {name}.{} {case}", field.name));
                }
                collect(contract, &field.ty, prefix, value, cases);
            }
        }
        Shape::Enum(name, _) => {
            cases.push(format!(
                "{prefix} {name}.{}",
                answer.as_str().unwrap_or_default()
            ));
        }
        Shape::Variant(name, known) => {
            let tag = answer["tag"].as_str().unwrap_or_default();
            cases.push(format!("{prefix} {name}.{tag}"));
            let payload = known.cases.iter().find(|case| case.name == tag);
            if let Some(payload) = payload.and_then(|case| case.ty.as_ref()) {
                collect(contract, payload, prefix, &answer["value"], cases);
            }
        }
        Shape::Result(ok, _) => {
            cases.push(format!("{prefix} result.ok"));
            collect(contract, ok, prefix, answer, cases);
        }
    }
}

/// The cases that one vector shows, each once.
fn shown(contract: &Contract, vector: &Vector) -> Vec<String> {
    let operation = contract
        .operation(&vector.operation)
        .expect("an operation of the contract");
    let mut cases = Vec::new();
    if vector.error().is_some() {
        if matches!(contract.shape(&operation.answer), Ok(Shape::Result(..))) {
            cases.push(format!("{} result.err", vector.operation));
        }
    } else {
        collect(
            contract,
            &operation.answer,
            &vector.operation,
            &vector.output,
            &mut cases,
        );
    }
    cases.sort();
    cases.dedup();
    cases
}

#[test]
fn every_operation_has_ten_vectors() {
    let contract = Contract::load().expect("the contract loads");
    let vectors = load_vectors().expect("the vectors load");
    for (name, operation) in contract.operations() {
        let count = vectors
            .iter()
            .filter(|vector| vector.operation == name)
            .count();
        let needed = if operation.parameters.is_empty() {
            1
        } else {
            PER_OPERATION
        };
        assert!(count >= needed, "`{name}` has {count} vectors of {needed}");
    }
    for vector in &vectors {
        assert!(
            contract.operation(&vector.operation).is_some(),
            "{}: no such operation",
            vector.id
        );
    }
}

#[test]
fn every_case_of_every_answer_has_two_vectors() {
    let contract = Contract::load().expect("the contract loads");
    let mut seen = Seen::new();
    for (name, operation) in contract.operations() {
        expect(&contract, &operation.answer, name, &mut seen);
    }
    for vector in load_vectors().expect("the vectors load") {
        for case in shown(&contract, &vector) {
            let count = seen.get_mut(&case);
            *count.unwrap_or_else(|| panic!("{}: `{case}` is no case", vector.id)) += 1;
        }
    }
    for case in EXCLUDED {
        assert_eq!(seen.remove(case), Some(0), "`{case}` occurs");
    }
    let rare: Vec<_> = seen
        .iter()
        .filter(|(_, count)| **count < PER_CASE)
        .collect();
    assert!(rare.is_empty(), "fewer than {PER_CASE} vectors: {rare:#?}");
}
