//! What a run does next: a poll, a page of some model, Merge's issues, or nothing.

use merge_sync_logic::types::{Milliseconds, ModelId, Timestamp};

use crate::account::document::{ASKED_FOR, Document, Life, Model};
use crate::account::slot::Kind;
use crate::account::sweep::CONFIRM_AT_LAST;
use crate::decide::link;
use crate::ground::clock::sane_deadline;
use crate::ground::trouble;
use crate::settings::Settings;

/// A hint fetch starts no sooner than this after the one before it.
const HINT_PAUSE: Milliseconds = Milliseconds(60_000);

/// `/issues` is read no more often than this.
const ISSUES_PAUSE: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// Hints cause at most one poll in so long a time.
const HINTED_POLL_PAUSE: Milliseconds = Milliseconds(5 * 60 * 1_000);

/// A full re-read planned further ahead than its interval and this is due now: the clock was wrong
/// when it was planned. A day, so that hosts whose clocks differ by minutes agree.
const CLOCKS_APART: Milliseconds = Milliseconds(24 * 60 * 60 * 1_000);

/// As [`HINTED_POLL_PAUSE`], while the account is in trouble.
const TROUBLED_POLL_PAUSE: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// Something to ask Merge for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// `/sync-status`, all its pages.
    Poll,
    /// One page of a model.
    Page(ModelId, Kind),
    /// `/issues`, one page.
    Issues,
    /// `/account-details`.
    Details,
    /// Nothing to ask for: a sweep of this model is to be ordered.
    Sweep(ModelId),
}

/// The next request of a run; `polled` says whether this run has read `/sync-status` already.
pub fn next(
    document: &Document,
    settings: &Settings,
    polled: bool,
    now: Timestamp,
) -> Option<Work> {
    if document.life != Life::Active {
        return None;
    }
    if !polled && poll_is_due(document, now) {
        return Some(Work::Poll);
    }
    if issues_are_due(document, now) {
        return Some(Work::Issues);
    }
    if details_at(document, now).is_some_and(|at| at <= now) {
        return Some(Work::Details);
    }
    if let Some(model_id) = sweep_is_due(document) {
        return Some(Work::Sweep(model_id));
    }
    let (model_id, kind) = next_page(document, settings, now)?;
    Some(Work::Page(model_id, kind))
}

/// When the next page of any model may be asked for, or a sweep ordered; `None` where there is
/// neither.
fn next_page_at(document: &Document, settings: &Settings, now: Timestamp) -> Option<Timestamp> {
    if sweep_is_due(document).is_some() {
        return Some(now);
    }
    if document.trouble.is_some() {
        return None;
    }
    let models = document.models.iter();
    models
        .filter_map(|(model_id, model)| page_at(model_id, model, settings, now))
        .min()
}

/// Models are served in turn, beginning behind the one served last.
fn next_page(document: &Document, settings: &Settings, now: Timestamp) -> Option<(ModelId, Kind)> {
    // What a poll cannot read, no list can either: the slots wait for a poll to succeed.
    if document.trouble.is_some() {
        return None;
    }
    let behind = document
        .models
        .iter()
        .filter(|(model_id, _)| **model_id > document.last_served);
    let before = document
        .models
        .iter()
        .filter(|(model_id, _)| **model_id <= document.last_served);
    behind.chain(before).find_map(|(model_id, model)| {
        let kind = due_kind(model_id, model, settings, now)?;
        Some((model_id.clone(), kind))
    })
}

/// A model whose sweep waits to be ordered.
fn sweep_is_due(document: &Document) -> Option<ModelId> {
    let waiting = document
        .models
        .iter()
        .find(|(_, model)| model.sweep.is_some());
    waiting.map(|(model_id, _)| model_id.clone())
}

/// Which read of this model is due. A window goes before a page of the others, unless it rests.
fn due_kind(model_id: &str, model: &Model, settings: &Settings, now: Timestamp) -> Option<Kind> {
    let reads = reads_at(model_id, model, settings, now);
    let due = reads
        .into_iter()
        .find(|(_, at)| at.is_some_and(|at| at <= now));
    due.map(|(kind, _)| kind)
}

fn page_at(
    model_id: &str,
    model: &Model,
    settings: &Settings,
    now: Timestamp,
) -> Option<Timestamp> {
    let reads = reads_at(model_id, model, settings, now);
    reads.into_iter().filter_map(|(_, at)| at).min()
}

/// When the next page of each of a model's reads may be asked for; `None` where none is to be
/// read. Each rests by itself.
fn reads_at(
    model_id: &str,
    model: &Model,
    settings: &Settings,
    now: Timestamp,
) -> [(Kind, Option<Timestamp>); 3] {
    // Looked up for reads that are wanted alone: most models have none, and the search is slow.
    let readable = || is_readable(model_id, model, settings);
    let reread = model.reread.is_some() || reread_is_due(model, settings, now);
    [
        (Kind::Window, model.window.is_some().then_some(now)),
        (Kind::Hint, hint_at(model).map(|at| sane_deadline(at, now))),
        (Kind::Reread, reread.then_some(now)),
    ]
    .map(|(kind, at)| {
        let rest = model.patience.of(kind).not_before;
        let at = at
            .filter(|_| readable())
            .map(|at| rest.map_or(at, |until| at.max(sane_deadline(until, now))));
        (kind, at)
    })
}

/// When the next page of a hint fetch may be read. One in flight at once; a new one a minute
/// after the last began; one that came before the first window waits for it.
fn hint_at(model: &Model) -> Option<Timestamp> {
    if model.hint.is_some() {
        return Some(Timestamp(i64::MIN));
    }
    let waiting = model.hint_due && model.progress.merge_last_sync_finished.is_some();
    let last = model
        .last_hint_at
        .map_or(Timestamp(i64::MIN), |at| at.plus(HINT_PAUSE));
    waiting.then_some(last)
}

fn reread_is_due(model: &Model, settings: &Settings, now: Timestamp) -> bool {
    let Some(at) = model.reread_at else {
        return false;
    };
    let wanted = settings.full_reread.is_some()
        || model.held.is_some()
        || model.missing.is_some()
        || at == ASKED_FOR;
    let longest = settings.full_reread.unwrap_or(CONFIRM_AT_LAST);
    wanted
        && model.progress.merge_last_sync_finished.is_some()
        && (at <= now || at > now.plus(longest).plus(CLOCKS_APART))
}

/// Whether Merge lists the model, switched on, at an endpoint, and the operator wants it.
fn is_readable(model_id: &str, model: &Model, settings: &Settings) -> bool {
    model.is_on() && model.ready && settings.allows(model_id) && settings.lists(model_id)
}

/// When Merge's issues are to be read because of a hint; `None` where none came, or there is no
/// way to read them.
fn issues_at(document: &Document, now: Timestamp) -> Option<Timestamp> {
    let due_at = document.issues_lookup.due_at?;
    issues_can_be_read(document).then(|| sane_deadline(due_at, now))
}

/// Because of a hint, or hourly while people are to see what Merge says.
fn issues_are_due(document: &Document, now: Timestamp) -> bool {
    if issues_at(document, now).is_some_and(|at| at <= now) {
        return true;
    }
    let rested = document.issues_lookup.read_at.is_none_or(|at| {
        let next = at.plus(ISSUES_PAUSE);
        sane_deadline(next, now) <= now
    });
    let attention = document
        .announced
        .is_some_and(|shown| trouble::needs_attention(shown.kind));
    // The event that tells of an issue's end may be lost.
    let seen = attention || !document.issues.is_empty();
    rested && seen && issues_can_be_read(document)
}

/// Without a category there is no path, as for `/sync-status`.
fn issues_can_be_read(document: &Document) -> bool {
    document.has_token && !link::lacks_category(document)
}

/// When to run again: now while a slot is unfinished, else what is due first. `None` only for an
/// account that is paused or stopped.
pub fn wake_at(document: &Document, settings: &Settings, now: Timestamp) -> Option<Timestamp> {
    match document.life {
        Life::Paused | Life::Stopped => None,
        Life::Active => {
            let reasons = [
                poll_at(document, now),
                next_page_at(document, settings, now),
                issues_at(document, now),
                details_at(document, now),
            ];
            reasons.into_iter().flatten().min().map(|at| at.max(now))
        }
    }
}

/// Whether `/sync-status` is to be read now.
fn poll_is_due(document: &Document, now: Timestamp) -> bool {
    poll_at(document, now).is_some_and(|at| at <= now)
}

/// When `/sync-status` is to be read; `None` where there is no path to read it at.
fn poll_at(document: &Document, now: Timestamp) -> Option<Timestamp> {
    if link::lacks_category(document) {
        return None;
    }
    if document.poll_wanted {
        return Some(now);
    }
    let regular = sane_deadline(document.next_poll_at, now);
    Some(hinted_poll_at(document, now).map_or(regular, |hint| hint.min(regular)))
}

/// When a poll that was only hinted at is due: what names no finish is often no news, and what
/// cannot be read will not be read for a webhook.
fn hinted_poll_at(document: &Document, now: Timestamp) -> Option<Timestamp> {
    if !document.hinted {
        return None;
    }
    let pause = if document.trouble.is_some() {
        TROUBLED_POLL_PAUSE
    } else {
        HINTED_POLL_PAUSE
    };
    // As generous as for polls: hosts whose clocks differ by minutes must agree on whether it is
    // due, or the one wakes the account for what the other finds too early, again and again.
    let rested = document
        .hint_polled_at
        .map(|at| sane_deadline(at.plus(pause), now));
    rested.max(Some(now))
}

/// When `/account-details` may be asked for; `None` where there is no reason to, or no way.
fn details_at(document: &Document, now: Timestamp) -> Option<Timestamp> {
    if link::lacks_category(document) {
        let due_at = document.link.details.due_at;
        return Some(due_at.map_or(now, |at| sane_deadline(at, now)));
    }
    // What a poll cannot read, this cannot either.
    if document.trouble.is_some() || !document.has_token {
        return None;
    }
    let due_at = document.link.details.due_at?;
    Some(sane_deadline(due_at, now))
}

#[cfg(test)]
mod tests;
