//! `cargo xtask build`: the components into `dist/`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::process::{cargo, run as run_command, say, target_directory};
use crate::workspace::root;
use crate::{module, target};

/// A file of `dist/`, and how it is built.
struct Made {
    file: &'static str,
    package: &'static str,
    form: Form,
    opt_level: &'static str,
    /// Packages that are built with another level, and which.
    levels: &'static [(&'static str, &'static str)],
    /// Whether it may use instructions on vectors, as SHA-256 does: not every runtime for core modules
    /// has them.
    simd: bool,
    /// How large a function may be, in the compiler's own measure, to be copied to its callers;
    /// `None` leaves it to the levels. It holds for every level, so that it makes code that is built
    /// with "z" larger.
    inlined: Option<u16>,
}

/// What of a built component is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Component,
    /// Its only core module, for runtimes that know no components.
    Module,
}

/// What a webhook passes through, for speed. Some of it is smaller so, too.
const QUICK: &[(&str, &str)] = &[
    ("merge-sync-logic", "2"),
    ("base64", "3"),
    ("chrono", "2"),
    ("itoa", "3"),
    ("memchr", "3"),
    ("serde_json", "3"),
    ("sha2", "3"),
    ("talc", "3"),
];

/// The same for runtimes of core modules, where size goes before speed: HotSpot, for one, compiles no
/// method above 8,000 bytes.
const COMPACT: &[(&str, &str)] = &[
    ("merge-sync-logic", "'s'"),
    ("serde_json", "'s'"),
    ("sha2", "'s'"),
];

/// The text form comes on top of decisions and engine together: there every byte counts, and what no
/// webhook passes through is built with "z", an eighth smaller than "s".
const FILES: [Made; 4] = [
    Made {
        file: "merge-sync-logic.wasm",
        package: "merge-sync-component-logic",
        form: Form::Component,
        opt_level: "'s'",
        levels: QUICK,
        simd: true,
        // Level 2 has 225: seven kilobytes more, and a page four hundredths faster.
        inlined: Some(50),
    },
    Made {
        file: "merge-sync-text.wasm",
        package: "merge-sync-component-text",
        form: Form::Component,
        opt_level: "'z'",
        levels: QUICK,
        simd: true,
        inlined: None,
    },
    Made {
        file: "merge-sync-text.core.wasm",
        package: "merge-sync-component-text",
        form: Form::Module,
        opt_level: "'z'",
        levels: COMPACT,
        simd: false,
        inlined: None,
    },
    ENGINE,
];

const ENGINE: Made = Made {
    file: "merge-sync-engine.wasm",
    package: "merge-sync-component-engine",
    form: Form::Component,
    // "s" is 30 kilobytes more.
    opt_level: "'z'",
    levels: QUICK,
    simd: true,
    inlined: None,
};

/// A file in `dist/`.
#[derive(Debug, Serialize)]
struct Artifact {
    file: String,
    bytes: usize,
    sha256: String,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    artifacts: Vec<Artifact>,
}

/// Build, and print what came of it.
pub fn run(json: bool) -> Result<()> {
    let report = Report {
        artifacts: build(&FILES)?,
    };
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", table(&report.artifacts));
    }
    Ok(())
}

/// As [`run`], for the commands that build first: the sizes go with the progress.
pub fn quietly() -> Result<()> {
    eprint!("{}", table(&build(&FILES)?));
    Ok(())
}

/// As [`quietly`], for the commands that run the engine and none of the others.
pub fn engine_quietly() -> Result<()> {
    eprint!("{}", table(&build(&[ENGINE])?));
    Ok(())
}

fn build(files: &[Made]) -> Result<Vec<Artifact>> {
    target::ensure()?;
    say(match files {
        [_] => "building the component",
        _ => "building the components",
    });
    let target = target_directory()?;
    let dist = root().join("dist");
    fs::create_dir_all(&dist).with_context(|| format!("could not make {}", dist.display()))?;
    let mut artifacts = Vec::new();
    for made in files {
        // Cargo keeps one build for each set of flags: in one folder, each would undo the other.
        let target = match made.form {
            Form::Module => target.join("module"),
            Form::Component if made.inlined.is_some() => target.join("inlined"),
            Form::Component => target.clone(),
        };
        let component = compile(made, &root(), &target, &[])?;
        let bytes = match made.form {
            Form::Component => component.as_slice(),
            Form::Module => {
                module::only(&component).with_context(|| format!("in {}", made.file))?
            }
        };
        artifacts.push(write(&dist, made.file, bytes)?);
    }
    replace(&dist.join("SHA256SUMS"), sums(&dist).as_bytes())?;
    Ok(artifacts)
}

/// A line for each file that is there, also for those that were not built this time.
fn sums(dist: &Path) -> String {
    let mut lines = String::new();
    for made in FILES {
        if let Ok(bytes) = fs::read(dist.join(made.file)) {
            let _ = writeln!(lines, "{}  {}", sha256(&bytes), made.file);
        }
    }
    lines
}

/// The engine's component from the source in `tree`, built in a target folder of its own. It is
/// neither small nor fast, but soon there: one is built after the other, each for a few seeds.
pub fn engine(tree: &Path, target: &Path) -> Result<Vec<u8>> {
    let quick = [
        "profile.guest.lto = \"off\"",
        "profile.guest.codegen-units = 16",
        "profile.guest.incremental = true",
    ];
    let made = Made {
        opt_level: "1",
        levels: &[],
        ..ENGINE
    };
    compile(&made, tree, target, &quick)
}

/// One component from the source in `tree`; `more` goes to the profile.
fn compile(made: &Made, tree: &Path, target: &Path, more: &[&str]) -> Result<Vec<u8>> {
    let mut cargo = cargo();
    cargo.current_dir(tree);
    cargo.args(["build", "--package", made.package, "--profile", "guest"]);
    // Not a profile of its own, for which cargo would build every macro again.
    cargo
        .arg("--config")
        .arg(format!("profile.guest.opt-level = {}", made.opt_level));
    for (package, level) in made.levels {
        cargo.arg("--config").arg(format!(
            "profile.guest.package.{package}.opt-level = {level}"
        ));
    }
    for setting in more {
        cargo.arg("--config").arg(setting);
    }
    // Where a target is named, the flags go to the component alone, and none to what runs
    // on this machine while it is built, as macros do.
    cargo
        .args(["--target", target::TRIPLE, "--target-dir"])
        .arg(target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(tree, made));
    run_command(&mut cargo)?;
    let built = target
        .join(target::TRIPLE)
        .join("guest")
        .join(format!("{}.wasm", made.package.replace('-', "_")));
    let component =
        fs::read(&built).with_context(|| format!("could not read {}", built.display()))?;
    module::without_names(&component).with_context(|| format!("in {}", made.file))
}

/// Panics carry the path of their source file: without this, the same source would make another
/// component on each machine, and name the directories of the one that built it.
fn flags(tree: &Path, made: &Made) -> String {
    let mut flags = vec![
        format!("--remap-path-prefix={}=merge-sync", tree.display()),
        // SHA-256 with its rounds in a loop. Unrolled, it is seven kilobytes more, no faster where
        // wasmtime compiles it, and as JVM byte code larger than any method that HotSpot compiles
        // (8,000 bytes): interpreted, a webhook took four times as long.
        "--cfg".to_owned(),
        "sha2_backend_soft=\"compact\"".to_owned(),
        // The target's default is code that a dynamic linker may move, which none does here: an
        // addition at each use of a constant, a fiftieth of the size.
        "-Crelocation-model=static".to_owned(),
        // Addresses in as few bytes as they need, which the linker knows only of what is stripped.
        // Otherwise each takes five, a twentieth of the size.
        "-Clink-arg=--compress-relocations".to_owned(),
    ];
    if let Some(size) = made.inlined {
        flags.push(format!("-Cllvm-args=-inline-threshold={size}"));
    }
    if made.simd {
        flags.extend(["-C".to_owned(), "target-feature=+simd128".to_owned()]);
    }
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    if let Some(home) = home.or_else(|| Some(env::home_dir()?.join(".cargo"))) {
        // One directory for each registry, named by its address.
        let registries = fs::read_dir(home.join("registry").join("src"));
        for registry in registries.into_iter().flatten().flatten() {
            flags.push(format!(
                "--remap-path-prefix={}=crates",
                registry.path().display()
            ));
        }
    }
    flags.join("\u{1f}")
}

fn write(dist: &Path, name: &str, bytes: &[u8]) -> Result<Artifact> {
    replace(&dist.join(name), bytes)?;
    Ok(Artifact {
        file: name.to_owned(),
        bytes: bytes.len(),
        sha256: sha256(bytes),
    })
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whoever has the old file open or mapped keeps it, and nobody sees half of the new one. A file
/// that is as it should be stays, with its time.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let temporary = path.with_extension("partial");
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .with_context(|| format!("could not write {}", path.display()))
}

fn table(artifacts: &[Artifact]) -> String {
    let mut table = String::new();
    for made in artifacts {
        let _ = writeln!(
            table,
            "dist/{:<26} {:>9} bytes  sha256 {}",
            made.file,
            made.bytes,
            made.sha256.get(..16).unwrap_or(&made.sha256)
        );
    }
    table
}
