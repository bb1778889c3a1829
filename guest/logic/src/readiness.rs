//! May the product use this account's data yet?
//!
//! The sentences for people stand in `reasons`; reading Merge's answer in `status`.

mod phase;
mod reasons;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Bound;

use crate::endpoints;
use crate::telling::telling_state;
use crate::types::{ModelId, ModelStatus, Problem, SyncState};

pub use crate::status::StatusPage;
pub use crate::types::AccountPhase;
pub use phase::Phase;

/// What to do with a model whose initial sync ended incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialPolicy {
    /// Wait.
    Strict,
    /// Take `PARTIALLY_SYNCED` as ready.
    AcceptPartial,
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The latest row of each model.
    pub statuses: Vec<ModelStatus>,
    /// Whether `statuses` covers all pages of a `/sync-status` read.
    pub complete: bool,
    /// The models the product needs. Empty means every enabled model.
    pub required: Vec<ModelId>,
    /// What to do with partial models.
    pub partial: PartialPolicy,
    /// Models found ready before: they stay ready.
    pub ready_before: Vec<ModelId>,
    /// Whether the account was found ready before with `required` empty.
    pub was_ready: bool,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelReadiness {
    /// The model.
    pub model_id: ModelId,
    /// Where it stands.
    pub phase: Phase,
    /// One sentence for people.
    pub reason: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReadiness {
    /// Where the account stands.
    pub phase: AccountPhase,
    /// Needed models.
    pub needed: u32,
    /// Needed models that are ready.
    pub ready: u32,
    /// Needed models that need attention, also while others sync.
    pub attention: u32,
    /// Every model listed or required, in model-id order.
    pub models: Vec<ModelReadiness>,
}

/// Read one page of `GET /api/{category}/v1/sync-status`.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`, or where `next` is there and
/// holds no cursor.
pub fn parse_status(body: &str) -> Result<StatusPage, Problem> {
    crate::status::parse(body)
}

/// Where one model stands.
///
/// 1. Switched off: `disabled`, also where it was ready before.
/// 2. `DONE`, or no longer in its initial sync, or `ready_before`: `ready`. The flag alone is
///    enough: a model whose later syncs fail has the data of the earlier ones.
/// 3. `PARTIALLY_SYNCED`: `ready` under `accept-partial`, else `needs-attention`.
/// 4. `FAILED` or `PAUSED`: `needs-attention`.
/// 5. Anything else, nothing said included: `syncing`.
#[must_use]
pub fn model_phase(status: &ModelStatus, partial: PartialPolicy, ready_before: bool) -> Phase {
    let state = telling_state(status);
    if state == Some(&SyncState::Disabled) {
        return Phase::Disabled;
    }
    if ready_before || status.is_initial_sync == Some(false) {
        return Phase::Ready;
    }
    match state {
        Some(SyncState::Done) => Phase::Ready,
        Some(SyncState::PartiallySynced) => match partial {
            PartialPolicy::Strict => Phase::NeedsAttention,
            PartialPolicy::AcceptPartial => Phase::Ready,
        },
        Some(SyncState::Failed | SyncState::Paused) => Phase::NeedsAttention,
        Some(SyncState::Disabled) => Phase::Disabled,
        Some(SyncState::Syncing | SyncState::Unknown(_)) | None => Phase::Syncing,
    }
}

/// Decide.
///
/// The needed models are the required ones or, where none is required, every enabled one.
/// The account is
///
/// 1. `ready` where nothing is required and it was ready before;
/// 2. `unknown` before a complete read, and where nothing is required nor enabled;
/// 3. `syncing` while a needed model is, one that Merge does not list included;
/// 4. `needs-attention` where a needed model does, or a required one is switched off;
/// 5. `ready`.
///
/// Of several rows of one model the last one counts. Ids are compared through the aliases of
/// [`endpoints::canonical`]. A required model of a category that no listed model is of is
/// ignored: one list of required models may serve accounts of several categories. An answer
/// names a model as Merge lists it.
#[must_use]
pub fn evaluate(facts: &Facts) -> AccountReadiness {
    let known = known_models(facts);
    let any_required = known.values().any(|model| model.required);
    let mut count = Count::default();
    let mut models = Vec::with_capacity(known.len());
    for (id, model) in &as_merge_names_them(known) {
        let phase = model.phase(facts.partial);
        if model.required || (!any_required && phase != Phase::Disabled) {
            count.add(phase);
        }
        models.push(ModelReadiness {
            model_id: (*id).into(),
            phase,
            reason: model.reason(phase).into(),
        });
    }
    let phase = if facts.was_ready && !any_required {
        AccountPhase::Ready
    } else if facts.complete {
        count.account_phase()
    } else {
        AccountPhase::Unknown
    };
    AccountReadiness {
        phase,
        needed: count.needed,
        ready: count.ready,
        attention: count.attention,
        models,
    }
}

/// What is known of one model.
#[derive(Default)]
struct Known<'a> {
    /// Its last row; `None` for a required model that Merge does not list.
    status: Option<&'a ModelStatus>,
    required: bool,
    ready_before: bool,
}

impl Known<'_> {
    fn phase(&self, partial: PartialPolicy) -> Phase {
        match self.status {
            Some(status) => model_phase(status, partial, self.ready_before),
            None if self.ready_before => Phase::Ready,
            None => Phase::Syncing,
        }
    }

    fn reason(&self, phase: Phase) -> &'static str {
        match (self.status, phase) {
            (None, Phase::Ready) => reasons::READY_BUT_UNLISTED,
            (None, _) => reasons::UNLISTED,
            (Some(_), Phase::Disabled) if self.required => reasons::DISABLED_BUT_REQUIRED,
            (Some(status), _) => reasons::of_listed(status, phase),
        }
    }
}

/// Needed models, by what they hold up.
#[derive(Default)]
struct Count {
    needed: u32,
    ready: u32,
    syncing: u32,
    attention: u32,
}

impl Count {
    fn add(&mut self, phase: Phase) {
        let counter = match phase {
            Phase::Ready => &mut self.ready,
            Phase::Syncing => &mut self.syncing,
            // Needed and switched off: waiting will not bring it.
            Phase::NeedsAttention | Phase::Disabled => &mut self.attention,
        };
        *counter = counter.saturating_add(1);
        self.needed = self.needed.saturating_add(1);
    }

    fn account_phase(&self) -> AccountPhase {
        if self.needed == 0 {
            AccountPhase::Unknown
        } else if self.syncing > 0 {
            AccountPhase::Syncing
        } else if self.attention > 0 {
            AccountPhase::NeedsAttention
        } else {
            AccountPhase::Ready
        }
    }
}

/// Every model listed or required, by its canonical id.
fn known_models(facts: &Facts) -> BTreeMap<&str, Known<'_>> {
    let mut models: BTreeMap<&str, Known<'_>> = BTreeMap::new();
    let rows = facts.statuses.iter();
    // Nothing is known of a row that names no model.
    for status in rows.filter(|row| !row.model_id.is_empty()) {
        models
            .entry(canonical(&status.model_id))
            .or_default()
            .status = Some(status);
    }
    // While no category is known, none is another one.
    let any_category = models.keys().any(|id| category(id).is_some());
    for id in facts.required.iter().map(|id| canonical(id)) {
        // An id without a category is a mistake, which must not open the pages.
        let foreign = category(id).is_some_and(|category| !any_starts_with(&models, category));
        if !(any_category && foreign) {
            models.entry(id).or_default().required = true;
        }
    }
    for id in &facts.ready_before {
        if let Some(model) = models.get_mut(canonical(id)) {
            model.ready_before = true;
        }
    }
    models
}

/// The same models by the id that Merge lists them under, which may be an alias.
fn as_merge_names_them<'a>(known: BTreeMap<&'a str, Known<'a>>) -> BTreeMap<&'a str, Known<'a>> {
    let mut named = BTreeMap::new();
    for (id, model) in known {
        let listed_as = model.status.map(|status| status.model_id.as_str());
        named.insert(listed_as.unwrap_or(id), model);
    }
    named
}

/// The id that all names of a model share; an id that the table does not have is itself.
fn canonical(id: &str) -> &str {
    endpoints::canonical(id).unwrap_or(id)
}

/// `hris.` of `hris.Employee`.
fn category(id: &str) -> Option<&str> {
    id.split_inclusive('.')
        .next()
        .filter(|category| category.ends_with('.'))
}

fn any_starts_with(models: &BTreeMap<&str, Known<'_>>, category: &str) -> bool {
    let from_there_on = (Bound::Included(category), Bound::Unbounded);
    let mut from_there_on = models.range::<str, _>(from_there_on);
    from_there_on
        .next()
        .is_some_and(|(id, _)| id.starts_with(category))
}

#[cfg(test)]
mod tests;
