//! What passes between the engine and its host, as `wit/` has it.

pub mod http;
pub mod log;
pub mod store;
pub mod triggers;
