//! The testing checklists of the published guide, item by item: each points at what shows it.

use std::collections::BTreeSet;
use std::fs;

use merge_sync_conformance::{load_vectors, repository};
use serde::Deserialize;

/// How many items the guide's three checklists have.
const ITEMS: [(&str, usize); 3] = [("2.2.1", 7), ("3.1.1", 14), ("3.2.1", 18)];

/// One item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    /// The guide's step whose checklist has it.
    step: String,
    /// What it asks for, in our words.
    item: String,
    /// What shows that it holds.
    #[serde(default)]
    shown_by: Vec<Proof>,
    /// Where we do something else, and why.
    #[serde(default)]
    ruling: Option<Ruling>,
}

/// A vector or a test.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Proof {
    /// The id of a vector.
    Vector { vector: String },
    /// A function in a file of tests.
    Test { file: String, test: String },
}

/// A departure from the guide.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ruling {
    /// A heading of `ARCHITECTURE.md`.
    section: String,
    /// What we do instead.
    instead: String,
}

fn checklist() -> Vec<Item> {
    let path = repository().join("tests/checklist.json");
    let text = fs::read_to_string(&path).expect("tests/checklist.json is there");
    serde_json::from_str(&text).expect("tests/checklist.json is a list of items")
}

/// Whether `text` holds the heading `section`, at any level.
fn has_heading(text: &str, section: &str) -> bool {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| line.trim_start_matches('#').trim() == section)
}

#[test]
fn every_item_points_at_something() {
    let vectors: BTreeSet<String> = load_vectors()
        .expect("the vectors load")
        .into_iter()
        .map(|vector| vector.id)
        .collect();
    let architecture = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap_or_default();

    let mut missing = Vec::new();
    for item in checklist() {
        if item.shown_by.is_empty() {
            missing.push(format!("{}: points at nothing", item.item));
        }
        for proof in &item.shown_by {
            match proof {
                Proof::Vector { vector } if vectors.contains(vector) => {}
                Proof::Vector { vector } => {
                    missing.push(format!("{}: no vector `{vector}`", item.item));
                }
                Proof::Test { file, test } => {
                    let text = fs::read_to_string(repository().join(file)).unwrap_or_default();
                    let signature = format!("fn {test}(");
                    if !text
                        .lines()
                        .any(|line| line.trim_start().contains(&signature))
                    {
                        missing.push(format!("{}: no test `{test}` in {file}", item.item));
                    }
                }
            }
        }
        if let Some(Ruling { section, instead }) = &item.ruling {
            if !has_heading(&architecture, section) {
                missing.push(format!("{}: no heading `{section}`", item.item));
            }
            assert!(
                !instead.is_empty(),
                "{}: a ruling that rules nothing",
                item.item
            );
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn no_item_was_left_out() {
    for (step, count) in ITEMS {
        let items = checklist()
            .into_iter()
            .filter(|item| item.step == step)
            .count();
        assert_eq!(items, count, "items of step {step}");
    }
    let total: usize = ITEMS.iter().map(|(_, count)| count).sum();
    assert_eq!(checklist().len(), total, "an item of another step");
}

#[test]
fn a_heading_is_found_by_its_whole_text() {
    assert!(has_heading(
        "# A\n\n## The window rule\n",
        "The window rule"
    ));
    assert!(!has_heading(
        "The window rule\n## The window rule of old\n",
        "The window rule"
    ));
}
