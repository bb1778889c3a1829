//! Every page of a read is read: move the marks that it was for.

use alloc::string::String;

use merge_sync_logic::cadence::{Interval, jittered};
use merge_sync_logic::types::{Milliseconds, Timestamp};
use merge_sync_logic::window::{self, Completed, Span};

use super::context::PageContext;
use crate::account::document::{Document, Missing, Model, Skipped};
use crate::account::patience::Patience;
use crate::account::slot::{Bounds, Kind, Slot};
use crate::contract::store::{Notice, Occasion};
use crate::decide::sweep;
use crate::ground::seed::seed;
use crate::plan::windows;
use crate::request::next::Taken;
use crate::settings::Settings;

/// A list that could not be read to its end is read whole once more after this.
const SECOND_LOOK: Milliseconds = Milliseconds(24 * 60 * 60 * 1_000);

/// A larger share of records that cannot be stored, in percent, is trouble.
const SKIPPED_PERCENT: u64 = 1;

/// Take in that the read is complete.
pub fn complete(document: &mut Document, context: &mut PageContext<'_>) -> Taken {
    let account = document.account.id.clone();
    let mut taken = Taken::default();
    if let Some(model) = document.models.get_mut(context.model_id) {
        let has_undated = model.has_undated;
        if let Some(slot) = model.slot_mut(context.kind).filter(|_| has_undated) {
            slot.miss_undated();
        }
        match context.kind {
            Kind::Window => window(model, &account, context, &mut taken),
            Kind::Hint => hint(model, context),
            Kind::Reread => reread(model, &account, context, &mut taken),
        }
        *model.patience.of_mut(context.kind) = Patience::default();
    }
    if taken.window {
        windows::plan_next_windows(document, &mut context.of_account());
    }
    taken
}

fn window(model: &mut Model, account: &str, context: &PageContext<'_>, taken: &mut Taken) {
    let Some(slot) = model.window.take() else {
        return;
    };
    let (model_id, now) = (context.model_id, context.now);
    model.progress = advanced(model, &slot, now);
    if model.reread_at.is_none() {
        model.reread_at = first_reread(account, model_id, context.settings, now);
    }
    note_slot(model, &slot, now);
    taken.window = true;
    taken
        .notices
        .push(window_completed(account, model_id, slot.watermark));
}

fn hint(model: &mut Model, context: &PageContext<'_>) {
    let Some(slot) = model.hint.take() else {
        return;
    };
    // A record stamped in the future must not silence later hints.
    let newest = slot.newest.map(|newest| newest.min(context.now));
    model.hint_mark = model.hint_mark.max(newest);
    note_slot(model, &slot, context.now);
}

fn reread(model: &mut Model, account: &str, context: &PageContext<'_>, taken: &mut Taken) {
    let Some(reread) = model.reread.take() else {
        return;
    };
    let (model_id, now) = (context.model_id, context.now);
    model.progress = advanced(model, &reread.slot, now);
    if reread.slot.gap.is_none() {
        model.missing = None;
        look_at_bounds_again(model);
    }
    model.sweep = sweep::after(&reread, model.held).or(model.sweep);
    model.reread_at = if let Some(held) = model.held {
        let name = alloc::format!("{account}/{model_id}");
        let confirmable = held.is_confirmable(reread.slot.started_at);
        let from = if confirmable { now } else { held.since };
        Some(sweep::confirmation_at(&name, held.pass, from))
    } else {
        let interval = context.settings.full_reread;
        interval.map(|interval| reread.slot.started_at.plus(interval))
    };
    note_slot(model, &reread.slot, now);
    taken.sweep = model.sweep.map(|pending| pending.order(model_id));
}

/// Ask with bounds again. A read under way that was asked for without them starts again: its
/// cursor is of another read.
pub(super) fn look_at_bounds_again(model: &mut Model) {
    if !core::mem::take(&mut model.ignores_bounds) {
        return;
    }
    for kind in [Kind::Window, Kind::Hint] {
        if let Some(slot) = model.slot_mut(kind) {
            slot.rewind();
        }
    }
}

/// What of it was given up, and what cannot be stored.
fn note_slot(model: &mut Model, slot: &Slot, now: Timestamp) {
    if let Some(gap) = slot.gap {
        let since = model.missing.map(|missing| missing.since);
        model.missing = Some(Missing {
            since: since.unwrap_or(now),
            gap,
        });
        if since.is_none() {
            // The cause may be temporary. If it is not, the usual interval holds again.
            let soon = now.plus(SECOND_LOOK);
            model.reread_at = Some(model.reread_at.map_or(soon, |at| at.min(soon)));
        }
    }
    let skipped = slot.without_key.saturating_add(slot.unreadable);
    // A read with bounds sees few records: it tells of more that cannot be stored, never of fewer.
    if skipped == 0 && slot.bounds != Bounds::NONE {
        return;
    }
    let is_trouble = slot.had_useless_page
        || skipped.saturating_mul(100) > slot.records.saturating_mul(SKIPPED_PERCENT);
    let since = model.skipped.too_many_since.unwrap_or(now);
    model.skipped = Skipped {
        without_key: slot.without_key,
        unreadable: slot.unreadable,
        too_many_since: is_trouble.then_some(since),
    };
}

fn advanced(model: &Model, slot: &Slot, now: Timestamp) -> window::Progress {
    let span = Span {
        after: slot.bounds.after,
        before: slot.bounds.before,
        watermark: slot.watermark,
        query: String::new(),
    };
    window::advance(&Completed {
        progress: model.progress,
        span,
        started_at: slot.started_at,
        ended_at: now,
    })
}

/// The first full re-read comes some time within the first interval: accounts that were linked
/// together are not read whole together.
fn first_reread(
    account: &str,
    model_id: &str,
    settings: &Settings,
    now: Timestamp,
) -> Option<Timestamp> {
    let longest = settings.full_reread?;
    let name = alloc::format!("{account}/{model_id}");
    let interval = Interval {
        shortest: Milliseconds(0),
        longest,
    };
    Some(now.plus(jittered(interval, seed(&name, 0))))
}

fn window_completed(account: &str, model_id: &str, watermark: Timestamp) -> Notice {
    let text = alloc::format!("{model_id} was read up to {watermark}.");
    Notice::new(
        account,
        Occasion::WindowCompleted,
        Some(model_id),
        watermark,
        text,
    )
}
