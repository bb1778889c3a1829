//! The crate itself, without WebAssembly.

use crate::{Refused, Subject};

/// `guest/logic`, called as Rust.
#[derive(Debug, Clone, Copy, Default)]
pub struct Native;

impl Subject for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn call(&mut self, operation: &str, input: &str) -> Result<String, Refused> {
        merge_sync_logic::json::call(operation, input).map_err(Refused::Problem)
    }
}

/// `guest/engine` as Rust, which answers the decisions, too: all of what the text form offers.
#[derive(Debug, Clone, Copy, Default)]
pub struct NativeEngine;

impl Subject for NativeEngine {
    fn name(&self) -> &'static str {
        "native engine"
    }

    fn call(&mut self, operation: &str, input: &str) -> Result<String, Refused> {
        merge_sync_engine::text::call(operation, input).map_err(Refused::Problem)
    }
}
