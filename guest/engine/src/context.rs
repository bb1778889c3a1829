//! What every part of a step is told besides the account.

use alloc::vec::Vec;

use merge_sync_logic::types::Timestamp;

use crate::contract::log::Entry;
use crate::settings::Settings;

/// What a step goes by, and where it says what it does.
#[derive(Debug)]
pub struct Context<'a> {
    /// How the operator wants it done.
    pub settings: &'a Settings,
    /// The host's clock.
    pub now: Timestamp,
    /// To log.
    pub log: &'a mut Vec<Entry>,
}
