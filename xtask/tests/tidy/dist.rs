//! What `cargo xtask build` left in `dist/`: imports, exports, sizes and sums.

use std::collections::BTreeMap;
use std::env;
use std::fs;

use sha2::{Digest as _, Sha256};
use wasmparser::{ExternalKind, Parser, Payload, Validator, WasmFeatures};
use wit_parser::WorldKey;
use wit_parser::decoding::{DecodedWasm, decode};

use crate::contract::package;
use crate::{check, root};

const COMPONENTS: [(&str, &str); 3] = [
    ("merge-sync-logic.wasm", "logic"),
    ("merge-sync-text.wasm", "text"),
    ("merge-sync-engine.wasm", "sync-engine"),
];

const CORE: &str = "merge-sync-text.core.wasm";

#[track_caller]
fn read(name: &str) -> Vec<u8> {
    let path = root().join("dist").join(name);
    fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "dist/{name}: {error}; `cargo xtask build` makes it, `cargo xtask test` does so first"
        )
    })
}

/// Names of the interfaces that a component imports or exports, in alphabetical order.
#[track_caller]
fn interfaces(name: &str, imported: bool) -> Vec<String> {
    let decoded = decode(&read(name)).expect("a component");
    let DecodedWasm::Component(resolve, world) = decoded else {
        panic!("dist/{name} is not a component")
    };
    let world = &resolve.worlds[world];
    let items = if imported {
        &world.imports
    } else {
        &world.exports
    };
    let mut names: Vec<_> = items
        .keys()
        .map(|key| resolve.name_world_key(key))
        .collect();
    names.sort();
    names
}

#[track_caller]
fn check_imports(name: &str, expected: &[&str]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|name| format!("merge-sync:triggers/{name}@0.1.0"))
        .collect();
    assert_eq!(interfaces(name, true), expected, "imports of dist/{name}");
}

#[track_caller]
fn check_size(name: &str, limit: usize) {
    let size = read(name).len();
    assert!(
        size <= limit,
        "dist/{name} has {size} bytes, {limit} are allowed"
    );
}

#[test]
fn logic_component_imports_nothing() {
    check_imports("merge-sync-logic.wasm", &[]);
}

#[test]
fn text_component_imports_nothing() {
    check_imports("merge-sync-text.wasm", &[]);
}

#[test]
fn engine_component_imports_its_five_interfaces_and_their_types() {
    let expected = ["clock", "http", "log", "settings", "store", "types"];
    check_imports("merge-sync-engine.wasm", &expected);
}

#[test]
fn types_have_no_function() {
    let (resolve, package) = package();
    let types = resolve.packages[package].interfaces["types"];
    assert!(resolve.interfaces[types].functions.is_empty());
}

#[test]
fn each_component_exports_what_its_world_says() {
    let (resolve, package) = package();
    for (name, world) in COMPONENTS {
        let world = &resolve.worlds[resolve.packages[package].worlds[world]];
        let key = |key: &WorldKey| resolve.name_world_key(key);
        let mut expected: Vec<_> = world.exports.keys().map(key).collect();
        expected.sort();
        assert_eq!(interfaces(name, false), expected, "exports of dist/{name}");
    }
}

#[test]
fn each_component_fits_its_world_of_the_contract() {
    let (resolve, package) = package();
    for (name, world) in COMPONENTS {
        let world = resolve.packages[package].worlds[world];
        if let Err(error) = wit_component::targets(&resolve, world, &read(name)) {
            panic!("dist/{name} was built from another contract: {error:#}");
        }
    }
}

#[test]
fn core_module_imports_nothing() {
    let core = read(CORE);
    for payload in Parser::new(0).parse_all(&core) {
        if let Payload::ImportSection(section) = payload.expect("a module") {
            let imports: Vec<_> = section
                .into_imports()
                .map(|import| import.expect("an import"))
                .collect();
            let names: Vec<_> = imports
                .iter()
                .map(|import| (import.module, import.name))
                .collect();
            assert!(names.is_empty(), "dist/{CORE} imports {names:?}");
        }
    }
}

#[test]
fn core_module_needs_no_vector_instructions() {
    let features = WasmFeatures::WASM2.difference(WasmFeatures::SIMD);
    Validator::new_with_features(features)
        .validate_all(&read(CORE))
        .expect("a module of WebAssembly 2.0 without SIMD");
}

#[test]
fn core_module_exports_what_a_caller_of_the_canonical_abi_needs() {
    let core = read(CORE);
    let mut exports = BTreeMap::new();
    for payload in Parser::new(0).parse_all(&core) {
        if let Payload::ExportSection(section) = payload.expect("a module") {
            for export in section {
                let export = export.expect("an export");
                exports.insert(export.name.to_owned(), export.kind);
            }
        }
    }
    let expected = [
        (
            "cabi_post_merge-sync:triggers/json@0.1.0#call",
            ExternalKind::Func,
        ),
        (
            "cabi_post_merge-sync:triggers/meta@0.1.0#version",
            ExternalKind::Func,
        ),
        ("cabi_realloc", ExternalKind::Func),
        ("memory", ExternalKind::Memory),
        ("merge-sync:triggers/json@0.1.0#call", ExternalKind::Func),
        ("merge-sync:triggers/meta@0.1.0#version", ExternalKind::Func),
    ];
    let expected: BTreeMap<_, _> = expected
        .into_iter()
        .map(|(name, kind)| (name.to_owned(), kind))
        .collect();
    assert_eq!(exports, expected);
}

#[test]
fn sums_are_those_of_the_files() {
    let sums = String::from_utf8(read("SHA256SUMS")).expect("text");
    let names: Vec<_> = sums
        .lines()
        .filter_map(|line| line.split("  ").nth(1))
        .collect();
    assert_eq!(
        names,
        [
            "merge-sync-logic.wasm",
            "merge-sync-text.wasm",
            CORE,
            "merge-sync-engine.wasm"
        ]
    );
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").expect("a sum and a name");
        let actual: String = Sha256::digest(read(name))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(actual, sum, "of dist/{name}");
    }
}

#[test]
fn no_artifact_names_a_directory_of_the_machine_that_built_it() {
    let mut places = vec![root()];
    places.extend(env::home_dir());
    places.extend(env::var_os("CARGO_HOME").map(Into::into));
    let mut faults = Vec::new();
    for name in COMPONENTS.map(|(name, _)| name).into_iter().chain([CORE]) {
        let bytes = read(name);
        for place in &places {
            let place = place.to_string_lossy();
            let found = bytes
                .windows(place.len())
                .any(|part| part == place.as_bytes());
            if place.len() > 1 && found {
                faults.push(format!("dist/{name} has {place}"));
            }
        }
    }
    check(&faults);
}

#[test]
fn logic_component_stays_small() {
    check_size("merge-sync-logic.wasm", 155_000);
}

#[test]
fn text_component_stays_small() {
    check_size("merge-sync-text.wasm", 355_000);
}

#[test]
fn engine_component_stays_small() {
    check_size("merge-sync-engine.wasm", 331_000);
}
