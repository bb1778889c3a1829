//! The built components in wasmtime, set up as the reference host does.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use merge_sync_costs::dist;
use merge_sync_costs::inputs::Question;
use wasmtime::component::{Component, Instance, InstancePre, Linker, TypedFunc};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use super::facts::Facts;
use crate::decisions::subject::Subject;

pub(super) mod generated {
    wasmtime::component::bindgen!({ path: "../wit", world: "logic" });
}

/// How a component is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `merge-sync-logic.wasm` by its types.
    Typed,
    /// `merge-sync-text.wasm` by text.
    Text,
}

type Call<'a> = TypedFunc<(&'a str, &'a str), (Result<String, String>,)>;

/// As wasmtime comes, but for support of components that do several things at a time, which a call
/// of one that does not would pay for.
fn engine(pooled: bool, interruptible: bool) -> Result<Engine> {
    let mut config = Config::new();
    config.concurrency_support(false);
    config.epoch_interruption(interruptible);
    if pooled {
        let pool = PoolingAllocationConfig::default();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    Ok(Engine::new(&config)?)
}

fn store(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    // Nothing here takes too long; where the engine is interruptible, the check is measured.
    store.set_epoch_deadline(u64::MAX / 2);
    store
}

/// One instance for all calls.
pub struct Warm {
    form: Form,
    store: Store<()>,
    instance: Instance,
}

impl Warm {
    /// Load it, with machine code that can be `interruptible`, as a host needs it that does not trust
    /// its components: a check in every loop.
    pub fn load(form: Form, interruptible: bool) -> Result<Self> {
        let engine = engine(false, interruptible)?;
        let name = match form {
            Form::Typed => "merge-sync-logic.wasm",
            Form::Text => "merge-sync-text.wasm",
        };
        let component = Component::from_file(&engine, dist(name))?;
        let mut store = store(&engine);
        let instance = Linker::new(&engine).instantiate(&mut store, &component)?;
        Ok(Self {
            form,
            store,
            instance,
        })
    }

    fn by_text(&mut self, question: &Question, calls: u32) -> Result<Duration> {
        let name = format!("merge-sync:triggers/json@{}", env!("CARGO_PKG_VERSION"));
        let interface = self.instance.get_export_index(&mut self.store, None, &name);
        let interface = interface.context("no interface `json`")?;
        let call = self
            .instance
            .get_export_index(&mut self.store, Some(&interface), "call");
        let call: Call<'_> = self
            .instance
            .get_typed_func(&mut self.store, call.context("no function `call`")?)?;
        let arguments = (question.operation, question.input.as_str());
        let (answer,) = call.call(&mut self.store, arguments)?;
        answer.map_err(|problem| anyhow!("{}: {problem}", question.operation))?;
        let started = Instant::now();
        for _ in 0..calls {
            black_box(call.call(&mut self.store, black_box(arguments))?.0.ok());
        }
        Ok(started.elapsed())
    }
}

impl Subject for Warm {
    fn time(&mut self, question: &Question, _: &Path, calls: u32) -> Result<Duration> {
        if self.form == Form::Text {
            return self.by_text(question, calls);
        }
        let logic = generated::Logic::new(&mut self.store, &self.instance)?;
        let facts = Facts::of(question)?;
        let started = Instant::now();
        for _ in 0..calls {
            facts.ask(&logic, &mut self.store)?;
        }
        Ok(started.elapsed())
    }
}

/// A new instance for each call, from a pool.
pub struct Fresh {
    engine: Engine,
    ready: InstancePre<()>,
}

impl Fresh {
    /// Compile it.
    pub fn load() -> Result<Self> {
        let engine = engine(true, false)?;
        let component = Component::from_file(&engine, dist("merge-sync-logic.wasm"))?;
        let ready = Linker::new(&engine).instantiate_pre(&component)?;
        Ok(Self { engine, ready })
    }
}

impl Subject for Fresh {
    fn time(&mut self, question: &Question, _: &Path, calls: u32) -> Result<Duration> {
        let facts = Facts::of(question)?;
        let ready = generated::LogicPre::new(self.ready.clone())?;
        let started = Instant::now();
        for _ in 0..calls {
            let mut store = store(&self.engine);
            let logic = ready.instantiate(&mut store)?;
            facts.ask(&logic, &mut store)?;
        }
        Ok(started.elapsed())
    }
}

/// Everything anew from the machine code in a file, as a process that starts.
pub struct Cold {
    code: Vec<u8>,
}

impl Cold {
    /// Compile it once.
    pub fn load() -> Result<Self> {
        let bytes = fs::read(dist("merge-sync-logic.wasm"))?;
        Ok(Self {
            code: engine(false, false)?.precompile_component(&bytes)?,
        })
    }
}

impl Subject for Cold {
    fn time(&mut self, question: &Question, _: &Path, calls: u32) -> Result<Duration> {
        let facts = Facts::of(question)?;
        let started = Instant::now();
        for _ in 0..calls {
            let engine = engine(false, false)?;
            let component = crate::bindings::deserialize(&engine, &self.code)?;
            let mut store = store(&engine);
            let linker = Linker::new(&engine);
            let logic = generated::Logic::instantiate(&mut store, &component, &linker)?;
            facts.ask(&logic, &mut store)?;
        }
        Ok(started.elapsed())
    }
}
