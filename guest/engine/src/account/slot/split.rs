//! Splitting the part of a read that does not come to an end.
//!
//! Whether Merge's bounds include their ends is not documented, so that the parts overlap by some
//! microseconds: nothing between two of them is skipped, whichever is true.

use merge_sync_logic::types::{Milliseconds, Timestamp};

use super::{Bounds, Slot};

/// A part no longer than this, in microseconds, is one instant: it and what Merge's two ways to
/// read bounds add to it.
const ONE_INSTANT: i64 = 4;

/// The span that a part without a lower bound is taken to have; doubled by each split, so that
/// a dozen of them reach back over decades.
const UNBOUNDED_SPAN: Milliseconds = Milliseconds(24 * 60 * 60 * 1_000);

/// A state holds no more parts than this.
const MOST_PARTS: usize = 128;

impl Slot {
    /// Whether the part under way is a single instant.
    pub(super) fn is_one_instant(&self) -> bool {
        let part = self.part();
        match (part.after, part.before) {
            (Some(after), Some(before)) => before.0.saturating_sub(after.0) <= ONE_INSTANT,
            _ => false,
        }
    }

    /// Replace the part under way by smaller ones, the earliest first: a row that changes while
    /// one is read moves into a later one. `false` where it cannot be split.
    ///
    /// Two parts share the instant between them. Where the rows are all of one instant, three:
    /// what lies before it, the instant alone, and what lies behind it.
    pub(super) fn split(&mut self, now: Timestamp) -> bool {
        let whole = self.part();
        if self.is_one_instant() || self.parts.len() >= MOST_PARTS {
            return false;
        }
        let within = |at: Timestamp| {
            whole.after.is_none_or(|after| after < at)
                && whole.before.is_none_or(|before| at < before)
        };
        let cut = self.cut.filter(|cut| within(cut.at));
        let (at, is_alone) = match cut {
            Some(cut) => (cut.at, cut.is_alone),
            None => (self.middle(whole, now), false),
        };
        let halves = [
            Bounds {
                after: whole.after,
                before: Some(shifted(at, 1)),
            },
            Bounds {
                after: Some(shifted(at, -1)),
                before: whole.before,
            },
        ];
        // A half that is the whole again is no half.
        let parts = if is_alone || halves.contains(&whole) {
            around(whole, at)
        } else {
            [Some(halves[0]), None, Some(halves[1])]
        };
        let mut found = parts.into_iter().flatten().rev();
        let Some(last) = found.next() else {
            return false;
        };
        if let Some(first) = self.parts.first_mut() {
            *first = last;
        }
        for part in found {
            self.parts.insert(0, part);
        }
        true
    }

    fn middle(&self, whole: Bounds, now: Timestamp) -> Timestamp {
        let end = whole.before.unwrap_or(now);
        let start = whole.after.unwrap_or_else(|| self.reach_back(end));
        Timestamp(start.0.midpoint(end.0))
    }

    fn reach_back(&self, end: Timestamp) -> Timestamp {
        let factor = 1_u64
            .checked_shl(self.splits.saturating_add(1))
            .unwrap_or(u64::MAX);
        end.minus(Milliseconds(UNBOUNDED_SPAN.0.saturating_mul(factor)))
            .min(self.started_at)
    }
}

/// What of `whole` lies before `at`, `at` alone, and what lies behind it.
fn around(whole: Bounds, at: Timestamp) -> [Option<Bounds>; 3] {
    let earlier = Bounds {
        after: whole.after,
        before: Some(shifted(at, -1)),
    };
    let alone = Bounds {
        after: Some(shifted(at, -2)),
        before: Some(shifted(at, 2)),
    };
    let later = Bounds {
        after: Some(shifted(at, 1)),
        before: whole.before,
    };
    let holds = |part: Bounds| match (part.after, part.before) {
        (Some(after), Some(before)) => after < before,
        _ => true,
    };
    [
        Some(earlier).filter(|part| holds(*part)),
        Some(alone),
        Some(later).filter(|part| holds(*part)),
    ]
}

fn shifted(instant: Timestamp, microseconds: i64) -> Timestamp {
    Timestamp(instant.0.saturating_add(microseconds))
}
