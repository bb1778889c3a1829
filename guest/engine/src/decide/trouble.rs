//! What is wrong with an account, when several things may be.

use merge_sync_logic::readiness::{AccountPhase, AccountReadiness};
use merge_sync_logic::types::{SyncState, Timestamp};

use super::{link, model_trouble};
use crate::account::document::{Document, Life, Model};
use crate::ground::trouble::{self, Trouble, TroubleKind};

/// The trouble to show: a link that the end user must mend, what stops the account, else the
/// worst of its models', else an initial sync that ended badly. `since` is when this kind of
/// trouble was first shown.
pub fn current(
    document: &Document,
    readiness: &AccountReadiness,
    now: Timestamp,
) -> Option<Trouble> {
    if document.life == Life::Stopped {
        return None;
    }
    let refused = document
        .trouble
        .as_ref()
        .filter(|trouble| trouble.kind == TroubleKind::Reauthorize);
    let mut trouble = refused
        .cloned()
        .or_else(|| link::trouble(document))
        .or_else(|| document.trouble.clone())
        .or_else(|| crashed(document, now))
        .or_else(|| worst_of_models(document, now))
        .or_else(|| initial_sync(document, readiness, now))?;
    if let Some(shown) = document
        .announced
        .filter(|shown| shown.kind == trouble.kind)
    {
        trouble.since = trouble.since.min(shown.since);
    }
    Some(trouble)
}

/// Unfinished runs in a row that are not yet trouble.
const MOST_CRASHES: u32 = 8;

fn crashed(document: &Document, now: Timestamp) -> Option<Trouble> {
    (document.unfinished_leases > MOST_CRASHES).then(|| Trouble {
        kind: TroubleKind::Park,
        since: now,
        text: "The latest runs of this account broke off.".into(),
    })
}

fn worst_of_models(document: &Document, now: Timestamp) -> Option<Trouble> {
    let troubles = document
        .models
        .iter()
        .filter_map(|(model_id, model)| model_trouble::worst(model_id, model, now));
    troubles.max_by_key(|trouble| trouble::severity(trouble.kind))
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
