//! `cargo xtask demo`: a simulated Merge and the reference host in one process.
//!
//! Three customers are linked; their data is synced for the first time, then changes for a day;
//! what Merge holds is then held against what the store holds. Everything between the two goes
//! over HTTP and through the component, and every commit is durable, as in production. Only
//! the time is not real: it leaps from one event to the next.
//!
//! | To change | Look at |
//! |---|---|
//! | what happens, and for how long | the simulator's `scenario` |
//! | how time passes | `world`, `clock` |
//! | what is compared | `reader`, and the simulator's verdict |
//! | what is good enough | `summary` |
//! | what people see meanwhile | `show` |

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::Parser;
use merge_simulator::scenario::Scenario;
use merge_simulator::{Shared, lock};
use merge_sync_host::clock::SECOND;
use merge_sync_host::engine_flag::Engine;
use merge_sync_host::terminal::say;
use tracing_subscriber::EnvFilter;

use crate::reader::Reader;
use crate::show::Show;
use crate::summary::{Outcome, Summary};
use crate::world::World;

mod clock;
mod reader;
mod show;
mod summary;
mod world;

const HELP: &str = "\
A run takes a good day of virtual time. Changes and faults end after 21 hours; then
Merge syncs each model once more, the host is given an hour, and Merge's ledger is held against
the store's file, read by a connection of its own.

RUST_LOG=info shows the host's log on standard error, stamped with the virtual time.

Exit codes: 0 for a good run, 1 for one that lost something or that shows too little (--check), 2
for what went wrong.";

/// Watch the host work against a simulated Merge, and hold the two against each other.
#[derive(Debug, Parser)]
#[command(name = "merge-sync-demo", version, after_help = HELP)]
struct Demo {
    /// Decides data and faults: the same number, the same run
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Let everything go wrong that can, each kind at least five times
    #[arg(long)]
    faults: bool,
    /// Show no progress, and fail where a run is too small to prove anything
    #[arg(long)]
    check: bool,
    /// Print the summary as one JSON object
    #[arg(long)]
    json: bool,
    /// Keep the SQLite file, in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Virtual hours a second, 0 for as fast as it goes [default: 3.5 on a terminal, else 0]
    #[arg(long, value_name = "HOURS", value_parser = speed, conflicts_with = "check")]
    speed: Option<f64>,
    #[command(flatten)]
    engine: Engine,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Demo::parse().run().await {
        Ok(code) => code,
        Err(error) => {
            // One line, whatever the causes have to say.
            eprintln!("demo: {}", format!("{error:#}").replace('\n', " "));
            ExitCode::from(2)
        }
    }
}

/// The store's file, in a temporary folder or in one that somebody chose.
const FILE: &str = "merge-sync.sqlite";

impl Demo {
    /// Run it. A run that lost something is no error.
    async fn run(self) -> anyhow::Result<ExitCode> {
        let wasm = self.engine.file()?;
        let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
        let folder = match &self.keep {
            Some(folder) => kept(folder)?,
            None => temporary.path(),
        };
        let file = folder.join(FILE);
        let summary = self.play(&wasm, &file).await?;
        if self.json {
            say(&summary.json()?)?;
        } else {
            say(&summary.text())?;
            if self.keep.is_some() {
                say(&format!("The store is kept in {}.", file.display()))?;
            }
        }
        let good = if self.check {
            summary.passed()
        } else {
            summary.is_clean()
        };
        Ok(ExitCode::from(u8::from(!good)))
    }

    async fn play(&self, wasm: &Path, file: &Path) -> anyhow::Result<Summary> {
        let began = Instant::now();
        let scenario = Scenario {
            seed: self.seed,
            faults: self.faults,
        };
        let merge = world::shared(scenario);
        start_log(&merge);
        let (start, end) = {
            let merge = lock(&merge);
            (merge.now(), scenario.end(&merge))
        };
        let mut show = if self.check {
            Show::nothing()
        } else {
            Show::progress(self.speed, start, end)
        };
        let mut world = World::start(scenario, merge, wasm, file).await?;
        let reader = Reader::open(file).context("the store cannot be read")?;
        while world.now() < end {
            let next = world.next().unwrap_or(end).min(end);
            show.before(next, &world, &reader).await?;
            world.step(next).await?;
        }
        show.after(&world, &reader)?;
        let rows = reader.rows().context("the store cannot be read")?;
        let merge = lock(&world.merge);
        Ok(Outcome {
            scenario,
            accounts: reader.accounts()?,
            verdict: merge.verdict(rows),
            stats: merge.stats(),
            host: world.host.counters().snapshot(),
            simulated_seconds: (merge.now() - start) / SECOND,
            real_seconds: began.elapsed().as_secs_f64(),
        }
        .summary())
    }
}

/// A folder for a new store.
fn kept(folder: &Path) -> anyhow::Result<&Path> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("keep: cannot make `{}`", folder.display()))?;
    if folder.join(FILE).exists() {
        bail!(
            "keep: `{}` holds a store already; name another folder",
            folder.display()
        );
    }
    Ok(folder)
}

/// Faults make a host complain, as they should: nobody needs to see it unasked.
fn start_log(merge: &Shared) {
    if std::env::var_os(EnvFilter::DEFAULT_ENV).is_none() {
        return;
    }
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_timer(clock::Stamp(merge.clone()))
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed >= 0.0 => Ok(speed),
        _ => Err("expected a number of hours, 0 or more".to_owned()),
    }
}
