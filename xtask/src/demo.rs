//! `cargo xtask demo`: build everything and run the demo.

use std::process::Command;

use anyhow::Result;

use crate::dist;
use crate::process::{built, root, run as run_command, say};

/// Build the components and the host, then hand over to `merge-sync demo`.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::quietly()?;
    say("building the host");
    let program = built("merge-sync", &[])?;
    say("starting the demo");
    run_command(
        Command::new(program)
            .arg("demo")
            .args(arguments)
            .current_dir(root()),
    )
}
