//! `cargo xtask ci`: everything a change must pass, with the time that each step took.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::process::{run as run_command, say};
use crate::workspace::root;

/// The steps, as arguments of this program.
const STEPS: [&[&str]; 13] = [
    &["lint"],
    &["test"],
    &["costs"],
    &["demo", "--check", "--json", "--seed", "1"],
    &["demo", "--check", "--json", "--faults", "--seed", "2"],
    &["demo", "--check", "--json", "--faults", "--seed", "3"],
    &["demo", "--check", "--json", "--faults", "--seed", "4"],
    &["simulate", "--seeds", "0..300", "--json"],
    &["simulate", "--sabotage", "all"],
    &["fuzz", "--seconds", "20"],
    &["kill", "--check", "--json", "--kills", "20", "--seed", "1"],
    &["sdks"],
    &["hosts", "--all", "--check"],
];

/// More than this is a fault by itself.
const LIMIT: Duration = Duration::from_secs(65 * 60);

/// Run the steps up to the first that fails, then say how long each took.
pub fn run() -> Result<()> {
    // Asked for once: a step that builds this program anew puts another file in its place, and the
    // system would then name the one that is gone.
    let program = env::current_exe()?;
    let mut times = Vec::new();
    let mut failed = None;
    for step in STEPS {
        let name = format!("cargo xtask {}", step.join(" "));
        say(&name);
        let started = Instant::now();
        let done = run_command(Command::new(&program).args(step).current_dir(root()));
        times.push((name, started.elapsed()));
        if let Err(error) = done {
            failed = Some(error);
            break;
        }
    }
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    println!();
    for (name, time) in &times {
        println!("{} {name}", minutes(*time));
    }
    println!("{} in all", minutes(total));
    if let Some(error) = failed {
        return Err(error);
    }
    ensure!(
        total <= LIMIT,
        "took more than {} minutes",
        LIMIT.as_secs() / 60
    );
    Ok(())
}

fn minutes(time: Duration) -> String {
    format!("{:5.1} min", time.as_secs_f64() / 60.0)
}
