//! The vocabulary that the decisions share; no decision is taken here.
//!
//! Field by field this is `wit/types.wit`, which explains each of them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use crate::time::{Milliseconds, Timestamp};

/// Merge's id of a linked account (a UUID), unchanged by a relink.
pub type AccountId = String;

/// Merge's id of a common model, `<category>.<Model>`, for example `hris.Employee`.
pub type ModelId = String;

/// A text that must never reach a log: its `Debug` form is `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// Something is wrong with an input or with the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What and where, for a log: lower case, no full stop, never a secret.
    pub message: String,
}

/// A linked account, as far as the source names it. An empty string is "not said".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Merge's id of the linked account.
    pub id: AccountId,
    /// `hris`, `ats`, `crm`, ...
    pub category: String,
    /// Display name of the integration.
    pub integration: String,
    /// Slug of the integration.
    pub integration_slug: String,
    /// The product's own id for its customer. May be empty, and is not unique.
    pub end_user_origin_id: String,
    /// The customer's name.
    pub organization_name: String,
    /// State of the link, not of any sync: `COMPLETE`, `RELINK_NEEDED`, ...
    pub link_status: String,
    /// `PRODUCTION` or `TEST`. A test account syncs once, and then only by hand.
    pub account_type: String,
    /// Whether Merge takes it for a second link of the same customer's system; `None` where
    /// not said, as for test accounts.
    pub is_duplicate: Option<bool>,
}

/// Whether Merge still has access to the customer's system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkState {
    /// As far as is known.
    #[default]
    Active,
    /// Merge needs the end user to link the account again. Its data stays readable.
    RelinkNeeded,
    /// Merge deleted the account, or an operator unlinked it. Its rows are kept.
    Unlinked,
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

/// The state of one model's sync, as `/sync-status` and webhooks name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncState {
    /// `SYNCING`: running or queued.
    Syncing,
    /// `DONE`: the last sync finished with nothing missing.
    Done,
    /// `PARTIALLY_SYNCED`: finished; at least one field could not be read.
    PartiallySynced,
    /// `FAILED`: the last sync read nothing.
    Failed,
    /// `DISABLED`: the model, or its scope, is switched off.
    Disabled,
    /// `PAUSED`: Merge stopped syncing until it sees traffic or a relink.
    Paused,
    /// Anything else, with the text as Merge sent it. Says nothing by itself.
    Unknown(String),
}

/// What Merge says of one model: a row of `/sync-status`, or the part of it that a webhook
/// carries. Every instant is on Merge's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelStatus {
    /// Merge's id of the model.
    pub model_id: ModelId,
    /// Name for people; empty where not sent.
    pub model_name: String,
    /// Merge's current state; `None` where the source carries only a result.
    pub status: Option<SyncState>,
    /// Whether Merge still counts this as the model's initial sync.
    pub is_initial_sync: Option<bool>,
    /// Start of the latest attempt.
    pub last_sync_start: Option<Timestamp>,
    /// Planned start of the next attempt.
    pub next_sync_start: Option<Timestamp>,
    /// How the latest finished attempt ended.
    pub last_sync_result: Option<SyncState>,
    /// When the latest finished attempt ended. It may belong to an earlier attempt than
    /// `last_sync_start`.
    pub last_sync_finished: Option<Timestamp>,
    /// Why a running sync takes long; empty where not sent.
    pub status_reason: String,
    /// Up to when Merge vouches for its data.
    pub data_fresh_as_of: Option<Timestamp>,
    /// The fields that a partial sync brought, as Merge names them; empty where not sent.
    pub synced_fields: Vec<String>,
    /// Fields above that were sent and could not be read, by Merge's names, in order and once
    /// each. They count as absent, but not as "there is nothing".
    pub unreadable: Vec<String>,
}

/// A record of a common model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The record's key within its model: Merge's id of the record; for a model without one
    /// (`ats.Tag`) the JSON array `["<remote_id>","<name>"]`, null where absent.
    pub id: String,
    /// The third party's id; `None` where not sent.
    pub remote_id: Option<String>,
    /// When Merge last changed its copy, Merge's clock.
    pub modified_at: Option<Timestamp>,
    /// Whether the third party deleted it.
    pub deleted: bool,
    /// The record: the very bytes that Merge sent for it.
    pub json: String,
}
