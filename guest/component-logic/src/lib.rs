//! World `logic`: the decisions with typed interfaces, as a component that imports nothing.
//!
//! A shell: it converts and calls. What it exports is in `decisions.rs`, which it shares with the
//! engine's shell.

#![cfg(target_family = "wasm")]
#![no_std]

extern crate alloc;

mod bindings;
#[path = "../../shell/convert/mod.rs"]
mod convert;
#[path = "../../shell/decisions.rs"]
mod decisions;

/// What the exports are implemented on. Keeps nothing between calls.
struct Component;
