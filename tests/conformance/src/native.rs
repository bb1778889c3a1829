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
