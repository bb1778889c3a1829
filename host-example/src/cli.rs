//! The commands of `merge-sync`.
//!
//! Exit codes: 0 for done (and for "authentic"), 1 for a plain no, 2 for what went wrong.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::config::variable;
use crate::config::{DEFAULT_FILE, Flags};
use crate::demo;

mod explain;
mod serve;
mod status;
mod verify;

/// Keeps a product in step with Merge's Unified API.
#[derive(Debug, Parser)]
#[command(name = "merge-sync", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Receive webhooks, poll, fetch and keep what Merge holds
    #[command(after_help = serve::HELP)]
    Serve(serve::Serve),
    /// Say whether a webhook's body is authentic, and what it means
    #[command(after_help = verify::HELP)]
    Verify(verify::Verify),
    /// Say what would be done about a /sync-status answer, and why
    #[command(after_help = explain::HELP)]
    Explain(explain::Explain),
    /// Show each account in the store
    Status(status::Status),
    /// Watch it work against a simulated Merge, and hold the two against each other
    #[command(after_help = demo::HELP)]
    Demo(demo::Demo),
}

/// Carry out a command.
///
/// # Errors
///
/// What went wrong, fit for one line.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(serve) => serve.run().await,
        Command::Verify(verify) => verify.run().await,
        Command::Explain(explain) => explain.run().await,
        Command::Status(status) => status.run().await,
        Command::Demo(demo) => demo.run().await,
    }
}

/// Where settings come from.
#[derive(Debug, Clone, Args)]
pub struct Source {
    /// Configuration file [default: merge-sync.toml, if it is there] [env: MERGE_SYNC_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

impl Source {
    /// The configuration file's path and text, if there is one.
    fn file(&self) -> anyhow::Result<Option<(PathBuf, String)>> {
        let named = self
            .config
            .clone()
            .or_else(|| variable("MERGE_SYNC_CONFIG").map(Into::into));
        let path = match named {
            Some(path) => path,
            None if Path::new(DEFAULT_FILE).is_file() => DEFAULT_FILE.into(),
            None => return Ok(None),
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("config: cannot read `{}`", path.display()))?;
        Ok(Some((path, text)))
    }
}

/// The bytes of a file, or of standard input for `-`.
fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}
