//! Instants and spans in integers: saturating arithmetic, RFC 3339 in and out.
//!
//! The only place where timestamps are added, subtracted, parsed or printed.

mod text;

/// An instant in microseconds since 1970-01-01T00:00:00Z, Merge's own precision.
///
/// Which clock it was read on, Merge's or the host's, is said by the field that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A span of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Milliseconds(pub u64);

const MICROSECONDS_A_SECOND: i64 = 1_000_000;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// This instant and `span`; the latest instant where that is out of range.
    #[must_use]
    pub fn plus(self, span: Milliseconds) -> Self {
        Self(self.0.saturating_add(span.as_microseconds()))
    }

    /// This instant less `span`; the earliest instant where that is out of range.
    #[must_use]
    pub fn minus(self, span: Milliseconds) -> Self {
        Self(self.0.saturating_sub(span.as_microseconds()))
    }

    /// From `earlier` to this instant in whole milliseconds, rounded down; zero where
    /// `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Milliseconds {
        let microseconds = self.0.saturating_sub(earlier.0).max(0);
        Milliseconds(microseconds.unsigned_abs() / 1_000)
    }

    /// Whether the instant has no fraction of a second, as in a webhook that truncates.
    #[must_use]
    pub fn is_whole_second(self) -> bool {
        self.0.rem_euclid(MICROSECONDS_A_SECOND) == 0
    }

    /// The second this instant lies in: rounded down, before 1970 as well as after. The
    /// first second of the range is not whole; an instant in it becomes the earliest one.
    #[must_use]
    pub fn floor_to_second(self) -> Self {
        Self(
            self.0
                .saturating_sub(self.0.rem_euclid(MICROSECONDS_A_SECOND)),
        )
    }
}

impl Milliseconds {
    /// The span in microseconds, saturating.
    #[must_use]
    pub fn as_microseconds(self) -> i64 {
        i64::try_from(self.0.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_saturate() {
        let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
        assert_eq!(last.plus(Milliseconds(1)), last);
        assert_eq!(first.minus(Milliseconds(1)), first);
        assert_eq!(Timestamp::EPOCH.plus(Milliseconds(u64::MAX)), last);
        assert_eq!(
            last.since(first),
            Milliseconds(i64::MAX.unsigned_abs() / 1_000)
        );
    }

    #[test]
    fn a_difference_is_floored_and_never_negative() {
        let at = Timestamp(5_000_000);
        assert_eq!(Timestamp(5_001_999).since(at), Milliseconds(1));
        assert_eq!(at.since(Timestamp(5_001_999)), Milliseconds(0));
    }

    #[test]
    fn seconds_are_floored_on_both_sides_of_1970() {
        assert_eq!(Timestamp(1_999_999).floor_to_second(), Timestamp(1_000_000));
        assert_eq!(Timestamp(-1).floor_to_second(), Timestamp(-1_000_000));
        assert!(Timestamp(-1_000_000).is_whole_second());
        assert!(!Timestamp(-1).is_whole_second());
        assert_eq!(Timestamp(i64::MIN).floor_to_second(), Timestamp(i64::MIN));
    }
}
