//! `cargo xtask costs`: what the components cost, in counts that no machine changes, beside what they
//! cost when `baseline.json` was written.
//!
//! | Count | What it is |
//! |---|---|
//! | bytes | of a file in `dist/` |
//! | fuel | WebAssembly instructions that a call executed, as wasmtime counts them |
//! | allocations | of the native crates, in a call |
//! | requests, commits | that a run of the engine asks its host for |
//! | SQL statements | that the reference host has SQLite execute |

mod account;
mod allocations;
mod baseline;
mod bytes;
mod fuel;
mod statements;
mod walk;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Parser;

use merge_sync_costs::inputs;

use baseline::{Costs, Verdict};

/// Everything is counted natively with this allocator, which counts.
#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Count what the components cost, and fail where that rose by more than three hundredths.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask costs", bin_name = "cargo xtask costs")]
struct Arguments {
    /// Print the counts as one JSON object.
    #[arg(long)]
    json: bool,
    /// Write the counts to the baseline, and fail for none of them.
    #[arg(long)]
    accept: bool,
    /// Compare with this file.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.json"))]
    baseline: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let costs = count()?;
    if arguments.json {
        println!("{}", serde_json::to_string(&costs)?);
    }
    let path = &arguments.baseline;
    if arguments.accept {
        let text = format!("{}\n", serde_json::to_string_pretty(&costs)?);
        fs::write(path, text).with_context(|| format!("could not write {}", path.display()))?;
        return Ok(());
    }
    let text = fs::read_to_string(path).with_context(|| {
        format!(
            "could not read {}; `cargo xtask costs --accept` writes it",
            path.display()
        )
    })?;
    let before: Costs =
        serde_json::from_str(&text).with_context(|| format!("in {}", path.display()))?;
    let verdict = Verdict::of(&before, &costs);
    if !arguments.json {
        println!("{}", verdict.table());
    }
    match verdict.faults().as_slice() {
        [] => Ok(()),
        faults => bail!(
            "{}\n`cargo xtask costs --accept` takes the counts of today for good",
            faults.join("\n")
        ),
    }
}

fn count() -> Result<Costs> {
    let mut costs = Costs::new();
    bytes::count(&mut costs)?;
    let questions = inputs::questions()?;
    allocations::count(&questions, &mut costs)?;
    fuel::count(&questions, &mut costs)?;
    account::count(&mut costs)?;
    walk::count(&mut costs)?;
    statements::count(&mut costs)?;
    Ok(costs)
}
