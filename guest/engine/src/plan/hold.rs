//! What stands in the way of a run: a lease, a server's demand, our own patience.
//!
//! The host starts a run at `max(not-before, notes remain ? now : wake-at)`; the former is said
//! here, the latter in `work`. Both are functions of the document being committed.

use alloc::string::String;

use merge_sync_logic::retry::{AttemptOutcome, Decision, Remedy};
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::account::document::{Document, Lease};
use crate::context::Context;
use crate::decide::{failure, link};
use crate::ground::clock::{sane, sane_deadline};
use crate::ground::trouble::{self, TroubleKind};

/// How long a lease stands unless it is renewed.
const LEASE: Milliseconds = Milliseconds(90_000);

/// In trouble, the regular poll is never further away than this.
pub const TROUBLE_POLL: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// No run starts sooner than this after a poll.
const POLL_PAUSE: Milliseconds = Milliseconds(10_000);

/// No run before this, not even for a note: the latest of the lease's end, what a server
/// demanded, the backoff, and ten seconds after the last poll.
pub fn not_before(document: &Document) -> Option<Timestamp> {
    let lease = document.lease.map(|lease| lease.until);
    let poll = document.last_poll_at.map(|at| at.plus(POLL_PAUSE));
    lease
        .max(poll)
        .max(document.server_until)
        .max(document.backoff_until)
}

/// Whether a run may start now.
pub fn may_start(document: &Document, now: Timestamp) -> bool {
    let lease = document.lease.map(|lease| sane(lease.until, LEASE, now));
    let poll = document
        .last_poll_at
        .map(|at| sane(at.plus(POLL_PAUSE), POLL_PAUSE, now));
    let server = document.server_until.map(|until| sane_deadline(until, now));
    let backoff = document
        .backoff_until
        .map(|until| sane_deadline(until, now));
    lease
        .max(poll)
        .max(server)
        .max(backoff)
        .is_none_or(|until| until <= now)
}

/// Take the lease of the account. Returns its fencing token.
pub fn take_lease(document: &mut Document, now: Timestamp) -> u64 {
    let fencing_token = document.fencing_token.saturating_add(1);
    document.fencing_token = fencing_token;
    document.lease = Some(Lease {
        fencing_token,
        until: now.plus(LEASE),
    });
    document.unfinished_leases = document.unfinished_leases.saturating_add(1);
    fencing_token
}

/// Whether the lease with this fencing token stands.
pub fn has_lease(document: &Document, number: u64, now: Timestamp) -> bool {
    let standing = document.lease.filter(|lease| lease.fencing_token == number);
    standing.is_some_and(|lease| lease.until >= now)
}

/// Let a lease that stands do so as long again.
pub fn renew(document: &mut Document, now: Timestamp) {
    if let Some(lease) = document.lease.as_mut() {
        lease.until = now.plus(LEASE);
    }
}

/// Give the lease back: the run has come to its end.
pub fn give_back(document: &mut Document) {
    document.lease = None;
    document.unfinished_leases = 0;
    document.backed_off_leases = 0;
}

/// Whether a server's demand or our own patience ends a run that is under way.
pub fn is_held_up(document: &Document, now: Timestamp) -> bool {
    let until = document.server_until.max(document.backoff_until);
    document.trouble.is_some() || until.is_some_and(|until| sane_deadline(until, now) > now)
}

/// What the server demanded of a run is no less demanded for somebody else's commit, which made
/// `document` while `discarded` was to be. Returns whether it is to be waited for.
pub fn is_demanded_still(document: &mut Document, discarded: &Document, now: Timestamp) -> bool {
    let demanded = discarded.server_until;
    let is_waited_for = demanded > Some(now);
    if is_waited_for {
        document.server_until = document.server_until.max(demanded);
    }
    is_waited_for
}

/// No run before `wait` is over; a server's demand is kept apart from our own patience.
pub fn stay_away(document: &mut Document, wait: Milliseconds, demanded: bool, now: Timestamp) {
    let until = Some(now.plus(wait));
    if demanded {
        document.server_until = document.server_until.max(until);
    } else {
        document.backoff_until = document.backoff_until.max(until);
    }
}

/// Merge does not accept the key or the token for a poll: poll hourly. Nothing else stands in the
/// way, so that a relink acts at once.
pub fn unauthorized(document: &mut Document, reason: String, now: Timestamp) {
    document.poll_wanted = false;
    document.next_poll_at = now.plus(TROUBLE_POLL);
    trouble::put(&mut document.trouble, TroubleKind::Reauthorize, reason, now);
}

/// The trouble that calls for `remedy`.
pub fn trouble_kind(remedy: Remedy) -> TroubleKind {
    match remedy {
        Remedy::Reauthorize => TroubleKind::Reauthorize,
        Remedy::DropRequest => TroubleKind::DropRequest,
        Remedy::Park => TroubleKind::Park,
    }
}

/// Merge counts an account's requests, whatever they ask for: a lookup is worth no retry, but a
/// server that asks for time is heard.
pub fn heed(document: &mut Document, outcome: &AttemptOutcome, context: &Context<'_>) {
    let (settings, now) = (context.settings, context.now);
    if !failure::is_throttled(outcome) {
        return;
    }
    let demanded = failure::demanded(outcome, now);
    let wait = match failure::decide(outcome, 0, &document.account.id, settings, now) {
        Decision::Again(again) => Some(again.after),
        Decision::Stop(stop) => stop.not_before,
        Decision::Succeeded => None,
    };
    if let Some(wait) = wait {
        stay_away(document, wait, demanded, now);
        // Lookups go before reads: after the wait, reads have an hour before the next lookup.
        // Without a category, there is nothing to read.
        if !link::lacks_category(document) {
            let over = now.plus(wait);
            document.issues_lookup.failed(over);
            document.link.details.failed(over);
        }
    }
}

#[cfg(test)]
mod tests {
    use merge_sync_logic::types::Account;

    use super::*;

    #[test]
    fn a_run_is_held_up_until_the_instant_that_was_named_and_not_at_it() {
        let until = Timestamp(20_000_000);
        let mut document = Document::new(Account::default(), until);
        assert!(!is_held_up(&document, until));
        document.server_until = Some(until);
        assert!(is_held_up(&document, Timestamp(until.0 - 1)));
        assert!(!is_held_up(&document, until));
    }
}
