//! Merge's own words on what is wrong: read when an event says that they changed, and hourly while
//! people are to see them. What was read replaces what was known: a solved issue disappears.

use alloc::string::String;

use merge_sync_logic::issues;
use merge_sync_logic::retry::AttemptOutcome;
use merge_sync_logic::types::Timestamp;

use super::next::{Next, after_lookup};
use crate::account::document::{Document, ISSUES_KEPT};
use crate::context::Context;
use crate::ground::url;
use crate::plan::hold;

/// Path and query: this account's ongoing issues, no more than are kept.
pub fn target(document: &Document) -> String {
    let category = url::encoded(&document.account.category);
    let account = url::encoded(&document.account.id);
    alloc::format!(
        "/api/{category}/v1/issues?linked_account_id={account}&status=ONGOING&page_size={ISSUES_KEPT}"
    )
}

/// Take in what the request met: it is worth no retry.
pub fn answered(
    document: &mut Document,
    answer: Result<String, AttemptOutcome>,
    context: &mut Context<'_>,
) -> Next {
    match answer {
        Ok(body) => take(document, &body, context.now),
        Err(outcome) => {
            document.issues_lookup.failed(context.now);
            hold::heed(document, &outcome, context);
        }
    }
    after_lookup(document, context)
}

/// Take in the answer. One that cannot be read leaves what is known.
fn take(document: &mut Document, body: &str, now: Timestamp) {
    let Ok(mut descriptions) = issues::parse(body) else {
        return document.issues_lookup.failed(now);
    };
    descriptions.truncate(ISSUES_KEPT);
    document.issues = descriptions;
    document.issues_lookup.answered(now);
}
