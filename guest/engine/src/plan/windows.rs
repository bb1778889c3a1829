//! Which reads begin: windows that are due, hint fetches and full re-reads.

use alloc::vec::Vec;

use merge_sync_logic::readiness::{AccountPhase, AccountReadiness};
use merge_sync_logic::types::Timestamp;
use merge_sync_logic::window::{self, Endpoint, Plan, Rule};

use crate::account::document::{Document, Model, Skipped};
use crate::account::slot::{Bounds, Kind, Reread, Slot};
use crate::context::Context;
use crate::contract::log::{Entry, Level};
use crate::decide::readiness;
use crate::settings::{Gate, Settings};

/// A window is complete: what was heard of while it was read is due now. The note that told of it
/// is gone, and the next poll may be an hour away.
pub fn plan_next_windows(document: &mut Document, context: &mut Context<'_>) {
    let readiness = readiness::readiness(document, context.settings);
    plan_windows(document, &readiness, context);
}

/// Begin the windows that are due.
pub fn plan_windows(
    document: &mut Document,
    readiness: &AccountReadiness,
    context: &mut Context<'_>,
) {
    let (settings, now) = (context.settings, context.now);
    let open = match settings.gate {
        Gate::Model => true,
        Gate::Account => readiness.phase != AccountPhase::Syncing,
    };
    let account = document.account.id.clone();
    for (model_id, model) in document.models.iter_mut() {
        if !settings.allows(model_id) {
            model.drop_slots();
            model.missing = None;
            model.skipped = Skipped::default();
            continue;
        }
        match settings.endpoint(model_id) {
            Endpoint::Listed(_) => {
                if plan_window(model, settings, open, now) {
                    document.caught_up &= !settings.needs(model_id);
                    context.log.push(
                        Entry::new(Level::Debug, "window due")
                            .text("account", &account)
                            .text("model", model_id),
                    );
                }
            }
            Endpoint::Unlisted => model.hint_due = false,
            Endpoint::Unmapped => {
                model.hint_due = false;
                report_unmapped(model_id, model, &account, context.log);
            }
        }
    }
}

/// Begin the window that is due, if one is and none is being read. A hint fetch in flight is
/// given up for it and comes back behind it.
fn plan_window(model: &mut Model, settings: &Settings, open: bool, now: Timestamp) -> bool {
    if model.window.is_some() {
        return false;
    }
    match due(model, settings, open) {
        Some(Plan::Fetch(span)) => {
            // The first window of a model is everything. The published rule is kept to its letter.
            let is_first = model.progress.merge_last_sync_finished.is_none();
            let bounds = if is_first && settings.rule != Rule::FetchStart {
                Bounds::NONE
            } else {
                Bounds {
                    after: span.after,
                    before: span.before,
                }
            };
            model.window = Some(Slot::new(bounds, span.watermark, now));
            if let Some(hint) = model.hint.take() {
                model.hint_due = true;
                model.patience.of_mut(Kind::Hint).loops = hint.loops;
            }
            true
        }
        Some(Plan::Skip(_)) | None => false,
    }
}

fn report_unmapped(model_id: &str, model: &mut Model, account: &str, log: &mut Vec<Entry>) {
    if !model.unmapped_reported {
        model.unmapped_reported = true;
        log.push(
            Entry::new(
                Level::Warn,
                "a model is not in the endpoint table and is not fetched",
            )
            .text("account", account)
            .text("model", model_id),
        );
    }
}

/// The window of `model` that is due, if its data may be read; `None` where Merge does not list
/// it.
pub fn due(model: &Model, settings: &Settings, open: bool) -> Option<Plan> {
    let status = model.status.clone()?;
    Some(window::next(&window::Facts {
        status,
        progress: model.progress,
        ready: model.ready && open,
        rule: settings.rule,
        overlap: settings.overlap,
    }))
}

/// Begin the read where it has not begun.
pub fn begin(model: &mut Model, kind: Kind, settings: &Settings, now: Timestamp) -> Option<()> {
    match kind {
        Kind::Window => {}
        Kind::Hint if model.hint.is_some() => {}
        Kind::Hint => {
            let finished = model.progress.merge_last_sync_finished?;
            let from = model.hint_mark.map_or(finished, |mark| mark.max(finished));
            let bounds = Bounds {
                after: Some(from.minus(settings.overlap)),
                before: None,
            };
            let mut slot = Slot::new(bounds, finished, now);
            slot.loops = model.patience.of(Kind::Hint).loops;
            model.hint = Some(slot);
            model.hint_due = false;
            model.last_hint_at = Some(now);
        }
        Kind::Reread if model.reread.is_some() => {}
        Kind::Reread => {
            let finished = model.progress.merge_last_sync_finished?;
            model.pass = next_pass(model.pass, now);
            let slot = Slot::new(Bounds::NONE, finished, now);
            model.reread = Some(Reread {
                slot,
                pass: model.pass,
            });
        }
    }
    Some(())
}

/// Larger than any pass before it, also one that a lost state no longer tells of: the seconds
/// since 1970, or the next number where the clock was set back.
fn next_pass(latest: u64, now: Timestamp) -> u64 {
    let seconds = now.since(Timestamp::EPOCH).0 / 1_000;
    latest.saturating_add(1).max(seconds)
}
