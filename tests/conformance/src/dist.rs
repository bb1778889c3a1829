//! Where things lie in the repository.

use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::Result;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}

/// The component of that name in `dist/`, compiled once a process: every test loads it.
pub(crate) fn component(name: &str, compiled: &OnceLock<Component>) -> Result<Component> {
    if let Some(component) = compiled.get() {
        return Ok(component.clone());
    }
    let component = Component::from_file(&Engine::default(), dist_file(name))?;
    Ok(compiled.get_or_init(|| component).clone())
}

/// A file of `dist/`.
///
/// # Panics
///
/// Where it has not been built; the message says how to.
#[must_use]
pub fn dist_file(name: &str) -> PathBuf {
    let path = repository().join("dist").join(name);
    assert!(
        path.is_file(),
        "dist/{name} is missing: run `cargo xtask build` first"
    );
    path
}
