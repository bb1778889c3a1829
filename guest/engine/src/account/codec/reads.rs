//! What a model remembers of its reads beside their slots, as keys of an object that is open.
//! What is not there is left out.

use super::read::{Found, Malformed, small};
use super::trouble;
use super::write::Writer;
use crate::account::document::{Missing, Model, Skipped};
use crate::account::page_size::PageSize;
use crate::account::patience::Patience;
use crate::account::slot::{Gap, Kind};
use crate::account::sweep::{Held, Pending, Trust};

/// Whether there is anything to write.
pub(super) fn are_kept(model: &Model) -> bool {
    model.page_size != PageSize::default()
        || model.sweep.is_some()
        || model.held.is_some()
        || model.missing.is_some()
        || model.skipped != Skipped::default()
        || model
            .patience
            .each()
            .iter()
            .any(|(_, patience)| !patience.is_calm())
}

pub(super) fn write(out: &mut Writer, model: &Model) {
    for (kind, patience) in model.patience.each() {
        if !patience.is_calm() {
            write_patience(out.key(patience_key(kind)), patience);
        }
    }
    let size = model.page_size;
    out.numbers(
        "page_size",
        &[size.rows, size.failed, size.good, size.wait].map(u64::from),
    );
    if let Some(sweep) = model.sweep {
        out.numbers("sweep", &[sweep.unseen_since, trust_number(sweep.trust)]);
    }
    if let Some(held) = model.held {
        out.numbers("held", &[held.pass, held.unseen, held.live]);
        out.key("held_since").instant(held.since);
    }
    if let Some(missing) = model.missing {
        out.key("missing_since").instant(missing.since);
        out.optional("missing_at", missing.gap.at);
        let gap = missing.gap;
        out.numbers("missing", &[gap.records, gap.is_endless.into()]);
    }
    let skipped = model.skipped;
    out.numbers("skipped", &[skipped.without_key, skipped.unreadable]);
    out.optional("too_many_since", skipped.too_many_since);
}

pub(super) fn read(model: &mut Model, found: &Found<'_, '_>) -> Result<(), Malformed> {
    for kind in [Kind::Window, Kind::Hint, Kind::Reread] {
        if let Some(patience) = found.get(patience_key(kind)).if_present(read_patience)? {
            *model.patience.of_mut(kind) = patience;
        }
    }
    let mut size = [0; 4];
    found.get("page_size").numbers(&mut size)?;
    let [rows, failed, good, wait] = size.map(small);
    model.page_size = PageSize {
        rows,
        failed,
        good,
        wait,
    };
    let mut sweep = [0; 2];
    found.get("sweep").numbers(&mut sweep)?;
    let [unseen_since, trust] = sweep;
    model.sweep = read_trust(trust).map(|trust| Pending {
        unseen_since,
        trust,
    });
    let mut held = [0; 3];
    found.get("held").numbers(&mut held)?;
    let [pass, unseen, live] = held;
    let since = found.optional_instant("held_since")?;
    model.held = since.map(|since| Held {
        pass,
        unseen,
        live,
        since,
    });
    let mut missing = [0; 2];
    found.get("missing").numbers(&mut missing)?;
    let [records, endless] = missing;
    let at = found.optional_instant("missing_at")?;
    let since = found.optional_instant("missing_since")?;
    model.missing = since.map(|since| Missing {
        since,
        gap: Gap {
            at,
            records,
            is_endless: endless != 0,
        },
    });
    let mut skipped = [0; 2];
    found.get("skipped").numbers(&mut skipped)?;
    let [without_key, unreadable] = skipped;
    model.skipped = Skipped {
        without_key,
        unreadable,
        too_many_since: found.optional_instant("too_many_since")?,
    };
    Ok(())
}

fn patience_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Window => "window_patience",
        Kind::Hint => "hint_patience",
        Kind::Reread => "reread_patience",
    }
}

fn write_patience(out: &mut Writer, patience: &Patience) {
    out.begin('{');
    out.numbers(
        "counts",
        &[
            patience.failures.into(),
            patience.failures_of_page.into(),
            patience.loops.into(),
            patience.is_parked.into(),
        ],
    );
    out.optional("not_before", patience.not_before);
    if let Some(trouble) = &patience.trouble {
        trouble::write(out.key("trouble"), trouble);
    }
    out.end('}');
}

fn read_patience(found: &Found<'_, '_>) -> Result<Patience, Malformed> {
    let mut counts = [0; 4];
    found.get("counts").numbers(&mut counts)?;
    let [failures, failures_of_page, loops, parked] = counts.map(small);
    Ok(Patience {
        failures,
        failures_of_page,
        loops,
        is_parked: parked != 0,
        not_before: found.optional_instant("not_before")?,
        trouble: found.get("trouble").if_present(trouble::read)?,
    })
}

/// Zero is no sweep.
fn trust_number(trust: Trust) -> u64 {
    match trust {
        Trust::Usual => 1,
        Trust::None => 2,
        Trust::Agreed => 3,
    }
}

fn read_trust(number: u64) -> Option<Trust> {
    [Trust::Usual, Trust::None, Trust::Agreed]
        .into_iter()
        .find(|trust| trust_number(*trust) == number)
}
