//! Model checking.

pub mod clock;
pub mod known;
pub mod merge;
pub mod properties;
pub mod protocol;
pub mod scenario;
pub mod state;
pub mod store;
pub mod webhooks;
