//! Bytes of what is published.

use std::fs;

use anyhow::{Context as _, Result};

use crate::baseline::Costs;
use merge_sync_costs::dist;

const FILES: [&str; 4] = [
    "merge-sync-logic.wasm",
    "merge-sync-text.wasm",
    "merge-sync-text.core.wasm",
    "merge-sync-engine.wasm",
];

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
