//! Where the account stands, and how fresh what was read of it is.

use alloc::string::String;

use merge_sync_logic::readiness::{self, AccountPhase, AccountReadiness, Phase};
use merge_sync_logic::types::{LinkState, SyncState, Timestamp};

use super::link;
use crate::account::document::{Document, Model};
use crate::settings::Settings;

/// Where the account stands for the models that the operator requires.
pub fn readiness(document: &Document, settings: &Settings) -> AccountReadiness {
    readiness_for(document, settings, settings.required())
}

/// Where the account stands for `required`; empty means every enabled model.
pub fn readiness_for(
    document: &Document,
    settings: &Settings,
    required: &[String],
) -> AccountReadiness {
    readiness::evaluate(&readiness::Facts {
        statuses: document.statuses(),
        complete: document.complete,
        required: required.to_vec(),
        partial: settings.partial,
        ready_before: document.ready_before(),
        was_ready: document.was_ready,
    })
}

/// As [`readiness_for`], as people are to see it: an account that Merge no longer has is never
/// ready, and a test account that waits says for what.
pub fn shown_readiness(
    document: &Document,
    settings: &Settings,
    required: &[String],
) -> AccountReadiness {
    let mut readiness = readiness_for(document, settings, required);
    readiness.phase = shown_phase(document, readiness.phase);
    if link::is_test(document) {
        for answer in &mut readiness.models {
            if matches!(answer.phase, Phase::Syncing | Phase::NeedsAttention) {
                answer.reason.push_str(TEST_ACCOUNT);
            }
        }
    }
    readiness
}

const TEST_ACCOUNT: &str = " This is a test account: Merge syncs it once by itself, and later only \
    when a sync is started in Merge's dashboard.";

/// The phase that people are to see.
pub fn shown_phase(document: &Document, phase: AccountPhase) -> AccountPhase {
    match (link::state(document), phase) {
        (LinkState::Unlinked, AccountPhase::Ready) => AccountPhase::NeedsAttention,
        (_, phase) => phase,
    }
}

/// The needed models that are read from a list of their own.
pub fn needed<'a>(
    document: &'a Document,
    settings: &'a Settings,
) -> impl Iterator<Item = (&'a String, &'a Model)> {
    document.models.iter().filter(|(model_id, model)| {
        let enabled = model
            .status
            .as_ref()
            .is_some_and(|row| row.status != Some(SyncState::Disabled));
        enabled && settings.needs(model_id) && settings.lists(model_id)
    })
}

/// The oldest stored watermark of the needed models; none where one has none.
pub fn fresh_to(document: &Document, settings: &Settings) -> Option<Timestamp> {
    let mut oldest = None;
    for (_, model) in needed(document, settings) {
        let finished = model.progress.merge_last_sync_finished?;
        oldest = Some(oldest.map_or(finished, |oldest: Timestamp| oldest.min(finished)));
    }
    oldest
}
