//! Instants as differences.

use merge_sync_logic::types::Timestamp;

/// Instants are written as the difference to the one before: wrapping, so that any two differ
/// by a number that leads back.
pub(super) fn difference(instant: Timestamp, base: Timestamp) -> i64 {
    instant.0.wrapping_sub(base.0)
}

/// The reverse of [`difference`].
pub(super) fn apart(base: Timestamp, difference: i64) -> Timestamp {
    Timestamp(base.0.wrapping_add(difference))
}
