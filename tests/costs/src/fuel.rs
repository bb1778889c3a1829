//! Instructions that a component executes, as wasmtime counts them.

use anyhow::{Context as _, Result, anyhow};
use wasmtime::component::{Component, Instance, Linker, TypedFunc, Val};
use wasmtime::{Config, Engine, Store};

use crate::baseline::Costs;
use merge_sync_costs::dist;
use merge_sync_costs::inputs::{Question, Signed, signed};

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
        let index = self.export("json", "call")?;
        Ok(self.instance.get_typed_func(&mut self.store, index)?)
    }

    fn export(
        &mut self,
        interface: &str,
        function: &str,
    ) -> Result<wasmtime::component::ComponentExportIndex> {
        let name = format!(
            "merge-sync:triggers/{interface}@{}",
            env!("CARGO_PKG_VERSION")
        );
        let interface = self
            .instance
            .get_export_index(&mut self.store, None, &name)
            .with_context(|| format!("no interface {name}"))?;
        self.instance
            .get_export_index(&mut self.store, Some(&interface), function)
            .with_context(|| format!("no function {function} in {name}"))
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

/// Count that of each question by text, and of webhooks by type.
pub fn count(questions: &[Question], costs: &mut Costs) -> Result<()> {
    let mut text = Metered::load("merge-sync-text.wasm")?;
    for question in questions {
        // Twice, since the first one grows the memory.
        text.ask(question.operation, &question.input)?;
        let (_, fuel) = text.ask(question.operation, &question.input)?;
        costs.insert(format!("{}: fuel by text", question.name), fuel);
    }
    let mut logic = Metered::load("merge-sync-logic.wasm")?;
    for delivery in signed()? {
        let arguments = [record(&delivery)];
        for (interface, function) in [("signature", "verify"), ("webhook", "handle")] {
            logic.typed(interface, function, &arguments)?;
            let fuel = logic.typed(interface, function, &arguments)?;
            let size = delivery.size;
            costs.insert(format!("{interface}.{function} {size}: fuel by type"), fuel);
        }
    }
    let fuel = logic.typed("meta", "version", &[])?;
    costs.insert("meta.version: fuel by type".to_owned(), fuel);
    Ok(())
}

fn record(delivery: &Signed) -> Val {
    let one = |text: &String| Val::List(vec![Val::String(text.clone())]);
    Val::Record(vec![
        ("body".to_owned(), Val::String(delivery.body.clone())),
        ("signatures".to_owned(), one(&delivery.signature)),
        ("keys".to_owned(), one(&delivery.key)),
    ])
}
