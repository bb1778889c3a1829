//! World `logic`: the decisions with typed interfaces, as a component that imports nothing.
//!
//! A shell: it converts and calls. The engine's shell has the same exports: it compiles `convert`
//! and `decisions.rs` again, over its own generated types.

#![cfg(target_family = "wasm")]
#![no_std]

extern crate alloc;
// Linked for what it defines.
extern crate merge_sync_guest_runtime as _;

mod bindings;
mod convert;
mod decisions;

/// What the exports are implemented on. Keeps nothing between calls.
struct Component;
