//! `cargo xtask sdks`: Merge's official clients read everything that the simulator serves.

use std::env::consts::EXE_SUFFIX;
use std::process::Command;

use anyhow::Result;

use crate::process::{cargo, run as run_command, target_directory};
use crate::workspace::root;

/// Build the simulator and let the clients drive it.
pub fn run() -> Result<()> {
    run_command(cargo().args(["build", "--package", "merge-simulator"]))?;
    let target = target_directory()?;
    let simulator = format!("merge-simulator{EXE_SUFFIX}");
    let mut check = Command::new("bash");
    check
        .arg(root().join("tests/merge-sdk/check"))
        .arg(target.join("debug").join(simulator))
        .env("MERGE_SDK_TARGET", target.join("merge-sdk"));
    run_command(&mut check)
}
