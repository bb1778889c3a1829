//! The one state that speaks for a model, where Merge says two.

use crate::types::{ModelStatus, SyncState};

/// The state that speaks for a model: its status or, where that is absent or unknown to this
/// version, its latest result. `None` where neither says anything.
///
/// A status that is known always wins, also over a contradicting result: `SYNCING` after a
/// result of `FAILED` is `SYNCING`.
#[must_use]
pub fn telling_state(status: &ModelStatus) -> Option<&SyncState> {
    [&status.status, &status.last_sync_result]
        .into_iter()
        .flatten()
        .find(|state| !matches!(state, SyncState::Unknown(_)))
}
