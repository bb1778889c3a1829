//! Which records are new?

use alloc::string::String;

use crate::types::{Milliseconds, ModelStatus, Timestamp};

pub use crate::endpoints::{Endpoint, Listed, locate};

/// How the bounds are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// From the previous watermark, less the overlap, to just past `last_sync_finished`.
    Contiguous,
    /// As `Contiguous`, with no upper bound.
    OpenEnded,
    /// From the start of the previous fetch to `last_sync_finished`. Loses records.
    FetchStart,
}

/// What the host keeps for each model of each account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// When the latest completed fetch started, host's clock.
    pub last_synced_at: Option<Timestamp>,
    /// The `last_sync_finished` that the latest completed fetch was for, Merge's clock.
    pub merge_last_sync_finished: Option<Timestamp>,
    /// When the latest completed fetch ended, host's clock.
    pub last_fetched_at: Option<Timestamp>,
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What Merge says of the model.
    pub status: ModelStatus,
    /// What was fetched before.
    pub progress: Progress,
    /// Whether this model's data may be read.
    pub ready: bool,
    /// How the bounds are chosen.
    pub rule: Rule,
    /// How far a window reaches back into the one before it.
    pub overlap: Milliseconds,
}

/// A window to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// `modified_after`. `None` reads from the beginning.
    pub after: Option<Timestamp>,
    /// `modified_before`. `None` reads to the end.
    pub before: Option<Timestamp>,
    /// What to store as `merge_last_sync_finished` once every page is stored.
    pub watermark: Timestamp,
    /// The same bounds as a query string, percent-encoded, ready to send.
    pub query: String,
}

/// Why there is nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// The model is switched off.
    Disabled,
    /// The initial sync is not complete.
    InitialSyncIncomplete,
    /// The latest sync failed: its finish time says nothing.
    Failed,
    /// No sync that brought data has finished.
    NothingFinished,
    /// This finish was fetched already: a duplicate, a late or an early delivery.
    NotNewer,
}

/// Nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// Why.
    pub reason: SkipReason,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Read this window.
    Fetch(Span),
    /// Nothing to read.
    Skip(Skip),
}

/// A fetch whose every page is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// What was stored before.
    pub progress: Progress,
    /// What was read.
    pub span: Span,
    /// When the fetch started, host's clock.
    pub started_at: Timestamp,
    /// When its last page was stored, host's clock.
    pub ended_at: Timestamp,
}

/// Decide.
#[must_use]
pub fn next(facts: &Facts) -> Plan {
    let _ = facts;
    Plan::Skip(Skip { reason: SkipReason::Disabled })
}

/// What to store after a fetch. Never moves `merge_last_sync_finished` back.
#[must_use]
pub fn advance(facts: &Completed) -> Progress {
    facts.progress
}

/// The query string of a read between two bounds, either of which may be absent:
/// `include_deleted_data=true&modified_after=...&modified_before=...`.
#[must_use]
pub fn query(after: Option<Timestamp>, before: Option<Timestamp>) -> String {
    let _ = (after, before);
    String::new()
}
