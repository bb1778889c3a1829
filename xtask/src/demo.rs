//! `cargo xtask demo`: build everything and run the demo.

use std::env::consts::EXE_SUFFIX;
use std::process::Command;

use anyhow::Result;

use crate::dist;
use crate::process::{cargo_native, root, run as run_command, say, target_directory};

/// Build the components and the host, then hand over to `merge-sync demo`.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::quietly()?;
    say("building the host");
    // With the whole workspace, as for the tests: the features of dependencies depend on what is
    // built together, and the host alone would want another build of wasmtime.
    run_command(cargo_native("build").args(["--bin", "merge-sync"]))?;
    say("starting the demo");
    let program = target_directory()?
        .join("debug")
        .join(format!("merge-sync{EXE_SUFFIX}"));
    run_command(
        Command::new(program)
            .arg("demo")
            .args(arguments)
            .current_dir(root()),
    )
}
