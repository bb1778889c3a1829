//! The account's state document: what must be remembered between two runs.
//!
//! One document per account, opaque to the host. Its text form is in `codec`; what it means is
//! decided elsewhere. It never grows with the number of records or webhooks.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::page::Contents;
use merge_sync_logic::types::{Account, ModelId, ModelStatus, SyncState, Timestamp};
use merge_sync_logic::window::Progress;

use super::link::{Link, Lookup};
use super::minute::Minute;
use super::page_size::PageSize;
use super::patience::Patiences;
use super::slot::{Gap, Kind, Reread, Slot};
use super::sweep::{Held, Pending};
use crate::ground::by_id::ById;
use crate::ground::trouble::{Trouble, TroubleKind};

/// How many `linked` deliveries are remembered, so that a replay of one does nothing.
pub const LINKED_DELIVERIES_KEPT: usize = 8;

/// How many of Merge's issue texts are kept.
pub const ISSUES_KEPT: usize = 5;

/// When a full re-read is due that an operator asked for, also where none is due by itself.
pub const ASKED_FOR: Timestamp = Timestamp::EPOCH;

/// Whether the account is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is polled and fetched.
    Active,
    /// An operator paused it: webhooks are taken in, nothing is sent.
    Paused,
    /// Merge deleted it, or an operator unlinked it: its token is erased.
    Stopped,
}

/// The lease of the run under way: no other run sends requests while it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Larger for each later lease of the account.
    pub fencing_token: u64,
    /// When others may take over, host's clock.
    pub until: Timestamp,
}

/// The trouble that people were last told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnouncedTrouble {
    /// What kind.
    pub kind: TroubleKind,
    /// Since when, host's clock.
    pub since: Timestamp,
}

/// One account. Instants are on the host's clock where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What Merge says the account is.
    pub account: Account,
    /// When it was linked.
    pub linked_at: Timestamp,
    /// Whether it is looked after.
    pub life: Life,
    /// Whether the host was given a token and not told to erase it.
    pub has_token: bool,
    /// Whether `/sync-status` was ever read to its end.
    pub complete: bool,
    /// Whether the account was found ready with nothing required: then it stays ready.
    pub was_ready: bool,
    /// Whether `became-ready` was announced.
    pub announced_ready: bool,
    /// Whether every needed model whose initial sync is complete has been read up to its newest
    /// finish.
    pub caught_up: bool,
    /// Polls made: chooses the spread of the next.
    pub polls: u64,
    /// When `/sync-status` was last asked for.
    pub last_poll_at: Option<Timestamp>,
    /// When the regular poll is due.
    pub next_poll_at: Timestamp,
    /// Whether something asked for a poll out of turn.
    pub poll_wanted: bool,
    /// Whether something that names no finish hinted at news: a poll out of turn, which waits
    /// until such polls are due again.
    pub hinted: bool,
    /// When a hint last caused a poll.
    pub hint_polled_at: Option<Timestamp>,
    /// Whether a webhook said that Merge deleted the account; the polls of a day decide.
    pub unlink_reported: bool,
    /// Failed reads of `/sync-status` in a row.
    pub consecutive_failures: u32,
    /// What stands in the way of all requests; `None` once a poll succeeds.
    pub trouble: Option<Trouble>,
    /// Our own patience: no run before this.
    pub backoff_until: Option<Timestamp>,
    /// What a server demanded: no run before this, and no operator can shorten it.
    pub server_until: Option<Timestamp>,
    /// The requests of the latest minute.
    pub minute: Minute,
    /// The run under way, if any.
    pub lease: Option<Lease>,
    /// The latest lease's fencing token.
    pub fencing_token: u64,
    /// Leases in a row whose run did not finish.
    pub unfinished_leases: u32,
    /// The value of `unfinished_leases` that was backed off for.
    pub backed_off_leases: u32,
    /// The model that was served last: the next one is served first.
    pub last_served: ModelId,
    /// The trouble that people were last told of.
    pub announced: Option<AnnouncedTrouble>,
    /// Merge's newest issue texts, newest first.
    pub issues: Vec<String>,
    /// When `/issues` is read.
    pub issues_lookup: Lookup,
    /// Whether Merge still has access to the customer's system.
    pub link: Link,
    /// When the link was completed whose token is held, Merge's clock, where it was said.
    pub link_completed_at: Option<Timestamp>,
    /// The latest `linked` delivery-ids, newest last.
    pub linked_deliveries: Vec<String>,
    /// What is known of each model.
    pub models: ById<Model>,
}

/// One model of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    /// The latest row of `/sync-status`; `None` where the latest complete read lacks it.
    pub status: Option<ModelStatus>,
    /// Whether it was ever found ready: then it stays ready.
    pub ready: bool,
    /// What was fetched.
    pub progress: Progress,
    /// The window being read.
    pub window: Option<Slot>,
    /// The hint fetch being read.
    pub hint: Option<Slot>,
    /// The full re-read being read.
    pub reread: Option<Reread>,
    /// Whether a hint asks for a fetch.
    pub hint_due: bool,
    /// The newest `modified_at` that a complete hint fetch read, Merge's clock.
    pub hint_mark: Option<Timestamp>,
    /// When the latest hint fetch started.
    pub last_hint_at: Option<Timestamp>,
    /// What identifies the `FAILED` sync that was seen last, Merge's clock.
    pub failure_seen: Option<Timestamp>,
    /// When the next full re-read is due; `None` before the first window is stored.
    pub reread_at: Option<Timestamp>,
    /// The number of the latest full re-read.
    pub pass: u64,
    /// What failed of each of its reads.
    pub patience: Patiences,
    /// How many rows a page is asked for.
    pub page_size: PageSize,
    /// Whether Merge was seen to ignore `modified_after` and `modified_before` here: then the
    /// model is read whole until a full re-read is complete.
    pub ignores_bounds: bool,
    /// Whether a record without `modified_at` was ever seen here: no bounds select such records.
    pub has_undated: bool,
    /// A sweep to be ordered.
    pub sweep: Option<Pending>,
    /// A sweep that was held.
    pub held: Option<Held>,
    /// Records that cannot be read, since when.
    pub missing: Option<Missing>,
    /// Records that cannot be stored.
    pub skipped: Skipped,
    /// What people were told of this model alone.
    pub told: Told,
    /// Whether the log was told that this version does not know the model.
    pub unmapped_reported: bool,
}

/// Part of a list was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Since when, host's clock.
    pub since: Timestamp,
    /// What was given up.
    pub gap: Gap,
}

/// Records of the latest read that cannot be stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Those without a key.
    pub without_key: u64,
    /// Those that cannot be read.
    pub unreadable: u64,
    /// Since when they are so many that people are told, host's clock.
    pub too_many_since: Option<Timestamp>,
}

/// What people were told of one model, so that they are told once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Of a held sweep.
    pub held_sweep: bool,
    /// Of records that cannot be read.
    pub incomplete: bool,
    /// Of a field of its status that cannot be read.
    pub unreadable: bool,
    /// Of records that cannot be stored.
    pub no_key: bool,
}

impl Document {
    /// An account that nothing is known of but its id.
    #[must_use]
    pub fn new(account: Account, linked_at: Timestamp) -> Self {
        Self {
            account,
            linked_at,
            life: Life::Active,
            has_token: false,
            complete: false,
            was_ready: false,
            announced_ready: false,
            caught_up: false,
            polls: 0,
            last_poll_at: None,
            next_poll_at: linked_at,
            poll_wanted: true,
            hinted: false,
            hint_polled_at: None,
            unlink_reported: false,
            consecutive_failures: 0,
            trouble: None,
            backoff_until: None,
            server_until: None,
            minute: Minute::default(),
            lease: None,
            fencing_token: 0,
            unfinished_leases: 0,
            backed_off_leases: 0,
            last_served: ModelId::new(),
            announced: None,
            issues: Vec::new(),
            issues_lookup: Lookup::default(),
            link: Link::default(),
            link_completed_at: None,
            linked_deliveries: Vec::new(),
            models: ById::default(),
        }
    }

    /// As [`Document::new`], of an account that only a note or an operator has named so far.
    #[must_use]
    pub fn blank(account: &str, now: Timestamp) -> Self {
        let account = Account {
            id: account.into(),
            ..Account::default()
        };
        Self::new(account, now)
    }

    /// The latest row of each model that Merge lists, in model-id order.
    #[must_use]
    pub fn statuses(&self) -> Vec<ModelStatus> {
        self.models
            .values()
            .filter_map(|model| model.status.clone())
            .collect()
    }

    /// The models that were ever found ready, in model-id order.
    #[must_use]
    pub fn ready_before(&self) -> Vec<ModelId> {
        let ready = self.models.iter().filter(|(_, model)| model.ready);
        ready.map(|(model_id, _)| model_id.clone()).collect()
    }

    /// Stop looking after the account: its token is to be erased.
    pub fn stop(&mut self) {
        self.life = Life::Stopped;
        self.has_token = false;
        self.lease = None;
        self.forget_wishes();
        self.drop_slots();
    }

    /// Forget what was to be looked up: there is no token to do it with.
    pub fn forget_wishes(&mut self) {
        self.poll_wanted = false;
        self.hinted = false;
        self.unlink_reported = false;
        self.issues_lookup.due_at = None;
        self.link = Link::default();
    }

    /// The token or the API key was replaced, or is accepted again: reads at rest, which may have been
    /// refused for that reason, are tried at once.
    pub fn end_rests(&mut self) {
        for model in self.models.values_mut() {
            model.patience.end_rests();
        }
    }

    /// Forget all reads under way: what they stored stays, what they were for is planned anew.
    pub fn drop_slots(&mut self) {
        for model in self.models.values_mut() {
            model.drop_slots();
        }
    }
}

impl Model {
    /// Whether Merge lists it, switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        let state = self.status.as_ref().map(|row| &row.status);
        state.is_some_and(|state| *state != Some(SyncState::Disabled))
    }

    /// Forget the reads under way, what failed of them and the sweeps that wait.
    pub fn drop_slots(&mut self) {
        self.window = None;
        self.hint = None;
        self.reread = None;
        self.patience = Patiences::default();
        self.sweep = None;
        self.held = None;
    }

    /// The read of this kind that is under way.
    #[must_use]
    pub fn slot(&self, kind: Kind) -> Option<&Slot> {
        match kind {
            Kind::Window => self.window.as_ref(),
            Kind::Hint => self.hint.as_ref(),
            Kind::Reread => self.reread.as_ref().map(|reread| &reread.slot),
        }
    }

    /// As [`Model::slot`], to be changed.
    pub fn slot_mut(&mut self, kind: Kind) -> Option<&mut Slot> {
        match kind {
            Kind::Window => self.window.as_mut(),
            Kind::Hint => self.hint.as_mut(),
            Kind::Reread => self.reread.as_mut().map(|reread| &mut reread.slot),
        }
    }

    /// Whether anything of it is worth keeping once Merge no longer lists it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.status.is_none()
            && self.progress == Progress::default()
            && self.window.is_none()
            && self.hint.is_none()
            && self.reread.is_none()
            && !self.hint_due
            && self.sweep.is_none()
            && self.held.is_none()
    }
}

impl Skipped {
    /// A page of which nothing can be stored.
    pub fn note(&mut self, contents: &Contents, now: Timestamp) {
        self.without_key = self.without_key.max(contents.without_key.into());
        self.unreadable = self.unreadable.max(contents.unreadable.into());
        self.too_many_since = self.too_many_since.or(Some(now));
    }

    /// All of them.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.without_key.saturating_add(self.unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wish that stayed would be followed once the account is linked anew.
    #[test]
    fn an_account_that_is_no_longer_looked_after_wishes_for_nothing() {
        let at = Timestamp(20_000_000);
        let mut document = Document::new(Account::default(), at);
        document.has_token = true;
        document.hinted = true;
        document.unlink_reported = true;
        document.issues_lookup.due_at = Some(at);
        document.link.details.due_at = Some(at);
        document.link.category = 3;
        document.stop();
        assert!(!document.has_token && !document.poll_wanted && !document.hinted);
        assert!(!document.unlink_reported);
        assert_eq!(document.issues_lookup.due_at, None);
        assert_eq!(document.link, Link::default());
    }
}
