//! `cargo xtask costs`: build everything and count what it costs.

use std::process::Command;

use anyhow::Result;

use crate::dist;
use crate::process::{built, run as run_command, say};
use crate::workspace::root;

/// Build the components and what counts, then hand over.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::quietly()?;
    say("building what counts");
    let program = built("merge-sync-costs", &[])?;
    say("counting");
    run_command(Command::new(program).args(arguments).current_dir(root()))
}
