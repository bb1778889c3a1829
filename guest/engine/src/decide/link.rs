//! Whether Merge still has access to the customer's system, and how that is found out.
//!
//! Nothing signed carries a time, so whatever a webhook says of the link is a hint. Two requests
//! decide: `/account-details` whether the end user must link again, and the polls of a whole day
//! whether Merge deleted the account.

use merge_sync_logic::retry::AttemptOutcome;
use merge_sync_logic::types::{LinkState, Milliseconds, Timestamp};

use super::failure;
use crate::account::document::{Document, Life};
use crate::account::link::{Disowned, Link};
use crate::ground::trouble::{Trouble, TroubleKind};

/// A hint makes `/account-details` due no sooner than this after it was last asked for.
const DETAILS_PAUSE: Milliseconds = Milliseconds(10 * 60 * 1_000);

/// So long must Merge disown an account before its token is erased: the operator's own key may be
/// at fault, and is mended within a day.
const DISOWNED_FOR: Milliseconds = Milliseconds(24 * 60 * 60 * 1_000);

/// The polls of that day are an hour apart. Two answers further apart than this say nothing of
/// the time between them.
const DISOWNED_GAP: Milliseconds = Milliseconds(2 * 60 * 60 * 1_000);

/// What Merge calls an account that the end user must link again.
pub const RELINK_NEEDED: &str = "RELINK_NEEDED";

/// What Merge calls an account whose link is sound.
pub const COMPLETE: &str = "COMPLETE";

/// What Merge calls an account that a developer linked to try things out.
const TEST: &str = "TEST";

/// Whether Merge still has access to the customer's system. An account that Merge is said to
/// have deleted counts as unlinked from the first answer that bears it out.
pub fn state(document: &Document) -> LinkState {
    if document.life == Life::Stopped || document.link.disowned.is_some() {
        LinkState::Unlinked
    } else if document.link.relink_since.is_some() {
        LinkState::RelinkNeeded
    } else {
        LinkState::Active
    }
}

/// Whether it is a developer's: it syncs once, and then only by hand.
pub fn is_test(document: &Document) -> bool {
    document.account.account_type == TEST
}

/// Take in what a webhook says of the link. That of an account of which nothing was said yet may
/// be believed where it is good news.
pub fn hear(document: &mut Document, status: &str, now: Timestamp) {
    let known = &mut document.account.link_status;
    if known.is_empty() && status == COMPLETE {
        known.push_str(status);
    }
    let decided = (status == RELINK_NEEDED) == document.link.relink_since.is_some();
    let is_known = status.is_empty() || (decided && known == status);
    if !is_known {
        suspect(document, now);
    }
}

/// Something hints that the link may have changed: `/account-details` decides.
pub fn suspect(document: &mut Document, now: Timestamp) {
    document.link.details.want(DETAILS_PAUSE, now);
}

/// Take in a new token: what was found out with the old one counts no more.
pub fn renew(document: &mut Document, now: Timestamp) {
    let relink_since = document.link.relink_since;
    document.link = Link {
        relink_since,
        ..Link::default()
    };
    if relink_since.is_some() {
        document.link.details.due_at = Some(now);
    }
}

/// Whether the account can be asked for nothing, since nobody named its category.
pub fn lacks_category(document: &Document) -> bool {
    document.account.category.is_empty()
}

/// Take in that a poll was refused, after a webhook said that Merge deleted the account. Returns
/// whether Merge has disowned it for so long that the token is of no use any more.
pub fn disown(document: &mut Document, outcome: &AttemptOutcome, now: Timestamp) -> bool {
    let before = document.link.disowned;
    if !matches!(failure::status(outcome), Some(401 | 404)) {
        // Neither one nor the other: the day begins again.
        document.link.disowned = before.map(|_| Disowned {
            since: now,
            latest: now,
        });
        return false;
    }
    if !document.unlink_reported {
        return false;
    }
    let since = before
        .filter(|before| now >= before.latest && now.since(before.latest) <= DISOWNED_GAP)
        .map_or(now, |before| before.since);
    document.link.disowned = Some(Disowned { since, latest: now });
    now.since(since) >= DISOWNED_FOR
}

/// What people read of an account that Merge disowns.
pub const DISOWNED: &str = "Merge said that this account was deleted, and does not know it \
    any more. If that is still so in a day, its token is erased; its records are kept.";

/// What stands between Merge and the customer's system; it stands in the way of no request.
pub fn trouble(document: &Document) -> Option<Trouble> {
    let since = document.link.relink_since?;
    let text = if document.account.account_type == TEST {
        "Merge has lost access to the system behind this test account; link it again in Merge's \
         dashboard."
    } else {
        "Merge has lost access to the customer's system, so nothing new arrives; the end user has \
         to link the account again. What was read so far can be used."
    };
    Some(Trouble {
        kind: TroubleKind::Reauthorize,
        since,
        text: text.into(),
    })
}

#[cfg(test)]
mod tests;
