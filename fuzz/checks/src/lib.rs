//! What each fuzz target checks, and the inputs to begin with.
//!
//! `fuzz/` hands libFuzzer's bytes to these functions and does nothing else, so that the same
//! checks run on stable Rust over every input that was kept: see `tests/replay.rs`. Whatever is
//! wrong panics.

mod bytes;
mod corpus;
mod engine;
mod page;
mod retry;
mod seeds;
mod signing;
mod status;
mod text;
mod time;
mod webhook;

pub use corpus::{kept, pack, sow, unpack};
pub use engine::engine;
pub use page::page;
pub use retry::retry;
pub use status::status;
pub use text::text;
pub use time::time;
pub use webhook::webhook;

use seeds::Vector;

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its program and its kept inputs.
    pub name: &'static str,
    /// Runs one input, and panics where something is wrong.
    pub run: fn(&[u8]),
    /// The input, if any, that says what a vector says.
    seed: fn(&Vector) -> Option<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 7] = [
    Target {
        name: "webhook",
        run: webhook,
        seed: webhook::seed,
    },
    Target {
        name: "status",
        run: status,
        seed: status::seed,
    },
    Target {
        name: "page",
        run: page,
        seed: page::seed,
    },
    Target {
        name: "text",
        run: text,
        seed: text::seed,
    },
    Target {
        name: "retry",
        run: retry,
        seed: retry::seed,
    },
    Target {
        name: "time",
        run: time,
        seed: time::seed,
    },
    Target {
        name: "engine",
        run: engine,
        seed: engine::seed,
    },
];

impl Target {
    /// The target of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.into_iter().find(|target| target.name == name)
    }

    /// What to begin with: an input for each vector that has something to say here.
    ///
    /// # Errors
    ///
    /// Where the vectors cannot be read.
    pub fn seeds(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let vectors = seeds::vectors()?;
        Ok(vectors.iter().filter_map(self.seed).collect())
    }
}
