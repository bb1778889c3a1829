//! What a full re-read did not find is deleted, unless that is too much to be believed at once.
//!
//! A re-read that found so little that a revoked permission may be the cause marks nothing: its
//! sweep is held. A second one six hours later confirms it, or an operator approves it.

use alloc::string::String;

use merge_sync_logic::cadence::{Interval, spread};
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::document::Model;
use crate::seed::seed;
use crate::slot::Reread;
use crate::store::{Sweep, Swept};

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
const CONFIRM_AFTER: Milliseconds = Milliseconds(6 * 60 * 60 * 1_000);

/// And up to this long behind that, so that accounts that lost a permission together are not read
/// whole together.
const CONFIRM_SPREAD: Milliseconds = Milliseconds(60 * 60 * 1_000);

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

/// The sweep that a complete re-read leads to, if any. Where part of the list was given up, rows
/// that it did not return may well be there.
pub fn after(reread: &Reread, held: Option<Held>) -> Option<Pending> {
    let slot = &reread.slot;
    if slot.gap.is_some() {
        return None;
    }
    let usual = if slot.stored == 0 || slot.is_unsure {
        Trust::None
    } else {
        Trust::Usual
    };
    match held {
        Some(held) if held.is_confirmable(slot.started_at) => {
            (slot.stored > 0).then_some(Pending {
                unseen_since: held.pass,
                trust: Trust::Agreed,
            })
        }
        _ => Some(Pending {
            unseen_since: held.map_or(reread.pass, |held| held.pass),
            trust: usual,
        }),
    }
}

/// The sweep that an operator approves: that of a held pass, and of no other.
pub fn approved(model: &Model, pass: u64) -> Option<Pending> {
    let held = model.held.filter(|held| held.pass == pass)?;
    Some(Pending {
        unseen_since: held.pass,
        trust: Trust::Agreed,
    })
}

/// When the full re-read is due that confirms a held sweep, or does not.
pub fn confirmation_at(name: &str, pass: u64, now: Timestamp) -> Timestamp {
    let interval = Interval {
        shortest: CONFIRM_AFTER,
        longest: Milliseconds(CONFIRM_AFTER.0.saturating_add(CONFIRM_SPREAD.0)),
    };
    now.plus(spread(interval, seed(name, pass)))
}

/// Take in what the store did. `None` is a store that did nothing of it; the sweep is over then,
/// as it is where every row is marked.
pub fn done(model: &mut Model, name: &str, swept: Option<Swept>, now: Timestamp) {
    let Some(pending) = model.sweep.take() else {
        return;
    };
    match swept {
        Some(swept) if swept.held => {
            let before = model.held.filter(|held| held.pass == pending.unseen_since);
            let since = before.map_or(now, |held| held.since);
            model.held = Some(Held {
                pass: pending.unseen_since,
                unseen: swept.unseen,
                live: swept.live,
                since,
            });
            model.reread_at = Some(confirmation_at(name, pending.unseen_since, since));
        }
        Some(swept) if swept.marked < swept.unseen && swept.marked > 0 => {
            model.sweep = Some(Pending {
                trust: Trust::Agreed,
                ..pending
            });
        }
        None if pending.trust != Trust::Agreed => {}
        _ => model.held = None,
    }
}

/// What people are told of a held sweep.
pub fn held_text(model_id: &str, held: Held) -> String {
    alloc::format!(
        "A full read of {model_id} did not find {} of {} stored records, so none was marked as \
         deleted. A second full read within seven hours confirms it, or approve the deletions \
         of pass {}; a permission that was taken away looks the same.",
        held.unseen,
        held.live,
        held.pass
    )
}

#[cfg(test)]
mod tests;
