//! What is answered to whoever starts a run or asks for an account, as `wit/triggers.wit` has it.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::readiness::AccountReadiness;
use merge_sync_logic::types::{Account, LinkState, ModelStatus, Problem, Timestamp};
use merge_sync_logic::window::{Progress, Span};

use crate::ground::trouble::Trouble;

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The store cannot be reached. Trying later may help.
    Store(Problem),
    /// Nobody linked this account.
    UnknownAccount(Problem),
    /// The stored state cannot be read by this version. It is left as it is.
    State(Problem),
    /// The settings document is wrong.
    Settings(Problem),
}

/// What one run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether `/sync-status` was read.
    pub polled: bool,
    /// Windows completed.
    pub windows: u32,
    /// Rows committed.
    pub rows: u64,
    /// When to run again, host's clock; as committed to the store.
    pub wake_at: Option<Timestamp>,
    /// What went wrong; `None` if nothing did.
    pub trouble: Option<Trouble>,
}

/// One model, for a page or a support person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelView {
    /// What Merge says.
    pub status: ModelStatus,
    /// What was fetched.
    pub progress: Progress,
    /// The window being read, if any.
    pub window: Option<Span>,
    /// What is wrong with this model alone.
    pub trouble: Option<Trouble>,
    /// A sweep that waits for a second full re-read or for approval.
    pub held_sweep: Option<HeldSweep>,
    /// Rows a page, as its next request asks for them.
    pub page_size: u32,
    /// Records of its latest read that have no key.
    pub without_key: u64,
    /// Records of its latest read that are not JSON objects.
    pub unreadable_records: u64,
}

/// A full re-read found so many records missing that none was marked deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldSweep {
    /// The number of the first full re-read that found them missing.
    pub pass: u64,
    /// Live records that it did not find.
    pub unseen: u64,
    /// Live records.
    pub live: u64,
}

/// One account, for a page or a support person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The account.
    pub account: Account,
    /// Host's clock.
    pub linked_at: Timestamp,
    /// For the models asked about.
    pub readiness: AccountReadiness,
    /// In model-id order.
    pub models: Vec<ModelView>,
    /// What is wrong; `None` if nothing is.
    pub trouble: Option<Trouble>,
    /// Merge's newest issue texts, newest first, at most five.
    pub issues: Vec<String>,
    /// Whether an operator paused it.
    pub paused: bool,
    /// Whether Merge still has access to the customer's system.
    pub link: LinkState,
    /// When the next run is due.
    pub wake_at: Option<Timestamp>,
}
