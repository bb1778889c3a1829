//! `cargo xtask bench`: what a decision takes, in nanoseconds, natively, in wasmtime, and as the plain
//! handlers of Python and Node do the same; and how they compare.
//!
//! Times are of this machine and this minute; the ratios are what can be compared. So all subjects
//! are measured in turn, round after round, and each figure is the median of its rounds.

mod bindings;
mod component;
mod figure;
mod rival;
mod subject;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use merge_sync_costs::inputs::{Question, questions};

use component::{Cold, Form, Fresh, Warm};
use figure::Figures;
use rival::Rival;
use subject::Subject;

/// Measure what a decision takes, beside its rivals.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// Print the figures as one JSON object.
    #[arg(long)]
    json: bool,
    /// How many times each subject has its turn.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// About how long a turn lasts, in milliseconds.
    #[arg(long, default_value_t = 40)]
    turn_ms: u64,
    /// Only operations that contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// The native crates, as a program.
    #[arg(long, hide = true)]
    native: PathBuf,
    /// The same without SHA instructions.
    #[arg(long, hide = true)]
    soft: PathBuf,
    /// Where to put what the programs read.
    #[arg(long, hide = true)]
    folder: PathBuf,
}

/// A subject and what it is called; by which form it is asked.
struct Entrant {
    name: &'static str,
    subject: Box<dyn Subject>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    fs::create_dir_all(&arguments.folder)?;
    let mut entrants = entrants(&arguments)?;
    let questions: Vec<Question> = questions()?
        .into_iter()
        .filter(|question| question.name.contains(&arguments.only))
        .collect();
    let turn = Duration::from_millis(arguments.turn_ms);
    let mut figures = Figures::default();
    let turns = u64::from(arguments.rounds) * questions.len() as u64 * entrants.len() as u64;
    let bar = ProgressBar::new(turns).with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} turns, {eta} left, {msg}",
    )?);
    for question in &questions {
        let file = arguments
            .folder
            .join(format!("{}.json", question.name.replace(' ', "-")));
        fs::write(&file, &question.input)
            .with_context(|| format!("could not write {}", file.display()))?;
        bar.set_message(question.name.clone());
        let mut calls = Vec::new();
        for entrant in &mut entrants {
            calls.push(match entrant.subject.takes(question) {
                true => Some(entrant.subject.calls_in(question, &file, turn)?),
                false => None,
            });
        }
        for _ in 0..arguments.rounds {
            for (entrant, calls) in entrants.iter_mut().zip(&calls) {
                bar.inc(1);
                if let Some(calls) = calls {
                    let took = entrant.subject.time(question, &file, *calls)?;
                    figures.enter(&question.name, entrant.name, took, *calls);
                }
            }
        }
    }
    bar.finish_and_clear();
    if arguments.json {
        println!("{}", serde_json::to_string(&figures.report())?);
    } else {
        print!("{}", figures.table());
    }
    Ok(())
}

/// All of them; the native crates first, since the others are compared with them.
fn entrants(arguments: &Arguments) -> Result<Vec<Entrant>> {
    let rivals = concat!(env!("CARGO_MANIFEST_DIR"), "/rivals");
    let python = Rival::start("python3", &[&format!("{rivals}/webhook.py")], "typed", true)?;
    let node = Rival::start("node", &[&format!("{rivals}/webhook.mjs")], "typed", true)?;
    let native = arguments.native.to_str().context("a path of text")?;
    let soft = arguments.soft.to_str().context("a path of text")?;
    Ok(vec![
        entrant("native", Rival::start(native, &[], "typed", false)?),
        entrant(
            "native, no SHA instructions",
            Rival::start(soft, &[], "typed", false)?,
        ),
        entrant("native by text", Rival::start(native, &[], "text", false)?),
        entrant("component", Warm::load(Form::Typed)?),
        entrant("component by text", Warm::load(Form::Text)?),
        entrant("component, fresh instance", Fresh::load()?),
        entrant("component, cold from machine code", Cold::load()?),
        entrant("Python", python),
        entrant("Node", node),
    ])
}

fn entrant(name: &'static str, subject: impl Subject + 'static) -> Entrant {
    let subject = Box::new(subject);
    Entrant { name, subject }
}
