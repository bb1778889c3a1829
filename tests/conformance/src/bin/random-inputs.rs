//! Writes random questions as JSON lines, and prints the digests of the answers that the native
//! crates and the text component in wasmtime give: what every other host must arrive at.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use merge_sync_conformance::{Digest, NativeEngine, Text, questions};
use serde_json::json;

/// Write random questions, and print the digests of the answers.
#[derive(Debug, Parser)]
struct Arguments {
    /// The same seed gives the same questions.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many.
    #[arg(long, default_value_t = 100_000)]
    count: u64,
    /// Where to, a question a line: {"operation": "...", "input": "..."}
    #[arg(long)]
    out: PathBuf,
    /// The native answers, as a host's `replay --out` writes them: to find a first difference.
    #[arg(long)]
    answers: Option<PathBuf>,
}

fn create(path: &PathBuf) -> Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("could not write {}", path.display()))?;
    Ok(BufWriter::new(file))
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut out = create(&arguments.out)?;
    let mut answers = arguments.answers.as_ref().map(create).transpose()?;
    let mut text = Text::load()?;
    let (mut native, mut wasmtime) = (Digest::default(), Digest::default());
    let mut bytes = 0;
    for question in questions(arguments.seed, arguments.count) {
        let (operation, input) = (&question.operation, &question.input);
        let line = native.ask(&mut NativeEngine, operation, input)?;
        wasmtime.ask(&mut text, operation, input)?;
        if let Some(answers) = &mut answers {
            answers.write_all(line.as_bytes())?;
        }
        let mut line = serde_json::to_string(&question)?;
        line.push('\n');
        out.write_all(line.as_bytes())?;
        bytes += line.len();
    }
    out.flush()?;
    if let Some(answers) = &mut answers {
        answers.flush()?;
    }
    let lines = native.lines();
    let (native, wasmtime) = (native.finish(), wasmtime.finish());
    let report = json!({"seed": arguments.seed, "lines": lines, "bytes": bytes,
        "native": native, "wasmtime": wasmtime});
    println!("{report}");
    anyhow::ensure!(native == wasmtime, "native and wasmtime answer differently");
    Ok(())
}
