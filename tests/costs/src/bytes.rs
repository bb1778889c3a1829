//! Bytes of what is published.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::baseline::Costs;

const FILES: [&str; 4] = [
    "merge-sync-logic.wasm",
    "merge-sync-text.wasm",
    "merge-sync-text.core.wasm",
    "merge-sync-engine.wasm",
];

/// A file of `dist/`.
pub fn dist(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist")).join(name)
}

/// Count them.
pub fn count(costs: &mut Costs) -> Result<()> {
    for name in FILES {
        let path = dist(name);
        let about = fs::metadata(&path)
            .with_context(|| format!("dist/{name} is missing: `cargo xtask build` makes it"))?;
        costs.insert(format!("{name}: bytes"), about.len());
    }
    Ok(())
}
