//! The clock of the hosts, which leaps to the next instant at which something is due when nothing is
//! left to do before. Merge's is some seconds behind, and moves between any two things it does.

use merge_sync_logic::types::{Milliseconds, Timestamp};

/// When the account was linked: 2025-11-27T10:00:00.25Z. No instant is a whole second, so that
/// none is taken for one that a webhook cut.
pub const LINKED_AT: Timestamp = Timestamp(1_764_237_600_250_000);

/// When Merge's first sync finished: half an hour before.
pub const FIRST_FINISH: Timestamp = Timestamp(LINKED_AT.0 - 30 * 60 * 1_000_000);

/// How far Merge's clock is behind.
pub const BEHIND: Milliseconds = Milliseconds(4_000);

/// Between two things that Merge does at one instant of the hosts': longer than the overlap.
pub const TICK: Milliseconds = Milliseconds(2_000);

/// So many minutes.
#[must_use]
pub const fn minutes(count: u64) -> Milliseconds {
    Milliseconds(count * 60 * 1_000)
}

/// So many seconds.
#[must_use]
pub const fn seconds(count: u64) -> Milliseconds {
    Milliseconds(count * 1_000)
}
