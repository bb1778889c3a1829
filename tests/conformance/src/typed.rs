//! The typed interfaces of the logic component, called by their types alone.

use std::sync::OnceLock;

use anyhow::{Context, Result};
use serde_json::Value;
use wasmtime::Store;
use wasmtime::component::{Component, Instance, Linker, Val};
use wit_parser::Type;

use crate::contract::{Contract, Operation, Shape};
use crate::convert::{lift, lower, lower_fields};
use crate::dist::component;
use crate::{Refused, Subject};

/// `dist/merge-sync-logic.wasm`.
pub struct Typed {
    contract: Contract,
    store: Store<()>,
    instance: Instance,
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Typed")
    }
}

impl Typed {
    /// What [`Subject::name`] says of it.
    pub const NAME: &'static str = "typed interfaces";

    /// Load the component. Its linker is empty: it must import nothing.
    ///
    /// # Errors
    ///
    /// Where the component or the contract cannot be loaded.
    pub fn load() -> Result<Self> {
        static COMPILED: OnceLock<Component> = OnceLock::new();
        let component = component("merge-sync-logic.wasm", &COMPILED)?;
        let mut store = Store::new(component.engine(), ());
        let instance = Linker::new(component.engine()).instantiate(&mut store, &component)?;
        Ok(Self {
            contract: Contract::load()?,
            store,
            instance,
        })
    }

    /// Call the function itself.
    fn invoke(&mut self, operation: &Operation, arguments: &[Val]) -> Result<Val> {
        let interface = self
            .instance
            .get_export_index(&mut self.store, None, &operation.export)
            .with_context(|| format!("no export `{}`", operation.export))?;
        let function = self
            .instance
            .get_export_index(&mut self.store, Some(&interface), &operation.function)
            .and_then(|index| self.instance.get_func(&mut self.store, index))
            .with_context(|| format!("no function `{}`", operation.function))?;
        let mut answers = [Val::Bool(false)];
        function.call(&mut self.store, arguments, &mut answers)?;
        let [answer] = answers;
        Ok(answer)
    }

    /// The answer as JSON; the error side of a result becomes the error of the call.
    fn answer(&self, operation: &Operation, value: &Val) -> Result<Result<String, String>> {
        let Shape::Result(ok, err) = self.contract.shape(&operation.answer)? else {
            return Ok(Ok(
                lift(&self.contract, &operation.answer, value)?.to_string()
            ));
        };
        match value {
            Val::Result(Ok(Some(value))) => Ok(Ok(lift(&self.contract, ok, value)?.to_string())),
            Val::Result(Err(Some(value))) => {
                let problem = lift(&self.contract, err, value)?;
                let message = problem.get("message").and_then(Value::as_str);
                Ok(Err(message
                    .context("a problem without a message")?
                    .to_owned()))
            }
            other => anyhow::bail!("the component gave {other:?} for a result"),
        }
    }
}

/// What the JSON form `input` of an operation's arguments says, as values of the component.
///
/// # Errors
///
/// Where `input` does not say what the contract wants.
pub fn arguments(contract: &Contract, operation: &Operation, input: &str) -> Result<Vec<Val>> {
    let input: Value = serde_json::from_str(input)?;
    if let ([(_, record)], true) = (
        operation.parameters.as_slice(),
        contract.takes_record(operation),
    ) {
        return Ok(vec![lower(contract, record, &input, "input")?]);
    }
    let parameters: Vec<(&str, &Type)> = operation
        .parameters
        .iter()
        .map(|(name, of)| (name.as_str(), of))
        .collect();
    let values = lower_fields(contract, &parameters, &input, "input")?;
    Ok(values.into_iter().map(|(_, value)| value).collect())
}

impl Subject for Typed {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn call(&mut self, operation: &str, input: &str) -> Result<String, Refused> {
        let Some(operation) = self.contract.operation(operation).cloned() else {
            return Err(Refused::Inexpressible(format!(
                "no operation `{operation}`"
            )));
        };
        let arguments = arguments(&self.contract, &operation, input)
            .map_err(|error| Refused::Inexpressible(format!("{error:#}")))?;
        self.invoke(&operation, &arguments)
            .and_then(|value| self.answer(&operation, &value))
            .map_err(|error| Refused::Trapped(format!("{error:#}")))?
            .map_err(Refused::Problem)
    }
}
