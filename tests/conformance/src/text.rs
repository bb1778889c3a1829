//! The text component, through its one function.

use std::sync::OnceLock;

use anyhow::{Context, Result};
use wasmtime::Store;
use wasmtime::component::{Component, Linker, TypedFunc};

use crate::dist::component;
use crate::{Refused, Subject};

/// `json.call`, as the host's bindings would call it.
type Call = TypedFunc<(String, String), (Result<String, String>,)>;

/// `dist/merge-sync-text.wasm`.
pub struct Text {
    store: Store<()>,
    call: Call,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Text")
    }
}

impl Text {
    /// Load the component. Its linker is empty: it must import nothing.
    ///
    /// # Errors
    ///
    /// Where the component cannot be loaded, or has no `json.call`.
    pub fn load() -> Result<Self> {
        static COMPILED: OnceLock<Component> = OnceLock::new();
        let component = component("merge-sync-text.wasm", &COMPILED)?;
        let mut store = Store::new(component.engine(), ());
        let instance = Linker::new(component.engine()).instantiate(&mut store, &component)?;
        let interface = instance
            .get_export_index(&mut store, None, "merge-sync:triggers/json@0.1.0")
            .context("the text component exports no `json`")?;
        let function = instance
            .get_export_index(&mut store, Some(&interface), "call")
            .context("`json` exports no `call`")?;
        let call = instance.get_typed_func(&mut store, function)?;
        Ok(Self { store, call })
    }
}

impl Subject for Text {
    fn name(&self) -> &'static str {
        "text component"
    }

    fn call(&mut self, operation: &str, input: &str) -> Result<String, Refused> {
        let arguments = (operation.to_owned(), input.to_owned());
        match self.call.call(&mut self.store, arguments) {
            Ok((answer,)) => answer.map_err(Refused::Problem),
            Err(trap) => Err(Refused::Trapped(format!("{trap:#}"))),
        }
    }
}
