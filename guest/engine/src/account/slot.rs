//! A read of one model under way: its bounds, its cursor, and how far it got.
//!
//! A slot survives the run that began it. A part of it that does not come to an end is started
//! again, then split in time, and at last given up, so that every read ends: what can be read is
//! stored, and what cannot is told.

mod ending;
mod page;
mod split;

use alloc::vec::Vec;

use merge_sync_logic::types::Timestamp;

use crate::ground::paging::{Circle, Paging};

pub use page::Page;

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

impl Bounds {
    /// Everything.
    pub const NONE: Self = Self {
        after: None,
        before: None,
    };

    /// The instant half-way between the two.
    fn middle(self) -> Option<Timestamp> {
        Some(Timestamp(self.after?.0.midpoint(self.before?.0)))
    }
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
    /// How far this try of the part under way got.
    pub paging: Paging,
    /// What this try was served.
    pub served: Served,
    /// What the previous complete try of this part was served, where a second one must agree.
    pub agreed: Option<Served>,
    /// The most records that an earlier try of this part was served.
    pub furthest: u64,
    /// Restarts, repeated cursors and runs of empty pages since a part was completed, or got
    /// further than before.
    pub loops: u32,
    /// Splits since a part was completed.
    pub splits: u32,
    /// Whether it was ever split: then bounded parts are read until two tries agree.
    pub is_split: bool,
    /// Pages without a record in a row.
    pub empty_pages: u32,
    /// Pages in a row without a record that can be stored, those without any record included.
    pub useless_pages: u32,
    /// Whether a page held records, none of which can be stored.
    pub had_useless_page: bool,
    /// The most records on a page of this part since the page size last changed.
    pub largest: u32,
    /// Where the part under way would be split.
    pub cut: Option<Cut>,
    /// What was given up.
    pub gap: Option<Gap>,
    /// Whether a part ended with a page that named itself as the next one.
    pub is_unsure: bool,
    /// Records that all tries together were served.
    pub records: u64,
    /// Those of them that were stored.
    pub stored: u64,
    /// Those of them that have no key.
    pub without_key: u64,
    /// Those of them that cannot be read.
    pub unreadable: u64,
    /// The newest `modified_at` read, Merge's clock.
    pub newest: Option<Timestamp>,
}

/// What one try of a part was served: two tries that agree in it were served the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Served {
    /// Records, those that cannot be stored included.
    pub records: u64,
    /// The wrapping sum of a hash of their keys.
    pub keys: u64,
}

/// Where a part would be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The median `modified_at` of the latest page with a row, Merge's clock.
    pub at: Timestamp,
    /// Whether all of that page is of this one instant.
    pub is_alone: bool,
}

/// Parts that were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// An instant in the first of them, Merge's clock; `None` where none is known.
    pub at: Option<Timestamp>,
    /// The records that were served of them all the same, those served again included.
    pub records: u64,
    /// Whether page after page of them was empty.
    pub is_endless: bool,
}

/// A full re-read under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reread {
    /// The read.
    pub slot: Slot,
    /// Its number: rows that it saw carry it.
    pub pass: u64,
}

/// More empty pages than this in a row are a loop.
const MOST_EMPTY_PAGES: u32 = 20;

/// More pages than this in a row without a record that can be stored are one too: nothing tells such
/// pages apart, and nothing is lost where they are not read.
const MOST_USELESS_PAGES: u32 = 1_000;

/// What a page did to its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotOutcome {
    /// There are more pages.
    More,
    /// Every page of every part is read, or given up.
    Complete,
    /// The part does not come to an end in this way; [`Slot::start_again`] is to follow.
    Loop(Loop),
}

/// Why a part does not come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    /// A `next` was there before.
    Circle,
    /// Page after page holds nothing.
    Empty,
    /// Two tries of a part with bounds were served different records.
    Unsteady,
    /// A cursor was refused: it may have been too old, and a new one may do.
    Refused,
    /// A `next` cannot be read.
    CutOff,
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
            served: Served::default(),
            agreed: None,
            furthest: 0,
            loops: 0,
            splits: 0,
            is_split: false,
            empty_pages: 0,
            useless_pages: 0,
            had_useless_page: false,
            largest: 0,
            cut: None,
            gap: None,
            is_unsure: false,
            records: 0,
            stored: 0,
            without_key: 0,
            unreadable: 0,
            newest: None,
        }
    }

    /// The bounds of the part under way.
    #[must_use]
    pub fn part(&self) -> Bounds {
        self.parts.first().copied().unwrap_or(self.bounds)
    }

    /// Read all of `bounds` instead, from its first page.
    pub fn widen(&mut self, bounds: Bounds) {
        self.bounds = bounds;
        self.parts = alloc::vec![bounds];
        self.begin_part();
    }

    /// Whether the first page of a read with an upper bound names a next one: then the read is
    /// only sound without that bound. With cursors by offset, a row that changes meanwhile leaves
    /// the bounds and shifts the others past the cursor.
    #[must_use]
    pub fn outgrows_its_bound(&self, page: &Page) -> bool {
        !self.is_split
            && self.bounds.before.is_some()
            && self.paging.cursor.is_none()
            && page.next.is_some()
    }

    /// Count the records of a page.
    pub fn count(&mut self, page: &Page) {
        let records = page.records();
        self.newest = self.newest.max(page.newest);
        self.records = self.records.saturating_add(records.into());
        self.stored = self.stored.saturating_add(page.stored.into());
        self.without_key = self.without_key.saturating_add(page.without_key.into());
        self.unreadable = self.unreadable.saturating_add(page.unreadable.into());
        self.served.records = self.served.records.saturating_add(records.into());
        self.served.keys = self.served.keys.wrapping_add(page.keys);
    }

    /// Take in a page that was counted. Whether the part got further than ever is for
    /// [`Slot::got_further`] to say.
    pub fn take_page(&mut self, page: Page) -> SlotOutcome {
        let records = page.records();
        if self.furthest > 0 && self.got_further() {
            self.loops = 0;
        }
        let in_a_row = |count: u32, records: u32| match records {
            0 => count.saturating_add(1),
            _ => 0,
        };
        self.empty_pages = in_a_row(self.empty_pages, records);
        self.useless_pages = in_a_row(self.useless_pages, page.stored);
        self.had_useless_page |= records > 0 && page.stored == 0;
        if page.is_cut_off {
            return SlotOutcome::Loop(Loop::CutOff);
        }
        let Some(next) = page.next else {
            return self.end_try();
        };
        let whole = self.largest.min(page.asked);
        if self.paging.cursor.as_ref() == Some(&next) && records < whole {
            // A short page that names itself as the next one is the last: some lists end so.
            self.is_unsure = true;
            return self.end_try();
        }
        self.largest = self.largest.max(records);
        let has_no_end =
            self.empty_pages > MOST_EMPTY_PAGES || self.useless_pages > MOST_USELESS_PAGES;
        match self.paging.advance(next, page.keys) {
            Err(Circle) => SlotOutcome::Loop(Loop::Circle),
            Ok(()) if has_no_end => SlotOutcome::Loop(Loop::Empty),
            Ok(()) => SlotOutcome::More,
        }
    }

    /// The model has records without `modified_at`. A read that was split has bounds, which select
    /// none of them: it is not complete.
    pub fn miss_undated(&mut self) {
        if self.is_split && self.bounds == Bounds::NONE {
            self.gap.get_or_insert(Gap {
                at: None,
                records: 0,
                is_endless: false,
            });
        }
    }

    /// Whether this try was served more than any before it.
    #[must_use]
    pub fn got_further(&self) -> bool {
        self.served.records > self.furthest
    }

    /// Remember how far this try got, so that only what is beyond it counts as progress.
    pub fn mark_furthest(&mut self) {
        self.furthest = self.furthest.max(self.served.records);
    }
}

#[cfg(test)]
mod tests;
