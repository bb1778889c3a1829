//! Whether Merge still has access to the customer's system, and how that is found out.
//!
//! Nothing signed carries a time, so whatever a webhook says of the link is a hint. Two requests
//! decide: `/account-details` whether the end user must link again, and the polls of a whole day
//! whether Merge deleted the account.
//!
//! An account whose category nobody named cannot be asked for anything else: it is looked for
//! under each of Merge's categories in turn.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::account_details;
use merge_sync_logic::retry::{AttemptOutcome, Decision};
use merge_sync_logic::types::{Account, LinkState, Milliseconds, Timestamp};

use crate::document::{Document, Life};
use crate::http::Response;
use crate::log::{Entry, Level};
use crate::schedule::{sane, sane_deadline};
use crate::settings::Settings;
use crate::view::{Trouble, TroubleKind};
use crate::{failure, notes, poll, url};

/// The categories of Merge's that the endpoint table knows, those with the most accounts first.
const CATEGORIES: [&str; 11] = [
    "hris",
    "ats",
    "accounting",
    "ticketing",
    "crm",
    "mktg",
    "filestorage",
    "knowledgebase",
    "chat",
    "calendar",
    "email",
];

/// A hint makes `/account-details` due no sooner than this after it was last asked for.
const DETAILS_PAUSE: Milliseconds = Milliseconds(10 * 60 * 1_000);

/// The next category is asked for no sooner than this.
const CATEGORY_PAUSE: Milliseconds = Milliseconds(60 * 1_000);

/// Where the answer did not help, once an hour.
const LOOKUP_RETRY: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// So long must Merge disown an account before its token is erased: the operator's own key may be
/// at fault, and is mended within a day.
const DISOWNED_FOR: Milliseconds = Milliseconds(24 * 60 * 60 * 1_000);

/// The polls of that day are an hour apart. Two answers further apart than this say nothing of
/// the time between them.
const DISOWNED_GAP: Milliseconds = Milliseconds(2 * 60 * 60 * 1_000);

/// What Merge calls an account that the end user must link again.
const RELINK_NEEDED: &str = "RELINK_NEEDED";

/// What Merge calls an account whose link is sound.
const COMPLETE: &str = "COMPLETE";

/// What Merge calls an account that a developer linked to try things out.
const TEST: &str = "TEST";

/// Something that is looked up when there is a reason to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lookup {
    /// When it was last asked for.
    pub read_at: Option<Timestamp>,
    /// When it is to be asked for; `None` where there is no reason to.
    pub due_at: Option<Timestamp>,
}

impl Lookup {
    /// There is a reason to ask, `pause` after the last time. What waits already goes on
    /// waiting: a stream of hints neither hastens nor delays it.
    pub fn want(&mut self, pause: Milliseconds, now: Timestamp) {
        if self.due_at.is_none() {
            let rested = self.read_at.map(|at| sane(at.plus(pause), pause, now));
            self.due_at = rested.max(Some(now));
        }
    }

    /// Take in that it was answered.
    pub fn answered(&mut self, now: Timestamp) {
        self.read_at = Some(now);
        self.due_at = None;
    }

    /// Take in that the answer did not help: the reason to ask stands, and asking again at once
    /// would help no more.
    pub fn failed(&mut self, now: Timestamp) {
        self.read_at = Some(now);
        if self.due_at.is_some() {
            self.due_at = Some(now.plus(LOOKUP_RETRY));
        }
    }
}

/// What is known of the link itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Link {
    /// When `/account-details` is asked for.
    pub details: Lookup,
    /// The category to ask under next, where none is known.
    pub category: u32,
    /// Since when Merge says that the end user must link again.
    pub relink_since: Option<Timestamp>,
    /// Merge disowns the account, after it said that it was deleted.
    pub disowned: Option<Disowned>,
}

/// Merge disowns an account, with one 401 or 404 after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disowned {
    /// Since when every answer was such.
    pub since: Timestamp,
    /// The latest such answer.
    pub latest: Timestamp,
}

/// Whether Merge still has access to the customer's system. An account that Merge is said to
/// have deleted counts as unlinked from the first answer that bears it out.
pub(crate) fn state(document: &Document) -> LinkState {
    if document.life == Life::Stopped || document.link.disowned.is_some() {
        LinkState::Unlinked
    } else if document.link.relink_since.is_some() {
        LinkState::RelinkNeeded
    } else {
        LinkState::Active
    }
}

/// Whether it is a developer's: it syncs once, and then only by hand.
pub(crate) fn is_test(document: &Document) -> bool {
    document.account.account_type == TEST
}

/// Take in what a webhook says of the link. That of an account of which nothing was said yet may
/// be believed where it is good news.
pub(crate) fn hear(document: &mut Document, status: &str, now: Timestamp) {
    let known = &mut document.account.link_status;
    if known.is_empty() && status == COMPLETE {
        known.push_str(status);
    }
    let decided = (status == RELINK_NEEDED) == document.link.relink_since.is_some();
    let is_known = status.is_empty() || (decided && known == status);
    if !is_known {
        suspect(document, now);
    }
}

/// Something hints that the link may have changed: `/account-details` decides.
pub(crate) fn suspect(document: &mut Document, now: Timestamp) {
    document.link.details.want(DETAILS_PAUSE, now);
}

/// Take in a new token: what was found out with the old one counts no more.
pub(crate) fn renew(document: &mut Document, now: Timestamp) {
    let relink_since = document.link.relink_since;
    document.link = Link {
        relink_since,
        ..Link::default()
    };
    if relink_since.is_some() {
        document.link.details.due_at = Some(now);
    }
}

/// When `/account-details` may be asked for; `None` where there is no reason to, or no way.
pub(crate) fn details_at(document: &Document, now: Timestamp) -> Option<Timestamp> {
    if lacks_category(document) {
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

/// Whether the account can be asked for nothing, since nobody named its category.
pub(crate) fn lacks_category(document: &Document) -> bool {
    document.account.category.is_empty()
}

/// Path and query.
pub(crate) fn target(document: &Document) -> String {
    let category = if lacks_category(document) {
        let index = usize::try_from(document.link.category).unwrap_or(usize::MAX);
        CATEGORIES.get(index).copied().unwrap_or_default()
    } else {
        &document.account.category
    };
    alloc::format!("/api/{}/v1/account-details", url::encoded(category))
}

/// Take in a success.
pub(crate) fn take(document: &mut Document, body: &str, now: Timestamp, log: &mut Vec<Entry>) {
    let said = match account_details::parse(body) {
        Ok(said) if said.id == document.account.id => said,
        found => {
            let found = found.map_or_else(
                |problem| problem.message,
                |said| alloc::format!("the account {}", said.id),
            );
            log.push(
                Entry::new(Level::Warn, "the account's details cannot be used")
                    .text("account", &document.account.id)
                    .text("found", &found),
            );
            document.link.details.failed(now);
            return if lacks_category(document) {
                try_next_category(document, now, log);
            };
        }
    };
    let searched = lacks_category(document);
    notes::adopt(&mut document.account, &said);
    document.link.details.answered(now);
    decide(document, &said, now);
    if searched {
        found_category(document, log);
    }
}

fn decide(document: &mut Document, said: &Account, now: Timestamp) {
    if !said.link_status.is_empty() {
        document.account.link_status.clone_from(&said.link_status);
    }
    match said.link_status.as_str() {
        RELINK_NEEDED => {
            document.link.relink_since.get_or_insert(now);
        }
        COMPLETE => document.link.relink_since = None,
        // Unfinished, idle, or not said: neither needs a new link nor mends one.
        _ => {}
    }
}

/// The account answered under a category: what stood in the way of everything is over.
fn found_category(document: &mut Document, log: &mut Vec<Entry>) {
    if lacks_category(document) {
        let index = usize::try_from(document.link.category).unwrap_or(usize::MAX);
        let category = CATEGORIES.get(index).copied().unwrap_or_default();
        document.account.category.push_str(category);
    }
    document.link.category = 0;
    document.trouble = None;
    document.streak = 0;
    document.poll_wanted = true;
    log.push(
        Entry::new(Level::Info, "the account's category is found")
            .text("account", &document.account.id)
            .text("category", &document.account.category),
    );
}

/// Take in an answer that is no success.
pub(crate) fn failed(
    document: &mut Document,
    outcome: &AttemptOutcome,
    settings: &Settings,
    now: Timestamp,
    log: &mut Vec<Entry>,
) {
    log.push(
        Entry::new(Level::Warn, "reading the account's details failed")
            .text("account", &document.account.id)
            .text("found", &failure::describe(outcome)),
    );
    if lacks_category(document) {
        match failure::status(outcome) {
            Some(403 | 404) => try_next_category(document, now, log),
            _ => {
                // Whatever it is, it would have met a poll as well.
                poll::failed(document, outcome, settings, now, log);
                let next = if document.poll_wanted {
                    now
                } else {
                    document.next_poll_at
                };
                document.link.details.due_at = Some(next);
            }
        }
        return;
    }
    document.link.details.failed(now);
}

/// Merge counts an account's requests, whatever they ask for: a lookup is worth no retry, but a
/// server that asks for time is heard.
pub(crate) fn heed(
    document: &mut Document,
    response: &Response,
    settings: &Settings,
    now: Timestamp,
) {
    let outcome = failure::answered(response);
    if !failure::is_throttled(&outcome) {
        return;
    }
    let demanded = failure::demanded(&outcome, now);
    let wait = match failure::decide(&outcome, 0, &document.account.id, settings, now) {
        Decision::Again(again) => Some(again.after),
        Decision::Stop(stop) => stop.not_before,
        Decision::Succeeded => None,
    };
    if let Some(wait) = wait {
        poll::stay_away(document, wait, demanded, now);
    }
}

/// Merge does not know the account under this category.
fn try_next_category(document: &mut Document, now: Timestamp, log: &mut Vec<Entry>) {
    let next = document.link.category.saturating_add(1);
    let all = u32::try_from(CATEGORIES.len()).unwrap_or(u32::MAX);
    let details = &mut document.link.details;
    details.read_at = Some(now);
    if next < all {
        document.link.category = next;
        details.due_at = Some(now.plus(CATEGORY_PAUSE));
        let known = document.trouble.as_ref().map(|trouble| trouble.kind);
        if known != Some(TroubleKind::DropRequest) {
            let text = "The category of this account is not known yet; Merge is asked for the \
                        account under one category after the other.";
            poll::set_trouble(document, TroubleKind::Retrying, text.into(), now);
        }
        return;
    }
    document.link.category = 0;
    details.due_at = Some(now.plus(LOOKUP_RETRY));
    let text = "The category of this account is not known, and Merge knows the account under \
                none; check that its token and the API key belong together.";
    poll::set_trouble(document, TroubleKind::DropRequest, text.into(), now);
    log.push(
        Entry::new(Level::Error, "the account is found under no category")
            .text("account", &document.account.id),
    );
}

/// Take in that a poll was refused, after a webhook said that Merge deleted the account. Returns
/// whether Merge has disowned it for so long that the token is of no use any more.
pub(crate) fn disown(document: &mut Document, outcome: &AttemptOutcome, now: Timestamp) -> bool {
    let before = document.link.disowned;
    if !matches!(failure::status(outcome), Some(401 | 404)) {
        // Neither one nor the other: the day begins again.
        document.link.disowned = before.map(|_| Disowned {
            since: now,
            latest: now,
        });
        return false;
    }
    if !document.unlink_reported {
        return false;
    }
    let since = before
        .filter(|before| now >= before.latest && now.since(before.latest) <= DISOWNED_GAP)
        .map_or(now, |before| before.since);
    document.link.disowned = Some(Disowned { since, latest: now });
    now.since(since) >= DISOWNED_FOR
}

/// What people read of an account that Merge disowns.
pub(crate) const DISOWNED: &str = "Merge said that this account was deleted, and does not know it \
    any more. If that is still so in a day, its token is erased; its records are kept.";

/// What stands between Merge and the customer's system; it stands in the way of no request.
pub(crate) fn trouble(document: &Document) -> Option<Trouble> {
    let since = document.link.relink_since?;
    let text = if document.account.account_type == TEST {
        "Merge has lost access to the system behind this test account; link it again in Merge's \
         dashboard."
    } else {
        "Merge has lost access to the customer's system, so nothing new arrives; the end user has \
         to link the account again. What was read so far can be used."
    };
    Some(Trouble {
        kind: TroubleKind::Reauthorize,
        since,
        text: text.into(),
    })
}

#[cfg(test)]
mod tests;
