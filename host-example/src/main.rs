//! The binary `merge-sync`.

use std::process::ExitCode;

use clap::Parser;
use merge_sync_host::cli::{Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            // One line, whatever the causes have to say.
            eprintln!("merge-sync: {}", format!("{error:#}").replace('\n', " "));
            ExitCode::from(2)
        }
    }
}
