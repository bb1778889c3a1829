//! What must outlive a crash: the trait that a store implements, in the shape of
//! `wit/store.wit`, and what the host itself asks of one.
//!
//! `sqlite` is the store of this host. Another one (PostgreSQL, say) is a file beside it,
//! and `tests/it/store.rs` is what it has to pass.

use std::fmt::{self, Debug};

pub use crate::clock::Pending;
use crate::clock::{HOUR, Micros};
use crate::secret::Secret;

mod change;
mod schema;
pub mod sqlite;

/// What Merge says an account is. An empty text is "not said" and replaces nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Merge's id of the linked account.
    pub id: String,
    /// `hris`, `ats`, `ticketing`, ...
    pub category: String,
    /// Display name of the integration.
    pub integration: String,
    /// Its slug.
    pub integration_slug: String,
    /// The product's own id for its customer; not unique.
    pub end_user_origin_id: String,
    /// The customer's name.
    pub organization_name: String,
    /// State of the link: `COMPLETE`, `RELINK_NEEDED`, ...
    pub link_status: String,
    /// `PRODUCTION` or `TEST`.
    pub account_type: String,
    /// Whether Merge takes it for a second link of the same customer's system; `None` is "not
    /// said" and replaces nothing.
    pub is_duplicate: Option<bool>,
}

/// Something to tell the account's next run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The account.
    pub account: String,
    /// A note replaces an earlier one of the same account and key.
    pub key: String,
    /// Opaque.
    pub text: String,
    /// The account's token, where the note brings it.
    pub secret: Option<Secret>,
    /// `None` leaves the profile as it is.
    pub profile: Option<Profile>,
    /// Whether an account that is not in the store is to be created.
    pub create: bool,
}

/// A note, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNote {
    /// Larger for each later note of the account, also for one that replaced another.
    pub number: u64,
    /// The key.
    pub key: String,
    /// What it says.
    pub text: String,
    /// The account's token, where the note brings it.
    pub secret: Option<Secret>,
}

/// The latest committed state of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedAccount {
    /// Empty where only a note created the account so far.
    pub state: String,
    /// Equality only. Changes with every commit, never with a note.
    pub version: String,
    /// Notes not yet consumed, by number.
    pub notes: Vec<StoredNote>,
}

/// A record of a common model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Merge's id.
    pub id: String,
    /// The third party's id.
    pub remote_id: Option<String>,
    /// When Merge last changed its copy, Merge's clock.
    pub modified_at: Option<Micros>,
    /// Whether the third party deleted it.
    pub deleted: bool,
    /// Merge's JSON.
    pub json: String,
}

/// Rows of one model, of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The model.
    pub model_id: String,
    /// The number of the model's latest full re-read; the highest is kept with each row.
    pub pass: Option<u64>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// Mark as deleted what Merge no longer has: the live rows whose pass is below `unseen_since`,
/// and those without one. Where there are too many, none is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// The model.
    pub model_id: String,
    /// A row of this pass or a later one stays.
    pub unseen_since: u64,
    /// No more than so many are never too many.
    pub most_rows: u64,
    /// Nor is no more than this share of the live rows.
    pub most_percent: u32,
    /// Mark at most so many; another sweep follows.
    pub limit: u32,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Rows not marked deleted, counted before.
    pub live: u64,
    /// Those of them to be marked, counted before.
    pub unseen: u64,
    /// Rows marked now.
    pub marked: u64,
    /// Whether there were too many: then none was marked.
    pub held: bool,
}

/// What the product may want to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The same for every delivery of this notice.
    pub id: String,
    /// The case's name in the contract, for example `became-ready`.
    pub occasion: String,
    /// `None` where the whole account is meant.
    pub model_id: Option<String>,
    /// One sentence for people.
    pub text: String,
}

/// A notice in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequenced {
    /// Larger for each later notice of the whole store.
    pub sequence: i64,
    /// Whose.
    pub account: String,
    /// When it was committed, host's clock.
    pub at: Micros,
    /// The notice.
    pub notice: Notice,
}

/// What a list of accounts shows of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// `unknown`, `syncing`, `needs-attention` or `ready`; empty before the first commit.
    pub phase: String,
    /// Needed models that are ready.
    pub ready: u32,
    /// Needed models.
    pub needed: u32,
    /// The case's name of `types.trouble-kind`; `None` without trouble.
    pub trouble: Option<String>,
    /// The case's name of `types.link-state`; empty before the first commit.
    pub link: String,
    /// Records of the latest reads that cannot be stored.
    pub skipped: u64,
    /// The oldest `merge_last_sync_finished` of the needed models, Merge's clock.
    pub fresh_to: Option<Micros>,
}

/// What happens to the account's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenChange {
    /// Nothing.
    Keep,
    /// It is replaced.
    Put(Secret),
    /// It is erased, also from notes that carry it.
    Erase,
}

/// One atomic change to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The account.
    pub account: String,
    /// The version that was loaded; `None` to create the account.
    pub expected: Option<String>,
    /// The new state.
    pub state: String,
    /// Numbers of the notes that this change has acted on.
    pub consumed: Vec<u64>,
    /// When to run again, host's clock; at once while notes remain.
    pub wake_at: Option<Micros>,
    /// Not before this, not even for a note, host's clock.
    pub not_before: Option<Micros>,
    /// What happens to the token.
    pub token: TokenChange,
    /// For lists.
    pub summary: Summary,
    /// Rows to store.
    pub batches: Vec<Batch>,
    /// What to mark as deleted, after the batches.
    pub sweep: Option<Sweep>,
    /// For the product. One whose id the outbox has is not added again.
    pub notices: Vec<Notice>,
}

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The version that is there now.
    pub version: String,
    /// What the sweep did; `None` where the change has none.
    pub swept: Option<Swept>,
}

/// The store cannot do its work now. Says which file, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// For a log: lower case, no full stop.
    pub message: String,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unavailable {}

/// Why a note was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteError {
    /// The account is not in the store and the note does not create it.
    UnknownAccount,
    /// Nothing was kept.
    Unavailable(Unavailable),
}

/// Why a change did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitError {
    /// Somebody else committed first: the version that is there, `None` where no account is.
    Stale(Option<String>),
    /// Nothing was written.
    Unavailable(Unavailable),
}

/// An account whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The account.
    pub account: String,
    /// When its run was to start, host's clock.
    pub start: Micros,
    /// Its version: a run that leaves both as they were has done nothing.
    pub version: String,
    /// Whether its latest run that ended failed.
    pub failed: bool,
}

/// Runs of an account that failed in a row, up to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRuns {
    /// How many.
    pub count: u32,
    /// Since when, host's clock.
    pub since: Micros,
    /// What the latest one failed with, for a support person.
    pub text: String,
}

/// One account, as a list shows it. Without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What Merge says it is.
    pub profile: Profile,
    /// When it came into the store, host's clock.
    pub first_seen: Micros,
    /// Whether the store holds a token for it.
    pub has_token: bool,
    /// As of the latest commit.
    pub summary: Summary,
    /// `None` where its latest run came to a good end.
    pub failed_runs: Option<FailedRuns>,
    /// When its next run may start, host's clock: past where a note waits, `None` where only a
    /// note will wake it.
    pub start: Option<Micros>,
    /// Notes not yet consumed.
    pub notes: u64,
}

/// One stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The row as last replaced.
    pub row: Row,
    /// When it was first stored, host's clock.
    pub first_seen: Micros,
    /// When Merge last sent it, host's clock; also where it replaced nothing.
    pub last_seen: Micros,
    /// The latest full re-read that saw it.
    pub pass: Option<u64>,
}

/// How far ahead a start may lie. No rule of the engine asks for more than 24 hours, so one
/// further ahead was written under a clock that was wrong: it is due.
pub const FURTHEST_START: Micros = 25 * HOUR;

/// What a store does. Every method may be called from several tasks at once.
pub trait Store: Debug + Send + Sync {
    /// Keep a note; durable when it returns. The account's version stays.
    fn keep_note(&self, note: Note) -> Pending<'_, Result<(), NoteError>>;

    /// State and notes; `None` for an unknown account.
    fn load(&self, account: &str) -> Pending<'_, Result<Option<LoadedAccount>, Unavailable>>;

    /// All of the change or none of it; durable when it returns.
    fn commit(&self, change: Change) -> Pending<'_, Result<Committed, CommitError>>;

    /// At most `limit` accounts whose start has come, the longest overdue first. An account's
    /// start is `max(not_before, notes wait ? now : wake_at)`; one without a `wake_at` and
    /// without notes has none, and one more than [`FURTHEST_START`] ahead has come.
    fn due(&self, now: Micros, limit: u32) -> Pending<'_, Result<Vec<Due>, Unavailable>>;

    /// The earliest start later than `now`.
    fn next_start(&self, now: Micros) -> Pending<'_, Result<Option<Micros>, Unavailable>>;

    /// How a run ended: with `failure`, one more in a row, or well. The account's version and
    /// start stay: the engine knows nothing of it.
    fn run_ended(
        &self,
        account: &str,
        failure: Option<&str>,
    ) -> Pending<'_, Result<(), Unavailable>>;

    /// The account's token.
    fn token(&self, account: &str) -> Pending<'_, Result<Option<Secret>, Unavailable>>;

    /// One account.
    fn account(&self, account: &str) -> Pending<'_, Result<Option<Listed>, Unavailable>>;

    /// At most `limit` accounts whose id is greater than `after`, by id.
    fn accounts(&self, after: &str, limit: u32) -> Pending<'_, Result<Vec<Listed>, Unavailable>>;

    /// At most `limit` notices whose sequence is greater than `after`, in sequence.
    fn notices(&self, after: i64, limit: u32) -> Pending<'_, Result<Vec<Sequenced>, Unavailable>>;

    /// At most `limit` records of one model whose id is greater than `after`, by id.
    fn rows(
        &self,
        account: &str,
        model_id: &str,
        after: &str,
        limit: u32,
    ) -> Pending<'_, Result<Vec<Stored>, Unavailable>>;
}
