//! Sweeps that are to be ordered, and those that were held.

use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::contract::store::Sweep;

/// How certain it is that rows which were not seen are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// One complete re-read: a few rows, or a tenth of them, are believed.
    Usual,
    /// A re-read that returned nothing, or whose end is unsure: no row is believed.
    None,
    /// A second re-read, or an operator, agrees: any number is believed.
    Agreed,
}

/// A sweep to be ordered, or to be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Rows that no pass since this one has seen are gone.
    pub unseen_since: u64,
    /// How certain that is.
    pub trust: Trust,
}

/// A sweep that was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The first pass that did not find the rows.
    pub pass: u64,
    /// Live rows that it did not find.
    pub unseen: u64,
    /// Live rows.
    pub live: u64,
    /// Since when, host's clock.
    pub since: Timestamp,
}

/// A share of the rows, in percent, that one re-read is believed to have lost.
const USUAL_PERCENT: u32 = 10;

/// So few rows are believed whatever share they are.
const USUAL_ROWS: u64 = 2;

/// Rows marked in one commit.
const MOST_MARKS: u32 = 50_000;

/// A held sweep is confirmed, or not, by a re-read so much later.
pub const CONFIRM_AFTER: Milliseconds = Milliseconds(6 * 60 * 60 * 1_000);

/// And at the latest this long: spread, so that accounts that lost a permission together are not
/// read whole together.
pub const CONFIRM_AT_LAST: Milliseconds = Milliseconds(7 * 60 * 60 * 1_000);

impl Held {
    /// Whether a re-read that begins now is so much later that it confirms the sweep. An earlier one,
    /// that an operator asked for, may show that the rows are there; that they are gone it cannot.
    pub fn is_confirmable(self, now: Timestamp) -> bool {
        now >= self.since.plus(CONFIRM_AFTER)
    }
}

impl Pending {
    /// The order for the store.
    pub fn order(self, model_id: &str) -> Sweep {
        let (most_rows, most_percent) = match self.trust {
            Trust::Usual => (USUAL_ROWS, USUAL_PERCENT),
            Trust::None => (0, 0),
            Trust::Agreed => (u64::MAX, 100),
        };
        Sweep {
            model_id: model_id.into(),
            unseen_since: self.unseen_since,
            most_rows,
            most_percent,
            limit: MOST_MARKS,
        }
    }
}
