//! `cargo xtask bench`: build everything for speed and time it.

use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::dist;
use crate::process::{cargo, root, run as run_command, say, target_directory};

/// Build the components, the native crates twice, and what times them; then hand over.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::quietly()?;
    say("building for speed: minutes, the first time");
    let folder = target_directory()?.join("bench");
    let sha = native("sha", &[])?;
    let soft = native("soft", &["--cfg", "sha2_backend=\"soft\""])?;
    let mut build = cargo();
    build.args([
        "build",
        "--package",
        "merge-sync-bench",
        "--profile",
        "speed-of-the-host",
    ]);
    run_command(&mut build)?;
    say("measuring");
    let program = target_directory()?
        .join("speed-of-the-host")
        .join(format!("merge-sync-bench{EXE_SUFFIX}"));
    let mut bench = Command::new(program);
    bench.arg("--native").arg(sha).arg("--soft").arg(soft);
    bench.arg("--folder").arg(folder.join("questions"));
    run_command(bench.args(arguments).current_dir(root()))
}

/// The native crates, built with these flags in a folder of that name.
fn native(name: &str, flags: &[&str]) -> Result<PathBuf> {
    let target = target_directory()?.join("bench").join(name);
    let mut build = cargo();
    build.args([
        "build",
        "--package",
        "merge-sync-bench-native",
        "--profile",
        "speed",
    ]);
    build.arg("--target-dir").arg(&target);
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    run_command(&mut build)?;
    let program = format!("merge-sync-bench-native{EXE_SUFFIX}");
    Ok(target.join("speed").join(program))
}
