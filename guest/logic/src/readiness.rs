//! May the product use this account's data yet?

use alloc::string::String;
use alloc::vec::Vec;

use crate::types::{ModelId, ModelStatus, Problem};

/// What to do with a model whose initial sync ended incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialPolicy {
    /// Wait.
    Strict,
    /// Take `PARTIALLY_SYNCED` as ready.
    AcceptPartial,
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The latest row of each model.
    pub statuses: Vec<ModelStatus>,
    /// Whether `statuses` covers all pages of a `/sync-status` read.
    pub complete: bool,
    /// The models the product needs. Empty means every enabled model.
    pub required: Vec<ModelId>,
    /// What to do with partial models.
    pub partial: PartialPolicy,
    /// Models found ready before: they stay ready.
    pub ready_before: Vec<ModelId>,
    /// Whether the account was found ready before with `required` empty.
    pub was_ready: bool,
}

/// Where one model stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Switched off.
    Disabled,
    /// Its initial sync is running, or has not been heard of.
    Syncing,
    /// Its data may be read.
    Ready,
    /// Its initial sync ended failed, paused, or partial under `strict`.
    NeedsAttention,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelReadiness {
    /// The model.
    pub model_id: ModelId,
    /// Where it stands.
    pub phase: Phase,
    /// One sentence for people.
    pub reason: String,
}

/// Where the account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountPhase {
    /// No complete read yet, or Merge names no enabled model.
    Unknown,
    /// At least one needed model is syncing.
    Syncing,
    /// No needed model is syncing and at least one needs attention.
    NeedsAttention,
    /// Every needed model is ready.
    Ready,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReadiness {
    /// Where the account stands.
    pub phase: AccountPhase,
    /// Needed models.
    pub needed: u32,
    /// Needed models that are ready.
    pub ready: u32,
    /// Needed models that need attention, also while others sync.
    pub attention: u32,
    /// Every model listed or required, in model-id order.
    pub models: Vec<ModelReadiness>,
}

/// A parsed `/sync-status` body, one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// The rows, in Merge's order.
    pub statuses: Vec<ModelStatus>,
    /// The `cursor` of the next page; `None` on the last.
    pub next: Option<String>,
}

/// Read one page of `GET /api/{category}/v1/sync-status`.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`.
pub fn parse_status(body: &str) -> Result<StatusPage, Problem> {
    let _ = body;
    Err(Problem { message: String::new() })
}

/// Decide.
#[must_use]
pub fn evaluate(facts: &Facts) -> AccountReadiness {
    let _ = facts;
    AccountReadiness {
        phase: AccountPhase::Unknown,
        needed: 0,
        ready: 0,
        attention: 0,
        models: Vec::new(),
    }
}
