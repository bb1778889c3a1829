//! Merge's own words on what is wrong: read while an account needs attention, hourly at most.

use alloc::string::String;

use merge_sync_logic::issues;
use merge_sync_logic::retry::Decision;
use merge_sync_logic::types::Timestamp;

use crate::document::{Document, ISSUES_KEPT};
use crate::http::Response;
use crate::settings::Settings;
use crate::{failure, poll, url};

/// Path and query: this account's ongoing issues, no more than are kept.
pub(crate) fn target(document: &Document) -> String {
    let category = url::encoded(&document.account.category);
    let account = url::encoded(&document.account.id);
    alloc::format!(
        "/api/{category}/v1/issues?linked_account_id={account}&status=ONGOING&page_size={ISSUES_KEPT}"
    )
}

/// Take in the answer. One that cannot be read leaves what is known.
pub(crate) fn take(document: &mut Document, body: &str) {
    if let Ok(mut descriptions) = issues::parse(body) {
        descriptions.truncate(ISSUES_KEPT);
        document.issues = descriptions;
    }
}

/// Take in that there was no answer. It is worth no retry, but a 429 is the account's and not
/// the list's: Merge counts an account's requests, whatever they ask for.
pub(crate) fn failed(
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
