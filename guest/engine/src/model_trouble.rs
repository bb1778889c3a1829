//! What is wrong with one model alone.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::Timestamp;

use crate::document::{Missing, Model, Skipped};
use crate::settle;
use crate::slot::Gap;
use crate::store::{Notice, Occasion};
use crate::sweep;
use crate::trouble;
use crate::view::{Trouble, TroubleKind};

/// Everything that is wrong with it.
pub fn each(model_id: &str, model: &Model, now: Timestamp) -> Vec<Trouble> {
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
fn facts(model_id: &str, model: &Model, now: Timestamp) -> impl Iterator<Item = Trouble> {
    let held = model.held.map(|held| Trouble {
        kind: TroubleKind::HeldSweep,
        since: held.since,
        text: sweep::held_text(model_id, held),
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
    let unreadable = trouble::unreadable(model_id, model, now);
    [held, missing, skipped, unreadable].into_iter().flatten()
}

/// Tell people of each fact once: a notice that names the model.
pub fn announce(
    account: &str,
    model_id: &str,
    model: &mut Model,
    now: Timestamp,
    notices: &mut Vec<Notice>,
) {
    let told = model.told;
    model.told = crate::document::Told::default();
    let found: Vec<_> = facts(model_id, model, now).collect();
    for trouble in found {
        let (now_told, before) = match trouble.kind {
            TroubleKind::HeldSweep => (&mut model.told.held_sweep, told.held_sweep),
            TroubleKind::Incomplete => (&mut model.told.incomplete, told.incomplete),
            TroubleKind::Unreadable => (&mut model.told.unreadable, told.unreadable),
            TroubleKind::NoKey => (&mut model.told.no_key, told.no_key),
            _ => continue,
        };
        *now_told = true;
        if !before {
            let subject = alloc::format!("{model_id}/{}", trouble::name(trouble.kind));
            let mut notice = settle::notice(
                account,
                Occasion::NeedsAttention,
                Some(&subject),
                now,
                trouble.text,
            );
            notice.model_id = Some(model_id.into());
            notices.push(notice);
        }
    }
}

fn missing_text(model_id: &str, missing: Missing) -> String {
    let Gap { at, records } = missing.gap;
    let place = at.map_or_else(String::new, |at| alloc::format!(" around {at}"));
    alloc::format!(
        "Merge's list of {model_id} could not be read to its end{place}: {records} records of that \
         part were served and are stored, others may be missing. The next full read that is \
         complete ends this."
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
