//! Instructions that a component executes, as wasmtime counts them.

use anyhow::{Context as _, Result, anyhow};
use merge_sync_conformance::{Contract, arguments};
use wasmtime::component::{Component, ComponentExportIndex, Instance, Linker, TypedFunc, Val};
use wasmtime::{Config, Engine, Store};

use crate::baseline::Costs;
use merge_sync_costs::dist;
use merge_sync_costs::inputs::Question;

/// More than any call takes.
const FULL: u64 = 1 << 40;

type Call = TypedFunc<(String, String), (Result<String, String>,)>;

/// A component whose instructions are counted.
pub struct Metered {
    store: Store<()>,
    instance: Instance,
}

impl Metered {
    /// Load a component of `dist/` that imports nothing.
    pub fn load(name: &str) -> Result<Self> {
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config)?;
        let component = Component::from_file(&engine, dist(name))?;
        let mut store = Store::new(&engine, ());
        store.set_fuel(FULL)?;
        let instance = Linker::new(&engine).instantiate(&mut store, &component)?;
        Ok(Self { store, instance })
    }

    fn text_call(&mut self) -> Result<Call> {
        let json = format!("merge-sync:triggers/json@{}", env!("CARGO_PKG_VERSION"));
        let index = self.export(&json, "call")?;
        Ok(self.instance.get_typed_func(&mut self.store, index)?)
    }

    fn export(&mut self, interface: &str, function: &str) -> Result<ComponentExportIndex> {
        let interface_index = self
            .instance
            .get_export_index(&mut self.store, None, interface)
            .with_context(|| format!("no interface {interface}"))?;
        self.instance
            .get_export_index(&mut self.store, Some(&interface_index), function)
            .with_context(|| format!("no function {function} in {interface}"))
    }

    /// The answer by text, and what it cost.
    pub fn ask(&mut self, operation: &str, input: &str) -> Result<(String, u64)> {
        let call = self.text_call()?;
        self.store.set_fuel(FULL)?;
        let arguments = (operation.to_owned(), input.to_owned());
        let (answer,) = call.call(&mut self.store, arguments)?;
        let used = FULL - self.store.get_fuel()?;
        let answer = answer.map_err(|problem| anyhow!("{operation}: {problem}"))?;
        Ok((answer, used))
    }

    /// What a typed function costs.
    fn typed(&mut self, interface: &str, function: &str, arguments: &[Val]) -> Result<u64> {
        let index = self.export(interface, function)?;
        let function = self
            .instance
            .get_func(&mut self.store, index)
            .with_context(|| format!("{interface}.{function} is no function"))?;
        self.store.set_fuel(FULL)?;
        function.call(&mut self.store, arguments, &mut [Val::Bool(false)])?;
        Ok(FULL - self.store.get_fuel()?)
    }
}

/// Count that of each question, by text and by its types.
pub fn count(questions: &[Question], costs: &mut Costs) -> Result<()> {
    let mut text = Metered::load("merge-sync-text.wasm")?;
    for question in questions {
        // Twice, since the first one grows the memory.
        text.ask(question.operation, &question.input)?;
        let (_, fuel) = text.ask(question.operation, &question.input)?;
        costs.insert(format!("{}: fuel by text", question.name), fuel);
    }
    let mut logic = Metered::load("merge-sync-logic.wasm")?;
    let contract = Contract::load()?;
    for question in questions {
        let operation = question.operation;
        let known = contract.operation(operation);
        let known = known.with_context(|| format!("no operation {operation} in `wit/`"))?;
        let arguments = arguments(&contract, known, &question.input)?;
        logic.typed(&known.export, &known.function, &arguments)?;
        let fuel = logic.typed(&known.export, &known.function, &arguments)?;
        costs.insert(format!("{}: fuel by type", question.name), fuel);
    }
    Ok(())
}
