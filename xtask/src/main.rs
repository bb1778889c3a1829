//! The project's own commands: `cargo xtask build`, `test`, `lint`, `demo` and `ci`.
//!
//! Nothing but Rust is needed. Progress goes to standard error; standard output carries what was
//! asked for and nothing else.

mod ci;
mod cli;
mod demo;
mod dist;
mod fuzz;
mod licenses;
mod lint;
mod module;
mod mutants;
mod process;
mod target;
mod test;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Task};

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Build { json } => dist::run(json),
        Task::Test { arguments } => test::run(&arguments),
        Task::Lint => lint::run(),
        Task::Demo { arguments } => demo::run(&arguments),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Mutants { shard } => mutants::run(shard.as_deref()),
        Task::Ci => ci::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
