//! A read under way as an object; what is zero or absent is left out.

use super::read::{Found, Malformed, small};
use super::write::{Writer, packed};
use crate::account::slot::{Bounds, Cut, Gap, Served, Slot};
use crate::ground::paging::{Paging, Seen};

const IS_SPLIT: u64 = 1;
const IS_UNSURE: u64 = 2;
const HAS_AGREED: u64 = 4;
const HAS_GAP: u64 = 8;
const CUT_IS_ALONE: u64 = 16;
const HAD_USELESS_PAGE: u64 = 32;
const GAP_IS_ENDLESS: u64 = 64;

/// How many numbers a slot has.
const COUNTS: usize = 16;

pub(super) fn write(out: &mut Writer, slot: &Slot) {
    out.begin('{');
    write_bounds(out.key("bounds"), slot.bounds);
    out.key("watermark").instant(slot.watermark);
    out.key("started_at").instant(slot.started_at);
    if slot.parts.as_slice() != [slot.bounds] {
        out.key("parts").begin('[');
        for part in &slot.parts {
            write_bounds(out.item(), *part);
        }
        out.end(']');
    }
    write_paging(out, &slot.paging);
    let agreed = slot.agreed.unwrap_or_default();
    out.numbers(
        "counts",
        &[
            slot.served.records,
            slot.served.keys,
            slot.furthest,
            slot.loops.into(),
            slot.splits.into(),
            slot.empty_pages.into(),
            slot.largest.into(),
            slot.records,
            slot.stored,
            slot.without_key,
            slot.unreadable,
            flags(slot),
            agreed.records,
            agreed.keys,
            slot.gap.map_or(0, |gap| gap.records),
            slot.useless_pages.into(),
        ],
    );
    out.optional("cut", slot.cut.map(|cut| cut.at));
    out.optional("gap", slot.gap.and_then(|gap| gap.at));
    out.optional("newest", slot.newest);
    out.end('}');
}

pub(super) fn read(found: &Found<'_, '_>) -> Result<Slot, Malformed> {
    let bounds = read_bounds(&found.get("bounds"))?;
    let mut slot = Slot::new(
        bounds,
        found.get("watermark").instant()?,
        found.get("started_at").instant()?,
    );
    let parts = found.get("parts").each(read_bounds)?;
    if !parts.is_empty() {
        slot.parts = parts;
    }
    slot.paging = read_paging(found)?;
    let mut counts = [0; COUNTS];
    found.get("counts").numbers(&mut counts)?;
    let [
        records,
        keys,
        furthest,
        loops,
        splits,
        empty_pages,
        largest,
        all_records,
        stored,
        without_key,
        unreadable,
        flags,
        agreed_records,
        agreed_keys,
        given_up,
        useless_pages,
    ] = counts;
    slot.served = Served { records, keys };
    slot.furthest = furthest;
    slot.loops = small(loops);
    slot.splits = small(splits);
    slot.empty_pages = small(empty_pages);
    slot.useless_pages = small(useless_pages);
    slot.had_useless_page = flags & HAD_USELESS_PAGE != 0;
    slot.largest = small(largest);
    slot.records = all_records;
    slot.stored = stored;
    slot.without_key = without_key;
    slot.unreadable = unreadable;
    slot.is_split = flags & IS_SPLIT != 0;
    slot.is_unsure = flags & IS_UNSURE != 0;
    slot.agreed = (flags & HAS_AGREED != 0).then_some(Served {
        records: agreed_records,
        keys: agreed_keys,
    });
    slot.gap = (flags & HAS_GAP != 0).then_some(Gap {
        at: found.optional_instant("gap")?,
        records: given_up,
        is_endless: flags & GAP_IS_ENDLESS != 0,
    });
    let cut = found.optional_instant("cut")?;
    slot.cut = cut.map(|at| Cut {
        at,
        is_alone: flags & CUT_IS_ALONE != 0,
    });
    slot.newest = found.optional_instant("newest")?;
    Ok(slot)
}

/// As keys of an object that is open.
pub(crate) fn write_paging(out: &mut Writer, paging: &Paging) {
    if let Some(cursor) = &paging.cursor {
        out.key("cursor").text(cursor);
    }
    out.number("pages", paging.pages.into());
    if paging.mark == paging.cursor {
        out.flag("marked", paging.mark.is_some());
    } else if let Some(mark) = &paging.mark {
        out.key("mark").text(mark);
    }
    let seen = paging.seen;
    out.numbers("seen", &[seen.pages.into(), seen.latest, seen.marked]);
}

/// The reverse of [`write_paging`], from the object's keys.
pub(crate) fn read_paging(found: &Found<'_, '_>) -> Result<Paging, Malformed> {
    let cursor = found.get("cursor").optional_text()?;
    let mark = if found.flag("marked")? {
        cursor.clone()
    } else {
        found.get("mark").optional_text()?
    };
    let mut seen = [0; 3];
    found.get("seen").numbers(&mut seen)?;
    let [seen_pages, latest, marked] = seen;
    Ok(Paging {
        cursor,
        pages: found.small_count("pages")?,
        mark,
        seen: Seen {
            pages: small(seen_pages),
            latest,
            marked,
        },
    })
}

fn flags(slot: &Slot) -> u64 {
    packed(&[
        (slot.is_split, IS_SPLIT),
        (slot.is_unsure, IS_UNSURE),
        (slot.agreed.is_some(), HAS_AGREED),
        (slot.had_useless_page, HAD_USELESS_PAGE),
        (slot.gap.is_some(), HAS_GAP),
        (slot.gap.is_some_and(|gap| gap.is_endless), GAP_IS_ENDLESS),
        (slot.cut.is_some_and(|cut| cut.is_alone), CUT_IS_ALONE),
    ])
}

fn write_bounds(out: &mut Writer, bounds: Bounds) {
    out.begin('[');
    for bound in [bounds.after, bounds.before] {
        match bound {
            Some(instant) => out.item().instant(instant),
            None => out.item().null(),
        }
    }
    out.end(']');
}

fn read_bounds(found: &Found<'_, '_>) -> Result<Bounds, Malformed> {
    Ok(Bounds {
        after: found.at(0).if_present(Found::instant)?,
        before: found.at(1).if_present(Found::instant)?,
    })
}
