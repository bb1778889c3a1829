//! The component's code, compiled or loaded, and the time that passes for its guests.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use wasmtime::component::Component as Code;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::precompiled;

/// A component, ready to be instantiated.
#[derive(Clone)]
pub struct Component {
    pub(super) engine: Engine,
    pub(super) code: Code,
    pub(super) ticks: Arc<AtomicU64>,
}

/// How often a running guest is looked at.
const TICK: Duration = Duration::from_millis(100);

/// A guest that computes for so many ticks without calling the host is ended: ten seconds.
pub(super) const LONGEST_COMPUTATION: u64 = 100;

/// No instance's memory grows beyond this.
const LARGEST_MEMORY: usize = 512 << 20;

impl Component {
    /// Compile the component in `file` for at most `instances` at a time, or load the machine
    /// code that an earlier start left in `cache`. Without a cache, or where it cannot be
    /// written, the next start compiles again.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not a component.
    pub fn load(file: &Path, cache: Option<&Path>, instances: u32) -> anyhow::Result<Self> {
        let wasm = std::fs::read(file)
            .with_context(|| format!("component: cannot read `{}`", file.display()))?;
        let engine = engine(instances)?;
        let code = precompiled::load(&engine, &wasm, cache)
            .map_err(anyhow::Error::from)
            .with_context(|| format!("component: `{}` cannot be used", file.display()))?;
        let ticks = Arc::new(AtomicU64::new(0));
        tick(&engine, Arc::clone(&ticks))?;
        Ok(Self {
            engine,
            code,
            ticks,
        })
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component").finish_non_exhaustive()
    }
}

/// Instances from a pool, or one by one where the machine's limits do not allow a pool.
fn engine(instances: u32) -> anyhow::Result<Engine> {
    let mut config = Config::new();
    // The guest is synchronous: a call costs a third of what it costs with this on.
    config.concurrency_support(false);
    config.epoch_interruption(true);
    let mut pool = PoolingAllocationConfig::default();
    // A component is a few core modules: the guest itself, and the shims in front of it.
    let modules = instances.saturating_mul(4);
    pool.total_component_instances(instances);
    pool.total_core_instances(modules);
    pool.total_memories(instances);
    pool.total_tables(modules);
    pool.total_stacks(instances);
    pool.max_memory_size(LARGEST_MEMORY);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    if let Ok(engine) = Engine::new(&config) {
        return Ok(engine);
    }
    tracing::warn!("no pool of instances on this machine: each is allocated when it is needed");
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Ok(Engine::new(&config)?)
}

/// Let time pass for the guests, until the engine is gone.
fn tick(engine: &Engine, ticks: Arc<AtomicU64>) -> anyhow::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("epoch".to_owned())
        .spawn(move || {
            loop {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a clock: time is what it waits for"
                )]
                std::thread::sleep(TICK);
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                ticks.fetch_add(1, Ordering::Relaxed);
                engine.increment_epoch();
            }
        })?;
    Ok(())
}
