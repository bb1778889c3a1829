//! Who may know whom, and what every crate says of itself.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::Command;

use serde::Deserialize;

use crate::{check, root};

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    description: Option<String>,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `None` for what goes into the program, else `dev` or `build`.
    kind: Option<String>,
}

/// The crates of the workspace.
fn packages() -> Vec<Package> {
    let listed = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    let metadata: Metadata = serde_json::from_slice(&listed.stdout).expect("metadata is JSON");
    metadata.packages
}

/// Every crate of ours, and those of ours that it may know: for tests, too.
const LAYERS: [(&str, &[&str]); 18] = [
    ("merge-sync-guest-runtime", &[]),
    ("merge-sync-logic", &[]),
    ("merge-sync-engine", &["merge-sync-logic"]),
    (
        "merge-sync-component-logic",
        &["merge-sync-guest-runtime", "merge-sync-logic"],
    ),
    (
        "merge-sync-component-text",
        &[
            "merge-sync-guest-runtime",
            "merge-sync-logic",
            "merge-sync-engine",
        ],
    ),
    (
        "merge-sync-component-engine",
        &[
            "merge-sync-guest-runtime",
            "merge-sync-logic",
            "merge-sync-engine",
        ],
    ),
    // The stand-in for Merge is what everything is checked against: it shares nothing with it.
    ("merge-simulator", &[]),
    // Simulated hosts know the engine as it was built.
    ("merge-sync-simulation", &["merge-simulator"]),
    // The host knows the built component, never what it was built from.
    ("merge-sync-host", &["merge-simulator"]),
    ("merge-sync-demo", &["merge-simulator", "merge-sync-host"]),
    // It knows the host as a binary, from outside.
    ("merge-sync-kill", &["merge-simulator"]),
    (
        "merge-sync-conformance",
        &["merge-sync-logic", "merge-sync-engine"],
    ),
    // Allocations are counted natively, SQL statements in the reference host; what `wit/` says of an
    // operation is read in one place.
    (
        "merge-sync-costs",
        &[
            "merge-sync-logic",
            "merge-sync-conformance",
            "merge-sync-host",
        ],
    ),
    // It fills stores of the reference host, and one of its rivals is that host's webhook route
    // around native decisions.
    (
        "merge-sync-bench",
        &[
            "merge-sync-costs",
            "merge-sync-logic",
            "merge-sync-engine",
            "merge-sync-host",
            "merge-simulator",
        ],
    ),
    ("merge-sync-bench-native", &["merge-sync-logic"]),
    // It drives the engine itself: what it explores must be what is built.
    (
        "merge-sync-model",
        &["merge-sync-logic", "merge-sync-engine"],
    ),
    (
        "merge-sync-fuzz",
        &["merge-sync-logic", "merge-sync-engine"],
    ),
    ("xtask", &[]),
];

#[test]
fn no_crate_knows_a_layer_below_it() {
    let packages = packages();
    let ours: BTreeSet<_> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut faults = Vec::new();
    for package in &packages {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == package.name) else {
            faults.push(format!("{} is in no layer: add it to LAYERS", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            if ours.contains(name) && !allowed.contains(&name) {
                faults.push(format!("{} must not depend on {name}", package.name));
            }
        }
    }
    check(&faults);
}

#[test]
fn the_shipped_host_links_no_crate_of_the_tests() {
    let packages = packages();
    let host = packages
        .iter()
        .find(|package| package.name == "merge-sync-host")
        .expect("the host");
    let faults: Vec<_> = host
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
        .filter(|dependency| packages.iter().any(|ours| ours.name == dependency.name))
        .map(|dependency| format!("merge-sync-host links {}", dependency.name))
        .collect();
    check(&faults);
}

#[test]
fn every_crate_has_licence_and_description_and_the_workspace_lints() {
    let mut faults = Vec::new();
    for package in packages() {
        let name = &package.name;
        if package.license.as_deref() != Some("Apache-2.0 OR MIT") {
            faults.push(format!("{name}: licence is {:?}", package.license));
        }
        let description = package.description.unwrap_or_default();
        if description.len() < 10 {
            faults.push(format!("{name}: description is `{description}`"));
        }
        let manifest = fs::read_to_string(&package.manifest_path).expect("a manifest");
        if !manifest.contains("[lints]\nworkspace = true\n") {
            faults.push(format!("{name}: does not take the lints of the workspace"));
        }
    }
    check(&faults);
}

#[test]
fn both_licences_are_there() {
    for (file, opening) in [
        ("LICENSE-APACHE", "Apache License"),
        ("LICENSE-MIT", "MIT License"),
    ] {
        let text = fs::read_to_string(root().join(file)).expect(file);
        assert!(text.trim_start().starts_with(opening), "{file}");
    }
}

#[test]
fn all_crates_share_one_version_that_the_changelog_has() {
    let versions: BTreeSet<_> = packages()
        .into_iter()
        .map(|package| package.version)
        .collect();
    let [version] = Vec::from_iter(&versions)[..] else {
        panic!("versions of the crates: {versions:?}")
    };
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("CHANGELOG.md");
    let heading = format!("## {version}");
    assert!(
        changelog
            .lines()
            .any(|line| line == heading || line.starts_with(&format!("{heading} "))),
        "CHANGELOG.md has no heading `{heading}`"
    );
}

#[test]
fn decisions_and_engine_are_no_std_and_safe() {
    for lib in ["guest/logic/src/lib.rs", "guest/engine/src/lib.rs"] {
        let text = fs::read_to_string(root().join(lib)).expect(lib);
        for line in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            assert!(
                text.lines().any(|found| found == line),
                "{lib} lacks {line}"
            );
        }
    }
}
