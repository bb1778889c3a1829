//! What a changed document means for everybody else: trouble, notices and summary.

use alloc::vec::Vec;

use merge_sync_logic::readiness::{AccountPhase, AccountReadiness};
use merge_sync_logic::types::Timestamp;
use merge_sync_logic::window::Plan;

use crate::account::document::{AnnouncedTrouble, Document, Life, Model};
use crate::contract::store::{Notice, Occasion, Summary};
use crate::decide::{link, model_trouble, readiness, trouble as account_trouble};
use crate::ground::trouble::{self, Trouble, TroubleKind};
use crate::plan::windows;
use crate::settings::Settings;

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
    let readiness = readiness::readiness(document, settings);
    let mut notices = Vec::new();
    announce_ready(document, settings, &readiness, now, &mut notices);
    announce_caught_up(document, settings, &readiness, now, &mut notices);
    announce_models(document, now, &mut notices);
    let trouble = account_trouble::current(document, &readiness, now);
    announce_trouble(document, trouble.as_ref(), now, &mut notices);
    let summary = Summary {
        phase: readiness::shown_phase(document, readiness.phase),
        ready: readiness.ready,
        needed: readiness.needed,
        trouble: trouble.as_ref().map(|trouble| trouble.kind),
        link: link::state(document),
        skipped: skipped(document),
        fresh_to: readiness::fresh_to(document, settings),
    };
    Settled {
        summary,
        trouble,
        notices,
    }
}

/// Records of the latest reads that cannot be stored.
fn skipped(document: &Document) -> u64 {
    document.models.values().fold(0, |sum: u64, model| {
        sum.saturating_add(model.skipped.records())
    })
}

fn announce_models(document: &mut Document, now: Timestamp, notices: &mut Vec<Notice>) {
    for (model_id, model) in document.models.iter_mut() {
        announce_model(&document.account.id, model_id, model, now, notices);
    }
}

/// Tell people of each fact of a model once: a notice that names the model.
fn announce_model(
    account: &str,
    model_id: &str,
    model: &mut Model,
    now: Timestamp,
    notices: &mut Vec<Notice>,
) {
    let told = core::mem::take(&mut model.told);
    let found: Vec<_> = model_trouble::facts(model_id, model, now).collect();
    for trouble in found {
        let (now_told, before) = match trouble.kind {
            TroubleKind::HeldSweep => (&mut model.told.held_sweep, told.held_sweep),
            TroubleKind::Incomplete => (&mut model.told.incomplete, told.incomplete),
            TroubleKind::Unreadable => (&mut model.told.unreadable, told.unreadable),
            TroubleKind::NoKey => (&mut model.told.no_key, told.no_key),
            _ => continue,
        };
        *now_told = true;
        if !before {
            let subject = alloc::format!("{model_id}/{}", trouble::name(trouble.kind));
            let mut notice = Notice::new(
                account,
                Occasion::NeedsAttention,
                Some(&subject),
                now,
                trouble.text,
            );
            notice.model_id = Some(model_id.into());
            notices.push(notice);
        }
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
        notices.push(Notice::new(
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
    let behind = readiness::needed(document, settings).any(|(_, model)| {
        model.window.is_some()
            || model.missing.is_some()
            || model_trouble::hides_finish(model)
            || matches!(windows::due(model, settings, true), Some(Plan::Fetch(_)))
    });
    if !behind {
        document.caught_up = true;
        let text = "Every needed model has been read up to its newest sync.".into();
        notices.push(Notice::new(
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
    let before = document.announced;
    document.announced = current.map(|trouble| AnnouncedTrouble {
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
        (Some(was), Some(is)) if trouble::is_of_a_model(is.kind) => {
            if !trouble::is_of_a_model(was) {
                let text = "That trouble is over; the trouble with some of the data stays.".into();
                notices.push(Notice::new(account, Occasion::Recovered, None, now, text));
            }
        }
        (None, Some(is)) if trouble::is_of_a_model(is.kind) => {}
        (_, Some(is)) => {
            let text = is.text.clone();
            notices.push(Notice::new(
                account,
                Occasion::NeedsAttention,
                None,
                now,
                text,
            ));
        }
        // A failure that is being retried may be the same trouble on its way out or back.
        (Some(_), None) if current.is_some() => document.announced = before,
        // The account was stopped, which does not end its trouble.
        (Some(_), None) if document.life == Life::Stopped => {}
        (Some(_), None) => {
            let text = "The trouble with this account is over.".into();
            notices.push(Notice::new(account, Occasion::Recovered, None, now, text));
        }
        (None, None) => {}
    }
}
