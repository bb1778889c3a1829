//! What a built component is made of: its core module, and names that nobody needs.

use anyhow::{Context as _, Result, bail, ensure};
use wasmparser::{Chunk, Parser, Payload};

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

/// `component` without the names of its inner parts, a fiftieth of it: no runtime looks at them, and
/// Cargo's `strip` leaves them in.
pub fn without_names(component: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Vec::with_capacity(component.len());
    let mut parser = Parser::new(0);
    let mut rest = component;
    while !rest.is_empty() {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true)? else {
            bail!("the component ends within a section");
        };
        let mut length = consumed;
        let mut is_names = false;
        match payload {
            Payload::CustomSection(section) => is_names = section.name() == "component-name",
            Payload::ModuleSection {
                unchecked_range, ..
            }
            | Payload::ComponentSection {
                unchecked_range, ..
            } => {
                length += usize::try_from(unchecked_range.end - unchecked_range.start)?;
            }
            _ => {}
        }
        let (section, behind) = rest
            .split_at_checked(length)
            .context("a section ends past the file")?;
        if !is_names {
            kept.extend_from_slice(section);
        }
        rest = behind;
    }
    Ok(kept)
}
