//! `cargo xtask hosts`: every host language against the same vectors, random questions and
//! webhook, and a matrix of what came of it.
//!
//! Of a package in `embed/` it knows two scripts, `driver` and `check`; `embed/README.md` says what
//! they owe.

mod known;
mod measure;
mod row;
mod table;

use std::env;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;

use self::known::{HOSTS, Host, Kind};
use self::measure::{Setting, ask, measure};
use self::row::Row;
use crate::dist;
use crate::process::{cargo_native, run as run_command, say, target_directory};
use crate::workspace::root;

/// What to run, and how much of it.
#[derive(Debug, Args)]
pub struct Options {
    /// Print the matrix as one JSON array.
    #[arg(long)]
    json: bool,
    /// Only these hosts, for example `c,go`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How many random questions.
    #[arg(long, default_value_t = 100_000)]
    inputs: u64,
    /// The seed of the random questions and of the demo.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many calls must leave the memory as it is.
    #[arg(long, default_value_t = 100_000)]
    memory_calls: u64,
    /// Only build the packages.
    #[arg(long)]
    setup: bool,
    /// Run the `check` of each package, too: lint, types, tests, reference, quick start.
    #[arg(long)]
    check: bool,
    /// A host that is not installed is a fault, as it is where `CI` is `true`.
    #[arg(long)]
    all: bool,
    /// A webhook that costs more than its limit is a fault. For a machine that does nothing else.
    #[arg(long)]
    limits: bool,
    /// Put the matrix into docs/embedding.md.
    #[arg(long)]
    write_docs: bool,
}

/// What `random-inputs` prints.
#[derive(Debug, Deserialize)]
struct Drawn {
    native: String,
    wasmtime: String,
}

/// Run them all, print the matrix, and fail where one has a fault.
pub fn run(options: &Options) -> Result<()> {
    let hosts = chosen(&options.only)?;
    dist::quietly()?;
    if options.setup {
        return set_up(&hosts);
    }
    let setting = prepare(options)?;
    let required = options.all || env::var("CI").is_ok_and(|value| value == "true");
    let mut rows = Vec::new();
    for host in hosts {
        say(&format!("host {}", host.name));
        let mut row = one(host, &setting, options.check, required);
        row.judge(required, options.limits);
        rows.push(row);
    }
    if options.json {
        println!("{}", serde_json::to_string(&rows)?);
    } else {
        print!("{}", table::of(&rows));
    }
    if options.write_docs {
        table::write(&root().join("docs/embedding.md"), &rows)?;
    }
    let faults: Vec<_> = rows.iter().flat_map(Row::faults).collect();
    ensure!(
        faults.is_empty(),
        "{} faults:\n  {}",
        faults.len(),
        faults.join("\n  ")
    );
    Ok(())
}

fn chosen(only: &[String]) -> Result<Vec<&'static Host>> {
    for name in only {
        if !HOSTS.iter().any(|host| host.name == name) {
            let names: Vec<_> = HOSTS.iter().map(|host| host.name).collect();
            bail!(
                "--only: no host `{name}`, expected one of {}",
                names.join(", ")
            );
        }
    }
    let wanted = |host: &&Host| only.is_empty() || only.iter().any(|name| name == host.name);
    Ok(HOSTS.iter().filter(wanted).collect())
}

fn set_up(hosts: &[&Host]) -> Result<()> {
    for host in hosts {
        if let (Kind::Package, Ok(())) = (host.kind, host.present()) {
            say(&format!("building {}", host.name));
            run_command(Command::new(host.script("driver")).arg("--package"))?;
        }
    }
    Ok(())
}

/// Build the Rust side, and draw the questions.
fn prepare(options: &Options) -> Result<Setting> {
    say("building the programs of the conformance tests");
    let mut build = cargo_native("build");
    build.args([
        "--bin",
        "driver",
        "--bin",
        "random-inputs",
        "--bin",
        "merge-simulator",
    ]);
    // The native figure is that of a program as it is shipped, without a second build of wasmtime
    // in another profile. Overflow checks stay on, as in the components.
    for package in [
        "merge-sync-logic",
        "merge-sync-engine",
        "merge-sync-conformance",
    ] {
        build
            .arg("--config")
            .arg(format!("profile.dev.package.{package}.opt-level = 3"));
        build.arg("--config").arg(format!(
            "profile.dev.package.{package}.debug-assertions = false"
        ));
    }
    run_command(&mut build)?;
    let target = target_directory()?;
    let program = |name: &str| {
        let name = format!("{name}{}", env::consts::EXE_SUFFIX);
        target.join("debug").join(name)
    };
    let folder = target.join("hosts");
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let questions = folder.join("questions.jsonl");
    say(&format!("drawing {} questions", options.inputs));
    let drawn = ask(Command::new(program("random-inputs"))
        .args(["--seed", &options.seed.to_string()])
        .args(["--count", &options.inputs.to_string()])
        .arg("--out")
        .arg(&questions)
        .arg("--answers")
        .arg(folder.join("answers.native")))?;
    let drawn: Drawn = serde_json::from_value(drawn)?;
    ensure!(
        drawn.native == drawn.wasmtime,
        "native and wasmtime answer differently"
    );
    Ok(Setting {
        rust: program("driver"),
        simulator: program("merge-simulator"),
        questions,
        digest: drawn.native,
        seed: options.seed,
        memory_calls: options.memory_calls,
    })
}

/// One host; what it cannot do is said in its row.
fn one(host: &Host, setting: &Setting, check: bool, required: bool) -> Row {
    let mut row = Row::new(host);
    if let Err(missing) = host.present() {
        row.missing = Some(missing);
        return row;
    }
    if check && host.kind == Kind::Package {
        let mut check = Command::new(host.script("check"));
        check.current_dir(root());
        if required {
            // Then a check leaves nothing out for want of a tool.
            check.env("CI", "true");
        }
        if let Err(error) = run_command(&mut check) {
            row.problem(format!("check: {error:#}"));
        }
    }
    measure(host, setting, &mut row);
    row
}
