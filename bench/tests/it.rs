//! One small measurement from end to end, so that those who want a large one find it working: of the
//! parts that need nothing but this workspace.

use std::process::Command;

use serde_json::Value;

#[test]
fn a_store_is_filled_served_and_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_merge-sync-bench"))
        .args(["--parts", "scale", "--accounts", "1000", "--json"])
        .args(["--rounds", "1", "--load-ms", "50"])
        .args(["--native", "-", "--soft", "-", "--python", "-"])
        .arg("--folder")
        .arg(folder.path())
        .output()
        .expect("the program that cargo built");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    for measure in [
        "first webhook",
        "memory, idle",
        "due account",
        "webhook",
        "disk",
    ] {
        let figure = &report[format!("scale: {measure}: 1,000 accounts")];
        assert!(figure["value"].as_f64() > Some(0.0), "{measure}: {report}");
        assert_eq!(figure["rival"], "1,000 accounts");
        assert_eq!(figure["ratio"], 1.0);
    }
}
