//! `/sync-status`: read to its end, and what it changes.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::cadence;
use merge_sync_logic::json::readiness::account_phase_name;
use merge_sync_logic::readiness::{self as status, AccountPhase, AccountReadiness, Phase};
use merge_sync_logic::retry::{AttemptOutcome, Decision, Remedy};
use merge_sync_logic::types::{Milliseconds, ModelStatus, SyncState, Timestamp};
use merge_sync_logic::window::Rule;

use crate::account::document::{Document, Life, Model};
use crate::contract::log::{Entry, Level};
use crate::decide::{failure, link, readiness};
use crate::ground::paging::Paging;
use crate::ground::seed::seed;
use crate::ground::trouble::{self, TroubleKind};
use crate::ground::url;
use crate::plan::hold::{TROUBLE_POLL, stay_away, trouble_kind, unauthorized};
use crate::plan::windows::plan_windows;
use crate::settings::Settings;

/// Rows a page of `/sync-status`: Merge's largest.
const PAGE_SIZE: u32 = 100;

/// No list of models is longer than this many pages.
const MOST_PAGES: u32 = 1_000;

/// A read of `/sync-status` under way. It lives and dies with its run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The rows of the pages read so far.
    pub rows: Vec<ModelStatus>,
    /// How far it got.
    pub paging: Paging,
}

/// What a page did to its reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turned {
    /// There are more pages.
    More,
    /// Every page is read.
    Complete,
    /// The page cannot be used.
    Unusable(String),
}

impl Reading {
    /// Path and query of the page to read.
    pub fn target(&self, category: &str) -> String {
        let path = alloc::format!("/api/{}/v1/sync-status", url::encoded(category));
        url::page(&path, "", PAGE_SIZE, self.paging.cursor.as_deref())
    }

    /// Take in a page.
    pub fn turn_page(&mut self, body: &str) -> Turned {
        let page = match status::parse_status(body) {
            Ok(page) => page,
            Err(problem) => return Turned::Unusable(problem.message),
        };
        self.rows.extend(page.statuses);
        let Some(next) = page.next else {
            return Turned::Complete;
        };
        if self.paging.pages >= MOST_PAGES || self.paging.turn(next).is_err() {
            return Turned::Unusable("next: the cursor repeats".into());
        }
        Turned::More
    }
}

/// Take in a complete read: new rows, readiness, windows and hints that became due, and when
/// to read again.
pub fn apply(
    document: &mut Document,
    rows: Vec<ModelStatus>,
    settings: &Settings,
    now: Timestamp,
    log: &mut Vec<Entry>,
) {
    warn_of_rule(document, settings, log);
    document.complete = true;
    asked(document, now);
    document.poll_wanted = false;
    document.unlink_reported = false;
    document.link.disowned = None;
    document.streak = 0;
    document.trouble = None;
    document.backoff_until = None;
    warn_of_unreadable(document, &rows, log);
    replace_rows(document, rows);
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
    plan_windows(document, settings, &readiness, now, log);
    document.next_poll_at = now.plus(next_poll(document, settings, &readiness, now));
    document.polls = document.polls.wrapping_add(1);
    log.push(
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

/// Take in that a read failed. The account's slots wait until one succeeds.
pub fn failed(
    document: &mut Document,
    outcome: &AttemptOutcome,
    settings: &Settings,
    now: Timestamp,
    log: &mut Vec<Entry>,
) {
    let decision = failure::decide(
        outcome,
        document.streak,
        &document.account.id,
        settings,
        now,
    );
    document.streak = document.streak.saturating_add(1);
    asked(document, now);
    let disowned = link::disown(document, outcome, now);
    log.push(
        Entry::new(Level::Warn, "reading the sync status failed")
            .text("account", &document.account.id)
            .text("found", &failure::describe(outcome))
            .number("attempt", document.streak.into()),
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
            log.push(
                Entry::new(Level::Info, "the account is unlinked")
                    .text("account", &document.account.id)
                    .text("reason", &stop.reason),
            );
            document.life = Life::Stopped;
            document.unlink_reported = false;
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

/// A row that this read lacks goes; what was fetched for it stays.
fn replace_rows(document: &mut Document, rows: Vec<ModelStatus>) {
    for model in document.models.values_mut() {
        model.status = None;
    }
    for row in rows {
        let model = document.models.entry(row.model_id.clone()).or_default();
        if row.status == Some(SyncState::Disabled) {
            model.drop_slots();
        }
        model.status = Some(row);
    }
    // Moved one by one: to retain them would bring the balancing of trees into the components.
    for (model_id, model) in core::mem::take(&mut document.models) {
        if !model.is_blank() {
            document.models.insert(model_id, model);
        }
    }
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
