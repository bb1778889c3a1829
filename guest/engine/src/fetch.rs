//! One page of one model: what to ask for, and what its answer changes.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::cadence::{Interval, spread};
use merge_sync_logic::page;
use merge_sync_logic::retry::{AttemptOutcome, Decision, Remedy};
use merge_sync_logic::types::{Milliseconds, Row, Timestamp};
use merge_sync_logic::window::{self, Completed, Endpoint, Listed, Span};

use crate::document::{Document, Model};
use crate::log::{Entry, Level};
use crate::seed::seed;
use crate::settings::Settings;
use crate::slot::{Bounds, Kind, Reread, Slot, Turned};
use crate::store::{Batch, Notice, Occasion, Sweep};
use crate::view::{Trouble, TroubleKind};
use crate::{failure, poll, settle, url};

/// What a page asks the store to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its rows.
    pub batch: Batch,
    /// The full re-read that it completed.
    pub sweep: Option<Sweep>,
    /// Whether it completed a window.
    pub window: bool,
    /// What it completed, for the product.
    pub notices: Vec<Notice>,
}

/// Path and query of the next page; begins the read where it has not begun. `None` where the
/// model cannot be listed.
pub fn target(
    document: &mut Document,
    model_id: &str,
    kind: Kind,
    settings: &Settings,
    page_size: u32,
    now: Timestamp,
) -> Option<String> {
    let Endpoint::Listed(endpoint) = settings.endpoint(model_id) else {
        return None;
    };
    let model = document.models.get_mut(model_id)?;
    begin(model, kind, settings, now)?;
    let slot = slot(model, kind)?;
    let mut query = query(slot, &endpoint);
    if let Some(extra) = settings.query_extra(model_id) {
        query.push('&');
        query.push_str(extra);
    }
    Some(url::page(
        &endpoint.path,
        &query,
        page_size,
        slot.paging.cursor.as_deref(),
    ))
}

/// Take in a page that was answered with success.
///
/// # Errors
///
/// What is wrong with the body; then nothing has changed but that a read that goes round in a
/// circle starts again.
pub fn take_page(
    document: &mut Document,
    model_id: &str,
    kind: Kind,
    body: &str,
    settings: &Settings,
    now: Timestamp,
    log: &mut Vec<Entry>,
) -> Result<Taken, String> {
    let salvaged = page::parse(model_id, body).map_err(|problem| problem.message)?;
    let account = document.account.id.clone();
    let Some(model) = document.models.get_mut(model_id) else {
        return Err("the model is gone".into());
    };
    if salvaged.without_key > 0 || salvaged.unreadable > 0 {
        log.push(
            Entry::new(Level::Warn, "records without a text id are skipped")
                .text("account", &account)
                .text("model", model_id)
                .number(
                    "records",
                    salvaged
                        .without_key
                        .saturating_add(salvaged.unreadable)
                        .into(),
                ),
        );
    }
    let pass = model.reread.as_ref().map(|reread| reread.pass);
    let newest = newest(&salvaged.rows);
    let Some(slot) = slot_mut(model, kind) else {
        return Err("the read is gone".into());
    };
    let turned = slot.turn_page(salvaged.next, newest);
    if turned == Turned::Circle {
        slot.rewind();
        return Err("next: the cursor repeats".into());
    }
    model.streak = 0;
    model.not_before = None;
    model.trouble = None;
    let mut taken = Taken {
        batch: Batch {
            model_id: model_id.into(),
            pass,
            rows: salvaged.rows,
        },
        sweep: None,
        window: false,
        notices: Vec::new(),
    };
    if turned == Turned::Complete {
        complete(model, model_id, kind, &account, settings, now, &mut taken);
    }
    document.turn = model_id.into();
    if taken.window {
        poll::plan_next_windows(document, settings, now, log);
    }
    Ok(taken)
}

/// Take in that a page was not to be had.
pub fn failed(
    document: &mut Document,
    model_id: &str,
    kind: Kind,
    outcome: AttemptOutcome,
    settings: &Settings,
    now: Timestamp,
    log: &mut Vec<Entry>,
) {
    document.turn = model_id.into();
    log.push(
        Entry::new(Level::Warn, "reading a page failed")
            .text("account", &document.account.id)
            .text("model", model_id)
            .text("found", &failure::describe(&outcome)),
    );
    let outcome = match stale_cursor(document, model_id, kind, &outcome, settings, now) {
        StaleCursor::No => outcome,
        StaleCursor::Restarted => return,
        StaleCursor::Helpless => failure::as_status(503),
    };
    let Some(model) = document.models.get_mut(model_id) else {
        return;
    };
    let name = alloc::format!("{}/{model_id}", document.account.id);
    let decision = failure::decide(&outcome, model.streak, &name, settings, now);
    model.streak = model.streak.saturating_add(1);
    match decision {
        // Only a success whose body could not be used comes here, and that is `Transport`.
        Decision::Succeeded => {}
        Decision::Again(again) => {
            model.not_before = Some(now.plus(again.after));
            set_trouble(model, TroubleKind::Retrying, again.reason, now);
            if failure::is_throttled(&outcome) {
                // Merge counts an account's requests, not a model's.
                let demanded = failure::demanded(&outcome, now);
                poll::stay_away(document, again.after, demanded, now);
            }
        }
        Decision::Stop(stop) if stop.remedy == Remedy::Reauthorize => {
            poll::unauthorized(document, stop.reason, now);
        }
        Decision::Stop(stop) => {
            let wait = stop.not_before.unwrap_or(Milliseconds(0));
            model.not_before = Some(document.next_poll_at.max(now.plus(wait)));
            set_trouble(model, poll::trouble_kind(stop.remedy), stop.reason, now);
            if failure::is_throttled(&outcome) && stop.not_before.is_some() {
                poll::stay_away(document, wait, true, now);
            }
        }
    }
}

enum StaleCursor {
    /// The failure has another cause.
    No,
    /// The read starts again from its first page, at once.
    Restarted,
    /// It does too, but got no further than before: wait first.
    Helpless,
}

/// Merge answers 400 to a cursor that it no longer knows.
fn stale_cursor(
    document: &mut Document,
    model_id: &str,
    kind: Kind,
    outcome: &AttemptOutcome,
    settings: &Settings,
    now: Timestamp,
) -> StaleCursor {
    let model = document.models.get_mut(model_id);
    let Some(slot) = model.and_then(|model| slot_mut(model, kind)) else {
        return StaleCursor::No;
    };
    if failure::status(outcome) != Some(400) || slot.paging.cursor.is_none() {
        return StaleCursor::No;
    }
    let splittable = match settings.endpoint(model_id) {
        Endpoint::Listed(endpoint) => endpoint.filtered,
        Endpoint::Unlisted | Endpoint::Unmapped => false,
    };
    if slot.restart(now, splittable) {
        StaleCursor::Restarted
    } else {
        StaleCursor::Helpless
    }
}

fn set_trouble(model: &mut Model, kind: TroubleKind, text: String, now: Timestamp) {
    let before = model
        .trouble
        .as_ref()
        .filter(|trouble| trouble.kind == kind);
    let since = before.map_or(now, |trouble| trouble.since);
    model.trouble = Some(Trouble { kind, since, text });
}

/// Begin the read where it has not begun.
fn begin(model: &mut Model, kind: Kind, settings: &Settings, now: Timestamp) -> Option<()> {
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
            model.hint = Some(Slot::new(bounds, finished, now));
            model.hint_due = false;
            model.last_hint_at = Some(now);
        }
        Kind::Reread if model.reread.is_some() => {}
        Kind::Reread => {
            let finished = model.progress.merge_last_sync_finished?;
            let bounds = Bounds {
                after: None,
                before: None,
            };
            model.pass = next_pass(model.pass, now);
            let slot = Slot::new(bounds, finished, now);
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

fn query(slot: &Slot, endpoint: &Listed) -> String {
    let part = slot.part();
    if endpoint.filtered {
        window::query(part.after, part.before)
    } else {
        window::query(None, None)
    }
}

fn slot(model: &Model, kind: Kind) -> Option<&Slot> {
    match kind {
        Kind::Window => model.window.as_ref(),
        Kind::Hint => model.hint.as_ref(),
        Kind::Reread => model.reread.as_ref().map(|reread| &reread.slot),
    }
}

fn slot_mut(model: &mut Model, kind: Kind) -> Option<&mut Slot> {
    match kind {
        Kind::Window => model.window.as_mut(),
        Kind::Hint => model.hint.as_mut(),
        Kind::Reread => model.reread.as_mut().map(|reread| &mut reread.slot),
    }
}

fn newest(rows: &[Row]) -> Option<Timestamp> {
    rows.iter().filter_map(|row| row.modified_at).max()
}

/// Every page is read: move the marks that the read was for.
fn complete(
    model: &mut Model,
    model_id: &str,
    kind: Kind,
    account: &str,
    settings: &Settings,
    now: Timestamp,
    taken: &mut Taken,
) {
    match kind {
        Kind::Window => {
            let Some(slot) = model.window.take() else {
                return;
            };
            model.progress = advanced(model, &slot, now);
            if model.reread_at.is_none() {
                model.reread_at = first_reread(account, model_id, settings, now);
            }
            taken.window = true;
            taken
                .notices
                .push(window_completed(account, model_id, slot.watermark));
        }
        Kind::Hint => {
            let Some(slot) = model.hint.take() else {
                return;
            };
            // A record stamped in the future must not silence later hints.
            let newest = slot.newest.map(|newest| newest.min(now));
            model.hint_mark = model.hint_mark.max(newest);
        }
        Kind::Reread => {
            let Some(reread) = model.reread.take() else {
                return;
            };
            model.progress = advanced(model, &reread.slot, now);
            let interval = settings.full_reread;
            model.reread_at = interval.map(|interval| reread.slot.started_at.plus(interval));
            taken.sweep = Some(Sweep {
                model_id: model_id.into(),
                pass: reread.pass,
            });
        }
    }
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
    Some(now.plus(spread(interval, seed(&name, 0))))
}

fn window_completed(account: &str, model_id: &str, watermark: Timestamp) -> Notice {
    let text = alloc::format!("{model_id} was read up to {watermark}.");
    settle::notice(
        account,
        Occasion::WindowCompleted,
        Some(model_id),
        watermark,
        text,
    )
}
