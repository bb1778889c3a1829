//! `cargo xtask costs`: build everything and count what it costs.

use std::env::consts::EXE_SUFFIX;
use std::process::Command;

use anyhow::Result;

use crate::dist;
use crate::process::{cargo_native, root, run as run_command, say, target_directory};

/// Build the components and what counts, then hand over.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::quietly()?;
    say("building what counts");
    run_command(cargo_native("build").args(["--bin", "merge-sync-costs"]))?;
    say("counting");
    let program = target_directory()?
        .join("debug")
        .join(format!("merge-sync-costs{EXE_SUFFIX}"));
    run_command(Command::new(program).args(arguments).current_dir(root()))
}
