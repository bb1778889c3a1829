//! The built engine component: compiled once, instantiated for each simulated host, its calls
//! suspended wherever it waits for the world.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use anyhow::Context as _;
use merge_simulator::time::Micros;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use crate::bindings::exports::merge_sync::triggers::signature::SignedBody;
use crate::bindings::exports::merge_sync::triggers::triggers::{
    Command, Failure, NewAccount, Receipt, Report, View,
};
use crate::bindings::exports::merge_sync::triggers::webhook::Reply;
use crate::bindings::merge_sync::triggers::store::NoteError;
use crate::bindings::{SyncEngine, SyncEnginePre};
use crate::port::{self, Outside, Port};

/// The most instances of one process at a time.
const INSTANCES: u32 = 256;

/// The component, ready to be instantiated.
#[derive(Clone)]
pub struct Engine {
    engine: wasmtime::Engine,
    pre: SyncEnginePre<Outside>,
}

/// One instance between two calls.
pub struct Instance {
    store: Store<Outside>,
    engine: SyncEngine,
}

/// What an instance is asked to do.
#[derive(Debug, Clone)]
pub enum Task {
    /// Take in a webhook, and keep what it says.
    Receive(SignedBody),
    /// Do what is due for an account.
    Run(String),
    /// Look after an account.
    Link(NewAccount),
    /// Carry out an operator's wish.
    Request(String, Command),
    /// Say where an account stands.
    Inspect(String),
}

/// What came of it.
#[derive(Debug)]
pub enum Done {
    /// Of [`Task::Receive`].
    Received(Reply),
    /// Of [`Task::Run`].
    Ran(Result<Report, Failure>),
    /// Of [`Task::Link`] and [`Task::Request`].
    Obeyed(Result<(), Failure>),
    /// Of [`Task::Inspect`].
    Inspected(Result<Box<View>, Failure>),
}

type Ended = (Instance, wasmtime::Result<Done>);

/// A call under way. Dropping it is what a crash of its host is.
pub struct Calling {
    /// Where the instance meets the world.
    pub port: Port,
    future: Pin<Box<dyn Future<Output = wasmtime::Result<Ended>> + Send>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Instance")
    }
}

impl std::fmt::Debug for Calling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calling").field("port", &self.port).finish()
    }
}

impl Engine {
    /// Compile the component in `file`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not a component, or is one of another contract.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let mut config = Config::new();
        // The guest is synchronous: a call costs a third of what it costs with this on.
        config.concurrency_support(false);
        let mut pool = PoolingAllocationConfig::default();
        pool.total_component_instances(INSTANCES);
        pool.total_core_instances(INSTANCES * 4);
        pool.total_memories(INSTANCES);
        pool.total_tables(INSTANCES * 4);
        pool.total_stacks(INSTANCES);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = wasmtime::Engine::new(&config)?;
        let code = Component::from_file(&engine, file)
            .map_err(anyhow::Error::from)
            .with_context(|| {
                format!(
                    "engine: `{}` cannot be used; `cargo xtask build` makes it",
                    file.display()
                )
            })?;
        let mut linker = Linker::new(&engine);
        SyncEngine::add_to_linker::<_, HasSelf<Outside>>(&mut linker, |outside| outside)?;
        let pre = SyncEnginePre::new(linker.instantiate_pre(&code)?)?;
        Ok(Self { engine, pre })
    }

    /// Begin a call, on `instance` or on a new one.
    pub fn call(&self, instance: Option<Instance>, settings: &Arc<str>, task: Task) -> Calling {
        let port = match &instance {
            Some(instance) => instance.store.data().port.clone(),
            None => Port::default(),
        };
        let outside = Outside {
            port: port.clone(),
            settings: Arc::clone(settings),
        };
        let Self { engine, pre } = self.clone();
        let future = Box::pin(async move {
            let mut instance = match instance {
                Some(instance) => instance,
                None => {
                    let mut store = Store::new(&engine, outside);
                    let engine = pre.instantiate_async(&mut store).await?;
                    Instance { store, engine }
                }
            };
            let done = perform(&mut instance, task).await;
            Ok((instance, done))
        });
        Calling { port, future }
    }
}

async fn perform(instance: &mut Instance, task: Task) -> wasmtime::Result<Done> {
    let Instance { store, engine } = instance;
    let triggers = engine.merge_sync_triggers_triggers();
    Ok(match task {
        Task::Receive(delivery) => {
            let receipt = triggers.call_receive(&mut *store, &delivery).await?;
            let port = store.data().port.clone();
            Done::Received(keep(&port, receipt).await)
        }
        Task::Run(account) => Done::Ran(triggers.call_run(store, &account).await?),
        Task::Link(account) => Done::Obeyed(triggers.call_link(store, &account).await?),
        Task::Request(account, command) => {
            Done::Obeyed(triggers.call_request(store, &account, &command).await?)
        }
        Task::Inspect(account) => {
            let view = triggers.call_inspect(store, &account, &[]).await?;
            Done::Inspected(view.map(Box::new))
        }
    })
}

/// The host's part of taking in a webhook: it keeps the note, and answers.
async fn keep(port: &Port, receipt: Receipt) -> Reply {
    port.log([receipt.log]);
    let Some(note) = receipt.note else {
        return receipt.reply;
    };
    match port.keep_note(port::imported(note)).await {
        Ok(()) => receipt.reply,
        Err(NoteError::UnknownAccount(_)) => {
            port.log(receipt.unknown_account_log);
            receipt.reply
        }
        Err(NoteError::Unavailable(_)) => {
            port.log(receipt.unkept_log);
            receipt.unkept_reply
        }
    }
}

impl Calling {
    /// Let the instance compute until it waits for something or is done; `now` is its host's
    /// clock.
    ///
    /// # Errors
    ///
    /// The instance could not be made.
    pub fn go_on(&mut self, now: Micros) -> wasmtime::Result<Option<Ended>> {
        self.port.set_now(now);
        match self
            .future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Pending => Ok(None),
            Poll::Ready(ended) => ended.map(Some),
        }
    }
}
