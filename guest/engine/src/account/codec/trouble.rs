//! The text form of what is wrong.

use super::read::{Found, Malformed};
use super::write::Writer;
use crate::ground::trouble::{self, Trouble, TroubleKind};

/// `[kind, since, text]`.
pub(crate) fn write(out: &mut Writer, trouble: &Trouble) {
    out.begin('[');
    out.item().text(trouble::name(trouble.kind));
    out.item().instant(trouble.since);
    out.item().text(&trouble.text);
    out.end(']');
}

/// The reverse of [`write`].
pub(crate) fn read(found: &Found<'_, '_>) -> Result<Trouble, Malformed> {
    Ok(Trouble {
        kind: read_kind(&found.at(0))?,
        since: found.at(1).instant()?,
        text: found.at(2).owned_text()?,
    })
}

/// Read the name of a kind.
pub(super) fn read_kind(found: &Found<'_, '_>) -> Result<TroubleKind, Malformed> {
    let kinds = &[
        TroubleKind::Reauthorize,
        TroubleKind::DropRequest,
        TroubleKind::Park,
        TroubleKind::Retrying,
        TroubleKind::InitialSync,
        TroubleKind::HeldSweep,
        TroubleKind::Incomplete,
        TroubleKind::Unreadable,
        TroubleKind::NoKey,
    ];
    let text = found.text()?;
    let kind = kinds.iter().find(|kind| trouble::name(**kind) == text);
    kind.copied()
        .ok_or_else(|| found.refuse("a kind of trouble"))
}
