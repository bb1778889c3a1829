//! The simulation as a program, which is built and started in more than one way.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process::{built, say};
use crate::workspace::root;

/// The simulation, built.
pub fn program() -> Result<PathBuf> {
    say("building the simulation");
    built("merge-sync-simulate", &[])
}

/// The simulation with these arguments.
pub fn command(program: &Path, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}
