//! `cargo xtask bench`: build everything for speed and time it.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::dist;
use crate::process::{built, cargo, run as run_command, say, target_directory};
use crate::workspace::root;

/// Build the components, the native crates twice, and what times them; then hand over.
pub fn run(arguments: &[String]) -> Result<()> {
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        // Not worth a build of its own: this one the tests need as well.
        let bench = built("merge-sync-bench", &[])?;
        return run_command(Command::new(bench).arg("--help"));
    }
    dist::quietly()?;
    say("building for speed: minutes, the first time");
    let folder = target_directory()?.join("bench");
    let sha = native("sha", &[])?;
    let soft = native("soft", &["--cfg", "sha2_backend=\"soft\""])?;
    let python = python(&folder)?;
    let mut build = cargo();
    build.args(["build", "--profile", "speed-of-the-host"]);
    build.args([
        "--package",
        "merge-sync-bench",
        "--package",
        "merge-sync-host",
    ]);
    run_command(&mut build)?;
    say("measuring");
    let program = target_directory()?
        .join("speed-of-the-host")
        .join(format!("merge-sync-bench{EXE_SUFFIX}"));
    let mut bench = Command::new(program);
    bench.arg("--native").arg(sha).arg("--soft").arg(soft);
    bench.arg("--python").arg(python);
    bench.arg("--folder").arg(folder);
    run_command(bench.args(arguments).current_dir(root()))
}

/// Python with what its rivals need, in an environment of their own.
fn python(folder: &Path) -> Result<PathBuf> {
    let needs = root().join("bench/rivals/requirements.txt");
    let (environment, kept) = (folder.join("python"), folder.join("requirements.txt"));
    let python = match cfg!(windows) {
        true => environment.join("Scripts").join("python.exe"),
        false => environment.join("bin").join("python"),
    };
    let wanted = fs::read(&needs).with_context(|| format!("could not read {}", needs.display()))?;
    if python.exists() && fs::read(&kept).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    say("installing the rivals that are written in Python");
    let made = Command::new("python3")
        .args(["-m", "venv"])
        .arg(&environment)
        .status();
    ensure!(
        made.is_ok_and(|made| made.success()),
        "the rivals need Python 3.11 or later with `venv`: install python3-venv, or python.org's"
    );
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--requirement"]);
    run_command(install.arg(&needs))?;
    fs::write(&kept, wanted)?;
    Ok(python)
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
