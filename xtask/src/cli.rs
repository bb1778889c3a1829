//! The command line.

use clap::{Parser, Subcommand};

use crate::fuzz;
use crate::hosts;

/// Build, test, check and show merge-sync.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Build the components into `dist/`, with their SHA256SUMS, and print their sizes.
    ///
    /// Adds the compilation target wasm32-wasip2 with rustup where it is missing, and says so.
    Build {
        /// Print the sizes and sums as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Build the components and run every test; the last line has the counts.
    ///
    /// `cargo xtask test -- ARGUMENTS` hands ARGUMENTS to the tests, for example a part of the
    /// names of those to run.
    Test {
        /// For the tests, for example a part of a test's name.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Check format, lints, documentation, licences and where dependencies come from.
    ///
    /// Runs `cargo deny` too, where it is installed (`cargo install cargo-deny --locked`). Its
    /// security advisories are downloaded and change by the day: `cargo deny check advisories`.
    Lint,
    /// Build the demo and run it: `cargo xtask demo --check --json` for example.
    ///
    /// Arguments go to the demo; `cargo xtask demo -- --help` lists them. Standard output is the
    /// demo's alone.
    Demo {
        /// For the demo.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Play simulated days of hosts, store and Merge with every fault there is: `cargo xtask
    /// simulate --seeds 0..1000` for example.
    ///
    /// Arguments go to the simulation; `cargo xtask simulate --help` lists them.
    #[command(disable_help_flag = true)]
    Simulate {
        /// Break the engine on purpose before it is built: a name of `tests/host-simulation/sabotage`,
        /// or `all` for a table of how many seeds it took to find each.
        #[arg(long, value_name = "NAME")]
        sabotage: Option<String>,
        /// For the simulation.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Kill the real process again and again: `cargo xtask kill --kills 100 --json` for example.
    ///
    /// Builds everything, then starts `merge-sync serve` against the simulated Merge with every
    /// fault on, kills it at random moments of a simulated day, starts it again on the same file,
    /// and counts what was lost. `cargo xtask kill --help` lists the arguments. Standard output
    /// is the result's alone.
    #[command(disable_help_flag = true)]
    Kill {
        /// For `merge-sync-kill`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Time decisions, servers, syncs and large stores beside their rivals: native code, Python, Node.
    ///
    /// Times are of this machine; the ratios are what can be compared. `cargo xtask bench --help`
    /// lists the arguments.
    #[command(disable_help_flag = true)]
    Bench {
        /// For `merge-sync-bench`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Count what the components cost, and fail where that rose: instructions, bytes, allocations,
    /// requests, SQL statements.
    ///
    /// `cargo xtask costs --accept` takes the counts of today for good; `cargo xtask costs --help`
    /// lists the arguments.
    #[command(disable_help_flag = true)]
    Costs {
        /// For `merge-sync-costs`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run every host language against the same vectors, questions and webhook, and print a matrix.
    ///
    /// A host whose runtime is not installed is named with the command that installs it.
    Hosts(hosts::Options),
    /// Drive the simulator with Merge's official clients for Python and Node, and fail on an answer
    /// that they cannot read.
    ///
    /// They come from their registries, into `target/merge-sdk`.
    Sdks,
    /// Fuzz each target for some seconds, from the inputs that are kept.
    ///
    /// What fails is written to `fuzz/artifacts`, with the command that runs it again. Needs a C++
    /// compiler for libFuzzer, and no nightly Rust.
    Fuzz(fuzz::Options),
    /// Change the decisions and the engine, one place at a time, and see whether a test notices.
    ///
    /// Takes hours, and is no part of `ci`. Needs `cargo install cargo-mutants --locked`. What was
    /// found is in `mutants.out`.
    Mutants {
        /// One part of several, as `0/8`.
        #[arg(long)]
        shard: Option<String>,
    },
    /// Everything that a change must pass: lint, test, costs, the demo with and without faults, seeds of
    /// the simulation, sabotage, fuzzing, kills, Merge's own clients, and every host language.
    ///
    /// Prints the minutes of each step, and fails where they are too many.
    Ci,
}
