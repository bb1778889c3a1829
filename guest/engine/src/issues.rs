//! Merge's own words on what is wrong: read while an account needs attention, hourly at most.

use alloc::string::String;

use merge_sync_logic::types::Timestamp;
use merge_sync_logic::{issues, retry};

use crate::document::{Document, ISSUES_KEPT};
use crate::http::Response;
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

/// Take in a refusal. It is not tried again, but Merge counts an account's requests, whatever they
/// ask for: where it wants a wait, the account waits.
pub(crate) fn refused(document: &mut Document, response: &Response, now: Timestamp) {
    let outcome = failure::answered(response);
    let wait = retry::server_wait(&failure::response_facts(response), now);
    if let Some(wait) = wait.filter(|_| failure::is_throttled(&outcome)) {
        poll::stay_away(document, wait, true, now);
    }
}
