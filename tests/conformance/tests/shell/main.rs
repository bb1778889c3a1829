//! What the engine's shell adds to the engine: the order of calls to the host, and what becomes of
//! the host's refusals.

mod host;
mod receive;
mod run;

use merge_sync_conformance::dist_file;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store};

use std::sync::LazyLock;

use host::Host;

/// The contract, as Rust.
mod bindings {
    wasmtime::component::bindgen!({ path: "../../wit", world: "sync-engine" });
}

use bindings::SyncEngine;
use bindings::exports::merge_sync::triggers::triggers::Guest;

/// Compiled once: every test calls it.
static COMPONENT: LazyLock<Component> = LazyLock::new(|| {
    Component::from_file(&Engine::default(), dist_file("merge-sync-engine.wasm"))
        .expect("the component compiles")
});

/// Call `triggers` of a fresh instance; what it answered, and the host afterwards.
#[track_caller]
fn call<T>(
    host: Host,
    call: impl FnOnce(&Guest, &mut Store<Host>) -> wasmtime::Result<T>,
) -> (T, Host) {
    let mut linker = Linker::new(COMPONENT.engine());
    SyncEngine::add_to_linker::<_, HasSelf<_>>(&mut linker, |host: &mut Host| host)
        .expect("the imports are those of the contract");
    let mut store = Store::new(COMPONENT.engine(), host);
    let engine = SyncEngine::instantiate(&mut store, &COMPONENT, &linker).expect("an instance");
    let answer = call(engine.merge_sync_triggers_triggers(), &mut store).expect("no trap");
    (answer, store.into_data())
}
