//! Every vector on every subject.

use std::collections::BTreeSet;

use merge_sync_conformance::{
    CoreModule, Native, Refused, Subject, Text, Typed, Vector, canonical, load_vectors,
};
use serde_json::{Value, json};

/// What is wrong with a subject's answer to a vector, if anything.
fn complaint(subject: &mut dyn Subject, vector: &Vector) -> Option<String> {
    let answer = subject.call(&vector.operation, &vector.input.to_string());
    let got = match answer {
        Ok(text) => match serde_json::from_str::<Value>(&text) {
            Ok(value) => value,
            Err(error) => return Some(format!("{}: not JSON ({error}): {text}", vector.id)),
        },
        Err(Refused::Problem(message)) => json!({ "error": message }),
        // A form that cannot be asked the question need not refuse it; but a body is a text
        // in every form.
        Err(Refused::Inexpressible(_)) if vector.error().is_some() && !is_body(&vector.input) => {
            return None;
        }
        Err(Refused::Inexpressible(why)) => {
            return Some(format!("{}: could not be asked: {why}", vector.id));
        }
        Err(Refused::Trapped(why)) => return Some(format!("{}: trapped: {why}", vector.id)),
    };
    let (got, want) = (canonical(&got), canonical(&vector.output));
    (got != want).then(|| {
        format!(
            "{}: {}\n   got {got}\n  want {want}",
            vector.id, vector.note
        )
    })
}

/// Whether `input` is a parser's one argument.
fn is_body(input: &Value) -> bool {
    input
        .as_object()
        .is_some_and(|input| input.len() == 1 && input.get("body").is_some_and(Value::is_string))
}

#[track_caller]
fn check(subject: &mut dyn Subject) {
    let vectors = load_vectors().expect("the vectors load");
    assert!(!vectors.is_empty());
    let complaints: Vec<_> = vectors
        .iter()
        .filter_map(|vector| complaint(subject, vector))
        .collect();
    assert!(
        complaints.is_empty(),
        "{}: {} of {} vectors failed\n{}",
        subject.name(),
        complaints.len(),
        vectors.len(),
        complaints.join("\n"),
    );
}

#[test]
fn native_answers_every_vector() {
    check(&mut Native);
}

#[test]
fn text_component_answers_every_vector() {
    check(&mut Text::load().expect("the text component loads"));
}

#[test]
fn typed_interfaces_answer_every_vector() {
    check(&mut Typed::load().expect("the logic component loads"));
}

#[test]
fn core_module_answers_every_vector() {
    check(&mut CoreModule::load().expect("the core module loads"));
}

#[test]
fn ids_are_unique_and_notes_are_sentences() {
    let mut seen = BTreeSet::new();
    for vector in load_vectors().expect("the vectors load") {
        assert!(
            !vector.note.is_empty(),
            "{}: says not which mistake it catches",
            vector.id
        );
        assert!(
            seen.insert(vector.id.clone()),
            "`{}` occurs twice",
            vector.id
        );
    }
    assert!(seen.len() >= 300, "only {} vectors", seen.len());
}

#[test]
fn an_unknown_key_in_a_vector_is_refused() {
    let text = r#"{"id": "x", "note": "x", "operation": "meta.version", "input": {}, "output": "", "outptu": 1}"#;
    let error = serde_json::from_str::<Vector>(text).expect_err("a misspelled key passed");
    assert!(error.to_string().contains("outptu"), "{error}");
}

#[test]
fn an_unknown_operation_is_refused_by_every_subject() {
    for mut subject in crate::subjects::subjects() {
        for operation in [
            "",
            "window",
            "window.",
            "window.previous",
            "Window.next",
            "types.row",
        ] {
            let answer = subject.call(operation, "{}");
            assert!(
                matches!(answer, Err(Refused::Problem(_) | Refused::Inexpressible(_))),
                "{}: `{operation}` gave {answer:?}",
                subject.name(),
            );
        }
    }
}

#[test]
fn input_that_is_not_json_is_refused_by_every_subject() {
    for mut subject in crate::subjects::subjects() {
        for input in [
            "",
            "{",
            "[]",
            "null",
            "{}{}",
            "\u{0}",
            "{\"body\": \"\\ud800\"}",
        ] {
            let answer = subject.call("page.parse", input);
            assert!(
                matches!(answer, Err(Refused::Problem(_) | Refused::Inexpressible(_))),
                "{}: `{input}` gave {answer:?}",
                subject.name(),
            );
        }
    }
}
