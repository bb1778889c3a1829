//! `/account-details`: whether the end user must link again, and what the account is.
//!
//! An account whose category nobody named cannot be asked for anything else: it is looked for
//! under each of Merge's categories in turn.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::account_details;
use merge_sync_logic::retry::AttemptOutcome;
use merge_sync_logic::types::{Account, Milliseconds, Timestamp};

use super::next::{Next, after_lookup};
use super::poll;
use crate::account::document::Document;
use crate::account::link::LOOKUP_RETRY;
use crate::account::profile;
use crate::context::Context;
use crate::contract::log::{Entry, Level};
use crate::decide::failure;
use crate::decide::link::{COMPLETE, RELINK_NEEDED, lacks_category};
use crate::ground::trouble::{self, TroubleKind};
use crate::ground::url;
use crate::plan::hold;

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

/// The next category is asked for no sooner than this.
const CATEGORY_PAUSE: Milliseconds = Milliseconds(60 * 1_000);

/// Path and query.
pub fn target(document: &Document) -> String {
    let category = if lacks_category(document) {
        let index = usize::try_from(document.link.category).unwrap_or(usize::MAX);
        CATEGORIES.get(index).copied().unwrap_or_default()
    } else {
        &document.account.category
    };
    alloc::format!("/api/{}/v1/account-details", url::encoded(category))
}

/// Take in what the request met.
pub fn answered(
    document: &mut Document,
    answer: Result<String, AttemptOutcome>,
    context: &mut Context<'_>,
) -> Next {
    match answer {
        Ok(body) => take(document, &body, context.now, context.log),
        Err(outcome) => {
            let is_deleted = failed(document, &outcome, context);
            hold::heed(document, &outcome, context);
            if is_deleted {
                return Next::Deleted;
            }
        }
    }
    after_lookup(document, context)
}

/// Take in a success.
fn take(document: &mut Document, body: &str, now: Timestamp, log: &mut Vec<Entry>) {
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
    profile::adopt(&mut document.account, &said);
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
    document.consecutive_failures = 0;
    document.poll_wanted = true;
    log.push(
        Entry::new(Level::Info, "the account's category is found")
            .text("account", &document.account.id)
            .text("category", &document.account.category),
    );
}

/// Take in an answer that is no success. Returns whether Merge has deleted the account.
fn failed(document: &mut Document, outcome: &AttemptOutcome, context: &mut Context<'_>) -> bool {
    let now = context.now;
    context.log.push(
        Entry::new(Level::Warn, "reading the account's details failed")
            .text("account", &document.account.id)
            .text("found", &failure::describe(outcome)),
    );
    if !lacks_category(document) {
        document.link.details.failed(now);
        return false;
    }
    if matches!(failure::status(outcome), Some(403 | 404)) {
        try_next_category(document, now, context.log);
        return false;
    }
    // Whatever it is, it would have met a poll as well.
    let deleted = poll::failed(document, outcome, context);
    let next = if document.poll_wanted {
        now
    } else {
        document.next_poll_at
    };
    document.link.details.due_at = Some(next);
    deleted
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
            trouble::put(
                &mut document.trouble,
                TroubleKind::Retrying,
                text.into(),
                now,
            );
        }
        return;
    }
    document.link.category = 0;
    details.due_at = Some(now.plus(LOOKUP_RETRY));
    let text = "The category of this account is not known, and Merge knows the account under \
                none; check that its token and the API key belong together.";
    trouble::put(
        &mut document.trouble,
        TroubleKind::DropRequest,
        text.into(),
        now,
    );
    log.push(
        Entry::new(Level::Error, "the account is found under no category")
            .text("account", &document.account.id),
    );
}
