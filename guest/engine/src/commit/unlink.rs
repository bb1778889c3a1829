//! The end of an account: its token is erased, its rows are kept.

use alloc::vec::Vec;

use merge_sync_logic::types::Timestamp;

use super::extra::Extra;
use crate::account::document::Document;
use crate::contract::store::{Notice, Occasion, StoredNote, TokenChange};
use crate::plan::notes;

/// Merge deleted it, and disowned it for a day.
pub fn deleted(document: &mut Document, now: Timestamp) -> Extra {
    let account = &document.account.id;
    let text = "Merge deleted this account. Its records are kept.".into();
    let notice = Notice::new(account, Occasion::Unlinked, None, now, text);
    Extra {
        notices: alloc::vec![notice],
        ..end(document)
    }
}

/// An operator asked for it. Notes left for the next run would begin anew what ends here; taken
/// in, the delivery of a link is known, and repeated it changes nothing.
pub fn asked_for(document: &mut Document, notes: &[StoredNote], now: Timestamp) -> Extra {
    notes::apply(document, notes, now, &mut Vec::new());
    Extra {
        consumed: notes::numbers(notes),
        ..end(document)
    }
}

fn end(document: &mut Document) -> Extra {
    document.stop();
    Extra {
        token: TokenChange::Erase,
        ..Extra::NOTHING
    }
}
