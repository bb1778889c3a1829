//! The one place where this crate needs `unsafe`.

/// Load machine code that this process made.
///
/// # Errors
///
/// The code was made by another version of wasmtime or for another machine.
#[expect(unsafe_code, reason = "machine code can only be trusted, not checked")]
pub fn deserialize(
    engine: &wasmtime::Engine,
    code: &[u8],
) -> wasmtime::Result<wasmtime::component::Component> {
    // SAFETY: `component.rs`, the only caller, passes bytes that it has just made.
    unsafe { wasmtime::component::Component::deserialize(engine, code) }
}
