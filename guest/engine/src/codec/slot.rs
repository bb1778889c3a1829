//! A read under way as an object; what is zero or absent is left out.

use super::read::{Found, Malformed};
use super::reads;
use super::write::Writer;
use crate::paging::Paging;
use crate::slot::{Bounds, Cut, Served, Slot};

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
    write_served(out, "served", Some(slot.served));
    write_served(out, "agreed", slot.agreed);
    out.number("furthest", slot.furthest);
    out.number("loops", slot.loops.into());
    out.number("splits", slot.splits.into());
    out.flag("split", slot.is_split);
    out.number("empty_pages", slot.empty_pages.into());
    out.number("largest", slot.largest.into());
    if let Some(cut) = slot.cut {
        out.key("cut").begin('[');
        out.item().instant(cut.at);
        out.item().unsigned(cut.is_alone.into());
        out.end(']');
    }
    if let Some(gap) = slot.gap {
        reads::write_gap(out.key("gap"), gap);
    }
    out.flag("unsure", slot.is_unsure);
    out.number("records", slot.records);
    out.number("stored", slot.stored);
    out.number("without_key", slot.without_key);
    out.number("unreadable", slot.unreadable);
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
    slot.served = read_served(&found.get("served"))?;
    slot.agreed = found.get("agreed").if_present(read_served)?;
    slot.furthest = found.get("furthest").count()?;
    slot.loops = found.get("loops").small_count()?;
    slot.splits = found.get("splits").small_count()?;
    slot.is_split = found.get("split").flag()?;
    slot.empty_pages = found.get("empty_pages").small_count()?;
    slot.largest = found.get("largest").small_count()?;
    slot.cut = found.get("cut").if_present(|found| {
        Ok(Cut {
            at: found.at(0).instant()?,
            is_alone: found.at(1).count()? != 0,
        })
    })?;
    slot.gap = found.get("gap").if_present(reads::read_gap)?;
    slot.is_unsure = found.get("unsure").flag()?;
    slot.records = found.get("records").count()?;
    slot.stored = found.get("stored").count()?;
    slot.without_key = found.get("without_key").count()?;
    slot.unreadable = found.get("unreadable").count()?;
    slot.newest = found.get("newest").optional_instant()?;
    Ok(slot)
}

/// As keys of an object that is open.
pub(super) fn write_paging(out: &mut Writer, paging: &Paging) {
    if let Some(cursor) = &paging.cursor {
        out.key("cursor").text(cursor);
    }
    out.number("pages", paging.pages.into());
    if paging.mark == paging.cursor {
        out.flag("marked", paging.mark.is_some());
    } else if let Some(mark) = &paging.mark {
        out.key("mark").text(mark);
    }
}

/// The reverse of [`write_paging`], from the object's keys.
pub(super) fn read_paging(found: &Found<'_, '_>) -> Result<Paging, Malformed> {
    let cursor = found.get("cursor").optional_text()?;
    let mark = if found.get("marked").flag()? {
        cursor.clone()
    } else {
        found.get("mark").optional_text()?
    };
    Ok(Paging {
        cursor,
        pages: found.get("pages").small_count()?,
        mark,
    })
}

/// `[records, sum of keys]`; nothing where nothing was served.
fn write_served(out: &mut Writer, name: &str, served: Option<Served>) {
    if let Some(served) = served.filter(|served| *served != Served::default() || name == "agreed") {
        out.key(name).begin('[');
        out.item().unsigned(served.records);
        out.item().unsigned(served.keys);
        out.end(']');
    }
}

fn read_served(found: &Found<'_, '_>) -> Result<Served, Malformed> {
    Ok(Served {
        records: found.at(0).count()?,
        keys: found.at(1).count()?,
    })
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
        after: found.at(0).optional_instant()?,
        before: found.at(1).optional_instant()?,
    })
}
