//! A page was not to be had, or the pages do not come to an end.

use alloc::string::String;

use merge_sync_logic::retry::{AttemptOutcome, Decision, Remedy, UnusableBody};
use merge_sync_logic::types::Milliseconds;
use merge_sync_logic::window::Endpoint;

use super::complete;
use super::context::PageContext;
use crate::account::document::Document;
use crate::account::patience::REST;
use crate::account::slot::{Loop, SlotOutcome};
use crate::contract::log::{Entry, Level};
use crate::decide::failure;
use crate::ground::trouble::TroubleKind;
use crate::plan::hold;
use crate::request::next::Taken;

/// A page that fails so often in a row is asked for in halves, where its size may be the cause.
const FAILURES_BEFORE_HALVING: u32 = 2;

/// The first time, a part is read again at once: a cursor that was too old is no trouble.
const LOOPS_BEFORE_WAIT: u32 = 2;

/// The wait before a part is read again grows up to that of so many failures in a row.
const LONGEST_LOOP_WAIT: u32 = 4;

/// Take in that a page was not to be had. What that completes, if it does: a read whose last part
/// is given up.
pub fn failed(
    document: &mut Document,
    outcome: AttemptOutcome,
    context: &mut PageContext<'_>,
) -> Taken {
    document.last_served = context.model_id.into();
    log_failure(document, &outcome, context);
    let most = context.settings.page_size;
    let splittable = is_splittable(document, context);
    let Some(model) = document.models.get_mut(context.model_id) else {
        return Taken::default();
    };
    let has_cursor = model
        .slot(context.kind)
        .is_some_and(|slot| slot.paging.cursor.is_some());
    if has_cursor && matches!(failure::status(&outcome), Some(400 | 404 | 410)) {
        return start_again(document, Loop::Refused, context);
    }
    let is_begun = model
        .slot(context.kind)
        .is_some_and(|slot| slot.records > 0);
    let patience = model.patience.of_mut(context.kind);
    // What fails for hours, where what lies before it was served, may be one record.
    let may_be_one_record =
        patience.is_parked && is_begun && splittable && is_broken_server(&outcome);
    if depends_on_size(&outcome) || may_be_one_record {
        patience.failures_of_page = patience.failures_of_page.saturating_add(1);
        // At rest it is tried once an hour: each try counts for two.
        if patience.failures_of_page >= FAILURES_BEFORE_HALVING || patience.is_parked {
            patience.failures_of_page = 0;
            if model.page_size.halve(most) {
                // The first of the two failures was one of size, too.
                patience.failures = patience.failures.saturating_sub(1);
                if let Some(slot) = model.slot_mut(context.kind) {
                    slot.largest = 0;
                }
                rest(document, &outcome, false, context);
                return Taken::default();
            }
            if matches!(outcome, AttemptOutcome::Unusable(_)) || may_be_one_record {
                return split(document, &outcome, context);
            }
        }
    }
    rest(document, &outcome, true, context);
    Taken::default()
}

/// Take in that the pages of a part go on without an end.
pub fn looped(document: &mut Document, why: Loop, context: &mut PageContext<'_>) -> Taken {
    log_failure(document, &outcome_of(why), context);
    start_again(document, why, context)
}

fn outcome_of(why: Loop) -> AttemptOutcome {
    let message = match why {
        Loop::Refused => return AttemptOutcome::StaleCursor,
        Loop::Circle => "next: the pages repeat",
        Loop::CutOff => "next: expected a cursor",
        Loop::Empty => "results: page after page is empty",
        Loop::Unsteady => "results: two reads of the same part differ",
    };
    AttemptOutcome::Unusable(UnusableBody {
        message: message.into(),
    })
}

/// The part under way starts again, is split, or is given up.
fn start_again(document: &mut Document, why: Loop, context: &mut PageContext<'_>) -> Taken {
    let splittable = is_splittable(document, context);
    let now = context.now;
    let Some(model) = document.models.get_mut(context.model_id) else {
        return Taken::default();
    };
    let Some(slot) = model.slot_mut(context.kind) else {
        return Taken::default();
    };
    let result = slot.start_again(why, now, splittable);
    let loops = slot.loops;
    let patience = model.patience.of_mut(context.kind);
    patience.loops = loops;
    after_loop(document, result, &outcome_of(why), loops, context)
}

/// A record cannot be read even alone: split the part around it.
fn split(
    document: &mut Document,
    outcome: &AttemptOutcome,
    context: &mut PageContext<'_>,
) -> Taken {
    let splittable = is_splittable(document, context);
    let now = context.now;
    let model = document.models.get_mut(context.model_id);
    let Some(slot) = model.and_then(|model| model.slot_mut(context.kind)) else {
        return Taken::default();
    };
    let result = slot.split_or_give_up(now, splittable);
    after_loop(document, result, outcome, LOOPS_BEFORE_WAIT, context)
}

fn after_loop(
    document: &mut Document,
    result: SlotOutcome,
    outcome: &AttemptOutcome,
    loops: u32,
    context: &mut PageContext<'_>,
) -> Taken {
    if result == SlotOutcome::Complete {
        return complete::complete(document, context);
    }
    let Some(model) = document.models.get_mut(context.model_id) else {
        return Taken::default();
    };
    let name = alloc::format!("{}/{}", document.account.id, context.model_id);
    let patience = model.patience.of_mut(context.kind);
    if patience.is_parked {
        patience.park(Milliseconds(0), context.now);
        return Taken::default();
    }
    if loops < LOOPS_BEFORE_WAIT {
        return Taken::default();
    }
    let failures = loops.saturating_sub(1).min(LONGEST_LOOP_WAIT);
    let decision = failure::decide(outcome, failures, &name, context.settings, context.now);
    let (wait, reason) = match decision {
        Decision::Succeeded => return Taken::default(),
        Decision::Again(again) => (again.after, again.reason),
        // `max_attempts` ends retries. A loop goes on until the part is given up, with waits.
        Decision::Stop(stop) => (context.settings.retry.cap, stop.reason),
    };
    patience.not_before = Some(context.now.plus(wait));
    patience.set_trouble(TroubleKind::Retrying, reason, context.now);
    Taken::default()
}

/// Wait as `retry` says; `counts` is whether it is one more failure in a row.
fn rest(
    document: &mut Document,
    outcome: &AttemptOutcome,
    counts: bool,
    context: &mut PageContext<'_>,
) {
    let now = context.now;
    let name = alloc::format!("{}/{}", document.account.id, context.model_id);
    let Some(model) = document.models.get_mut(context.model_id) else {
        return;
    };
    if let Some(slot) = model.slot_mut(context.kind) {
        slot.mark_furthest();
    }
    let patience = model.patience.of_mut(context.kind);
    let decision = failure::decide(outcome, patience.failures, &name, context.settings, now);
    if counts {
        patience.failures = patience.failures.saturating_add(1);
    }
    let is_throttled = failure::is_throttled(outcome);
    match decision {
        // No success comes here.
        Decision::Succeeded => {}
        Decision::Again(again) if patience.is_parked => {
            let demanded = failure::demanded(outcome, now);
            let wait = if demanded {
                again.after
            } else {
                Milliseconds(0)
            };
            patience.park(behind(wait), now);
            if is_throttled {
                hold::stay_away(document, again.after, demanded, now);
            }
        }
        Decision::Again(again) => {
            patience.not_before = Some(now.plus(again.after));
            patience.set_trouble(TroubleKind::Retrying, again.reason, now);
            if is_throttled {
                // Merge counts an account's requests, not a model's.
                hold::stay_away(document, again.after, failure::demanded(outcome, now), now);
            }
        }
        Decision::Stop(stop) if stop.remedy == Remedy::Reauthorize => {
            // Only a poll tells whether all of the account is refused, or this list alone.
            document.poll_wanted |= !patience.is_parked;
            patience.park(Milliseconds(0), now);
            let text = match outcome {
                AttemptOutcome::NoToken => stop.reason,
                _ => refused_text(context.model_id),
            };
            patience.set_trouble(TroubleKind::Park, text, now);
        }
        Decision::Stop(stop) => {
            let wait = stop.not_before.unwrap_or(Milliseconds(0));
            patience.park(behind(wait), now);
            patience.set_trouble(hold::trouble_kind(stop.remedy), stop.reason, now);
            if is_throttled && stop.not_before.is_some() {
                hold::stay_away(document, wait, true, now);
            }
        }
    }
}

/// A server's demand holds up the whole account: the next try of a read at rest comes so long behind
/// it that the others have their time.
fn behind(wait: Milliseconds) -> Milliseconds {
    Milliseconds(wait.0.saturating_add(REST.0))
}

fn refused_text(model_id: &str) -> String {
    alloc::format!("Merge refuses the list of {model_id} as unauthorized (status 401).")
}

/// Whether fewer records on the page might have arrived.
fn depends_on_size(outcome: &AttemptOutcome) -> bool {
    match outcome {
        AttemptOutcome::TimedOut | AttemptOutcome::TooLarge | AttemptOutcome::Unusable(_) => true,
        AttemptOutcome::Response(response) => matches!(response.status, 502 | 504),
        AttemptOutcome::Transport(_) | AttemptOutcome::StaleCursor | AttemptOutcome::NoToken => {
            false
        }
    }
}

/// Whether the server failed, and not for being asked too often.
fn is_broken_server(outcome: &AttemptOutcome) -> bool {
    match outcome {
        AttemptOutcome::TimedOut | AttemptOutcome::TooLarge => true,
        AttemptOutcome::Response(response) => {
            (500..=599).contains(&response.status) && response.status != 503
        }
        _ => false,
    }
}

fn is_splittable(document: &Document, context: &PageContext<'_>) -> bool {
    let ignores_bounds = document
        .models
        .get(context.model_id)
        .is_some_and(|model| model.ignores_bounds);
    match context.settings.endpoint(context.model_id) {
        Endpoint::Listed(endpoint) => endpoint.filtered && !ignores_bounds,
        Endpoint::Unlisted | Endpoint::Unmapped => false,
    }
}

fn log_failure(document: &Document, outcome: &AttemptOutcome, context: &mut PageContext<'_>) {
    let found: String = failure::describe(outcome);
    context.log.push(
        Entry::new(Level::Warn, "reading a page failed")
            .text("account", &document.account.id)
            .text("model", context.model_id)
            .text("found", &found),
    );
}
