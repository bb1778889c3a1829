//! A read under way as an object; what is zero or absent is left out.

use super::read::{Found, Malformed};
use super::write::Writer;
use crate::paging::Paging;
use crate::slot::{Bounds, Slot};

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
    out.number("best", slot.best.into());
    out.number("restarts", slot.restarts.into());
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
    slot.best = found.get("best").small_count()?;
    slot.restarts = found.get("restarts").small_count()?;
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
