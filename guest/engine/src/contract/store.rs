//! What must outlive a crash, as `wit/store.wit` has it.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{
    Account, AccountId, AccountPhase, LinkState, ModelId, Row, Secret, Timestamp,
};

use crate::ground::trouble::TroubleKind;

/// Something to tell the account's next run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The account.
    pub account: AccountId,
    /// A note replaces an earlier one of the same account and key.
    pub key: String,
    /// What it says.
    pub text: String,
    /// The account's token, where the note brings it.
    pub secret: Option<Secret>,
    /// What Merge says the account is; `None` leaves it as it is.
    pub profile: Option<Account>,
    /// Whether an account that is not in the store is to be created.
    pub create: bool,
}

/// A note, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNote {
    /// Larger for each later note of the account.
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
    /// Changes with every commit; not with a note.
    pub version: String,
    /// Notes not yet consumed, by number.
    pub notes: Vec<StoredNote>,
}

/// Rows of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The model.
    pub model_id: ModelId,
    /// The number of the model's latest full re-read.
    pub pass: Option<u64>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// Mark as deleted the live rows that no pass since this one has seen, unless they are too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// The model.
    pub model_id: ModelId,
    /// Rows of an older pass, or of none, are to be marked.
    pub unseen_since: u64,
    /// So many rows are marked in any case.
    pub most_rows: u64,
    /// And so many of a hundred live ones.
    pub most_percent: u32,
    /// No more are marked in one commit.
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
    /// Whether it was held: then none was marked.
    pub held: bool,
}

/// Something a product may want to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The account is ready for the first time.
    BecameReady,
    /// A window of one model is complete.
    WindowCompleted,
    /// Every needed model whose initial sync is complete has been read up to its newest finish.
    CaughtUp,
    /// Trouble began that will not end by waiting.
    NeedsAttention,
    /// Trouble ended.
    Recovered,
    /// Merge deleted the account.
    Unlinked,
}

impl Occasion {
    /// Its name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BecameReady => "became-ready",
            Self::WindowCompleted => "window-completed",
            Self::CaughtUp => "caught-up",
            Self::NeedsAttention => "needs-attention",
            Self::Recovered => "recovered",
            Self::Unlinked => "unlinked",
        }
    }
}

/// To be handed to the product at least once, after the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The same for every delivery of this notice.
    pub id: String,
    /// What it is about.
    pub occasion: Occasion,
    /// `None` where the whole account is meant.
    pub model_id: Option<ModelId>,
    /// One sentence for people.
    pub text: String,
}

impl Notice {
    /// A notice whose id is the same however often it is delivered.
    pub(crate) fn new(
        account: &str,
        occasion: Occasion,
        model_id: Option<&str>,
        instant: Timestamp,
        text: String,
    ) -> Self {
        let subject = model_id.unwrap_or("-");
        let id = alloc::format!("{account}/{}/{subject}/{instant}", occasion.name());
        Self {
            id,
            occasion,
            model_id: model_id.map(String::from),
            text,
        }
    }
}

/// What a list of accounts shows of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Where the account stands.
    pub phase: AccountPhase,
    /// Needed models that are ready.
    pub ready: u32,
    /// Needed models.
    pub needed: u32,
    /// The worst kind of trouble; `None` without any.
    pub trouble: Option<TroubleKind>,
    /// Whether Merge still has access.
    pub link: LinkState,
    /// Records of the latest reads that cannot be stored.
    pub skipped: u64,
    /// The oldest `merge_last_sync_finished` of the needed models, Merge's clock.
    pub fresh_to: Option<Timestamp>,
}

/// What happens to the account's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenChange {
    /// Nothing.
    Keep,
    /// It is replaced.
    Put(Secret),
    /// It is erased.
    Erase,
}

/// One atomic change to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The account.
    pub account: AccountId,
    /// The version that was loaded; `None` to create the account.
    pub expected: Option<String>,
    /// The new state.
    pub state: String,
    /// Notes that this change has acted on.
    pub consumed: Vec<u64>,
    /// When to run again, host's clock; at once while notes remain.
    pub wake_at: Option<Timestamp>,
    /// Not before this, not even for a note, host's clock.
    pub not_before: Option<Timestamp>,
    /// What happens to the token.
    pub token: TokenChange,
    /// For lists.
    pub summary: Summary,
    /// Rows to store.
    pub batches: Vec<Batch>,
    /// A completed full re-read.
    pub sweep: Option<Sweep>,
    /// For the product.
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
