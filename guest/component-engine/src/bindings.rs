//! Generated from `wit/`, with what the generated code needs to run.

#![expect(
    unsafe_code,
    reason = "the canonical ABI passes pointers: generated code, and the allocator behind it"
)]

#[path = "../../shell/bindings.rs"]
mod runtime;

wit_bindgen::generate!({
    path: "../../wit",
    world: "sync-engine",
});

export!(Component);

use crate::Component;
