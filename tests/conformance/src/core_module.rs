//! The core module inside the text component, through the canonical ABI: what a runtime
//! without components does.

use anyhow::{Context, Result, ensure};
use wasmtime::{Engine, Instance, Memory, Module, Store, TypedFunc};

use crate::{Refused, Subject, dist_file};

/// The export of `json.call`: pointer and length of either text in, pointer to the result out.
const CALL: &str = "merge-sync:triggers/json@0.1.0#call";
/// Called with that pointer once the result was read: frees it.
const POST_RETURN: &str = "cabi_post_merge-sync:triggers/json@0.1.0#call";

/// `dist/merge-sync-text.core.wasm`.
pub struct CoreModule {
    store: Store<()>,
    memory: Memory,
    realloc: TypedFunc<(u32, u32, u32, u32), u32>,
    call: TypedFunc<(u32, u32, u32, u32), u32>,
    post_return: TypedFunc<u32, ()>,
}

impl std::fmt::Debug for CoreModule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CoreModule")
    }
}

impl CoreModule {
    /// Load the module. It is given no imports.
    ///
    /// # Errors
    ///
    /// Where the module cannot be loaded, or lacks one of the exports.
    pub fn load() -> Result<Self> {
        let engine = Engine::default();
        let module = Module::from_file(&engine, dist_file("merge-sync-text.core.wasm"))?;
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        let memory = instance
            .get_memory(&mut store, "memory")
            .context("no memory")?;
        let realloc = instance.get_typed_func(&mut store, "cabi_realloc")?;
        let call = instance.get_typed_func(&mut store, CALL)?;
        let post_return = instance.get_typed_func(&mut store, POST_RETURN)?;
        Ok(Self {
            store,
            memory,
            realloc,
            call,
            post_return,
        })
    }

    /// Copy `text` into the module's memory.
    fn write(&mut self, text: &str) -> Result<(u32, u32)> {
        let length = u32::try_from(text.len())?;
        let at = self.realloc.call(&mut self.store, (0, 0, 1, length))?;
        self.memory
            .write(&mut self.store, usize::try_from(at)?, text.as_bytes())?;
        Ok((at, length))
    }

    /// Read `N` bytes of the module's memory.
    fn read<const N: usize>(&self, at: u32) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.memory
            .read(&self.store, usize::try_from(at)?, &mut bytes)?;
        Ok(bytes)
    }

    /// One call: `result<string, string>` lies in memory as a case number in one byte, then,
    /// four bytes on, pointer and length of the text.
    fn invoke(&mut self, operation: &str, input: &str) -> Result<Result<String, String>> {
        let (operation, operation_length) = self.write(operation)?;
        let (input, input_length) = self.write(input)?;
        let arguments = (operation, operation_length, input, input_length);
        let result = self.call.call(&mut self.store, arguments)?;

        let [case] = self.read(result)?;
        ensure!(case <= 1, "case {case} of a result");
        let at = u32::from_le_bytes(self.read(result + 4)?);
        let length = u32::from_le_bytes(self.read(result + 8)?);
        let mut bytes = vec![0; usize::try_from(length)?];
        self.memory
            .read(&self.store, usize::try_from(at)?, &mut bytes)?;
        self.post_return.call(&mut self.store, result)?;

        let text = String::from_utf8(bytes)?;
        Ok(if case == 0 { Ok(text) } else { Err(text) })
    }
}

impl Subject for CoreModule {
    fn name(&self) -> &'static str {
        "core module"
    }

    fn call(&mut self, operation: &str, input: &str) -> Result<String, Refused> {
        match self.invoke(operation, input) {
            Ok(answer) => answer.map_err(Refused::Problem),
            Err(trap) => Err(Refused::Trapped(format!("{trap:#}"))),
        }
    }
}
