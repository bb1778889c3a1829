//! What `cargo xtask hosts` calls for Rust: the same three tasks as every package in `embed/`, for
//! each form of the decisions.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use merge_sync_conformance::{
    CoreModule, Digest, NativeEngine, Question, Refused, Subject, Text, Typed, Vector, canonical,
    load_vectors_of,
};
use merge_sync_logic::signature::SignedBody;
use merge_sync_logic::types::Secret;
use serde_json::{Value, json};

/// An odd number, so that one of them is the median.
const BATCHES: usize = 9;
const WARM_UP: u64 = 10_000;

/// Run vectors, answer questions, or measure.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which form of the decisions.
    #[arg(long, value_enum, default_value_t = Form::Native)]
    form: Form,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The crates themselves.
    Native,
    /// The text component in wasmtime.
    Text,
    /// The typed interfaces of the logic component in wasmtime.
    Typed,
    /// The core module in wasmtime, through the canonical ABI.
    Core,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run every vector of a folder.
    Vectors { folder: PathBuf },
    /// Answer the questions of a file, and print the digest of the answers.
    Replay {
        file: PathBuf,
        /// Write the answers, too.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Measure the webhook of a file.
    Bench {
        file: PathBuf,
        #[arg(long, default_value_t = 2_000)]
        calls: u64,
        #[arg(long, default_value_t = 100_000)]
        memory_calls: u64,
    },
}

impl Form {
    fn load(self) -> Result<Box<dyn Subject>> {
        Ok(match self {
            Self::Native => Box::new(NativeEngine),
            Self::Text => Box::new(Text::load()?),
            Self::Typed => Box::new(Typed::load()?),
            Self::Core => Box::new(CoreModule::load()?),
        })
    }

    const fn runtime(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Text | Self::Typed | Self::Core => "wasmtime 48",
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut subject = arguments.form.load()?;
    match arguments.task {
        Task::Vectors { folder } => vectors(arguments.form, subject.as_mut(), &folder),
        Task::Replay { file, out } => replay(subject.as_mut(), &file, out.as_deref()),
        Task::Bench {
            file,
            calls,
            memory_calls,
        } => bench(arguments.form, &file, calls, memory_calls),
    }
}

/// Whether the answer is the vector's, or there is no way to ask: the typed form cannot be given
/// a record with a key too many.
fn passes(subject: &mut dyn Subject, vector: &Vector) -> bool {
    match subject.call(&vector.operation, &vector.input.to_string()) {
        Ok(text) => serde_json::from_str::<Value>(&text)
            .is_ok_and(|answer| canonical(&answer) == canonical(&vector.output)),
        Err(Refused::Problem(message)) => vector.error() == Some(message.as_str()),
        Err(Refused::Inexpressible(_)) => vector.error().is_some(),
        Err(Refused::Trapped(_)) => false,
    }
}

fn vectors(form: Form, subject: &mut dyn Subject, folder: &Path) -> Result<()> {
    let all = load_vectors_of(folder)?;
    let failures: Vec<_> = all
        .iter()
        .filter(|vector| !passes(subject, vector))
        .map(|vector| vector.id.as_str())
        .collect();
    let report = json!({"runtime": form.runtime(), "passed": all.len() - failures.len(),
        "failed": failures.len(), "failures": failures});
    println!("{report}");
    ensure!(failures.is_empty(), "{} vectors failed", failures.len());
    Ok(())
}

fn replay(subject: &mut dyn Subject, file: &Path, out: Option<&Path>) -> Result<()> {
    let open = || File::open(file).with_context(|| format!("could not read {}", file.display()));
    let mut out = out.map(File::create).transpose()?.map(BufWriter::new);
    let mut digest = Digest::default();
    for line in BufReader::new(open()?).lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let line = digest.ask(subject, &question.operation, &question.input)?;
        if let Some(out) = &mut out {
            out.write_all(line.as_bytes())?;
        }
    }
    if let Some(out) = &mut out {
        out.flush()?;
    }
    let lines = digest.lines();
    println!("{}", json!({"lines": lines, "sha256": digest.finish()}));
    Ok(())
}

/// Microseconds a call, the median of the batches.
fn median(calls: u64, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..BATCHES {
        let started = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        times.push(started.elapsed().as_secs_f64() * 1e6 / calls as f64);
    }
    times.sort_by(f64::total_cmp);
    times
        .get(BATCHES / 2)
        .copied()
        .context("nothing was measured")
}

/// The memory of this process in use, in bytes; Linux alone says it.
fn resident() -> u64 {
    let said = fs::read_to_string("/proc/self/status").unwrap_or_default();
    said.lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
        .and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes * 1024)
}

/// What the webhook costs: the native function as Rust calls it; else by text.
fn bench(form: Form, file: &Path, calls: u64, memory_calls: u64) -> Result<()> {
    let question: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
    let input = &question["input"];
    let text = input.to_string();
    let texts = |key: &str| -> Vec<String> {
        let items = input[key].as_array().into_iter().flatten();
        items
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    let delivery = SignedBody {
        body: input["body"].as_str().context("no body")?.to_owned(),
        signatures: texts("signatures"),
        keys: texts("keys").into_iter().map(Secret).collect(),
    };

    let started = Instant::now();
    let mut subject = form.load()?;
    let mut by_text = || match subject.call("webhook.handle", &text) {
        Ok(answer) if answer.contains(r#""tag":"accepted""#) => Ok(()),
        other => bail!("the webhook was not accepted: {other:?}"),
    };
    by_text()?;
    let first_use = started.elapsed().as_secs_f64() * 1e3;

    let mut natively = || {
        let handling = merge_sync_logic::webhook::handle(black_box(&delivery));
        ensure!(
            black_box(handling).reply.status == 200,
            "the webhook was not accepted"
        );
        Ok(())
    };
    let native = form == Form::Native;
    for _ in 0..WARM_UP {
        by_text()?;
    }
    let text_call = median(calls, &mut by_text)?;
    let handle = if native {
        median(calls, &mut natively)?
    } else {
        text_call
    };
    let before = resident();
    for _ in 0..memory_calls {
        by_text()?;
    }
    let report = json!({"webhook_handle_us": handle, "text_call_us": text_call,
        "first_use_ms": first_use, "memory_calls": memory_calls, "resident_before": before,
        "resident_after": resident()});
    println!("{report}");
    Ok(())
}
