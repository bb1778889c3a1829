//! The contract in `wit/`, as Rust; and the one place where this crate needs `unsafe`.
//!
//! Nothing here is written by hand except `deserialize`.

pub use generated::{SyncEngine, SyncEnginePre, exports, merge_sync};

#[expect(missing_docs, reason = "generated from `wit/`")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "sync-engine",
        imports: { default: async },
        exports: { default: async },
    });
}

/// Load machine code that [`wasmtime::Engine::precompile_component`] made earlier.
///
/// # Errors
///
/// The code was made by another version of wasmtime or for another machine.
#[expect(unsafe_code, reason = "machine code can only be trusted, not checked")]
pub(crate) fn deserialize(
    engine: &wasmtime::Engine,
    code: &[u8],
) -> wasmtime::Result<wasmtime::component::Component> {
    // SAFETY: `precompiled.rs`, the only caller, passes bytes that this program wrote and whose
    // checksum it has just compared; wasmtime itself compares its version and settings.
    unsafe { wasmtime::component::Component::deserialize(engine, code) }
}
