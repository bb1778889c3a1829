//! `/sync-status`: read to its end, and what it changes.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::cadence;
use merge_sync_logic::json::types::account_phase_name;
use merge_sync_logic::readiness::{AccountPhase, AccountReadiness, Phase};
use merge_sync_logic::retry::{AttemptOutcome, Decision, Remedy};
use merge_sync_logic::types::{Milliseconds, ModelStatus, SyncState, Timestamp};
use merge_sync_logic::window::{Progress, Rule};

use super::next::{Next, Taken};
use super::reading::{Reading, SlotOutcome};
use crate::account::document::{Document, Model};
use crate::context::Context;
use crate::contract::log::{Entry, Level};
use crate::decide::model_trouble::FINISH;
use crate::decide::{failure, link, readiness};
use crate::ground::seed::seed;
use crate::ground::trouble::{self, TroubleKind};
use crate::plan::hold::{TROUBLE_POLL, stay_away, trouble_kind, unauthorized};
use crate::plan::windows::plan_windows;
use crate::settings::Settings;

/// A finish further ahead of the host's clock than this is none: taken for one, it would be newer
/// than every finish until then, and none of them would be fetched.
const MOST_AHEAD: Milliseconds = Milliseconds(24 * 60 * 60 * 1_000);

/// Path and query of the page to read.
pub fn target(document: &Document, reading: &Reading) -> String {
    reading.target(&document.account.category)
}

/// Take in what a page met.
pub fn answered(
    document: &mut Document,
    mut reading: Reading,
    answer: Result<String, AttemptOutcome>,
    context: &mut Context<'_>,
) -> Next {
    let outcome = match answer {
        Ok(body) => match reading.take_page(&body) {
            SlotOutcome::More => return Next::Continue(reading),
            // Before the first complete read, the row may be of a needed model.
            SlotOutcome::Complete if !document.complete && !are_named(&reading.rows) => {
                failure::unusable("results: a row names no model".into())
            }
            SlotOutcome::Complete => {
                apply(document, reading.rows, context);
                return Next::GoOn(Taken {
                    poll: true,
                    ..Taken::default()
                });
            }
            SlotOutcome::Unusable(message) => failure::unusable(message),
        },
        Err(outcome) => {
            let stale = matches!(failure::status(&outcome), Some(400 | 404 | 410));
            if stale && reading.paging.cursor.is_some() {
                AttemptOutcome::StaleCursor
            } else {
                outcome
            }
        }
    };
    if failed(document, &outcome, context) {
        Next::Deleted
    } else {
        Next::Stop(Taken::default())
    }
}

/// Take in a complete read: new rows, readiness, windows and hints that became due, and when
/// to read again.
fn apply(document: &mut Document, rows: Vec<ModelStatus>, context: &mut Context<'_>) {
    let (settings, now) = (context.settings, context.now);
    warn_of_rule(document, settings, context.log);
    document.complete = true;
    asked(document, now);
    document.poll_wanted = false;
    document.unlink_reported = false;
    document.link.disowned = None;
    document.consecutive_failures = 0;
    let ended = document.trouble.take().map(|trouble| trouble.kind);
    if ended == Some(TroubleKind::Reauthorize) {
        document.end_rests();
    }
    document.backoff_until = None;
    warn_of_unreadable(document, &rows, context.log);
    replace_rows(document, rows, settings.overlap, now);
    doubt_link(document, now);
    let readiness = readiness::readiness(document, settings);
    for answer in readiness
        .models
        .iter()
        .filter(|answer| answer.phase == Phase::Ready)
    {
        if let Some(model) = document.models.get_mut(&answer.model_id) {
            model.ready = true;
        }
    }
    note_failures(document);
    plan_windows(document, &readiness, context);
    document.next_poll_at = now.plus(next_poll(document, settings, &readiness, now));
    document.polls = document.polls.wrapping_add(1);
    context.log.push(
        Entry::new(Level::Info, "sync status read")
            .text("account", &document.account.id)
            .text("phase", account_phase_name(readiness.phase))
            .number("ready", readiness.ready.into())
            .number("needed", readiness.needed.into())
            .instant("next_poll_at", document.next_poll_at),
    );
}

/// The published rule is kept for comparison; nobody is to choose it unawares.
fn warn_of_rule(document: &Document, settings: &Settings, log: &mut Vec<Entry>) {
    if settings.rule == Rule::FetchStart {
        log.push(
            Entry::new(
                Level::Warn,
                "the rule `fetch-start` loses records; choose `contiguous`",
            )
            .text("account", &document.account.id),
        );
    }
}

/// Take in that a read failed. The account's slots wait until one succeeds. Returns whether Merge
/// has deleted the account.
pub fn failed(
    document: &mut Document,
    outcome: &AttemptOutcome,
    context: &mut Context<'_>,
) -> bool {
    let (settings, now) = (context.settings, context.now);
    let decision = failure::decide(
        outcome,
        document.consecutive_failures,
        &document.account.id,
        settings,
        now,
    );
    document.consecutive_failures = document.consecutive_failures.saturating_add(1);
    asked(document, now);
    let disowned = link::disown(document, outcome, now);
    context.log.push(
        Entry::new(Level::Warn, "reading the sync status failed")
            .text("account", &document.account.id)
            .text("found", &failure::describe(outcome))
            .number("attempt", document.consecutive_failures.into()),
    );
    match decision {
        // Only a success whose body could not be used comes here, and that is `Transport`.
        Decision::Succeeded => {}
        Decision::Again(again) => {
            document.poll_wanted = true;
            stay_away(document, again.after, failure::demanded(outcome, now), now);
            trouble::put(
                &mut document.trouble,
                TroubleKind::Retrying,
                again.reason,
                now,
            );
        }
        Decision::Stop(stop) if disowned => {
            context.log.push(
                Entry::new(Level::Info, "the account is unlinked")
                    .text("account", &document.account.id)
                    .text("reason", &stop.reason),
            );
            return true;
        }
        Decision::Stop(stop) if stop.remedy == Remedy::Reauthorize => {
            unauthorized(document, stop.reason, now);
        }
        Decision::Stop(stop) => {
            let wait = stop.not_before.unwrap_or(Milliseconds(0));
            document.poll_wanted = false;
            document.next_poll_at = now.plus(trouble_poll(document, settings, now).max(wait));
            if stop.not_before.is_some() {
                stay_away(document, wait, true, now);
            }
            trouble::put(
                &mut document.trouble,
                trouble_kind(stop.remedy),
                stop.reason,
                now,
            );
        }
    }
    if document.link.disowned.is_some()
        && let Some(trouble) = document.trouble.as_mut()
    {
        trouble.text = link::DISOWNED.into();
    }
    false
}

/// Whatever was answered, no other poll follows at once, and a hint has had its poll.
fn asked(document: &mut Document, now: Timestamp) {
    document.last_poll_at = Some(now);
    if core::mem::take(&mut document.hinted) {
        document.hint_polled_at = Some(now);
    }
}

/// Fields that were sent and cannot be read: once a run, whatever their number.
fn warn_of_unreadable(document: &Document, rows: &[ModelStatus], log: &mut Vec<Entry>) {
    let mut fields = String::new();
    for row in rows {
        for field in &row.unreadable {
            if !fields.is_empty() {
                fields.push_str(", ");
            }
            fields.push_str(&row.model_id);
            fields.push('.');
            fields.push_str(field);
        }
    }
    if !fields.is_empty() {
        log.push(
            Entry::new(Level::Warn, "fields of the sync status cannot be read")
                .text("account", &document.account.id)
                .text("fields", &fields),
        );
    }
}

/// A model that failed or was paused may be so for want of a new link; a new link may have ended
/// that.
fn doubt_link(document: &mut Document, now: Timestamp) {
    let stuck = |model: &Model| {
        let state = model.status.as_ref().and_then(|row| row.status.as_ref());
        matches!(state, Some(SyncState::Failed | SyncState::Paused))
    };
    if document.link.relink_since.is_some() || document.models.values().any(stuck) {
        link::suspect(document, now);
    }
}

/// In trouble the regular poll goes on, hourly at the least.
fn trouble_poll(document: &Document, settings: &Settings, now: Timestamp) -> Milliseconds {
    let readiness = readiness::readiness(document, settings);
    next_poll(document, settings, &readiness, now).min(TROUBLE_POLL)
}

fn next_poll(
    document: &Document,
    settings: &Settings,
    readiness: &AccountReadiness,
    now: Timestamp,
) -> Milliseconds {
    let initial = match readiness.phase {
        // Right after a link Merge may list nothing yet; with every model switched off it never will
        // list more.
        AccountPhase::Unknown => document.statuses().is_empty(),
        AccountPhase::Syncing => true,
        AccountPhase::NeedsAttention | AccountPhase::Ready => false,
    };
    let facts = cadence::Facts {
        statuses: document.statuses(),
        initial,
        linked_at: document.linked_at,
        now,
        seed: seed(&document.account.id, document.polls),
        policy: settings.cadence,
    };
    cadence::next(&facts).after
}

/// A row that this read lacks goes; what was fetched for it stays. Where a row names no model, it
/// may be of any model that is not named: then nobody knows whether that one finished.
fn replace_rows(
    document: &mut Document,
    rows: Vec<ModelStatus>,
    overlap: Milliseconds,
    now: Timestamp,
) {
    let latest = now.plus(MOST_AHEAD);
    let is_whole = are_named(&rows);
    for model in document.models.values_mut() {
        match &mut model.status {
            Some(row) if !is_whole => doubt_finish(row),
            status => *status = None,
        }
    }
    for mut row in rows.into_iter().filter(|row| !row.model_id.is_empty()) {
        if row.last_sync_finished > Some(latest) {
            row.last_sync_finished = None;
            doubt_finish(&mut row);
        } else if row.last_sync_finished > Some(now.plus(overlap)) {
            // The next window starts at this finish less the overlap, so rows written between now
            // and then would be in no window.
            row.last_sync_finished = Some(now);
        }
        let model_id = row.model_id.clone();
        document.models.change(&model_id, |model| {
            let stored = model.progress.merge_last_sync_finished;
            if row.last_sync_finished.is_some() && stored > Some(latest) {
                // It was stored while the host's clock was wrong.
                model.progress = Progress::default();
            }
            if row.status == Some(SyncState::Disabled) {
                model.drop_slots();
            }
            model.status = Some(row);
        });
    }
    document.models.retain(|model| !model.is_blank());
}

fn are_named(rows: &[ModelStatus]) -> bool {
    rows.iter().all(|row| !row.model_id.is_empty())
}

/// There may be a later finish than the row tells of.
fn doubt_finish(row: &mut ModelStatus) {
    row.unreadable = alloc::vec![FINISH.into()];
}

/// The first sight of each `FAILED` is a hint: it may hide a good finish before it.
fn note_failures(document: &mut Document) {
    for model in document.models.values_mut() {
        let Some(row) = model.status.as_ref() else {
            continue;
        };
        if row.status != Some(SyncState::Failed) {
            continue;
        }
        let identity = row
            .last_sync_start
            .or(row.last_sync_finished)
            .unwrap_or(Timestamp::EPOCH);
        if model.failure_seen != Some(identity) {
            model.failure_seen = Some(identity);
            model.hint_due = true;
        }
    }
}
