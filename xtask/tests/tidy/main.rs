//! What no compiler checks: the contract, the built components, the layers, the text of the files.

mod contract;
mod dist;
mod imports;
mod layers;
mod modules;
mod sources;
mod workspace;

use std::path::{Path, PathBuf};

/// The workspace's directory.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("xtask is in the workspace")
        .to_path_buf()
}

/// Fails with all faults at once, a line each.
#[track_caller]
fn check(faults: &[String]) {
    assert!(
        faults.is_empty(),
        "{} faults:\n  {}",
        faults.len(),
        faults.join("\n  ")
    );
}
