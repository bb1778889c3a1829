//! The demonstration, whole: everything on, through the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

/// The built component.
fn component_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist/merge-sync-engine.wasm")
}

fn scratch() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn demo(scratch: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_merge-sync-demo"))
        .args(arguments)
        .env_clear()
        .env("MERGE_SYNC_COMPONENT", component_file())
        .current_dir(scratch.path())
        .output()
        .unwrap()
}

/// The number at a path like `webhooks.sent`.
#[track_caller]
fn number(summary: &Value, path: &str) -> u64 {
    let pointer = format!("/{}", path.replace('.', "/"));
    let found = summary.pointer(&pointer).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("{path} is no number in {summary}"))
}

#[test]
fn nothing_is_lost_with_every_fault_and_full_rereads() {
    let scratch = scratch();
    let arguments = [
        "--check", "--json", "--faults", "--seed", "4", "--keep", "kept",
    ];
    let output = demo(&scratch, &arguments);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(said.lines().count(), 1, "{said}");
    let summary: Value = serde_json::from_str(&said).unwrap();
    for (path, least) in [
        ("accounts", 3),
        ("webhooks.sent", 100),
        ("webhooks.accepted", 100),
        ("webhooks.refused", 5),
        ("webhooks.duplicated", 5),
        ("polls", 100),
        ("windows", 200),
        ("requests", 300),
        ("records_in_merge", 5_000),
        ("records_stored", 5_000),
    ] {
        assert!(number(&summary, path) >= least, "{path}: {said}");
    }
    for path in ["lost", "stale", "wrongly_deleted"] {
        assert_eq!(number(&summary, path), 0, "{path}: {said}");
    }
    let faults = summary["faults"].as_object().unwrap();
    assert_eq!(faults.len(), 17);
    assert!(
        faults.values().all(|count| count.as_u64() >= Some(5)),
        "{said}"
    );
    kept(&scratch, number(&summary, "records_stored"));
}

/// The file is what the summary says, and no second run writes into it.
#[track_caller]
fn kept(scratch: &TempDir, records: u64) {
    let file = scratch.path().join("kept/merge-sync.sqlite");
    let found: u64 = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .unwrap()
        .query_row("SELECT count(*) FROM records", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap()
        .cast_unsigned();
    assert_eq!(found, records);
    let again = demo(scratch, &["--check", "--keep", "kept"]);
    assert_eq!(again.status.code(), Some(2));
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!(
        said,
        "demo: keep: `kept` holds a store already; name another folder\n"
    );
}

#[test]
fn a_speed_is_for_people_alone() {
    let scratch = scratch();
    for arguments in [["--check", "--speed=2"], ["--json", "--speed=-1"]] {
        let output = demo(&scratch, &arguments);
        assert_eq!(output.status.code(), Some(2));
    }
}
