//! Where one model stands.

/// Where one model stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Switched off.
    Disabled,
    /// Its initial sync is running, or has not been heard of.
    Syncing,
    /// Its data may be read.
    Ready,
    /// Its initial sync ended failed, paused, or partial under `strict`.
    NeedsAttention,
}
