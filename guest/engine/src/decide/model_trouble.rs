//! What is wrong with one model alone.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{SyncState, Timestamp};

use crate::account::document::{Missing, Model, Skipped};
use crate::account::slot::Gap;
use crate::account::sweep::Held;
use crate::ground::trouble::{self, Trouble, TroubleKind};

/// Everything that is wrong with it; nothing where Merge does not list it, or has it switched off:
/// then it is not read, and nothing could end its trouble.
pub fn each(model_id: &str, model: &Model, now: Timestamp) -> Vec<Trouble> {
    if !model.is_on() {
        return Vec::new();
    }
    let reads = model.patience.each();
    let reads = reads.into_iter();
    let mut troubles: Vec<_> = reads
        .filter_map(|(_, patience)| patience.trouble.clone())
        .collect();
    troubles.extend(facts(model_id, model, now));
    troubles
}

/// The worst of it.
pub fn worst(model_id: &str, model: &Model, now: Timestamp) -> Option<Trouble> {
    let troubles = each(model_id, model, now).into_iter();
    troubles.max_by_key(|trouble| trouble::severity(trouble.kind))
}

/// What is not a failure of a request, but a fact about the model's data.
pub fn facts(model_id: &str, model: &Model, now: Timestamp) -> impl Iterator<Item = Trouble> {
    let held = model.held.map(|held| Trouble {
        kind: TroubleKind::HeldSweep,
        since: held.since,
        text: held_text(model_id, held),
    });
    let missing = model.missing.map(|missing| Trouble {
        kind: TroubleKind::Incomplete,
        since: missing.since,
        text: missing_text(model_id, missing),
    });
    let skipped = model.skipped.too_many_since.map(|since| Trouble {
        kind: TroubleKind::NoKey,
        since,
        text: skipped_text(model_id, model.skipped),
    });
    let unreadable = unreadable(model_id, model, now);
    [held, missing, skipped, unreadable].into_iter().flatten()
}

fn missing_text(model_id: &str, missing: Missing) -> String {
    let Gap { at, records, .. } = missing.gap;
    let place = at.map_or_else(String::new, |at| alloc::format!(" around {at}"));
    alloc::format!(
        "Merge's list of {model_id} could not be read to its end{place}: what was served of it \
         ({records} records, repeated ones included) is stored, others may be missing. The next \
         full read that is complete ends this."
    )
}

fn skipped_text(model_id: &str, skipped: Skipped) -> String {
    alloc::format!(
        "Some records of {model_id} cannot be stored: in the latest read {} had no key and {} could \
         not be read as JSON.",
        skipped.without_key,
        skipped.unreadable
    )
}

/// The field of `/sync-status` that says whether there is something new.
pub const FINISH: &str = "last_sync_finished";

/// Whether Merge says when the model's latest sync finished, and it cannot be read: then nobody
/// knows whether there is something new.
pub fn hides_finish(model: &Model) -> bool {
    model.status.as_ref().is_some_and(|row| {
        let hidden = row.unreadable.iter().any(|field| field == FINISH);
        hidden && row.status != Some(SyncState::Disabled)
    })
}

/// A finish that cannot be read, where Merge sends one.
fn unreadable(model_id: &str, model: &Model, now: Timestamp) -> Option<Trouble> {
    hides_finish(model).then(|| Trouble {
        kind: TroubleKind::Unreadable,
        since: now,
        text: alloc::format!(
            "When the latest sync of {model_id} finished cannot be read, or lies in the future: it \
             is not known whether there is something new. What was read before can be used."
        ),
    })
}

/// What people are told of a held sweep.
fn held_text(model_id: &str, held: Held) -> String {
    alloc::format!(
        "A full read of {model_id} did not find {} of {} stored records, so none was marked as \
         deleted: a permission that was taken away, or records that cannot be stored, look the \
         same. Within seven hours a second full read confirms it, if it finds any record and can \
         store each; or approve the deletions of pass {}.",
        held.unseen,
        held.live,
        held.pass
    )
}
