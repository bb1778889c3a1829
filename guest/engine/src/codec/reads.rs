//! What a model remembers of its reads beside their slots, as keys of an object that is open.
//! What is not there is left out.

use alloc::string::ToString;

use super::read::{Found, Malformed};
use super::write::Writer;
use super::{read_trouble, write_trouble};
use crate::document::{Missing, Model, Skipped};
use crate::page_size::PageSize;
use crate::patience::Patience;
use crate::slot::{Gap, Kind};
use crate::sweep::{Held, Pending, Trust};

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
    if model.page_size != PageSize::default() {
        let size = model.page_size;
        out.key("page_size").begin('[');
        for number in [size.rows, size.failed, size.good, size.wait] {
            out.item().unsigned(number.into());
        }
        out.end(']');
    }
    if let Some(sweep) = model.sweep {
        out.key("sweep").begin('[');
        out.item().unsigned(sweep.unseen_since);
        out.item().text(trust_name(sweep.trust));
        out.end(']');
    }
    if let Some(held) = model.held {
        out.key("held").begin('[');
        for number in [held.pass, held.unseen, held.live] {
            out.item().unsigned(number);
        }
        out.item().instant(held.since);
        out.end(']');
    }
    if let Some(missing) = model.missing {
        out.key("missing").begin('[');
        out.item().instant(missing.since);
        write_gap(out.item(), missing.gap);
        out.end(']');
    }
    let skipped = model.skipped;
    out.number("without_key", skipped.without_key);
    out.number("unreadable_records", skipped.unreadable);
    out.optional("too_many_since", skipped.too_many_since);
}

pub(super) fn read(model: &mut Model, found: &Found<'_, '_>) -> Result<(), Malformed> {
    for kind in [Kind::Window, Kind::Hint, Kind::Reread] {
        if let Some(patience) = found.get(patience_key(kind)).if_present(read_patience)? {
            *model.patience.of_mut(kind) = patience;
        }
    }
    let size = found.get("page_size");
    model.page_size = PageSize {
        rows: size.at(0).small_count()?,
        failed: size.at(1).small_count()?,
        good: size.at(2).small_count()?,
        wait: size.at(3).small_count()?,
    };
    model.sweep = found.get("sweep").if_present(read_sweep)?;
    model.held = found.get("held").if_present(read_held)?;
    model.missing = found.get("missing").if_present(|found| {
        Ok(Missing {
            since: found.at(0).instant()?,
            gap: read_gap(&found.at(1))?,
        })
    })?;
    model.skipped = Skipped {
        without_key: found.get("without_key").count()?,
        unreadable: found.get("unreadable_records").count()?,
        too_many_since: found.get("too_many_since").optional_instant()?,
    };
    Ok(())
}

/// `[instant or null, records]`.
pub(super) fn write_gap(out: &mut Writer, gap: Gap) {
    out.begin('[');
    match gap.at {
        Some(at) => out.item().instant(at),
        None => out.item().null(),
    }
    out.item().unsigned(gap.records);
    out.end(']');
}

/// The reverse of [`write_gap`].
pub(super) fn read_gap(found: &Found<'_, '_>) -> Result<Gap, Malformed> {
    Ok(Gap {
        at: found.at(0).optional_instant()?,
        records: found.at(1).unsigned()?,
    })
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
    out.number("failures", patience.failures.into());
    out.number("failures_of_page", patience.failures_of_page.into());
    out.number("loops", patience.loops.into());
    out.flag("parked", patience.is_parked);
    out.optional("not_before", patience.not_before);
    if let Some(trouble) = &patience.trouble {
        write_trouble(out.key("trouble"), trouble);
    }
    out.end('}');
}

fn read_patience(found: &Found<'_, '_>) -> Result<Patience, Malformed> {
    Ok(Patience {
        failures: found.get("failures").small_count()?,
        failures_of_page: found.get("failures_of_page").small_count()?,
        loops: found.get("loops").small_count()?,
        is_parked: found.get("parked").flag()?,
        not_before: found.get("not_before").optional_instant()?,
        trouble: found.get("trouble").if_present(read_trouble)?,
    })
}

fn trust_name(trust: Trust) -> &'static str {
    match trust {
        Trust::Usual => "usual",
        Trust::None => "none",
        Trust::Agreed => "agreed",
    }
}

fn read_sweep(found: &Found<'_, '_>) -> Result<Pending, Malformed> {
    let trusts = [Trust::Usual, Trust::None, Trust::Agreed];
    let name = found.at(1).text()?.to_string();
    let trust = trusts.into_iter().find(|trust| trust_name(*trust) == name);
    Ok(Pending {
        unseen_since: found.at(0).unsigned()?,
        trust: trust.ok_or_else(|| found.at(1).refuse("how far a sweep is trusted"))?,
    })
}

fn read_held(found: &Found<'_, '_>) -> Result<Held, Malformed> {
    Ok(Held {
        pass: found.at(0).unsigned()?,
        unseen: found.at(1).unsigned()?,
        live: found.at(2).unsigned()?,
        since: found.at(3).instant()?,
    })
}
