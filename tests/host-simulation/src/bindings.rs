//! The contract in `wit/`, as Rust. Nothing here is written by hand.

pub use generated::{SyncEngine, SyncEnginePre, exports, merge_sync};

#[expect(missing_docs, reason = "generated from `wit/`")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "sync-engine",
        imports: {
            "merge-sync:triggers/http": async,
            "merge-sync:triggers/store": async,
        },
        exports: { default: async },
    });
}
