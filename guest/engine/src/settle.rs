//! What a changed document means for everybody else: readiness, trouble, notices, summary, and
//! when to run again. Every commit passes through here.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use merge_sync_logic::json::readiness::account_phase_name;
use merge_sync_logic::readiness::{self, AccountPhase, AccountReadiness, Phase};
use merge_sync_logic::types::{LinkState, SyncState, Timestamp};
use merge_sync_logic::window::{self, Plan};

use crate::document::{Document, Model, Shown};
use crate::settings::Settings;
use crate::store::{Notice, Occasion, Summary};
use crate::view::Trouble;
use crate::{link, model_trouble, trouble};

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

fn shown_phase(document: &Document, phase: AccountPhase) -> AccountPhase {
    match (link::state(document), phase) {
        (LinkState::Unlinked, AccountPhase::Ready) => AccountPhase::NeedsAttention,
        (_, phase) => phase,
    }
}

/// The window of `model` that is due, if its data may be read; `None` where Merge does not list
/// it.
pub fn plan(model: &Model, settings: &Settings, open: bool) -> Option<Plan> {
    let status = model.status.clone()?;
    Some(window::next(&window::Facts {
        status,
        progress: model.progress,
        ready: model.ready && open,
        rule: settings.rule,
        overlap: settings.overlap,
    }))
}

/// What a change tells the store besides the new state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// For lists of accounts.
    pub summary: Summary,
    /// What is wrong, if anything is.
    pub trouble: Option<Trouble>,
    /// What the product should hear of.
    pub notices: Vec<Notice>,
}

/// Compare the document with what was last announced, and announce the difference.
pub fn settle(document: &mut Document, settings: &Settings, now: Timestamp) -> Settled {
    let readiness = readiness(document, settings);
    let mut notices = Vec::new();
    announce_ready(document, settings, &readiness, now, &mut notices);
    announce_caught_up(document, settings, &readiness, now, &mut notices);
    announce_models(document, now, &mut notices);
    let trouble = trouble::current(document, &readiness, now);
    announce_trouble(document, trouble.as_ref(), now, &mut notices);
    let kind = trouble.as_ref().map(|trouble| trouble::name(trouble.kind));
    let summary = Summary {
        phase: account_phase_name(shown_phase(document, readiness.phase)).to_string(),
        ready: readiness.ready,
        needed: readiness.needed,
        trouble: kind.unwrap_or_default().to_string(),
        link: link::state(document),
        skipped: skipped(document),
        fresh_to: fresh_to(document, settings),
    };
    Settled {
        summary,
        trouble,
        notices,
    }
}

/// A notice whose id is the same however often it is delivered.
pub fn notice(
    account: &str,
    occasion: Occasion,
    model_id: Option<&str>,
    instant: Timestamp,
    text: String,
) -> Notice {
    let subject = model_id.unwrap_or("-");
    let id = alloc::format!("{account}/{}/{subject}/{instant}", occasion_name(occasion));
    Notice {
        id,
        occasion,
        model_id: model_id.map(String::from),
        text,
    }
}

/// Records of the latest reads that cannot be stored.
fn skipped(document: &Document) -> u64 {
    document.models.values().fold(0, |sum: u64, model| {
        sum.saturating_add(model.skipped.records())
    })
}

fn announce_models(document: &mut Document, now: Timestamp, notices: &mut Vec<Notice>) {
    for (model_id, model) in &mut document.models {
        model_trouble::announce(&document.account.id, model_id, model, now, notices);
    }
}

fn announce_ready(
    document: &mut Document,
    settings: &Settings,
    readiness: &AccountReadiness,
    now: Timestamp,
    notices: &mut Vec<Notice>,
) {
    if readiness.phase != AccountPhase::Ready {
        return;
    }
    document.was_ready |= settings.required().is_empty();
    if !document.announced_ready {
        document.announced_ready = true;
        let text = "Merge's first sync of the needed data is complete.".into();
        notices.push(notice(
            &document.account.id,
            Occasion::BecameReady,
            None,
            now,
            text,
        ));
    }
}

fn announce_caught_up(
    document: &mut Document,
    settings: &Settings,
    readiness: &AccountReadiness,
    now: Timestamp,
    notices: &mut Vec<Notice>,
) {
    if document.caught_up || readiness.phase != AccountPhase::Ready {
        return;
    }
    let behind = needed(document, settings).any(|(_, model)| {
        model.window.is_some()
            || model.missing.is_some()
            || trouble::hides_finish(model)
            || matches!(plan(model, settings, true), Some(Plan::Fetch(_)))
    });
    if !behind {
        document.caught_up = true;
        let text = "Every needed model has been read up to its newest sync.".into();
        notices.push(notice(
            &document.account.id,
            Occasion::CaughtUp,
            None,
            now,
            text,
        ));
    }
}

fn announce_trouble(
    document: &mut Document,
    current: Option<&Trouble>,
    now: Timestamp,
    notices: &mut Vec<Notice>,
) {
    let before = document.shown;
    document.shown = current.map(|trouble| Shown {
        kind: trouble.kind,
        since: trouble.since,
    });
    let was = before
        .map(|shown| shown.kind)
        .filter(|kind| trouble::needs_attention(*kind));
    let is = current.filter(|trouble| trouble::needs_attention(trouble.kind));
    let account = &document.account.id;
    match (was, is) {
        (Some(was), Some(is)) if was == is.kind => {}
        // A notice that names the model said so.
        (_, Some(is)) if trouble::is_of_a_model(is.kind) => {}
        (_, Some(is)) => {
            let text = is.text.clone();
            notices.push(notice(account, Occasion::NeedsAttention, None, now, text));
        }
        // A failure that is being retried may be the same trouble on its way out or back.
        (Some(_), None) if current.is_some() => document.shown = before,
        (Some(_), None) => {
            let text = "The trouble with this account is over.".into();
            notices.push(notice(account, Occasion::Recovered, None, now, text));
        }
        (None, None) => {}
    }
}

/// The needed models that are read from a list of their own.
fn needed<'a>(
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
fn fresh_to(document: &Document, settings: &Settings) -> Option<Timestamp> {
    let mut oldest = None;
    for (_, model) in needed(document, settings) {
        let finished = model.progress.merge_last_sync_finished?;
        oldest = Some(oldest.map_or(finished, |oldest: Timestamp| oldest.min(finished)));
    }
    oldest
}

/// The name of `occasion` in the contract.
pub fn occasion_name(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::BecameReady => "became-ready",
        Occasion::WindowCompleted => "window-completed",
        Occasion::CaughtUp => "caught-up",
        Occasion::NeedsAttention => "needs-attention",
        Occasion::Recovered => "recovered",
        Occasion::Unlinked => "unlinked",
    }
}
