//! The binary `merge-sync`.

use std::process::ExitCode;

use clap::Parser;
use merge_sync_host::cli::{Cli, run};
use merge_sync_host::terminal::visible;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            // One line, whatever the causes have to say.
            let line = format!("{error:#}").replace('\n', " ");
            eprintln!("merge-sync: {}", visible(&line));
            ExitCode::from(2)
        }
    }
}
