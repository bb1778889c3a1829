//! `cargo xtask kill`: build everything and kill the real process.

use std::env::consts::EXE_SUFFIX;
use std::process::Command;

use anyhow::Result;

use crate::dist;
use crate::process::{cargo_native, root, run as run_command, say, target_directory};

/// Build the components, the host and its killer, then hand over.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::quietly()?;
    say("building the host and its killer");
    // With the whole workspace, for the same build of wasmtime as the tests'.
    run_command(cargo_native("build").args(["--bin", "merge-sync", "--bin", "merge-sync-kill"]))?;
    say("starting to kill");
    let program = target_directory()?
        .join("debug")
        .join(format!("merge-sync-kill{EXE_SUFFIX}"));
    run_command(Command::new(program).args(arguments).current_dir(root()))
}
