//! What is wrong with an account, when several things may be.

use merge_sync_logic::readiness::{AccountPhase, AccountReadiness};
use merge_sync_logic::types::{SyncState, Timestamp};

use crate::document::{Document, Model};
use crate::view::{Trouble, TroubleKind};
use crate::{link, model_trouble};

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

/// The trouble to show: a link that the end user must mend, what stops the account, else the
/// worst of its models', else an initial sync that ended badly. `since` is when this kind of
/// trouble was first shown.
pub fn current(
    document: &Document,
    readiness: &AccountReadiness,
    now: Timestamp,
) -> Option<Trouble> {
    let refused = document
        .trouble
        .as_ref()
        .filter(|trouble| trouble.kind == TroubleKind::Reauthorize);
    let mut trouble = refused
        .cloned()
        .or_else(|| link::trouble(document))
        .or_else(|| document.trouble.clone())
        .or_else(|| worst_of_models(document, now))
        .or_else(|| initial_sync(document, readiness, now))?;
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

/// The field of `/sync-status` that says whether there is something new.
const FINISH: &str = "last_sync_finished";

/// Whether Merge says when the model's latest sync finished, and it cannot be read: then nobody
/// knows whether there is something new.
pub fn hides_finish(model: &Model) -> bool {
    model.status.as_ref().is_some_and(|row| {
        let hidden = row.unreadable.iter().any(|field| field == FINISH);
        hidden && row.status != Some(SyncState::Disabled)
    })
}

/// A finish that cannot be read, where Merge sends one.
pub fn unreadable(model_id: &str, model: &Model, now: Timestamp) -> Option<Trouble> {
    hides_finish(model).then(|| Trouble {
        kind: TroubleKind::Unreadable,
        since: now,
        text: alloc::format!(
            "Merge says when the latest sync of {model_id} finished in a form that cannot be \
             read, so it is not known whether there is something new; what was read before can be \
             used."
        ),
    })
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

const INCOMPLETE_FIRST_SYNC: &str = "Merge's first sync of some data ended incomplete. Merge tries \
    again by itself; contact support if it lasts over a day.";

/// A relink would be the link's trouble, which goes before this one.
const PAUSED_FIRST_SYNC: &str = "Merge paused the first sync of some data. The requests that this \
    product makes let it go on, or a resync that is started in Merge's dashboard; the end user \
    need not link again unless Merge says so.";

const TEST_FIRST_SYNC: &str = "This is a test account: Merge syncs it once by itself, and later \
    only when a sync is started in Merge's dashboard. Its first sync ended incomplete.";

fn initial_sync(
    document: &Document,
    readiness: &AccountReadiness,
    now: Timestamp,
) -> Option<Trouble> {
    if readiness.phase != AccountPhase::NeedsAttention {
        return None;
    }
    let text = if link::is_test(document) {
        TEST_FIRST_SYNC
    } else if document.models.values().any(is_paused) {
        PAUSED_FIRST_SYNC
    } else {
        INCOMPLETE_FIRST_SYNC
    };
    Some(Trouble {
        kind: TroubleKind::InitialSync,
        since: now,
        text: text.into(),
    })
}

fn is_paused(model: &Model) -> bool {
    let state = model.status.as_ref().and_then(|row| row.status.as_ref());
    state == Some(&SyncState::Paused)
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
