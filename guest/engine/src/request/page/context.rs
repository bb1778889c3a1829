//! What a page is taken in with.

use alloc::vec::Vec;

use merge_sync_logic::types::Timestamp;

use crate::account::slot::Kind;
use crate::context::Context;
use crate::contract::log::Entry;
use crate::settings::Settings;

/// What a page or a failure of it is taken in with.
pub struct PageContext<'a> {
    /// The model.
    pub model_id: &'a str,
    /// Which of its reads.
    pub kind: Kind,
    /// How the operator wants it done.
    pub settings: &'a Settings,
    /// The host's clock.
    pub now: Timestamp,
    /// To log.
    pub log: &'a mut Vec<Entry>,
}

impl PageContext<'_> {
    /// As everything but pages is told.
    pub fn of_account(&mut self) -> Context<'_> {
        Context {
            settings: self.settings,
            now: self.now,
            log: self.log,
        }
    }
}
