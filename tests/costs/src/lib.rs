//! What is counted and what is timed: the same questions for both.

use std::path::PathBuf;

pub mod engine;
pub mod inputs;
pub mod merge;

/// A file of `dist/`.
#[must_use]
pub fn dist(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist")).join(name)
}
