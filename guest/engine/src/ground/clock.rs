//! Instants that no sound clock wrote.

use merge_sync_logic::types::{Milliseconds, Timestamp};

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
