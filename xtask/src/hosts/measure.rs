//! Asking one host's driver, and entering what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::known::{Host, Kind};
use super::row::Row;
use crate::workspace::root;

/// What all hosts are asked with.
#[derive(Debug)]
pub struct Setting {
    /// The conformance crate's `driver`.
    pub rust: PathBuf,
    pub simulator: PathBuf,
    pub questions: PathBuf,
    pub digest: String,
    pub seed: u64,
    pub memory_calls: u64,
}

/// What `vectors` prints.
#[derive(Debug, Deserialize)]
struct Vectors {
    runtime: String,
    passed: u64,
    failed: u64,
    failures: Vec<String>,
}

/// What `replay` prints.
#[derive(Debug, Deserialize)]
struct Replay {
    lines: u64,
    sha256: String,
}

/// What `bench` prints.
#[derive(Debug, Deserialize)]
struct Bench {
    webhook_handle_us: f64,
    text_call_us: f64,
    first_use_ms: f64,
    memory_calls: u64,
    resident_before: u64,
    resident_after: u64,
}

/// The typed form has no text: it can be given neither damaged questions nor a text to time.
const WITHOUT_TEXT: Kind = Kind::Rust("typed");

/// Ask for everything, whatever of it fails.
pub fn measure(host: &Host, setting: &Setting, row: &mut Row) {
    let note = |what: &str, done: Result<()>, row: &mut Row| {
        if let Err(error) = done {
            row.problem(format!("{what}: {error:#}"));
        }
    };
    let done = vectors(host, setting, row);
    note("vectors", done, row);
    if host.kind != WITHOUT_TEXT {
        let done = replay(host, setting, row);
        note("replay", done, row);
        let done = bench(host, setting, row);
        note("bench", done, row);
    }
    if host.engine {
        let done = demo(host, setting);
        row.demo_passed = Some(done.is_ok());
        note("demo", done, row);
    }
    if host.kind == Kind::Package {
        let done = package(host).map(|bytes| row.package_bytes = Some(bytes));
        note("package", done, row);
    }
}

fn driver(host: &Host, setting: &Setting) -> Command {
    let mut command = match host.kind {
        Kind::Rust(form) => {
            let mut command = Command::new(&setting.rust);
            command.args(["--form", form]);
            command
        }
        Kind::Package => Command::new(host.script("driver")),
    };
    command.current_dir(root());
    command
}

fn vectors(host: &Host, setting: &Setting, row: &mut Row) -> Result<()> {
    let mut command = driver(host, setting);
    let said = ask(command.arg("vectors").arg(root().join("tests/vectors")))?;
    let said: Vectors = serde_json::from_value(said)?;
    for id in said.failures.iter().take(10) {
        row.problem(format!("vector `{id}` fails"));
    }
    row.runtime = Some(said.runtime);
    row.vectors_passed = Some(said.passed);
    row.vectors_failed = Some(said.failed);
    Ok(())
}

fn replay(host: &Host, setting: &Setting, row: &mut Row) -> Result<()> {
    let mut command = driver(host, setting);
    let answers = setting
        .questions
        .with_file_name(format!("answers.{}", host.name));
    let said = ask(command
        .arg("replay")
        .arg(&setting.questions)
        .arg("--out")
        .arg(&answers))?;
    let said: Replay = serde_json::from_value(said)?;
    let equal = said.sha256 == setting.digest;
    row.digest_equal = Some(equal);
    if equal {
        return Ok(());
    }
    let native = setting.questions.with_file_name("answers.native");
    bail!(
        "{} answers: {}",
        said.lines,
        first_difference(&native, &answers)?
    )
}

/// Which line is the first that is not the same, and how either begins.
fn first_difference(native: &Path, other: &Path) -> Result<String> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("{}", path.display()));
    let (native, other) = (read(native)?, read(other)?);
    let lines = native.split(|byte| *byte == b'\n');
    let differing = lines
        .zip(other.split(|byte| *byte == b'\n'))
        .enumerate()
        .find(|(_, (native, other))| native != other);
    let start = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        text.chars().take(200).collect::<String>()
    };
    Ok(match differing {
        Some((index, (native, other))) => format!(
            "line {} is `{}`, expected `{}`",
            index + 1,
            start(other),
            start(native)
        ),
        None => "their number differs".to_owned(),
    })
}

fn bench(host: &Host, setting: &Setting, row: &mut Row) -> Result<()> {
    let mut command = driver(host, setting);
    let said = ask(command
        .arg("bench")
        .arg(root().join("embed/bench-input.json"))
        .args(["--memory-calls", &setting.memory_calls.to_string()]))?;
    let said: Bench = serde_json::from_value(said)?;
    row.webhook_handle_us = Some(said.webhook_handle_us);
    row.text_call_us = Some(said.text_call_us);
    row.first_use_ms = Some(said.first_use_ms);
    row.memory_calls = Some(said.memory_calls);
    row.resident_before = Some(said.resident_before);
    row.resident_after = Some(said.resident_after);
    Ok(())
}

fn demo(host: &Host, setting: &Setting) -> Result<()> {
    let mut command = driver(host, setting);
    command
        .args(["demo", "--check", "--json", "--faults"])
        .args(["--seed", &setting.seed.to_string()])
        .arg("--simulator")
        .arg(&setting.simulator);
    checked(&mut command).map(drop)
}

/// The size of what `--package` built: a file, or everything in a folder.
fn package(host: &Host) -> Result<u64> {
    let mut command = Command::new(host.script("driver"));
    command.arg("--package").current_dir(root());
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("ended with {}", output.status);
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let path = said.trim().lines().last().context("named no file")?;
    size(&PathBuf::from(path)).with_context(|| format!("`{path}`"))
}

fn size(path: &Path) -> Result<u64> {
    let of = fs::metadata(path)?;
    if of.is_file() {
        return Ok(of.len());
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        bytes += size(&entry?.path())?;
    }
    Ok(bytes)
}

/// The JSON object that a program prints last, also where it then fails: it says why.
pub fn ask(command: &mut Command) -> Result<Value> {
    let (said, _) = spoken(command)?;
    Ok(said)
}

/// As [`ask`], and it must succeed.
fn checked(command: &mut Command) -> Result<Value> {
    let (said, succeeded) = spoken(command)?;
    if !succeeded {
        bail!("failed: {said}");
    }
    Ok(said)
}

fn spoken(command: &mut Command) -> Result<(Value, bool)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start `{name}`"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.trim().lines().last().unwrap_or_default();
    match serde_json::from_str(last) {
        Ok(said) => Ok((said, output.status.success())),
        Err(_) => bail!("ended with {} and printed no JSON object", output.status),
    }
}
