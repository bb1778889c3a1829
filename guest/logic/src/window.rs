//! Which records are new?
//!
//! F stands for Merge's `last_sync_finished`. Every bound but `fetch-start`'s lower one is on
//! Merge's clock, so a wrong clock of the host's moves no window.

use alloc::string::String;

use crate::telling::telling_state;
use crate::types::{Milliseconds, ModelStatus, SyncState, Timestamp};

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

/// How far a window reaches back into the one before it, unless the operator says otherwise:
/// five minutes. A row may become visible a little after its `modified_at`.
pub const OVERLAP_DEFAULT_MS: Milliseconds = Milliseconds(300_000);

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
    /// `modified_before`. `None` reads to the end. Safe for a read of one page alone: with
    /// cursors by offset, a row that changes while the pages are read leaves the window and
    /// shifts the others, so that unchanged rows are never served. Where the first page names a
    /// next one, start again without this bound.
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
///
/// In this order:
///
/// 1. `DISABLED`: skip, `disabled`.
/// 2. Not ready: skip, `initial-sync-incomplete`.
/// 3. `FAILED`: skip, `failed`.
/// 4. No F, or not of a sync that brought data: skip, `nothing-finished`. F is of such a sync
///    where the status is `DONE` or `PARTIALLY_SYNCED`; and where the status is `SYNCING`,
///    `PAUSED`, unknown or absent and the latest result is one of those two.
/// 5. F is not newer than the stored one: skip, `not-newer`. The account webhook cuts F to a
///    second, so that one sync has two finishes, 10:52:03.118402 and 10:52:03: where either is
///    a whole second, whole seconds are compared.
///
/// Else a window. Under `contiguous` it starts at the stored F less the overlap and ends one
/// unit of its own precision past F, so that a row stamped in the sync's last instant is inside
/// whether or not Merge's bounds include their ends. The first window has no start.
///
/// In 1 and 3, as in [`crate::readiness`], the latest result speaks for a status that is
/// unknown or absent: the account webhook carries nothing else.
#[must_use]
pub fn next(facts: &Facts) -> Plan {
    let state = telling_state(&facts.status);
    if state == Some(&SyncState::Disabled) {
        return skip(SkipReason::Disabled);
    }
    if !facts.ready {
        return skip(SkipReason::InitialSyncIncomplete);
    }
    if state == Some(&SyncState::Failed) {
        return skip(SkipReason::Failed);
    }
    let Some(finish) = usable_finish(&facts.status) else {
        return skip(SkipReason::NothingFinished);
    };
    match facts.progress.merge_last_sync_finished {
        Some(stored) if !is_newer(finish, stored) => skip(SkipReason::NotNewer),
        Some(_) | None => Plan::Fetch(span(facts, finish)),
    }
}

/// What to store after a fetch. Never moves `merge_last_sync_finished` back.
///
/// Call it only once every page is stored. With a watermark older than the stored one, that of
/// a fetch which another one overtook, progress is returned as it was, all three instants of it.
#[must_use]
pub fn advance(facts: &Completed) -> Progress {
    let stored = facts.progress.merge_last_sync_finished;
    if stored > Some(facts.span.watermark) {
        return facts.progress;
    }
    Progress {
        last_synced_at: Some(facts.started_at),
        merge_last_sync_finished: stored.max(Some(facts.span.watermark)),
        last_fetched_at: Some(facts.ended_at),
    }
}

/// The query string of a read between two bounds, either of which may be absent:
/// `include_deleted_data=true&modified_after=...&modified_before=...`.
///
/// An instant is printed with `Z`, in which nothing needs escaping.
#[must_use]
pub fn query(after: Option<Timestamp>, before: Option<Timestamp>) -> String {
    let mut query = String::from("include_deleted_data=true");
    for (parameter, bound) in [("&modified_after=", after), ("&modified_before=", before)] {
        if let Some(bound) = bound {
            query.push_str(parameter);
            query.push_str(&bound.to_rfc3339());
        }
    }
    query
}

const fn skip(reason: SkipReason) -> Plan {
    Plan::Skip(Skip { reason })
}

/// F, where it is the finish of a sync that brought data.
fn usable_finish(status: &ModelStatus) -> Option<Timestamp> {
    let brought_data = match &status.status {
        Some(state @ (SyncState::Done | SyncState::PartiallySynced)) => Some(state),
        Some(SyncState::Failed | SyncState::Disabled) => None,
        // F is then of the sync before the running one, and the result says how that ended.
        Some(SyncState::Syncing | SyncState::Paused | SyncState::Unknown(_)) | None => {
            status.last_sync_result.as_ref()
        }
    };
    match brought_data? {
        SyncState::Done | SyncState::PartiallySynced => status.last_sync_finished,
        SyncState::Syncing
        | SyncState::Failed
        | SyncState::Disabled
        | SyncState::Paused
        | SyncState::Unknown(_) => None,
    }
}

fn is_newer(finish: Timestamp, stored: Timestamp) -> bool {
    if finish.is_whole_second() || stored.is_whole_second() {
        finish.floor_to_second() > stored.floor_to_second()
    } else {
        finish > stored
    }
}

fn span(facts: &Facts, finish: Timestamp) -> Span {
    let after = match facts.rule {
        Rule::Contiguous | Rule::OpenEnded => facts
            .progress
            .merge_last_sync_finished
            .map(|stored| stored.minus(facts.overlap)),
        Rule::FetchStart => facts.progress.last_synced_at,
    };
    let before = match facts.rule {
        Rule::Contiguous => Some(just_past(finish)),
        Rule::OpenEnded => None,
        Rule::FetchStart => Some(finish),
    };
    Span {
        after,
        before,
        watermark: finish,
        query: query(after, before),
    }
}

/// One unit of the finish's own precision later: a finish in whole seconds was cut, and stands
/// for any instant of its second.
fn just_past(finish: Timestamp) -> Timestamp {
    let unit_us = if finish.is_whole_second() {
        1_000_000
    } else {
        1
    };
    Timestamp(finish.0.saturating_add(unit_us))
}

#[cfg(test)]
mod tests;
