//! `cargo xtask fuzz`: each fuzz target for some seconds, from the inputs that are kept.
//!
//! Built by the stable compiler: the coverage that libFuzzer goes by is a pass of LLVM's, and the
//! address sanitizer, which would want a nightly one, has nothing to find in safe Rust.

use std::collections::VecDeque;
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::process::{cargo, cargo_native, output, run as run_command, say, target_directory};
use crate::workspace::root;

/// Where libFuzzer's choices begin.
const SEED: u32 = 1;

/// What cargo-fuzz passes to the compiler without a sanitizer.
const FLAGS: [&str; 8] = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Between two lines of progress.
const PULSE: Duration = Duration::from_secs(10);

/// Lines of what a finding printed that are shown.
const SHOWN: usize = 40;

/// What is wanted.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// How long each target runs.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// This target alone: a name of `fuzz/fuzz_targets`.
    #[arg(long)]
    target: Option<String>,
    /// Run this one input, as a finding's file, and nothing else.
    #[arg(long, requires = "target")]
    input: Option<PathBuf>,
    /// Keep what was learned: write the smallest inputs that reach as much to `fuzz/corpus`.
    #[arg(long)]
    keep: bool,
    /// Print the figures as one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    bin: Vec<Bin>,
}

#[derive(Debug, Deserialize)]
struct Bin {
    name: String,
}

/// What came of one target.
#[derive(Debug, Default, Serialize)]
struct Done {
    target: String,
    seconds: f64,
    executions: u64,
    /// Edges of the program that were reached, as libFuzzer counts them.
    coverage: u64,
    /// The file of the input that failed.
    finding: Option<String>,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    targets: Vec<Done>,
    findings: usize,
}

/// Where things are.
struct Places {
    /// The targets' programs.
    programs: PathBuf,
    /// The program that unpacks and packs inputs.
    corpus: PathBuf,
    /// libFuzzer's folders.
    inputs: PathBuf,
}

/// Build and run; an error where a target found something.
pub fn run(options: &Options) -> Result<()> {
    let targets = targets(options.target.as_deref())?;
    let places = build()?;
    if let (Some(input), [target]) = (&options.input, targets.as_slice()) {
        let program = places.programs.join(format!("{target}{EXE_SUFFIX}"));
        return run_command(Command::new(program).arg(input));
    }
    let mut report = Report {
        targets: Vec::new(),
        findings: 0,
    };
    for (index, target) in targets.iter().enumerate() {
        let (number, all, seconds) = (index + 1, targets.len(), options.seconds);
        say(&format!(
            "fuzzing {target} for {seconds} s, {number} of {all}"
        ));
        let done = fuzz(&places, target, Duration::from_secs(seconds))?;
        report.findings += usize::from(done.finding.is_some());
        if options.keep && done.finding.is_none() {
            keep(&places, target)?;
        }
        report.targets.push(done);
    }
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", table(&report));
    }
    ensure!(report.findings == 0, "{} targets failed", report.findings);
    Ok(())
}

/// The targets, or the one that is wanted.
fn targets(wanted: Option<&str>) -> Result<Vec<String>> {
    let text = fs::read_to_string(root().join("fuzz/Cargo.toml")).context("fuzz/Cargo.toml")?;
    let manifest: Manifest = toml::from_str(&text).context("in fuzz/Cargo.toml")?;
    let all: Vec<_> = manifest.bin.into_iter().map(|bin| bin.name).collect();
    match wanted {
        None => Ok(all),
        Some(name) if all.iter().any(|known| known == name) => Ok(vec![name.into()]),
        Some(name) => bail!("target: `{name}` is not one of {}", all.join(", ")),
    }
}

fn build() -> Result<Places> {
    let target = target_directory()?;
    let compiler = output(cargo().args(["version", "--verbose"])).context("`cargo version`")?;
    let triple = compiler
        .lines()
        .find_map(|line| line.strip_prefix("host: "));
    let triple = triple.context("`cargo version` names no host")?;
    say("building the fuzz targets");
    // Where a target is named, the flags go to the programs alone, and none to what runs while
    // they are built, as macros do.
    run_command(
        cargo()
            .args(["build", "--release", "--locked"])
            .args(["--manifest-path", "fuzz/Cargo.toml", "--target", triple])
            .arg("--target-dir")
            .arg(target.join("fuzz"))
            .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}")),
    )
    .context("building the fuzz targets, which takes a C++ compiler beside Rust")?;
    // With the whole workspace, as for the tests: see the demo.
    run_command(cargo_native("build").args(["--bin", "corpus"]))?;
    Ok(Places {
        programs: target.join("fuzz").join(triple).join("release"),
        corpus: target.join("debug").join(format!("corpus{EXE_SUFFIX}")),
        inputs: target.join("fuzz").join("inputs"),
    })
}

/// One target, from its seeds and kept inputs.
fn fuzz(places: &Places, target: &str, time: Duration) -> Result<Done> {
    let inputs = places.inputs.join(target);
    empty(&inputs)?;
    run_command(
        Command::new(&places.corpus)
            .args(["unpack", target])
            .arg(&inputs),
    )?;
    let findings = format!("fuzz/artifacts/{target}/");
    fs::create_dir_all(root().join(&findings))?;
    let started = Instant::now();
    let mut child = Command::new(places.programs.join(format!("{target}{EXE_SUFFIX}")))
        .arg(&inputs)
        .arg(format!("-max_total_time={}", time.as_secs()))
        // The same way each time, as far as the machine's pace allows.
        .arg(format!("-seed={SEED}"))
        .arg(format!("-artifact_prefix={findings}"))
        .args(["-print_final_stats=1", "-timeout=60", "-max_len=4096"])
        .current_dir(root())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start the target {target}"))?;
    let printed = child
        .stderr
        .take()
        .context("libFuzzer's output is not there")?;
    let mut done = Done {
        target: target.into(),
        ..Done::default()
    };
    let mut latest = VecDeque::new();
    let mut next_pulse = PULSE;
    for line in BufReader::new(printed).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        done.learn(&line);
        if started.elapsed() >= next_pulse {
            next_pulse = started.elapsed() + PULSE;
            say(&done.progress(started.elapsed()));
        }
        latest.push_back(line);
        if latest.len() > SHOWN {
            latest.pop_front();
        }
    }
    let status = child.wait()?;
    done.seconds = started.elapsed().as_secs_f64();
    if let Some(file) = &done.finding {
        eprintln!("{}", Vec::from(latest).join("\n"));
        say(&format!("{target} found {file}; to see it again:"));
        eprintln!("  cargo xtask fuzz --target {target} --input {file}");
    } else if !status.success() {
        eprintln!("{}", Vec::from(latest).join("\n"));
        bail!("the target {target} ended with {status} and left no input");
    }
    Ok(done)
}

/// Let libFuzzer choose the inputs that reach an edge which no seed reaches, and pack them.
fn keep(places: &Places, target: &str) -> Result<()> {
    let chosen = places.inputs.join(format!("{target}-kept"));
    empty(&chosen)?;
    say(&format!("choosing the inputs of {target} to keep"));
    run_command(
        Command::new(&places.corpus)
            .args(["sow", target])
            .arg(&chosen),
    )?;
    run_command(
        Command::new(places.programs.join(format!("{target}{EXE_SUFFIX}")))
            // Not how often an edge is passed: ten times as many inputs show hardly more.
            .args(["-merge=1", "-use_counters=0", "-max_len=4096"])
            .args([&chosen, &places.inputs.join(target)])
            .stderr(Stdio::null()),
    )?;
    run_command(
        Command::new(&places.corpus)
            .args(["pack", target])
            .arg(&chosen),
    )
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

impl Done {
    /// Takes what a line of libFuzzer's says: `#52  NEW  cov: 107 ft: 141 ...` for example.
    fn learn(&mut self, line: &str) {
        if let Some(path) = line.split("Test unit written to ").nth(1) {
            self.finding = Some(path.trim().into());
        }
        if let Some(executions) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = executions.trim().parse().unwrap_or(self.executions);
        }
        let Some(rest) = line.strip_prefix('#') else {
            return;
        };
        let mut words = rest.split_whitespace();
        let executions = words.next().and_then(|word| word.parse().ok());
        let coverage = words.skip_while(|word| *word != "cov:").nth(1);
        if let (Some(executions), Some(coverage)) = (executions, coverage) {
            self.executions = executions;
            self.coverage = coverage.parse().unwrap_or(self.coverage);
        }
    }

    fn progress(&self, elapsed: Duration) -> String {
        let Self {
            target,
            executions,
            coverage,
            ..
        } = self;
        let seconds = elapsed.as_secs();
        format!("{target}: {seconds} s, {executions} executions, {coverage} edges")
    }
}

fn table(report: &Report) -> String {
    let line = |done: &Done| {
        let finding = done.finding.as_deref().unwrap_or("nothing found");
        format!(
            "{:<8} {:>6.0} s {:>11} executions {:>6} edges  {finding}\n",
            done.target, done.seconds, done.executions, done.coverage
        )
    };
    report.targets.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_libfuzzers_lines() {
        let mut done = Done::default();
        done.learn("#52\tNEW    cov: 107 ft: 141 corp: 3/12b lim: 4 exec/s: 0 rss: 30Mb");
        assert_eq!((done.executions, done.coverage), (52, 107));
        done.learn("#64\tpulse  ft: 141");
        assert_eq!((done.executions, done.coverage), (52, 107));
        done.learn("stat::number_of_executed_units: 99");
        assert_eq!((done.executions, done.coverage), (99, 107));
        assert_eq!(done.finding, None);
    }

    #[test]
    fn a_finding_is_the_file_that_libfuzzer_wrote() {
        let mut done = Done::default();
        done.learn("artifact_prefix='a/'; Test unit written to fuzz/artifacts/page/crash-1f");
        assert_eq!(
            done.finding.as_deref(),
            Some("fuzz/artifacts/page/crash-1f")
        );
    }

    #[test]
    fn each_target_has_a_file_and_a_name() {
        let all = targets(None).expect("the targets");
        for name in &all {
            let file = root().join(format!("fuzz/fuzz_targets/{name}.rs"));
            assert!(file.is_file(), "{name}");
        }
        assert_eq!(targets(Some("page")).expect("a target"), ["page"]);
        let error = targets(Some("pages")).expect_err("no target").to_string();
        assert!(
            error.starts_with("target: `pages` is not one of "),
            "{error}"
        );
    }
}
