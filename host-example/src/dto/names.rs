//! The contract's names of cases.

use crate::bindings::exports::merge_sync::triggers::readiness::{AccountPhase, Phase};
use crate::bindings::exports::merge_sync::triggers::triggers::TroubleKind;
use crate::bindings::exports::merge_sync::triggers::types;

/// The contract's name of a model's phase.
#[must_use]
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Disabled => "disabled",
        Phase::Syncing => "syncing",
        Phase::Ready => "ready",
        Phase::NeedsAttention => "needs-attention",
    }
}

/// The contract's name of an account's phase.
#[must_use]
pub fn account_phase(phase: AccountPhase) -> &'static str {
    match phase {
        AccountPhase::Unknown => "unknown",
        AccountPhase::Syncing => "syncing",
        AccountPhase::NeedsAttention => "needs-attention",
        AccountPhase::Ready => "ready",
    }
}

/// The contract's name of a trouble.
#[must_use]
pub fn trouble_kind(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::Reauthorize => "reauthorize",
        TroubleKind::DropRequest => "drop-request",
        TroubleKind::Park => "park",
        TroubleKind::Retrying => "retrying",
        TroubleKind::InitialSync => "initial-sync",
        TroubleKind::HeldSweep => "held-sweep",
        TroubleKind::Incomplete => "incomplete",
        TroubleKind::Unreadable => "unreadable",
        TroubleKind::NoKey => "no-key",
    }
}

/// The contract's name of a link's state.
#[must_use]
pub fn link_state(state: types::LinkState) -> &'static str {
    match state {
        types::LinkState::Active => "active",
        types::LinkState::RelinkNeeded => "relink-needed",
        types::LinkState::Unlinked => "unlinked",
    }
}
