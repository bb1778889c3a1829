//! World `text`: the decisions and the engine's operations behind one function of text, as a
//! component that imports nothing.
//!
//! The core module inside it serves runtimes that cannot host components.

#![cfg(target_family = "wasm")]
#![no_std]

extern crate alloc;
// Linked for what it defines.
extern crate merge_sync_guest_runtime as _;

mod bindings;

use alloc::string::String;

use bindings::exports::merge_sync::triggers::{json, meta};

/// What the exports are implemented on. Keeps nothing between calls.
struct Component;

impl json::Guest for Component {
    fn call(operation: String, input: String) -> Result<String, String> {
        merge_sync_engine::text::call(&operation, &input)
    }
}

impl meta::Guest for Component {
    fn version() -> String {
        merge_sync_logic::meta::VERSION.into()
    }
}
