//! What a page is taken in with, and what it asks the store to do.

use alloc::vec::Vec;

use merge_sync_logic::types::Timestamp;

use crate::account::slot::Kind;
use crate::contract::log::Entry;
use crate::contract::store::{Batch, Notice, Sweep};
use crate::settings::Settings;

/// What a page asks the store to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Its rows.
    pub batch: Option<Batch>,
    /// The sweep that the full re-read leads to which it completed.
    pub sweep: Option<Sweep>,
    /// Whether it completed a window.
    pub window: bool,
    /// What it completed, for the product.
    pub notices: Vec<Notice>,
}

/// What a page or a failure of it is taken in with.
pub struct Context<'a> {
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
