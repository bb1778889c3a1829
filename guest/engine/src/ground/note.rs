//! What a note says.

use alloc::string::String;

use merge_sync_logic::types::{Account, ModelId, Timestamp};

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Merge's name of the event; empty where an operator is the source.
    pub event: String,
    /// The delivery's stable name; empty where an operator is the source.
    pub delivery_id: String,
    /// What the source says of the account.
    pub account: Account,
    /// What it is about.
    pub subject: Subject,
}

/// What a note is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Look at `/sync-status`: a sync finished.
    Poll,
    /// Look at `/sync-status` in a while: something happened, and what is not said.
    Hint,
    /// A record of this model changed outside a sync.
    Changed(ModelId),
    /// The account was linked, or linked again.
    Linked(Linked),
    /// Merge says that it deleted the account.
    Unlinked,
    /// Look at `/issues`: what the event says may be over by the time it is read.
    Issue,
}

/// The account was linked, or linked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Whether its token replaces one that is there.
    pub replaces: bool,
    /// When, host's clock; `None` where a webhook says so.
    pub at: Option<Timestamp>,
    /// When the end user completed the link, Merge's clock, where the source says.
    pub completed_at: Option<Timestamp>,
}

impl Subject {
    /// The key under which notes of this kind replace each other. A `linked` delivery is
    /// replaced by itself alone: a late replay of an old one must not push out a new token.
    pub fn key(&self, delivery_id: &str) -> String {
        match self {
            Self::Poll => "poll".into(),
            Self::Hint => "hint".into(),
            Self::Changed(model_id) => alloc::format!("changed:{model_id}"),
            Self::Linked(_) => alloc::format!("linked:{delivery_id}"),
            Self::Unlinked => "unlinked".into(),
            Self::Issue => "issue".into(),
        }
    }
}
