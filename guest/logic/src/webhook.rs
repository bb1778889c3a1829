//! What did Merge just tell us, and what do we answer?

use alloc::string::String;
use alloc::vec::Vec;

use crate::signature::{Authentic, Refused, SignedBody};
use crate::types::{Account, ModelId, ModelStatus, Problem, Secret};

/// `LinkedAccount.linked`: the only event that carries the account token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The account.
    pub account: Account,
    /// The secret to send as `X-Account-Token`.
    pub account_token: Secret,
    /// Whether the end user authenticated an account that was linked before.
    pub is_relink: bool,
}

/// `LinkedAccount.sync_completed` or `<Model>.synced`.
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

/// `Issue.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueChanged {
    /// The account, where named.
    pub account: Option<Account>,
    /// Merge's words for people.
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

/// A trusted body and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The signature's part.
    pub authentic: Authentic,
    /// Merge's name of the event; empty for the test ping.
    pub name: String,
    /// What it says.
    pub event: Event,
}

/// A trusted body that is not a Merge webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The signature's part.
    pub authentic: Authentic,
    /// What is wrong.
    pub problem: Problem,
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Act on it.
    Accepted(Accepted),
    /// Not Merge's.
    Refused(Refused),
    /// Merge's, and unusable.
    Malformed(Malformed),
}

/// What to send back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200, 401 or 500.
    pub status: u16,
    /// A JSON document.
    pub body: String,
}

/// A delivery, handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handling {
    /// The reply once the outcome is durable.
    pub reply: Reply,
    /// What came of it.
    pub outcome: Outcome,
}

/// Verify, then parse, then choose the reply.
#[must_use]
pub fn handle(delivery: &SignedBody) -> Handling {
    let _ = delivery;
    Handling {
        reply: Reply { status: 500, body: String::new() },
        outcome: Outcome::Refused(Refused { reason: crate::signature::Refusal::NoKey }),
    }
}

/// The reply where the outcome could not be made durable: 500 `{"error": "Processing error"}`.
#[must_use]
pub fn not_durable() -> Reply {
    Reply { status: 500, body: String::new() }
}
