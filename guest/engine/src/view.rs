//! What people see of one account.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::Timestamp;
use merge_sync_logic::window::{self, Span};

use crate::account::codec;
use crate::account::document::{Document, Life, Model};
use crate::contract::store::LoadedAccount;
use crate::decide::{link, model_trouble, readiness, trouble};
use crate::plan::{notes, work};
use crate::settings::Settings;

pub use crate::contract::triggers::{Failure, HeldSweep, ModelView, Report, View};
pub use crate::ground::trouble::{Trouble, TroubleKind};

/// Where the account stands for the models `required` (empty: every enabled one). Notes that no
/// run has consumed yet are taken into account, so that an account just linked has its name.
///
/// # Errors
///
/// [`Failure::State`] where the stored document cannot be read.
pub fn inspect(
    account: &str,
    loaded: &LoadedAccount,
    required: &[String],
    settings: &Settings,
    now: Timestamp,
) -> Result<View, Failure> {
    let decoded = codec::decode(&loaded.state).map_err(Failure::State)?;
    let mut document = decoded.unwrap_or_else(|| Document::blank(account, now));
    notes::apply(&mut document, &loaded.notes, now, &mut Vec::new());
    let shown = readiness::shown_readiness(&document, settings, required);
    let trouble = trouble::current(&document, &readiness::readiness(&document, settings), now);
    let wake_at = work::wake_at(&document, settings, now);
    let models = document.models.iter();
    let listed = models
        .filter_map(|(model_id, model)| model_view(model_id, model, settings, now))
        .collect();
    let link = link::state(&document);
    Ok(View {
        linked_at: document.linked_at,
        readiness: shown,
        models: listed,
        trouble,
        issues: document.issues,
        paused: document.life == Life::Paused,
        link,
        wake_at,
        account: document.account,
    })
}

fn model_view(
    model_id: &str,
    model: &Model,
    settings: &Settings,
    now: Timestamp,
) -> Option<ModelView> {
    let window = model.window.as_ref().map(|slot| Span {
        after: slot.bounds.after,
        before: slot.bounds.before,
        watermark: slot.watermark,
        query: window::query(slot.bounds.after, slot.bounds.before),
    });
    Some(ModelView {
        status: model.status.clone()?,
        progress: model.progress,
        window,
        trouble: model_trouble::worst(model_id, model, now),
        held_sweep: model.held.map(|held| HeldSweep {
            pass: held.pass,
            unseen: held.unseen,
            live: held.live,
        }),
        page_size: model.page_size.asked(settings.page_size),
        without_key: model.skipped.without_key,
        unreadable_records: model.skipped.unreadable,
    })
}
