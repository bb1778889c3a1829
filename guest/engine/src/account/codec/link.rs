//! The text form of what is known of the link, and of lookups: left out where nothing is.

use super::read::{Found, Malformed};
use super::write::Writer;
use crate::account::link::{Disowned, Link, Lookup};

/// The names of the lookup of `/account-details`: when it was read, and when it is due.
const LOOKUP_OF_DETAILS: [&str; 2] = ["details_read_at", "details_due_at"];

/// As fields of the document.
pub(super) fn write(out: &mut Writer, link: &Link) {
    write_lookup(out, &LOOKUP_OF_DETAILS, &link.details);
    out.number("category_tried", link.category.into());
    out.optional("relink_since", link.relink_since);
    if let Some(disowned) = link.disowned {
        out.key("disowned").begin('[');
        out.item().instant(disowned.since);
        out.item().instant(disowned.latest);
        out.end(']');
    }
}

/// The reverse of [`write`].
pub(super) fn read(document: &Found<'_, '_>) -> Result<Link, Malformed> {
    Ok(Link {
        details: read_lookup(document, &LOOKUP_OF_DETAILS)?,
        category: document.small_count("category_tried")?,
        relink_since: document.optional_instant("relink_since")?,
        disowned: document.get("disowned").if_present(disowned)?,
    })
}

fn disowned(found: &Found<'_, '_>) -> Result<Disowned, Malformed> {
    Ok(Disowned {
        since: found.at(0).instant()?,
        latest: found.at(1).instant()?,
    })
}

pub(super) fn write_lookup(
    out: &mut Writer,
    [read_at, due_at]: &[&'static str; 2],
    lookup: &Lookup,
) {
    out.optional(read_at, lookup.read_at);
    out.optional(due_at, lookup.due_at);
}

/// The reverse of [`write_lookup`].
pub(super) fn read_lookup(
    document: &Found<'_, '_>,
    [read_at, due_at]: &[&'static str; 2],
) -> Result<Lookup, Malformed> {
    Ok(Lookup {
        read_at: document.optional_instant(read_at)?,
        due_at: document.optional_instant(due_at)?,
    })
}
