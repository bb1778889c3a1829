//! `cargo xtask mutants`: does a test notice when a decision is changed?

use anyhow::{Result, bail};

use crate::process::{cargo, output, run as run_command, say};

/// Cases of each property: fewer than in the tests, since thousands of mutants meet each of them.
const CASES: &str = "32";

/// Hand over to cargo-mutants, which `.cargo/mutants.toml` configures.
pub fn run(shard: Option<&str>) -> Result<()> {
    if output(cargo().args(["mutants", "--version"])).is_none() {
        bail!("cargo-mutants is missing: cargo install cargo-mutants --locked");
    }
    let mut mutants = cargo();
    mutants.arg("mutants").env("PROPTEST_CASES", CASES);
    if let Some(shard) = shard {
        mutants.args(["--shard", shard]);
    }
    say("changing decisions and engine, one place at a time: this takes hours");
    run_command(&mut mutants)
}
