//! `cargo xtask demo`: build the engine and the demo, and run it.

use std::process::Command;

use anyhow::Result;

use crate::dist;
use crate::process::{built, run as run_command, say};
use crate::workspace::root;

/// Build, then hand over.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::engine_quietly()?;
    say("building the demo");
    let program = built("merge-sync-demo", &[])?;
    say("starting the demo");
    run_command(Command::new(program).args(arguments).current_dir(root()))
}
