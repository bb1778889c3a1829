//! What is remembered of the link to the customer's system, and of what is looked up.

use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::ground::clock::sane;

/// Where the answer did not help, once an hour.
pub const LOOKUP_RETRY: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// Something that is looked up when there is a reason to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lookup {
    /// When it was last asked for.
    pub read_at: Option<Timestamp>,
    /// When it is to be asked for; `None` where there is no reason to.
    pub due_at: Option<Timestamp>,
}

impl Lookup {
    /// There is a reason to ask, `pause` after the last time. What waits already goes on
    /// waiting: a stream of hints neither hastens nor delays it.
    pub fn want(&mut self, pause: Milliseconds, now: Timestamp) {
        if self.due_at.is_none() {
            let rested = self.read_at.map(|at| sane(at.plus(pause), pause, now));
            self.due_at = rested.max(Some(now));
        }
    }

    /// Take in that it was answered.
    pub fn answered(&mut self, now: Timestamp) {
        self.read_at = Some(now);
        self.due_at = None;
    }

    /// Take in that the answer did not help: the reason to ask stands, and asking again at once
    /// would help no more.
    pub fn failed(&mut self, now: Timestamp) {
        self.read_at = Some(now);
        if self.due_at.is_some() {
            self.due_at = Some(now.plus(LOOKUP_RETRY));
        }
    }
}

/// What is known of the link itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Link {
    /// When `/account-details` is asked for.
    pub details: Lookup,
    /// The category to ask under next, where none is known.
    pub category: u32,
    /// Since when Merge says that the end user must link again.
    pub relink_since: Option<Timestamp>,
    /// Merge disowns the account, after it said that it was deleted.
    pub disowned: Option<Disowned>,
}

/// Merge disowns an account, with one 401 or 404 after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disowned {
    /// Since when every answer was such.
    pub since: Timestamp,
    /// The latest such answer.
    pub latest: Timestamp,
}
