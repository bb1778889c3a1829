//! A webhook becomes a note.

use alloc::vec::Vec;

use merge_sync_logic::signature::SignedBody;
use merge_sync_logic::webhook::{self, Reply};

use crate::log::Entry;
use crate::store::Note;

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The reply, once `note` is durable.
    pub reply: Reply,
    /// What to keep before replying; `None` where there is nothing to act on.
    pub note: Option<Note>,
    /// To log, whatever comes of the note.
    pub log: Vec<Entry>,
}

/// Verify and parse a delivery, and say what to keep of it.
#[must_use]
pub fn receive(delivery: &SignedBody) -> Received {
    Received { reply: webhook::handle(delivery).reply, note: None, log: Vec::new() }
}
