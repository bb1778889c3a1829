//! The core module inside a component.

use anyhow::{Context as _, Result, ensure};
use wasmparser::{Parser, Payload};

/// The bytes of the only core module in `component`.
///
/// A component without imports has one module. More would be adapters between it and its imports,
/// and no module would work alone.
pub fn only(component: &[u8]) -> Result<&[u8]> {
    let mut modules = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::ModuleSection {
            unchecked_range, ..
        } = payload?
        {
            let start = usize::try_from(unchecked_range.start)?;
            let end = usize::try_from(unchecked_range.end)?;
            modules.push(
                component
                    .get(start..end)
                    .context("a section ends past the file")?,
            );
        }
    }
    ensure!(
        modules.len() == 1,
        "expected one core module, found {}",
        modules.len()
    );
    Ok(modules[0])
}
