//! `cargo xtask kill`: build everything and kill the real process.

use std::process::Command;

use anyhow::Result;

use crate::dist;
use crate::process::{built, run as run_command, say};
use crate::workspace::root;

/// Build the engine, the host and its killer, then hand over.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::engine_quietly()?;
    say("building the host and its killer");
    let program = built("merge-sync-kill", &["merge-sync"])?;
    say("starting to kill");
    run_command(Command::new(program).args(arguments).current_dir(root()))
}
