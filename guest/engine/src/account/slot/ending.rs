//! How a part of a read ends: complete, started again, split, or given up.

use merge_sync_logic::types::Timestamp;

use super::{Gap, Loop, Served, Slot, SlotOutcome};
use crate::ground::paging::Paging;

/// So many splits in a row without a completed part give the part up.
pub(super) const MOST_SPLITS: u32 = 64;

/// A part that cannot be split is given up after so many loops in a row, where another try may succeed:
/// the refused cursor may have expired, or the rows may have changed during the read.
const MOST_TRIES: u32 = 8;

impl Slot {
    /// The part under way did not come to an end: start it again, split it at every second time,
    /// and give it up where it cannot be split, sooner or later.
    pub fn start_again(&mut self, why: Loop, now: Timestamp, splittable: bool) -> SlotOutcome {
        self.loops = self.loops.saturating_add(1);
        self.mark_furthest();
        let is_alone = self.is_one_instant();
        // Empty pages are no fewer where the bounds are closer: each part would cost as many.
        let is_empty = self.useless_pages > 0 && matches!(why, Loop::Empty | Loop::Refused);
        if is_alone || self.loops.is_multiple_of(2) {
            if splittable && !is_alone && !is_empty && self.split_once(now) {
                return SlotOutcome::More;
            }
            let may_end = matches!(why, Loop::Refused | Loop::Unsteady);
            if !may_end || self.loops >= MOST_TRIES {
                return self.give_up(why == Loop::Empty);
            }
        }
        self.rewind();
        SlotOutcome::More
    }

    /// Split the part under way, or give it up where it cannot be split.
    pub fn split_or_give_up(&mut self, now: Timestamp, splittable: bool) -> SlotOutcome {
        self.mark_furthest();
        if splittable && self.split_once(now) {
            return SlotOutcome::More;
        }
        self.give_up(false)
    }

    /// Take an empty page for the last one, of a list whose empty pages are known to have no end.
    pub fn end_at_empty(&mut self) -> SlotOutcome {
        self.mark_furthest();
        self.give_up(true)
    }

    fn split_once(&mut self, now: Timestamp) -> bool {
        // Without `modified_at`, bounds select nothing.
        let has_instants = self.stored == 0 || self.newest.is_some();
        let is_split = has_instants && self.splits < MOST_SPLITS && self.split(now);
        if is_split {
            self.splits = self.splits.saturating_add(1);
            self.is_split = true;
            self.begin_part();
        }
        is_split
    }

    /// Forget how far this try of the part under way got.
    pub fn rewind(&mut self) {
        self.paging = Paging::default();
        self.served = Served::default();
        self.empty_pages = 0;
        self.useless_pages = 0;
    }

    /// The last page of the part under way is read. A part with an upper bound and several pages
    /// is sound only where two tries in a row were served the same.
    pub(super) fn end_try(&mut self) -> SlotOutcome {
        let several_pages = self.paging.cursor.is_some();
        if self.is_split && self.part().before.is_some() && several_pages {
            match self.agreed.replace(self.served) {
                Some(before) if before == self.served => {}
                Some(_) => return SlotOutcome::Loop(Loop::Unsteady),
                None => {
                    self.mark_furthest();
                    self.rewind();
                    return SlotOutcome::More;
                }
            }
        }
        self.loops = 0;
        self.splits = 0;
        self.next_part()
    }

    /// What was served of the part stays, the other parts are read.
    fn give_up(&mut self, is_endless: bool) -> SlotOutcome {
        // Bounds give a place only where the part is one instant.
        let alone = self.part().middle().filter(|_| self.is_one_instant());
        let at = self.cut.map(|cut| cut.at).or(alone);
        let gap = self.gap.get_or_insert(Gap {
            at,
            records: 0,
            is_endless,
        });
        gap.records = gap.records.saturating_add(self.furthest);
        gap.is_endless |= is_endless;
        self.next_part()
    }

    fn next_part(&mut self) -> SlotOutcome {
        if self.parts.len() <= 1 {
            return SlotOutcome::Complete;
        }
        self.parts.remove(0);
        self.begin_part();
        SlotOutcome::More
    }

    pub(super) fn begin_part(&mut self) {
        self.rewind();
        if self.is_one_instant() {
            self.loops = 0;
        }
        self.agreed = None;
        self.furthest = 0;
        self.largest = 0;
        self.cut = None;
    }
}
