//! A read of one model under way: its bounds, its cursor, and how far it got.
//!
//! A slot survives the run that began it. Its bounds never change while it lasts; a stale
//! cursor starts it again, and after two such restarts it is read in halves of time.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::paging::{Circle, Paging};

/// Which of a model's three reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What Merge's latest finished sync brought.
    Window,
    /// What a webhook, or a failed sync, hinted at.
    Hint,
    /// Everything.
    Reread,
}

/// `modified_after` and `modified_before`, both read as exclusive. Merge's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// `None` reads from the beginning.
    pub after: Option<Timestamp>,
    /// `None` reads to the end.
    pub before: Option<Timestamp>,
}

/// A read under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// What was asked for, whole.
    pub bounds: Bounds,
    /// The `last_sync_finished` known when it began, Merge's clock.
    pub watermark: Timestamp,
    /// When it began, host's clock.
    pub started_at: Timestamp,
    /// The parts still to be read, the one under way first. Never empty.
    pub parts: Vec<Bounds>,
    /// How far the part under way got.
    pub paging: Paging,
    /// The most pages that an earlier try of this part read.
    pub best: u32,
    /// How often this part was started again.
    pub restarts: u32,
    /// The newest `modified_at` read, Merge's clock.
    pub newest: Option<Timestamp>,
}

/// A full re-read under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reread {
    /// The read.
    pub slot: Slot,
    /// Its number: rows that it saw carry it.
    pub pass: u64,
}

/// After this many restarts a part is read in halves.
const RESTARTS_BEFORE_SPLIT: u32 = 2;

/// A part shorter than this is not split further.
const SHORTEST_SPLIT: Milliseconds = Milliseconds(2_000);

/// The span that a part without a lower bound is taken to have; doubled by each split, so that
/// a dozen of them reach back over decades.
const UNBOUNDED_SPAN: Milliseconds = Milliseconds(24 * 60 * 60 * 1_000);

const MICROSECOND: i64 = 1;

/// What a page did to its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// There are more pages.
    More,
    /// Every page of every part is read.
    Complete,
    /// Merge's `next` repeats: the read goes round in a circle.
    Circle,
}

impl Slot {
    /// A read of `bounds` that has not begun.
    #[must_use]
    pub fn new(bounds: Bounds, watermark: Timestamp, started_at: Timestamp) -> Self {
        Self {
            bounds,
            watermark,
            started_at,
            parts: alloc::vec![bounds],
            paging: Paging::default(),
            best: 0,
            restarts: 0,
            newest: None,
        }
    }

    /// The bounds of the part under way.
    #[must_use]
    pub fn part(&self) -> Bounds {
        self.parts.first().copied().unwrap_or(self.bounds)
    }

    /// Take in that a page was read whose `next` is this.
    pub fn turn_page(&mut self, next: Option<String>, newest: Option<Timestamp>) -> Turned {
        self.newest = self.newest.max(newest);
        let Some(next) = next else {
            return self.finish_part();
        };
        match self.paging.turn(next) {
            Ok(()) => Turned::More,
            Err(Circle) => Turned::Circle,
        }
    }

    /// Start the part under way again after a stale cursor, or in halves after two restarts.
    /// `false` where that would not help: it got no further than the time before.
    pub fn restart(&mut self, now: Timestamp, splittable: bool) -> bool {
        let further = self.paging.pages > self.best;
        self.best = self.best.max(self.paging.pages);
        self.restarts = self.restarts.saturating_add(1);
        self.rewind();
        let split = splittable && self.restarts >= RESTARTS_BEFORE_SPLIT && self.split(now);
        further || split
    }

    /// Forget how far the part under way got.
    pub fn rewind(&mut self) {
        self.paging = Paging::default();
    }

    fn finish_part(&mut self) -> Turned {
        if self.parts.len() <= 1 {
            return Turned::Complete;
        }
        self.parts.remove(0);
        self.begin_part();
        Turned::More
    }

    fn begin_part(&mut self) {
        self.rewind();
        self.best = 0;
        self.restarts = 0;
    }

    /// Replace the part under way by its two halves, the earlier one first: a row that changes
    /// while the first is read moves into the second.
    fn split(&mut self, now: Timestamp) -> bool {
        let whole = self.part();
        let end = whole.before.unwrap_or(now);
        let start = whole.after.unwrap_or_else(|| self.reach_back(end));
        // Nothing was modified before 1970.
        if end.since(start) < SHORTEST_SPLIT || end <= Timestamp::EPOCH {
            return false;
        }
        let middle = Timestamp(start.0.midpoint(end.0));
        // The halves share the middle instant, since Merge may read its bounds as exclusive.
        let earlier = Bounds {
            after: whole.after,
            before: Some(shifted(middle, MICROSECOND)),
        };
        let later = Bounds {
            after: Some(shifted(middle, -MICROSECOND)),
            before: whole.before,
        };
        if let Some(first) = self.parts.first_mut() {
            *first = later;
        }
        self.parts.insert(0, earlier);
        self.begin_part();
        true
    }

    fn reach_back(&self, end: Timestamp) -> Timestamp {
        let doublings = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        end.minus(Milliseconds(UNBOUNDED_SPAN.0.saturating_mul(factor)))
            .min(self.started_at)
    }
}

fn shifted(instant: Timestamp, microseconds: i64) -> Timestamp {
    Timestamp(instant.0.saturating_add(microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        let bounds = Bounds {
            after: Some(Timestamp(0)),
            before: Some(Timestamp(10_000_000)),
        };
        Slot::new(bounds, Timestamp(9_999_999), Timestamp(20_000_000))
    }

    fn next(number: u32) -> Option<String> {
        Some(alloc::format!("c{number}"))
    }

    #[test]
    fn a_restart_helps_only_if_the_read_got_further() {
        let mut slot = slot();
        slot.turn_page(next(1), None);
        slot.turn_page(next(2), None);
        assert!(slot.restart(Timestamp(0), false));
        assert_eq!((&slot.paging, slot.best), (&Paging::default(), 2));
        slot.turn_page(next(1), None);
        assert!(!slot.restart(Timestamp(0), false));
    }

    #[test]
    fn after_two_restarts_the_halves_cover_the_whole() {
        let mut slot = slot();
        slot.restart(Timestamp(0), true);
        slot.restart(Timestamp(0), true);
        assert_eq!(
            slot.parts,
            [
                Bounds {
                    after: Some(Timestamp(0)),
                    before: Some(Timestamp(5_000_001))
                },
                Bounds {
                    after: Some(Timestamp(4_999_999)),
                    before: Some(Timestamp(10_000_000))
                },
            ]
        );
        assert_eq!(slot.turn_page(None, None), Turned::More);
        assert_eq!(slot.part().before, Some(Timestamp(10_000_000)));
        assert_eq!(slot.turn_page(None, None), Turned::Complete);
    }

    #[test]
    fn a_part_without_bounds_can_be_split_again_and_again() {
        let bounds = Bounds {
            after: None,
            before: None,
        };
        let mut slot = Slot::new(bounds, Timestamp(0), Timestamp(1_000_000_000_000));
        for _ in 0..6 {
            slot.restart(Timestamp(2_000_000_000_000), true);
        }
        assert_eq!(slot.parts.len(), 4);
        assert_eq!(slot.parts.first().and_then(|part| part.after), None);
        assert_eq!(slot.parts.last().and_then(|part| part.before), None);
        for pair in slot.parts.windows(2) {
            assert!(pair[0].before > pair[1].after, "{pair:?}");
        }
    }

    #[test]
    fn a_part_without_bounds_is_taken_for_two_days() {
        let day = 24 * 60 * 60 * 1_000_000;
        let now = Timestamp(100 * day);
        let whole = Bounds {
            after: None,
            before: None,
        };
        let mut slot = Slot::new(whole, now, now);
        assert!(slot.split(now));
        assert_eq!(slot.parts[0].before, Some(Timestamp(99 * day + 1)));
        assert_eq!(slot.parts[1].after, Some(Timestamp(99 * day - 1)));
    }

    #[test]
    fn two_seconds_can_be_split_and_less_cannot() {
        for (microseconds, splits) in [(1_999_999, false), (2_000_000, true)] {
            let bounds = Bounds {
                after: Some(Timestamp(0)),
                before: Some(Timestamp(microseconds)),
            };
            let mut slot = Slot::new(bounds, Timestamp(0), Timestamp(0));
            assert_eq!(slot.split(Timestamp(0)), splits, "{microseconds}");
        }
    }

    #[test]
    fn extreme_bounds_do_not_overflow() {
        let bounds = Bounds {
            after: Some(Timestamp(i64::MIN)),
            before: Some(Timestamp(i64::MAX)),
        };
        let mut slot = Slot::new(bounds, Timestamp(i64::MAX), Timestamp(i64::MIN));
        for _ in 0..300 {
            slot.restart(Timestamp(i64::MAX), true);
        }
        assert!(slot.parts.len() < 100);
    }
}
