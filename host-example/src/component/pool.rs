//! Instances, kept warm between calls.
//!
//! An instance that is in a call cannot be entered a second time, and one whose call was
//! dropped halfway is of no use any more. So each call is a task of its own that goes to its
//! end whatever becomes of whoever asked, and only an instance whose call came to a good end is
//! used again.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use wasmtime::{Store, UpdateDeadline};

use super::loaded::{Component, LONGEST_COMPUTATION};
use super::outside::{Outside, Parts};
use crate::bindings::{SyncEngine, SyncEnginePre};
use crate::clock::Pending;

/// The most calls an instance serves: its memory only ever grows.
const CALLS: u32 = 256;

/// Instances of one kind, so many at a time.
pub(super) struct Pool {
    component: Component,
    pre: SyncEnginePre<Outside>,
    parts: Parts,
    room: Semaphore,
    idle: Mutex<Vec<Instance>>,
}

struct Instance {
    store: Store<Outside>,
    engine: SyncEngine,
    calls: u32,
}

impl Pool {
    pub(super) fn new(
        component: Component,
        pre: SyncEnginePre<Outside>,
        parts: Parts,
        instances: u32,
    ) -> Arc<Self> {
        Arc::new(Self {
            component,
            pre,
            parts,
            room: Semaphore::new(usize::try_from(instances).unwrap_or(1)),
            idle: Mutex::default(),
        })
    }

    /// Call an instance, once one is free.
    ///
    /// Dropping the returned future does not end the call.
    pub(super) async fn call<T: Send + 'static>(
        self: &Arc<Self>,
        what: impl for<'a> FnOnce(
            &'a SyncEngine,
            &'a mut Store<Outside>,
        ) -> Pending<'a, wasmtime::Result<T>>
        + Send
        + 'static,
    ) -> wasmtime::Result<T> {
        let pool = Arc::clone(self);
        tokio::spawn(async move { pool.call_here(what).await }).await?
    }

    /// As [`call`](Self::call), but dropping the returned future ends the call, and its instance.
    pub(super) async fn call_here<T: Send + 'static>(
        self: &Arc<Self>,
        what: impl for<'a> FnOnce(
            &'a SyncEngine,
            &'a mut Store<Outside>,
        ) -> Pending<'a, wasmtime::Result<T>>
        + Send
        + 'static,
    ) -> wasmtime::Result<T> {
        let _room = self.room.acquire().await?;
        let mut instance = self.take().await?;
        instance.store.data_mut().enter();
        instance.store.set_epoch_deadline(1);
        let answer = what(&instance.engine, &mut instance.store).await?;
        self.put_back(instance);
        Ok(answer)
    }

    async fn take(&self) -> wasmtime::Result<Instance> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        if let Some(instance) = idle {
            return Ok(instance);
        }
        let outside = Outside::new(self.parts.clone(), Arc::clone(&self.component.ticks));
        let mut store = Store::new(&self.component.engine, outside);
        store.epoch_deadline_callback(|store| {
            if store.data().computing() > LONGEST_COMPUTATION {
                return Ok(UpdateDeadline::Interrupt);
            }
            Ok(UpdateDeadline::Yield(1))
        });
        store.set_epoch_deadline(1);
        let engine = self.pre.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            engine,
            calls: 0,
        })
    }

    fn put_back(&self, mut instance: Instance) {
        instance.calls += 1;
        if instance.calls < CALLS {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(instance);
        }
    }
}
