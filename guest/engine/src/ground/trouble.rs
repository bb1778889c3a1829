//! What may be wrong with an account, and how bad it is.

use alloc::string::String;

use merge_sync_logic::types::Timestamp;

/// What kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// See `retry.remedy`.
    Reauthorize,
    /// See `retry.remedy`.
    DropRequest,
    /// See `retry.remedy`.
    Park,
    /// A failure that is being retried.
    Retrying,
    /// Merge's initial sync of some needed model ended badly.
    InitialSync,
    /// A full re-read found so many records missing that none was marked deleted.
    HeldSweep,
    /// Some records cannot be read.
    Incomplete,
    /// A field of `/sync-status` cannot be read.
    Unreadable,
    /// Some records cannot be stored.
    NoKey,
}

/// Trouble with one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub kind: TroubleKind,
    /// Since when, host's clock.
    pub since: Timestamp,
    /// One sentence for people.
    pub text: String,
}

/// Put trouble of `kind` in the place of `known`: the same kind keeps the instant at which it began.
pub fn put(known: &mut Option<Trouble>, kind: TroubleKind, text: String, now: Timestamp) {
    let before = known.as_ref().filter(|trouble| trouble.kind == kind);
    let since = before.map_or(now, |trouble| trouble.since);
    *known = Some(Trouble { kind, since, text });
}

/// Whether people must act: anything but a failure that is being retried.
pub fn needs_attention(kind: TroubleKind) -> bool {
    match kind {
        TroubleKind::Reauthorize
        | TroubleKind::DropRequest
        | TroubleKind::Park
        | TroubleKind::InitialSync
        | TroubleKind::HeldSweep
        | TroubleKind::Incomplete
        | TroubleKind::Unreadable
        | TroubleKind::NoKey => true,
        TroubleKind::Retrying => false,
    }
}

/// The worse of two kinds of trouble is shown.
pub fn severity(kind: TroubleKind) -> u8 {
    match kind {
        TroubleKind::Reauthorize => 8,
        TroubleKind::Park => 7,
        TroubleKind::DropRequest => 6,
        TroubleKind::HeldSweep => 5,
        TroubleKind::Incomplete => 4,
        TroubleKind::Unreadable => 3,
        TroubleKind::NoKey => 2,
        TroubleKind::InitialSync => 1,
        TroubleKind::Retrying => 0,
    }
}

/// The name of `kind` in the contract.
pub fn name(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::Reauthorize => "reauthorize",
        TroubleKind::DropRequest => "drop-request",
        TroubleKind::Park => "park",
        TroubleKind::Retrying => "retrying",
        TroubleKind::InitialSync => "initial-sync",
        TroubleKind::HeldSweep => "held-sweep",
        TroubleKind::Incomplete => "incomplete",
        TroubleKind::Unreadable => "unreadable",
        TroubleKind::NoKey => "no-key",
    }
}

/// Whether a trouble of this kind is a fact about one model, told by a notice of its own.
pub fn is_of_a_model(kind: TroubleKind) -> bool {
    match kind {
        TroubleKind::HeldSweep
        | TroubleKind::Incomplete
        | TroubleKind::Unreadable
        | TroubleKind::NoKey => true,
        TroubleKind::Reauthorize
        | TroubleKind::DropRequest
        | TroubleKind::Park
        | TroubleKind::InitialSync
        | TroubleKind::Retrying => false,
    }
}
