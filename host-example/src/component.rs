//! The engine's component on wasmtime: compiled once, instantiated where it is needed.
//!
//! [`Triggers`] is its interface `triggers`, over this host's HTTP, store, settings, clock and
//! log. [`Decisions`] are its other interfaces, over nothing.

pub(crate) mod convert;
mod decisions;
pub(crate) mod engine_log;
mod loaded;
mod outside;
mod pool;
mod precompiled;
mod triggers;

pub use decisions::Decisions;
pub use loaded::Component;
pub use outside::Parts;
pub use triggers::{Fault, Slots, Triggers};
