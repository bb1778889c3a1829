//! What a support person reads about one model: what happened, and what ends it.
//!
//! No sentence promises a time; Merge promises none.

use super::phase::Phase;
use crate::telling::telling_state;
use crate::types::{ModelStatus, SyncState};

pub(super) const UNLISTED: &str = "Merge does not list this model for the account yet; if that \
    lasts, check that the integration offers it and that its scope is switched on.";
pub(super) const READY_BUT_UNLISTED: &str = "The initial sync is complete, though Merge no longer \
    lists this model; the data read so far stays usable.";
pub(super) const DISABLED_BUT_REQUIRED: &str = "This model is needed but switched off for the \
    account; waiting will not bring it, so switch its scope on in Merge or stop requiring it.";

const DISABLED: &str = "This model is switched off for the account, so nothing is read for it.";

const SYNCING: &str = "The initial sync is running or waiting for its turn; it goes on by itself.";
const SYNCING_RATE_LIMITED: &str = "The initial sync is slowed down by the request limits of the \
    connected system; it goes on by itself.";
const SYNCING_BEHIND_OTHERS: &str = "The initial sync of this model waits for other models of the \
    account; it goes on by itself.";
const SYNCING_UNHEARD: &str = "Merge has not said yet how the initial sync of this model stands; \
    its next answers will tell.";

const READY: &str = "The initial sync is complete.";
const READY_UPDATING: &str = "The initial sync is complete, and Merge is syncing the latest \
    changes.";
const READY_PARTIAL: &str = "The data can be used, though the latest sync could not read some \
    fields; Merge tries them again at its next sync.";
const READY_FAILED: &str = "The initial sync is complete, but the latest sync failed; the data is \
    that of the syncs before it until Merge succeeds again.";
const READY_PAUSED: &str = "The initial sync is complete, but Merge has paused this model; new \
    data arrives once the account is used or linked again.";
const READY_WITHOUT_DATA: &str = "The initial sync is over, but its syncs have failed and there is \
    no data; Merge tries again by itself, and support can help if it lasts.";
const READY_WITHOUT_FINISH: &str = "Merge reports a complete sync without saying when it finished, \
    so there is nothing to read until its next sync.";

const FAILED: &str = "The initial sync failed; Merge tries again by itself, so contact support \
    only if this lasts over a day.";
const PAUSED: &str = "Merge paused this model before its initial sync was complete; linking the \
    account again lets it go on.";
const PARTIAL: &str = "The initial sync ended without some fields; Merge tries them again at its \
    next sync, and support can help if they stay missing.";

/// The sentence for a model that Merge lists, in `phase`.
pub(super) fn of_listed(status: &ModelStatus, phase: Phase) -> &'static str {
    match phase {
        Phase::Disabled => DISABLED,
        Phase::Syncing => syncing(status),
        Phase::Ready => ready(status),
        Phase::NeedsAttention => match telling_state(status) {
            Some(SyncState::PartiallySynced) => PARTIAL,
            Some(SyncState::Paused) => PAUSED,
            Some(
                SyncState::Failed
                | SyncState::Syncing
                | SyncState::Done
                | SyncState::Disabled
                | SyncState::Unknown(_),
            )
            | None => FAILED,
        },
    }
}

fn syncing(status: &ModelStatus) -> &'static str {
    match (telling_state(status), status.status_reason.as_str()) {
        (None, _) => SYNCING_UNHEARD,
        (Some(_), "RATE_LIMITED") => SYNCING_RATE_LIMITED,
        (Some(_), "WAITING_ON_OTHER_MODELS") => SYNCING_BEHIND_OTHERS,
        (Some(_), _) => SYNCING,
    }
}

fn ready(status: &ModelStatus) -> &'static str {
    let state = telling_state(status);
    if status.last_sync_finished.is_none() {
        // `DONE` contradicts a failure; whatever else ended without a finish has no data.
        return match state {
            Some(SyncState::Done) => READY_WITHOUT_FINISH,
            _ => READY_WITHOUT_DATA,
        };
    }
    match state {
        Some(SyncState::Syncing) => READY_UPDATING,
        Some(SyncState::PartiallySynced) => READY_PARTIAL,
        Some(SyncState::Failed) => READY_FAILED,
        Some(SyncState::Paused) => READY_PAUSED,
        Some(SyncState::Done | SyncState::Disabled | SyncState::Unknown(_)) | None => READY,
    }
}
