//! What a run remembers between two steps.

use alloc::boxed::Box;
use alloc::string::String;

use merge_sync_logic::types::{Milliseconds, ModelId, Timestamp};

use crate::account::document::Document;
use crate::contract::triggers::Report;
use crate::ground::trouble::Trouble;
use crate::request::Asked;
use crate::request::next::Taken;
use crate::settings::RunLimits;

/// A run between two steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The account.
    pub(crate) account: String,
    /// What the run waits for.
    pub(crate) stage: Stage,
    /// The version that the next commit expects.
    pub(crate) version: String,
    /// The fencing token of this run's lease, once committed.
    pub(crate) lease: Option<u64>,
    /// When it started, host's clock.
    pub(crate) started_at: Option<Timestamp>,
    /// Requests sent.
    pub(crate) requests: u32,
    /// Pages of records asked for.
    pub(crate) pages: u32,
    /// How often somebody else committed first.
    pub(crate) overtaken: u32,
    /// Whether this run asked for `/sync-status`.
    pub(crate) polled: bool,
    /// What was committed.
    pub(crate) done: Tally,
    /// What the commit under way adds to it.
    pub(crate) pending: Tally,
    /// What is wrong, as last committed.
    pub(crate) trouble: Option<Trouble>,
    /// When to run again, as last committed.
    pub(crate) wake_at: Option<Timestamp>,
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Complete reads of `/sync-status`.
    pub(crate) polls: u32,
    /// Windows completed.
    pub(crate) windows: u32,
    /// Rows.
    pub(crate) rows: u64,
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// To be started; or nothing, once it is over.
    Idle,
    /// An answer; the document is as of the latest commit, but for the read that began.
    Asking(Box<Document>, Asked),
    /// A commit of this document.
    Committing(Box<Document>, AfterCommit),
}

/// What comes after a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AfterCommit {
    /// This commit takes the lease with this fencing token; then go on.
    Leased(u64),
    /// Go on.
    GoOn,
    /// This commit ordered a sweep of this model; take in what it did, then go on.
    Swept(ModelId),
    /// The run is over.
    Finish,
}

impl Run {
    /// A run of `account` that has not started.
    #[must_use]
    pub fn new(account: &str) -> Self {
        Self {
            account: account.into(),
            stage: Stage::Idle,
            version: String::new(),
            lease: None,
            started_at: None,
            requests: 0,
            pages: 0,
            overtaken: 0,
            polled: false,
            done: Tally::default(),
            pending: Tally::default(),
            trouble: None,
            wake_at: None,
        }
    }

    /// Whether the run has asked for as much as one run may; the rest is for the next.
    pub(crate) fn is_spent(&self, limits: &RunLimits, now: Timestamp) -> bool {
        let elapsed = self
            .started_at
            .map_or(Milliseconds(0), |start| now.since(start));
        self.requests >= limits.requests || self.pages >= limits.pages || elapsed >= limits.duration
    }

    /// What this run did, as far as it was committed.
    pub(crate) fn report(&self) -> Report {
        Report {
            polled: self.done.polls > 0,
            windows: self.done.windows,
            rows: self.done.rows,
            wake_at: self.wake_at,
            trouble: self.trouble.clone(),
        }
    }
}

impl Tally {
    /// What an answer brought.
    pub(crate) fn of(taken: &Taken) -> Self {
        let rows = taken.batch.as_ref().map_or(0, |batch| batch.rows.len());
        Self {
            polls: taken.poll.into(),
            windows: taken.window.into(),
            rows: u64::try_from(rows).unwrap_or(u64::MAX),
        }
    }

    /// Both together.
    pub(crate) fn plus(self, more: Self) -> Self {
        Self {
            polls: self.polls.saturating_add(more.polls),
            windows: self.windows.saturating_add(more.windows),
            rows: self.rows.saturating_add(more.rows),
        }
    }
}
