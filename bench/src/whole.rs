//! Whole processes: `merge-sync serve` and what a team would otherwise run, as separate programs.

mod accounts;
mod client;
mod load;
mod merge;
mod program;
pub mod scale;
pub mod sync;
pub mod webhooks;

use std::env::{self, consts::EXE_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use self::program::Program;

/// What all parts are measured with.
#[derive(Debug)]
pub struct Setting {
    /// Python, with what `rivals/requirements.txt` names.
    pub python: PathBuf,
    /// For databases: a disk, not memory.
    pub folder: PathBuf,
    /// How often each has its turn.
    pub rounds: u32,
    /// How long a load lasts.
    pub turn: Duration,
}

/// Every webhook is signed with it.
const SIGNING_KEY: &str = "an-example-key-that-signs-nothing-else";

/// What the API of `merge-sync serve` is asked with.
const ADMIN_TOKEN: &str = "an-example-token-that-lets-in-nobody-else";

/// What requests to Merge are made with where nobody looks at it.
const API_KEY: &str = "an-example-api-key";

impl Setting {
    /// A folder that goes when what this gives does: some stores are gigabytes.
    fn scratch(&self) -> Result<TempDir> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("could not make {}", self.folder.display()))?;
        Ok(tempfile::tempdir_in(&self.folder)?)
    }
}

/// A program that was built beside this one.
fn beside(name: &str) -> Result<PathBuf> {
    let program = env::current_exe()?.with_file_name(format!("{name}{EXE_SUFFIX}"));
    ensure!(
        program.exists(),
        "{} is missing: `cargo xtask bench` builds it",
        program.display()
    );
    Ok(program)
}

/// What Merge's own limits make sensible would be in the way here: no rival keeps to any.
const LIMITS: &str = "
[settings]
requests_per_minute = 100000
[settings.run_limits]
pages = 10000
requests = 10000
";

/// `merge-sync serve` on a database, against a Merge at this address.
fn serve(database: &Path, merge: &str, api_key: &str) -> Result<Program> {
    let limits = database.with_extension("toml");
    fs::write(&limits, LIMITS)?;
    let mut serve = Command::new(beside("merge-sync")?);
    serve
        .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .args(["--base-url", merge])
        .arg("--config")
        .arg(limits)
        .arg("--database")
        .arg(database)
        .arg("--component")
        .arg(merge_sync_costs::dist("merge-sync-engine.wasm"))
        .env("MERGE_API_KEY", api_key)
        .env("MERGE_WEBHOOK_SECRET", SIGNING_KEY)
        .env("MERGE_SYNC_ADMIN_TOKEN", ADMIN_TOKEN)
        // A line for each webhook is a matter of taste; no rival writes one.
        .env("RUST_LOG", "warn,merge_sync_host=info");
    Program::start(&mut serve)
}

/// For what this program itself serves and sends: one thread, so that it is less in the way.
fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}
