//! `cargo xtask simulate`: build the engine and the simulation, and start it.

use std::process::exit;

use anyhow::Result;

use crate::simulation::{command, program};
use crate::{dist, sabotage};

/// Build, then hand over to the simulation, whose exit status becomes this program's.
pub fn run(sabotage: Option<&str>, arguments: &[String]) -> Result<()> {
    let asks_for_help = arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h");
    match sabotage {
        None if asks_for_help => {}
        None => dist::engine_quietly()?,
        Some("all") => return sabotage::all(arguments),
        Some(name) => {
            let engine = sabotage::build(name)?;
            let engine = engine.to_string_lossy();
            let broken = ["--engine", &*engine, "--sabotage", name].map(str::to_owned);
            let chosen = arguments
                .iter()
                .any(|argument| argument.starts_with("--poison"));
            let poison = if chosen {
                Vec::new()
            } else {
                sabotage::arguments(name)?
            };
            return hand_over(&[arguments, &broken, &poison].concat());
        }
    }
    hand_over(arguments)
}

fn hand_over(arguments: &[String]) -> Result<()> {
    let status = command(&program()?, arguments).status()?;
    if status.success() {
        return Ok(());
    }
    // It has said why.
    exit(status.code().unwrap_or(2));
}
