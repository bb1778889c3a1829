//! When the host starts the next run: two functions of the document being committed.
//!
//! The host starts it at `max(not-before, notes remain ? now : wake-at)`.

use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::document::{Document, Life};
use crate::settings::Settings;
use crate::{link, work};

/// How long a claim stands unless it is renewed.
pub const CLAIM: Milliseconds = Milliseconds(90_000);

/// No run starts sooner than this after a poll.
const POLL_PAUSE: Milliseconds = Milliseconds(10_000);

/// Hints cause at most one poll in so long a time.
const HINT_PAUSE: Milliseconds = Milliseconds(5 * 60 * 1_000);

/// As [`HINT_PAUSE`], while the account is in trouble.
const TROUBLED_HINT_PAUSE: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// A poll or a not-before further ahead than this was not written by a sound clock.
const FARTHEST: Milliseconds = Milliseconds(24 * 60 * 60 * 1_000);

/// `instant`, or `now` where it is further ahead than its rule allows: a clock that was wrong
/// once must not silence an account for years.
pub fn sane(instant: Timestamp, limit: Milliseconds, now: Timestamp) -> Timestamp {
    if instant > now.plus(limit) {
        now
    } else {
        instant
    }
}

/// As [`sane`] for polls and not-befores.
pub fn sane_deadline(instant: Timestamp, now: Timestamp) -> Timestamp {
    sane(instant, FARTHEST, now)
}

/// No run before this, not even for a note: the latest of the claim's end, what a server
/// demanded, the backoff, and ten seconds after the last poll.
pub fn not_before(document: &Document) -> Option<Timestamp> {
    let claim = document.claim.map(|claim| claim.until);
    let poll = document.last_poll_at.map(|at| at.plus(POLL_PAUSE));
    claim
        .max(poll)
        .max(document.server_until)
        .max(document.backoff_until)
}

/// Whether a run may start now.
pub fn may_start(document: &Document, now: Timestamp) -> bool {
    let claim = document.claim.map(|claim| sane(claim.until, CLAIM, now));
    let poll = document
        .last_poll_at
        .map(|at| sane(at.plus(POLL_PAUSE), POLL_PAUSE, now));
    let server = document.server_until.map(|until| sane_deadline(until, now));
    let backoff = document
        .backoff_until
        .map(|until| sane_deadline(until, now));
    claim
        .max(poll)
        .max(server)
        .max(backoff)
        .is_none_or(|until| until <= now)
}

/// Whether a server's demand or our own patience ends a run that is under way.
pub fn is_held_up(document: &Document, now: Timestamp) -> bool {
    let until = document.server_until.max(document.backoff_until);
    document.trouble.is_some() || until.is_some_and(|until| sane_deadline(until, now) > now)
}

/// Whether `/sync-status` is to be read now.
pub fn poll_is_due(document: &Document, now: Timestamp) -> bool {
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
    Some(hint_at(document, now).map_or(regular, |hint| hint.min(regular)))
}

/// When a poll that was only hinted at is due: what names no finish is often no news, and what
/// cannot be read will not be read for a webhook.
fn hint_at(document: &Document, now: Timestamp) -> Option<Timestamp> {
    if !document.hinted {
        return None;
    }
    let pause = if document.trouble.is_some() {
        TROUBLED_HINT_PAUSE
    } else {
        HINT_PAUSE
    };
    // As generous as for polls: hosts whose clocks differ by minutes must agree on whether it is
    // due, or the one wakes the account for what the other finds too early, again and again.
    let rested = document
        .hint_polled_at
        .map(|at| sane_deadline(at.plus(pause), now));
    rested.max(Some(now))
}

/// When to run again: now while a slot is unfinished, else what is due first. `None` only for an
/// account that is paused or stopped.
pub fn wake_at(document: &Document, settings: &Settings, now: Timestamp) -> Option<Timestamp> {
    match document.life {
        Life::Paused | Life::Stopped => None,
        Life::Active => {
            let reasons = [
                poll_at(document, now),
                work::next_page_at(document, settings, now),
                work::issues_at(document, now),
                link::details_at(document, now),
            ];
            reasons.into_iter().flatten().min().map(|at| at.max(now))
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
