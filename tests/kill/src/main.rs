//! `cargo xtask kill`: the real process, killed at random moments of a simulated day.
//!
//! The process is the binary `merge-sync` as it is, started as `merge-sync serve`; only its clock
//! is this program's (`--rehearsal`). It talks to the simulated Merge over HTTP, with every fault
//! on, and is started again on the same file after each kill.
//!
//! | To change | Look at |
//! |---|---|
//! | when it is killed, and doing what | `plan` |
//! | what else happens, and for how long | `scenario` |
//! | how time passes | `drive`, `pace` |
//! | how it is seen what the process is doing | `relay`, `pace`, `trigger` |
//! | what is good enough | `summary` |

mod drive;
mod event;
mod pace;
mod plan;
mod process;
mod relay;
mod rows;
mod scenario;
mod summary;
mod trigger;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use merge_simulator::time::{HOUR, Micros};
use merge_simulator::{Handle, Server, Shared, lock};
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;

use crate::drive::{Drive, Parts, Tally};
use crate::process::Program;
use crate::relay::Carries;
use crate::summary::{Outcome, Summary};
use crate::trigger::Trigger;

/// Kill the real merge-sync process again and again, and count what was lost.
#[derive(Debug, Parser)]
#[command(name = "merge-sync-kill", version, after_help = HELP)]
struct Args {
    /// How often
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    kills: u32,
    /// Decides data, faults, and each kill: when, at what moment, how far into it
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print the summary as one JSON object
    #[arg(long)]
    json: bool,
    /// Show no progress, and fail where a run is too small to prove anything
    #[arg(long)]
    check: bool,
    /// The binary to kill [default: `merge-sync` beside this program]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// The engine's component [default: where the binary finds it]
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Keep the store and the process's log, in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

const HELP: &str = "\
The process lives in the simulator's time: it never waits for real time to pass, and a run is as
fast as the machine. The seed decides the data, the faults, and every kill; what the system does
within the microseconds around one (which thread goes first, how far a write got) it cannot, so
that two runs of a seed differ in the end.

A webhook that finds the process dead is closed unanswered; Merge posts it twice more and gives
up. The process is up, and not killed, for the last attempt at a LinkedAccount.linked: nothing
else carries the account's token, and an operator compares GET /linked-accounts with the store.

Exit codes: 0 for a good run, 1 for one that lost something or that shows too little (--check), 2
for what went wrong, such as a process that does not start again.";

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("merge-sync-kill: seed {}: {error:#}", args.seed);
            ExitCode::from(2)
        }
    }
}

async fn run(args: &Args) -> Result<bool> {
    let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = match &args.keep {
        Some(folder) => kept(folder)?,
        None => temporary.path(),
    };
    let summary = play(args, folder).await?;
    let text = if args.json {
        summary.json()?
    } else {
        summary.text()
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(if args.check {
        summary.passed()
    } else {
        summary.is_clean()
    })
}

/// A folder for a new store.
fn kept(folder: &Path) -> Result<&Path> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("keep: cannot make `{}`", folder.display()))?;
    if folder.join(STORE).exists() {
        bail!(
            "keep: `{}` holds a store already; name another folder",
            folder.display()
        );
    }
    Ok(folder)
}

/// The store's file.
const STORE: &str = "merge-sync.sqlite";

async fn play(args: &Args, folder: &Path) -> Result<Summary> {
    let began = Instant::now();
    let seed = args.seed;
    let merge: Shared = Arc::new(Mutex::new(scenario::merge(seed)));
    let (start, end) = {
        let merge = lock(&merge);
        (merge.now(), scenario::end(seed, &merge))
    };
    // Merge serves until this is dropped.
    let (_server, parts) = assemble(args, folder, &merge).await?;
    let database = parts.program.database.clone();
    let bar = progress(args, end - start);
    let mut drive = Drive::new(parts);
    let ran = drive
        .run(end, |tally, now| show(&bar, tally, now - start))
        .await;
    let found = match ran {
        Ok(()) => rows::read(&database),
        Err(error) => Err(error),
    };
    drive.stop().await;
    bar.finish_and_clear();
    let found = found?;
    let merge = lock(&merge);
    Ok(Outcome {
        seed,
        kills: args.kills,
        full_rereads: scenario::rereads(seed),
        tally: drive.tally().clone(),
        verdict: merge.verdict(found.rows),
        stats: merge.stats(),
        accounts: found.accounts,
        integrity: found.integrity,
        simulated: merge.now() - start,
        seconds: began.elapsed().as_secs_f64(),
    }
    .summary())
}

/// Merge, the wires between it and the process, and what is to happen.
async fn assemble(args: &Args, folder: &Path, merge: &Shared) -> Result<(Handle, Parts)> {
    let (events, inbox) = unbounded_channel();
    let trigger = Trigger::new(events.clone());
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("cannot listen on the loopback address")?;
    let server = Server::start(merge.clone(), listener)?;
    let front = relay::Target::default();
    let relay = |carries, target| relay::start(carries, target, trigger.clone(), events.clone());
    let to_merge = Arc::new(Mutex::new(Some(server.address())));
    let requests = relay(Carries::Requests, to_merge).await?;
    let webhooks = relay(Carries::Webhooks, Arc::clone(&front)).await?;
    let rehearsal = pace::start(merge.clone(), trigger.clone(), events.clone()).await?;
    let mut held = lock(merge);
    held.set_webhook_url(Some(format!("http://{webhooks}/api/webhooks/merge")));
    let configuration = folder.join("merge-sync.toml");
    std::fs::write(
        &configuration,
        scenario::configuration(args.seed, &mut held),
    )
    .context("cannot write the configuration")?;
    let program = Program {
        file: match &args.program {
            Some(file) => file.clone(),
            None => beside()?,
        },
        component: args.component.clone(),
        database: folder.join(STORE),
        configuration,
        merge: requests,
        rehearsal,
        api_key: held.api_key().to_owned(),
        signing_key: held.signing_key().to_owned(),
        log: args.keep.as_ref().map(|_| folder.join("merge-sync.log")),
        latest: process::Latest::default(),
    };
    let now = held.now();
    let parts = Parts {
        merge: merge.clone(),
        program,
        trigger,
        front,
        events,
        inbox,
        plan: plan::draw(args.seed, args.kills, now, scenario::BUSY),
        errands: scenario::errands(args.seed, now).into(),
        busy_until: now + scenario::BUSY,
    };
    Ok((server, parts))
}

/// The binary that was built together with this one.
fn beside() -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program is")?;
    Ok(this.with_file_name(format!("merge-sync{}", std::env::consts::EXE_SUFFIX)))
}

/// A bar on a terminal, elsewhere nothing.
fn progress(args: &Args, span: Micros) -> ProgressBar {
    if args.check || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(span.unsigned_abs());
    // It fits a terminal of 80 columns.
    if let Ok(style) = ProgressStyle::with_template("[{bar:40}] {msg}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, tally: &Tally, passed: Micros) {
    bar.set_position(passed.unsigned_abs());
    bar.set_message(format!(
        "{} kills, {} h of virtual time",
        tally.all_kills(),
        passed / HOUR
    ));
}
