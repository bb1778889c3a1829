//! What people see of one account.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::readiness::AccountReadiness;
use merge_sync_logic::types::{Account, LinkState, ModelStatus, Problem, Timestamp};
use merge_sync_logic::window::{self, Progress, Span};

use crate::document::{Document, Life, Model};
use crate::settings::Settings;
use crate::store::Versioned;
use crate::{codec, link, model_trouble, notes, schedule, settle, trouble};

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The store cannot be reached. Trying later may help.
    Store(Problem),
    /// Nobody linked this account.
    UnknownAccount(Problem),
    /// The stored state cannot be read by this version. It is left as it is.
    State(Problem),
    /// The settings document is wrong.
    Settings(Problem),
}

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

/// What one run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether `/sync-status` was read.
    pub polled: bool,
    /// Windows completed.
    pub windows: u32,
    /// Rows committed.
    pub rows: u64,
    /// When to run again, host's clock; as committed to the store.
    pub wake_at: Option<Timestamp>,
    /// What went wrong; `None` if nothing did.
    pub trouble: Option<Trouble>,
}

/// One model, for a page or a support person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelView {
    /// What Merge says.
    pub status: ModelStatus,
    /// What was fetched.
    pub progress: Progress,
    /// The window being read, if any.
    pub window: Option<Span>,
    /// What is wrong with this model alone.
    pub trouble: Option<Trouble>,
    /// A sweep that waits for a second full re-read or for approval.
    pub held_sweep: Option<HeldSweep>,
    /// Rows a page, as its next request asks for them.
    pub page_size: u32,
    /// Records of its latest read that have no key.
    pub without_key: u64,
    /// Records of its latest read that are not JSON objects.
    pub unreadable_records: u64,
}

/// A full re-read found so many records missing that none was marked deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldSweep {
    /// The number of the first full re-read that found them missing.
    pub pass: u64,
    /// Live records that it did not find.
    pub unseen: u64,
    /// Live records.
    pub live: u64,
}

/// One account, for a page or a support person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The account.
    pub account: Account,
    /// Host's clock.
    pub linked_at: Timestamp,
    /// For the models asked about.
    pub readiness: AccountReadiness,
    /// In model-id order.
    pub models: Vec<ModelView>,
    /// What is wrong; `None` if nothing is.
    pub trouble: Option<Trouble>,
    /// Merge's newest issue texts, newest first, at most five.
    pub issues: Vec<String>,
    /// Whether an operator paused it.
    pub paused: bool,
    /// Whether Merge still has access to the customer's system.
    pub link: LinkState,
    /// When the next run is due.
    pub wake_at: Option<Timestamp>,
}

/// Where the account stands for the models `required` (empty: every enabled one). Notes that no
/// run has consumed yet are taken into account, so that an account just linked has its name.
///
/// # Errors
///
/// [`Failure::State`] where the stored document cannot be read.
pub fn inspect(
    account: &str,
    loaded: &Versioned,
    required: &[String],
    settings: &Settings,
    now: Timestamp,
) -> Result<View, Failure> {
    let decoded = codec::decode(&loaded.state).map_err(Failure::State)?;
    let mut document = decoded.unwrap_or_else(|| {
        Document::new(
            Account {
                id: account.into(),
                ..Account::default()
            },
            now,
        )
    });
    notes::apply(&mut document, &loaded.notes, now, &mut Vec::new());
    let readiness = settle::shown_readiness(&document, settings, required);
    let trouble = trouble::current(&document, &settle::readiness(&document, settings), now);
    let wake_at = schedule::wake_at(&document, settings, now);
    let models = document.models.iter();
    let listed = models
        .filter_map(|(model_id, model)| model_view(model_id, model, settings, now))
        .collect();
    let link = link::state(&document);
    Ok(View {
        linked_at: document.linked_at,
        readiness,
        models: listed,
        trouble,
        issues: document.issues,
        paused: document.life == Life::Paused,
        link,
        wake_at,
        account: document.account,
    })
}

fn model_view(
    model_id: &str,
    model: &Model,
    settings: &Settings,
    now: Timestamp,
) -> Option<ModelView> {
    let window = model.window.as_ref().map(|slot| Span {
        after: slot.bounds.after,
        before: slot.bounds.before,
        watermark: slot.watermark,
        query: window::query(slot.bounds.after, slot.bounds.before),
    });
    Some(ModelView {
        status: model.status.clone()?,
        progress: model.progress,
        window,
        trouble: model_trouble::worst(model_id, model, now),
        held_sweep: model.held.map(|held| HeldSweep {
            pass: held.pass,
            unseen: held.unseen,
            live: held.live,
        }),
        page_size: model.page_size.asked(settings.page_size),
        without_key: model.skipped.without_key,
        unreadable_records: model.skipped.unreadable,
    })
}
