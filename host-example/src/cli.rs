//! The commands of `merge-sync`.
//!
//! Exit codes: 0 for done (and for "authentic"), 1 for a plain no, 2 for what went wrong.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod explain;
mod input;
mod serve;
mod status;
mod stop;
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
    }
}
