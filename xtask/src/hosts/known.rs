//! The hosts, what each needs, and what it may cost.

use std::env;
use std::path::PathBuf;

use crate::workspace::root;

/// Where a host's driver is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The conformance crate, with this form.
    Rust(&'static str),
    /// A package in `embed/`.
    Package,
}

/// A host.
#[derive(Debug)]
pub struct Host {
    pub name: &'static str,
    pub kind: Kind,
    /// The program without which nothing of it runs.
    program: &'static str,
    /// How to get it.
    install: &'static str,
    /// Whether it has the engine, and so a demo.
    pub engine: bool,
    /// Microseconds that `webhook.handle` may take.
    pub limit: Option<f64>,
}

/// All of them, in the order in which they are shown.
pub const HOSTS: [Host; 9] = [
    rust("rust", "native"),
    rust("wasmtime-text", "text"),
    rust("wasmtime-typed", "typed"),
    rust("wasmtime-core", "core"),
    package(
        "python",
        "python3",
        "apt-get install python3 python3-venv",
        true,
        60.0,
    ),
    package("node", "node", "apt-get install nodejs npm", true, 20.0),
    package("go", "go", "see https://go.dev/doc/install", true, 60.0),
    package(
        "java",
        "mvn",
        "apt-get install maven default-jdk",
        false,
        200.0,
    ),
    package(
        "c",
        "cc",
        "apt-get install build-essential libssl-dev",
        false,
        15.0,
    ),
];

const fn rust(name: &'static str, form: &'static str) -> Host {
    Host {
        name,
        kind: Kind::Rust(form),
        program: "cargo",
        install: "see https://rustup.rs",
        engine: false,
        limit: None,
    }
}

const fn package(
    name: &'static str,
    program: &'static str,
    install: &'static str,
    engine: bool,
    limit: f64,
) -> Host {
    Host {
        name,
        kind: Kind::Package,
        program,
        install,
        engine,
        limit: Some(limit),
    }
}

impl Host {
    /// Whether it can run here; the error says what is missing and how to get it.
    pub fn present(&self) -> Result<(), String> {
        if self.kind == Kind::Package && !self.script("driver").is_file() {
            return Err(format!("embed/{}/driver is not there", self.name));
        }
        if on_path(self.program) {
            return Ok(());
        }
        Err(format!(
            "`{}` is not installed: {}",
            self.program, self.install
        ))
    }

    /// One of the package's two scripts.
    pub fn script(&self, name: &str) -> PathBuf {
        root().join("embed").join(self.name).join(name)
    }
}

fn on_path(program: &str) -> bool {
    let directories = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&directories).any(|directory| {
        directory
            .join(format!("{program}{}", env::consts::EXE_SUFFIX))
            .is_file()
    })
}
