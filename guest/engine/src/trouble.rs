//! What is wrong with an account, when several things may be.

use merge_sync_logic::readiness::{AccountPhase, AccountReadiness};
use merge_sync_logic::types::Timestamp;

use crate::document::{Document, Model};
use crate::model_trouble;
use crate::view::{Trouble, TroubleKind};

/// Whether people must act: anything but a failure that is being retried.
pub fn needs_attention(kind: TroubleKind) -> bool {
    match kind {
        TroubleKind::Reauthorize
        | TroubleKind::DropRequest
        | TroubleKind::Park
        | TroubleKind::InitialSync
        | TroubleKind::HeldSweep
        | TroubleKind::Incomplete
        | TroubleKind::Unreadable
        | TroubleKind::NoKey => true,
        TroubleKind::Retrying => false,
    }
}

/// The trouble to show: what stops the account, else the worst of its models', else an initial
/// sync that ended badly. `since` is when this kind of trouble was first shown.
pub fn current(
    document: &Document,
    readiness: &AccountReadiness,
    now: Timestamp,
) -> Option<Trouble> {
    let mut trouble = document
        .trouble
        .clone()
        .or_else(|| worst_of_models(document, now))
        .or_else(|| initial_sync(readiness, now))?;
    if let Some(shown) = document.shown.filter(|shown| shown.kind == trouble.kind) {
        trouble.since = trouble.since.min(shown.since);
    }
    Some(trouble)
}

fn worst_of_models(document: &Document, now: Timestamp) -> Option<Trouble> {
    let troubles = document
        .models
        .iter()
        .filter_map(|(model_id, model)| model_trouble::worst(model_id, model, now));
    troubles.max_by_key(|trouble| severity(trouble.kind))
}

/// The worse of two kinds of trouble is shown.
pub fn severity(kind: TroubleKind) -> u8 {
    match kind {
        TroubleKind::Reauthorize => 8,
        TroubleKind::Park => 7,
        TroubleKind::DropRequest => 6,
        TroubleKind::HeldSweep => 5,
        TroubleKind::Incomplete => 4,
        TroubleKind::Unreadable => 3,
        TroubleKind::NoKey => 2,
        TroubleKind::InitialSync => 1,
        TroubleKind::Retrying => 0,
    }
}

fn initial_sync(readiness: &AccountReadiness, now: Timestamp) -> Option<Trouble> {
    match readiness.phase {
        AccountPhase::NeedsAttention => Some(Trouble {
            kind: TroubleKind::InitialSync,
            since: now,
            text: "Merge's first sync of some data ended incomplete. Merge tries again by \
                   itself; contact support if it lasts over a day."
                .into(),
        }),
        AccountPhase::Unknown | AccountPhase::Syncing | AccountPhase::Ready => None,
    }
}

/// The name of `kind` in the contract.
pub fn name(kind: TroubleKind) -> &'static str {
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

/// A finish that cannot be read, where Merge sends one.
pub fn unreadable(_model_id: &str, _model: &Model, _now: Timestamp) -> Option<Trouble> {
    None
}

/// Whether a trouble of this kind is a fact about one model, told by a notice of its own.
pub fn is_of_a_model(kind: TroubleKind) -> bool {
    match kind {
        TroubleKind::HeldSweep
        | TroubleKind::Incomplete
        | TroubleKind::Unreadable
        | TroubleKind::NoKey => true,
        TroubleKind::Reauthorize
        | TroubleKind::DropRequest
        | TroubleKind::Park
        | TroubleKind::InitialSync
        | TroubleKind::Retrying => false,
    }
}
