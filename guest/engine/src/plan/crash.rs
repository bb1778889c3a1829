//! Runs that never finished: three leases in a row without an end count as failures.

use merge_sync_logic::retry::Decision;
use merge_sync_logic::types::Milliseconds;

use super::hold::stay_away;
use crate::account::document::Document;
use crate::context::Context;
use crate::contract::log::{Entry, Level};
use crate::decide::failure;
use crate::settings::LARGEST_PAGE;

/// So many leases without a finished run are no coincidence.
const SUSPICIOUS_LEASES: u32 = 3;

/// Rows a page after crashes, in case it was the page that was too much.
const CAREFUL_PAGE_SIZE: u32 = 10;

/// Where patience has run out, once an hour.
const GIVEN_UP: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// Whether runs of this account crash, perhaps of the page that they read.
pub fn is_suspected(document: &Document) -> bool {
    document.unfinished_leases >= SUSPICIOUS_LEASES
}

/// The most records to ask for on a page.
pub fn most_rows(document: &Document) -> u32 {
    if is_suspected(document) {
        CAREFUL_PAGE_SIZE
    } else {
        LARGEST_PAGE
    }
}

/// Back off from an account whose runs crash, once for each further crash. Returns whether this
/// run is to end here.
pub fn backs_off(document: &mut Document, context: &mut Context<'_>) -> bool {
    let (settings, now) = (context.settings, context.now);
    if !is_suspected(document) || document.backed_off_leases == document.unfinished_leases {
        return false;
    }
    let crashes = document.unfinished_leases;
    document.backed_off_leases = crashes;
    document.lease = None;
    let outcome = failure::unreachable("the run did not finish".into());
    let consecutive_failures = crashes.saturating_sub(SUSPICIOUS_LEASES);
    let decision = failure::decide(
        &outcome,
        consecutive_failures,
        &document.account.id,
        settings,
        now,
    );
    let wait = match decision {
        Decision::Again(again) => again.after,
        Decision::Succeeded | Decision::Stop(_) => GIVEN_UP,
    };
    stay_away(document, wait, false, now);
    context.log.push(
        Entry::new(Level::Error, "runs of this account do not finish")
            .text("account", &document.account.id)
            .number("claims", crashes.into()),
    );
    true
}
