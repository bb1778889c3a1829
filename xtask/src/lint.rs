//! `cargo xtask lint`: what can be checked without running anything.

use anyhow::Result;

use crate::licenses;
use crate::process::{cargo, cargo_native, output, run as run_command, say};
use crate::target::{self, cargo_shells};

/// Check format, lints, documentation, licences and the sources of dependencies.
pub fn run() -> Result<()> {
    target::ensure()?;
    say("checking the format");
    run_command(cargo().args(["fmt", "--all", "--check"]))?;
    run_command(cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    // The fuzz targets are a workspace of their own, whose lock file no build of this one renews.
    say("checking that the lock file of the fuzz targets is current");
    run_command(
        cargo()
            .args(["tree", "--locked", "--depth", "0"])
            .args(["--manifest-path", "fuzz/Cargo.toml"]),
    )?;
    say("checking licences and sources");
    licenses::check()?;
    deny()?;
    say("checking with clippy");
    run_command(cargo_native("clippy").args([
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    say("checking the components with clippy");
    run_command(cargo_shells("clippy").args(["--locked", "--", "-D", "warnings"]))?;
    say("checking the documentation");
    run_command(
        cargo_native("doc")
            .arg("--no-deps")
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    run_command(
        cargo_shells("doc")
            .arg("--no-deps")
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// `cargo deny` takes minutes to build: it is run where somebody installed it, and what must always
/// hold is checked by [`licenses`]. Advisories are left out. They change with the day and not with
/// the source, and are downloaded.
fn deny() -> Result<()> {
    if output(cargo().args(["deny", "--version"])).is_none() {
        say("cargo-deny is not installed: its further checks of dependencies are left out");
        return Ok(());
    }
    run_command(cargo().args([
        "deny",
        "--all-features",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
}
