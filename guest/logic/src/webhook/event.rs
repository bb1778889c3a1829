//! What a webhook may tell.

use alloc::string::String;
use alloc::vec::Vec;

use crate::types::{Account, ModelId, ModelStatus, Secret, Timestamp};

/// `LinkedAccount.linked`: the only event that carries the account token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The account.
    pub account: Account,
    /// The secret to send as `X-Account-Token`.
    pub account_token: Secret,
    /// Whether the end user authenticated an account that was linked before.
    pub is_relink: bool,
    /// When the end user completed this link, Merge's clock; `None` where not sent. Of two links,
    /// the token of the one that was completed later counts, whichever was delivered last.
    pub completed_at: Option<Timestamp>,
}

/// `LinkedAccount.sync_completed` or `<Model>.synced`; or, without a model, any other event that
/// names a linked account: a hint to poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// The account.
    pub account: Account,
    /// The account's flag in `sync_completed`, the model's in `<Model>.synced`.
    pub is_initial_sync: Option<bool>,
    /// One entry a model named, in model-id order.
    pub models: Vec<ModelStatus>,
}

/// `<Model>.added`, `.changed` or `.removed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChanged {
    /// The account.
    pub account: Account,
    /// `None` where the event's model is not in the endpoint table.
    pub model_id: Option<ModelId>,
    /// Merge's id of the record; `None` where not sent.
    pub record_id: Option<String>,
}

/// `Issue.*`. A hint: it may tell of an issue that is solved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueChanged {
    /// The account, where named.
    pub account: Option<Account>,
    /// Merge's words for people or, without any, the first of its details; may be empty.
    pub description: String,
}

/// `LinkedAccount.deleted`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlinked {
    /// The account.
    pub account: Account,
}

/// An event that asks nothing of us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Why, for a log.
    pub reason: String,
}

/// What a verified body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// See [`Linked`].
    Linked(Linked),
    /// See [`Synced`].
    Synced(Synced),
    /// See [`RecordChanged`].
    RecordChanged(RecordChanged),
    /// See [`IssueChanged`].
    IssueChanged(IssueChanged),
    /// See [`Unlinked`].
    Unlinked(Unlinked),
    /// See [`Ignored`].
    Ignored(Ignored),
}
