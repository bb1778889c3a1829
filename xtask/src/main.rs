//! The project's own commands: `cargo xtask build`, `test`, `lint`, `demo`, `simulate`, `kill`,
//! `hosts`, `ci` and more.
//!
//! Nothing but Rust is needed, except to fuzz and for other languages. Progress goes to standard
//! error; standard output carries what was asked for and nothing else.

mod bench;
mod ci;
mod cli;
mod costs;
mod demo;
mod dist;
mod fuzz;
mod hosts;
mod kill;
mod licenses;
mod lint;
mod module;
mod mutants;
mod process;
mod sabotage;
mod sdks;
mod simulate;
mod simulation;
mod target;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::cli::{Cli, Task};

fn main() -> ExitCode {
    let task = Cli::parse().task;
    let done = workspace::find().and_then(|_| run(task));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Build { json } => dist::run(json),
        Task::Test { arguments } => test::run(&arguments),
        Task::Lint => lint::run(),
        Task::Demo { arguments } => demo::run(&arguments),
        Task::Simulate {
            sabotage,
            arguments,
        } => simulate::run(sabotage.as_deref(), &arguments),
        Task::Bench { arguments } => bench::run(&arguments),
        Task::Costs { arguments } => costs::run(&arguments),
        Task::Kill { arguments } => kill::run(&arguments),
        Task::Hosts(options) => hosts::run(&options),
        Task::Sdks => sdks::run(),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Mutants { shard } => mutants::run(shard.as_deref()),
        Task::Ci => ci::run(),
    }
}
