//! How patient to be with one of a model's reads: what failed in a row, and how long to rest.
//!
//! Each read has its own, so that one that always fails holds up no other. It outlives its slot:
//! a read that is begun anew is no reason for more patience.

use alloc::string::String;

use merge_sync_logic::types::{Milliseconds, Timestamp};

use super::slot::Kind;
use crate::ground::trouble::{self, Trouble, TroubleKind};

/// A parked read rests this long.
pub const REST: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// What failed of one read, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patience {
    /// Answers failed in a row; a page with a row ends it.
    pub failures: u32,
    /// Answers in a row that a smaller page might have avoided, all for the same page.
    pub failures_of_page: u32,
    /// The loops of the slot that this read replaced.
    pub loops: u32,
    /// Whether it rests after every failure, until it gets further than ever.
    pub is_parked: bool,
    /// No request before this, host's clock.
    pub not_before: Option<Timestamp>,
    /// What is wrong with it.
    pub trouble: Option<Trouble>,
}

/// The patience with each of a model's reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patiences {
    window: Patience,
    hint: Patience,
    reread: Patience,
}

impl Patience {
    /// Whether nothing failed.
    pub fn is_calm(&self) -> bool {
        *self == Self::default()
    }

    /// A page arrived. One with a row ends a row of failures; one that goes further than any
    /// before it ends a rest.
    pub fn succeeded(&mut self, has_rows: bool, got_further: bool) {
        self.failures_of_page = 0;
        self.not_before = None;
        if has_rows {
            self.failures = 0;
        }
        if got_further {
            self.is_parked = false;
        }
        if !self.is_parked {
            self.trouble = None;
        }
    }

    /// Rest for an hour, or as long as the server demands; the next try ends at its first failure.
    pub fn park(&mut self, demanded: Milliseconds, now: Timestamp) {
        self.is_parked = true;
        self.not_before = Some(now.plus(demanded.max(REST)));
    }

    /// The same kind of trouble keeps the instant at which it began.
    pub fn set_trouble(&mut self, kind: TroubleKind, text: String, now: Timestamp) {
        trouble::put(&mut self.trouble, kind, text, now);
    }
}

impl Patiences {
    /// That with one read.
    pub fn of(&self, kind: Kind) -> &Patience {
        match kind {
            Kind::Window => &self.window,
            Kind::Hint => &self.hint,
            Kind::Reread => &self.reread,
        }
    }

    /// As [`Patiences::of`], to be changed.
    pub fn of_mut(&mut self, kind: Kind) -> &mut Patience {
        match kind {
            Kind::Window => &mut self.window,
            Kind::Hint => &mut self.hint,
            Kind::Reread => &mut self.reread,
        }
    }

    /// Let the reads at rest try again.
    pub fn end_rests(&mut self) {
        for patience in [&mut self.window, &mut self.hint, &mut self.reread] {
            if patience.is_parked {
                patience.not_before = None;
            }
        }
    }

    /// That with each read.
    pub fn each(&self) -> [(Kind, &Patience); 3] {
        [Kind::Window, Kind::Hint, Kind::Reread].map(|kind| (kind, self.of(kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(20_000_000);

    fn after_failures() -> Patience {
        let mut patience = Patience {
            failures: 3,
            failures_of_page: 1,
            not_before: Some(NOW),
            ..Patience::default()
        };
        patience.set_trouble(TroubleKind::Retrying, "text".into(), NOW);
        patience
    }

    #[test]
    fn a_page_ends_the_wait_and_one_with_a_row_the_failures_in_a_row() {
        let mut patience = after_failures();
        assert!(!patience.is_calm());
        patience.succeeded(false, false);
        let failed = Patience {
            failures: 3,
            ..Patience::default()
        };
        assert_eq!(patience, failed);
        patience.succeeded(true, false);
        assert!(patience.is_calm());
    }

    #[test]
    fn a_rest_and_its_reason_end_only_with_a_page_that_goes_further() {
        let mut patience = after_failures();
        patience.park(Milliseconds(0), NOW);
        patience.set_trouble(TroubleKind::Park, "text".into(), NOW);
        patience.succeeded(true, false);
        assert!(patience.is_parked && patience.trouble.is_some());
        patience.succeeded(true, true);
        assert!(patience.is_calm());
    }
}
