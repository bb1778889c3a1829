//! `cargo xtask bench`: what merge-sync takes, beside what a team would otherwise run.
//!
//! Times are of this machine and this minute; the ratios are what can be compared. So all subjects
//! are measured in turn, round after round, and each figure is the median of its rounds.

mod bindings;
mod decisions;
mod docs;
mod figure;
mod plot;
mod whole;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use figure::Figures;
use whole::{scale, sync, webhooks};

/// Measure what merge-sync takes, beside its rivals.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// Print the figures as one JSON object.
    #[arg(long)]
    json: bool,
    /// What to measure; all of it, if left out.
    #[arg(long, value_delimiter = ',')]
    parts: Vec<Part>,
    /// How many times each subject has its turn.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// About how long a turn of decisions lasts, in milliseconds.
    #[arg(long, default_value_t = 40)]
    turn_ms: u64,
    /// How long a load of webhooks lasts, in milliseconds.
    #[arg(long, default_value_t = 2_000)]
    load_ms: u64,
    /// Of decisions, only those that contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// Of stores, those with so many accounts; a million take a minute and two gigabytes.
    #[arg(
        long,
        value_delimiter = ',',
        default_values_t = [1_000, 10_000, 100_000],
        value_parser = clap::value_parser!(u32).range(1_000..=10_000_000)
    )]
    accounts: Vec<u32>,
    /// Put tables and plots into docs/performance.md.
    #[arg(long)]
    write_docs: bool,
    /// The native crates, as a program.
    #[arg(long, hide = true)]
    native: PathBuf,
    /// The same without SHA instructions.
    #[arg(long, hide = true)]
    soft: PathBuf,
    /// Python, with what the rivals need.
    #[arg(long, hide = true)]
    python: PathBuf,
    /// Where to put what is measured with.
    #[arg(long, hide = true)]
    folder: PathBuf,
}

/// What is measured in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Each decision, called from a program.
    Decisions,
    /// Webhooks a second of whole servers.
    Webhooks,
    /// Records a second of whole syncs.
    Sync,
    /// Stores of few and of many accounts.
    Scale,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Webhooks => "webhooks",
            Self::Sync => "sync",
            Self::Scale => "scale",
        }
    }

    /// What the others are compared with.
    fn base(self, accounts: &[u32]) -> String {
        match self {
            Self::Decisions => decisions::BASE.to_owned(),
            Self::Webhooks => webhooks::BASE.to_owned(),
            Self::Sync => sync::BASE.to_owned(),
            Self::Scale => accounts
                .first()
                .map_or_else(String::new, |n| scale::named(*n)),
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let parts = match arguments.parts.as_slice() {
        [] => Part::value_variants(),
        some => some,
    };
    let mut report = BTreeMap::new();
    for part in parts {
        let mut figures = Figures::beside(part.base(&arguments.accounts));
        measure(&arguments, *part, &mut figures)?;
        if arguments.write_docs {
            docs::write(part.name(), &figures)?;
        }
        if arguments.json {
            let named = |(name, figure)| (format!("{}: {name}", part.name()), figure);
            report.extend(figures.report().into_iter().map(named));
        } else {
            println!("{}\n", docs::table(part.name(), &figures));
        }
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    }
    Ok(())
}

fn measure(arguments: &Arguments, part: Part, figures: &mut Figures) -> Result<()> {
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template(
        "{spinner} {prefix}: {pos} turns in {elapsed}, now {msg}",
    )?);
    bar.set_prefix(part.name());
    let done = |what: &str| {
        bar.inc(1);
        bar.set_message(what.to_owned());
    };
    let whole = whole::Setting {
        python: arguments.python.clone(),
        folder: std::path::absolute(arguments.folder.join("whole"))?,
        rounds: arguments.rounds,
        turn: Duration::from_millis(arguments.load_ms),
    };
    match part {
        Part::Decisions => {
            let setting = decisions::Setting {
                native: arguments.native.clone(),
                soft: arguments.soft.clone(),
                folder: arguments.folder.join("questions"),
                rounds: arguments.rounds,
                turn: Duration::from_millis(arguments.turn_ms),
                only: arguments.only.clone(),
            };
            decisions::measure(&setting, figures, &done)?;
        }
        Part::Webhooks => webhooks::measure(&whole, figures, &done)?,
        Part::Sync => sync::measure(&whole, figures, &done)?,
        Part::Scale => scale::measure(&whole, &arguments.accounts, figures, &done)?,
    }
    bar.finish_and_clear();
    Ok(())
}
