//! What happened, for the operator, as `wit/log.wit` has it.

use alloc::string::String;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For whoever debugs the engine.
    Debug,
    /// Routine.
    Info,
    /// Something is off and mends itself or costs little.
    Warn,
    /// Somebody should look.
    Error,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How much it matters.
    pub level: Level,
    /// What happened: lower case, no full stop, never a secret.
    pub message: String,
    /// A JSON object.
    pub fields: String,
}
