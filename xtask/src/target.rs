//! The compilation target of the components.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::process::{SHELLS, cargo, output, say};
use crate::workspace::root;

/// What plain cargo turns into a component.
pub const TRIPLE: &str = "wasm32-wasip2";

/// Make sure that the target can be compiled for; adds it where rustup can.
pub fn ensure() -> Result<()> {
    if installed() {
        return Ok(());
    }
    if output(Command::new("rustup").arg("--version")).is_some() {
        say(&format!(
            "the target {TRIPLE} is missing: adding it with rustup"
        ));
        let added = Command::new("rustup")
            .args(["target", "add", TRIPLE])
            .current_dir(root())
            .stdout(Stdio::null())
            .status();
        if added.is_ok_and(|status| status.success()) && installed() {
            return Ok(());
        }
    }
    bail!(
        "the compilation target {TRIPLE} is missing. Two ways to get it:\n  \
         - with rustup (https://rustup.rs): rustup target add {TRIPLE}\n  \
         - with a distribution's Rust: its package of the standard library for {TRIPLE}, \
         often named rust-wasm or rust-std-static-{TRIPLE}\n\
         Then try again."
    );
}

/// Cargo on the shells alone, for wasm.
pub fn cargo_shells(subcommand: &str) -> Command {
    let mut cargo = cargo();
    cargo.args([subcommand, "--target", TRIPLE]);
    for shell in SHELLS {
        cargo.args(["--package", shell]);
    }
    cargo
}

/// Whether the compiler has the target's standard library.
fn installed() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut query = Command::new(rustc);
    query
        .args(["--print", "target-libdir", "--target", TRIPLE])
        .current_dir(root());
    let Some(directory) = output(&mut query) else {
        return false;
    };
    Path::new(&directory).read_dir().is_ok_and(|mut files| {
        files.any(|file| {
            file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
        })
    })
}
