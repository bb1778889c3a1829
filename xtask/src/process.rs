//! Running cargo and other programs.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::workspace::root;

/// The crates that only exist for wasm. They bring an allocator and a panic handler of their own.
pub const SHELLS: [&str; 3] = [
    "merge-sync-component-logic",
    "merge-sync-component-text",
    "merge-sync-component-engine",
];

/// Where cargo builds; `CARGO_TARGET_DIR` and cargo's configuration may put it anywhere.
pub fn target_directory() -> Result<PathBuf> {
    let mut query = cargo();
    query.args(["metadata", "--format-version", "1", "--no-deps"]);
    let metadata = output(&mut query).context("`cargo metadata` failed")?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let directory = metadata["target_directory"].as_str();
    Ok(directory
        .context("`cargo metadata` names no target directory")?
        .into())
}

/// Cargo, in the workspace's directory.
///
/// `cargo run` tells the program it starts about the program's package in variables that some
/// build scripts watch: passed on, they would make cargo build those again each time.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&*name);
        }
    }
    cargo
}

/// Cargo with `--workspace` less the shells, which cannot be built for the host.
pub fn cargo_native(subcommand: &str) -> Command {
    let mut cargo = cargo();
    cargo.args([subcommand, "--workspace"]);
    for shell in SHELLS {
        cargo.args(["--exclude", shell]);
    }
    cargo
}

/// The program `name`, built, and with it those `beside` it.
///
/// With the whole workspace, as for the tests: the features of dependencies depend on what is built
/// together, and a program alone would want another build of wasmtime.
pub fn built(name: &str, beside: &[&str]) -> Result<PathBuf> {
    let mut build = cargo_native("build");
    for program in [name].iter().chain(beside) {
        build.args(["--bin", program]);
    }
    run(&mut build)?;
    let file = format!("{name}{EXE_SUFFIX}");
    Ok(target_directory()?.join("debug").join(file))
}

/// Say what is being done.
pub fn say(message: &str) {
    eprintln!("xtask: {message}");
}

/// Run to the end; an error where the program is missing or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("could not start `{name}`"))?;
    if !status.success() {
        let arguments: Vec<_> = command
            .get_args()
            .map(|part| part.to_string_lossy())
            .collect();
        let name = Path::new(&name)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        bail!("`{name} {}` failed ({status})", arguments.join(" "));
    }
    Ok(())
}

/// What the program prints; `None` where it is missing or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
