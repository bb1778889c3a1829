//! `cargo xtask demo`: build everything and run the demo.

use anyhow::Result;

use crate::dist;
use crate::process::{cargo, run as run_command, say};

/// Build the components and the host, then hand over to `merge-sync demo`.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::quietly()?;
    say("building the host and starting the demo");
    let mut demo = cargo();
    demo.args([
        "run",
        "--package",
        "merge-sync-host",
        "--bin",
        "merge-sync",
        "--",
        "demo",
    ]);
    run_command(demo.args(arguments))
}
