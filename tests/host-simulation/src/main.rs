//! The simulation as a program: `cargo xtask simulate` builds what it needs and starts it.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use anyhow::bail;
use clap::Parser;
use merge_sync_simulation::engine::Engine;
use merge_sync_simulation::mishap;
use merge_sync_simulation::plot::draw;
use merge_sync_simulation::poison;
use merge_sync_simulation::run::{Until, run};
use merge_sync_simulation::scenario::{Rule, Wanted};
use merge_sync_simulation::seeds::{Play, Sum, play};
use merge_sync_simulation::shrink::{arguments, excerpt, shrink};

/// Play simulated days of hosts, store and Merge with every fault there is, seed by seed, and say
/// what was lost.
///
/// Exit status: 0 if every seed ended well, 1 if one did not, 2 for what went wrong.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate")]
struct Args {
    /// Which seeds, the last one excluded.
    #[arg(long, value_name = "A..B", default_value = "0..100", value_parser = range)]
    seeds: Range<u64>,
    /// How window bounds are chosen.
    #[arg(long, value_enum, default_value = "contiguous")]
    rule: Rule,
    /// Print everything that happens, with its virtual time; for one seed.
    #[arg(long, conflicts_with = "json")]
    trace: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Switch kinds of faults off.
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    without: Vec<String>,
    /// What is wrong for good with one account in four: `all`, `none`, or kinds such as
    /// `cursors-refused=404`.
    #[arg(long, value_name = "KIND,..", default_value = "all")]
    poison: String,
    /// End changes and faults after so many hours of virtual time.
    #[arg(long)]
    hours: Option<u32>,
    /// At most so many accounts.
    #[arg(long)]
    accounts: Option<usize>,
    /// At most so many hosts.
    #[arg(long)]
    hosts: Option<usize>,
    /// Stop at the first seed that does not end well.
    #[arg(long)]
    until_found: bool,
    /// Do not make failing seeds smaller.
    #[arg(long)]
    no_shrink: bool,
    /// Play all three rules and draw what each lost, as SVG.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["trace", "rule", "json"])]
    plot: Option<PathBuf>,
    /// How many seeds side by side [default: one for each core].
    #[arg(long)]
    jobs: Option<NonZero<usize>>,
    /// The engine's component.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "dist/merge-sync-engine.wasm",
        hide = true
    )]
    engine: PathBuf,
    /// Break the engine on purpose before it is built: a name of `tests/host-simulation/sabotage`; or `all`,
    /// alone or with `--ranges N` and `--json`, for the seeds until each is found.
    // `cargo xtask` does it; here it is only for the line that repeats a failure.
    #[arg(long, value_name = "NAME")]
    sabotage: Option<String>,
}

/// So many failing seeds are put into words, the first of them made smaller.
const TOLD: usize = 500;

/// The end of a shrunken trace, in lines.
const EXCERPT: usize = 40;

fn main() -> ExitCode {
    match simulate(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn simulate(args: &Args) -> anyhow::Result<bool> {
    let wanted = wanted(args)?;
    let engine = Engine::load(&args.engine)?;
    if args.trace {
        return trace(&engine, args, &wanted);
    }
    let jobs = args.jobs.or_else(|| available_parallelism().ok());
    let how = Play {
        until_found: args.until_found,
        jobs: jobs.unwrap_or(NonZero::<usize>::MIN),
        progress: std::io::stderr().is_terminal(),
    };
    if let Some(file) = &args.plot {
        return plot(&engine, args, &wanted, how, file);
    }
    let sum = play(&engine, args.seeds.clone(), &wanted, how);
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", sum.json())?;
    } else {
        write!(out, "{}", text(&sum))?;
    }
    tell_failures(&engine, args, &wanted, &sum);
    Ok(sum.failed.is_empty())
}

/// Play the seeds under each rule. The published one is expected to lose records.
fn plot(
    engine: &Engine,
    args: &Args,
    wanted: &Wanted,
    how: Play,
    file: &Path,
) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    let mut courses = Vec::new();
    for rule in [Rule::Contiguous, Rule::OpenEnded, Rule::FetchStart] {
        let sum = play(
            engine,
            args.seeds.clone(),
            &Wanted {
                rule,
                ..wanted.clone()
            },
            how,
        );
        write!(out, "{}:\n{}", rule.name(), text(&sum))?;
        courses.push((rule, sum));
    }
    draw(file, &courses)?;
    let clean = |(rule, sum): &(Rule, Sum)| *rule == Rule::FetchStart || sum.failed.is_empty();
    Ok(courses.iter().all(clean))
}

fn wanted(args: &Args) -> anyhow::Result<Wanted> {
    let without: BTreeSet<String> = args.without.iter().cloned().collect();
    let names: BTreeSet<&str> = mishap::names().collect();
    if let Some(unknown) = without.iter().find(|name| !names.contains(name.as_str())) {
        let names: Vec<&str> = names.into_iter().collect();
        bail!("without: `{unknown}` is not one of {}", names.join(", "));
    }
    Ok(Wanted {
        rule: args.rule,
        without,
        poison: poison::wanted(&args.poison).map_err(anyhow::Error::msg)?,
        hours: args.hours,
        accounts: args.accounts,
        hosts: args.hosts,
    })
}

fn trace(engine: &Engine, args: &Args, wanted: &Wanted) -> anyhow::Result<bool> {
    if args.seeds.end - args.seeds.start != 1 {
        bail!(
            "trace: expected one seed, as in `--seeds 7..8`, found {:?}",
            args.seeds
        );
    }
    let outcome = run(engine, args.seeds.start, wanted, Until::End, true);
    let mut out = std::io::stdout().lock();
    for line in &outcome.trace {
        writeln!(out, "{line}")?;
    }
    for words in &outcome.words {
        writeln!(out, "{words}")?;
    }
    Ok(outcome.good)
}

fn text(sum: &Sum) -> String {
    let mut text = format!(
        "{} seeds, {:.0} account-days, {} engine calls, {} faults in {:.1} s ({:.0} engine calls/s)\n",
        sum.seeds,
        sum.account_days,
        sum.counts.engine_calls,
        sum.counts.all_faults(),
        sum.seconds,
        sum.rate(),
    );
    for (name, count) in &sum.counts.faults {
        text.push_str(&format!("  {name:<20} {count:>9}\n"));
    }
    text.push_str(&format!(
        "poisoned accounts {}, parked {}, requests an hour of a read at rest {}\n",
        sum.poisoned_accounts, sum.parked, sum.most_at_rest,
    ));
    text.push_str(&format!(
        "failed seeds {}, lost {}, stale {}, wrongly deleted {}\n",
        sum.failed.len(),
        sum.lost,
        sum.stale,
        sum.wrongly_deleted
    ));
    text
}

/// What went wrong, and the one command that shows it again.
fn tell_failures(engine: &Engine, args: &Args, wanted: &Wanted, sum: &Sum) {
    let sabotage = args.sabotage.as_ref();
    let sabotage = sabotage.map_or_else(String::new, |name| format!(" --sabotage {name}"));
    for (nth, outcome) in sum.failed.iter().take(TOLD).enumerate() {
        let seeds = outcome.seed..outcome.seed + 1;
        eprintln!("\nseed {}:", outcome.seed);
        let (poisons, words): (Vec<_>, Vec<_>) = outcome
            .words
            .iter()
            .partition(|words| words.starts_with("for good: "));
        for words in words.into_iter().take(4).chain(poisons) {
            eprintln!("  {words}");
        }
        eprintln!(
            "  again: cargo xtask simulate {}{sabotage} --trace",
            arguments(&seeds, wanted)
        );
        if nth > 0 || args.no_shrink {
            continue;
        }
        let (smallest, outcome) = shrink(engine, outcome.seed, wanted);
        eprintln!("  made smaller, and what led to it:");
        for line in excerpt(&outcome.trace, EXCERPT) {
            eprintln!("    {line}");
        }
        eprintln!(
            "  again: cargo xtask simulate {}{sabotage} --trace",
            arguments(&seeds, &smallest)
        );
    }
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let wrong = || "expected two numbers, as in `0..100`".to_owned();
    let (start, end) = text.split_once("..").ok_or_else(wrong)?;
    let start = start.parse().map_err(|_| wrong())?;
    let end = end.parse().map_err(|_| wrong())?;
    if start < end {
        Ok(start..end)
    } else {
        Err("expected at least one seed".to_owned())
    }
}
