//! What a full re-read did not find is deleted, unless that is too much to be believed at once.
//!
//! A re-read that found so little that a revoked permission may be the cause marks nothing: its
//! sweep is held. A second one six hours later confirms it, or an operator approves it.

use merge_sync_logic::cadence::{Interval, jittered};
use merge_sync_logic::types::Timestamp;

use crate::account::document::{Document, Model};
use crate::account::slot::Reread;
use crate::account::sweep::{CONFIRM_AFTER, CONFIRM_AT_LAST, Held, Pending, Trust};
use crate::context::Context;
use crate::contract::log::{Entry, Level};
use crate::contract::store::Swept;
use crate::ground::seed::seed;

/// The sweep that a complete re-read leads to, if any. Where part of the list was given up, rows
/// that it did not return may well be there.
pub fn after(reread: &Reread, held: Option<Held>) -> Option<Pending> {
    let slot = &reread.slot;
    if slot.gap.is_some() {
        return None;
    }
    // A record that was returned and could not be stored may be any of the missing ones: only an
    // operator's approval marks them.
    let was_skipped = slot.without_key > 0 || slot.unreadable > 0;
    let usual = if slot.stored == 0 || slot.is_unsure || was_skipped {
        Trust::None
    } else {
        Trust::Usual
    };
    match held {
        Some(held) if held.is_confirmable(slot.started_at) => (slot.stored > 0 && !was_skipped)
            .then_some(Pending {
                unseen_since: held.pass,
                trust: Trust::Agreed,
            }),
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
        longest: CONFIRM_AT_LAST,
    };
    now.plus(jittered(interval, seed(name, pass)))
}

/// Take in what the store did, and say so. `None` is a store that did not answer.
pub fn carried_out(
    document: &mut Document,
    account: &str,
    model_id: &str,
    swept: Option<Swept>,
    context: &mut Context<'_>,
) {
    let entry = match swept {
        Some(swept) if swept.held => Entry::new(
            Level::Error,
            "too many records are missing; none is marked deleted",
        )
        .number("live", swept.live)
        .number("missing", swept.unseen),
        Some(swept) => Entry::new(Level::Info, "records that Merge no longer has are marked")
            .number("deleted", swept.marked),
        None => Entry::new(Level::Error, "the store did not answer a sweep"),
    };
    let entry = entry.text("account", account).text("model", model_id);
    context.log.push(entry);
    let name = alloc::format!("{account}/{model_id}");
    if let Some(model) = document.models.get_mut(model_id) {
        done(model, &name, swept, context.now);
    }
}

/// Take in what the store did. `None` is a store that did nothing of it; the sweep is over then,
/// as it is where every row is marked.
fn done(model: &mut Model, name: &str, swept: Option<Swept>, now: Timestamp) {
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

#[cfg(test)]
mod tests;
