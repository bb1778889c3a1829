//! What the operator may choose, and what it means for a model.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::cadence;
use merge_sync_logic::endpoints;
use merge_sync_logic::readiness::PartialPolicy;
use merge_sync_logic::retry;
use merge_sync_logic::types::{Milliseconds, ModelId};
use merge_sync_logic::window::{self, Endpoint, Listed, Rule};

/// How far a window reaches back into the one before it.
pub const OVERLAP_DEFAULT: Milliseconds = Milliseconds(5 * 60 * 1_000);

/// Each model is read whole this often.
pub const FULL_REREAD_DEFAULT: Milliseconds = Milliseconds(7 * 24 * 60 * 60 * 1_000);

/// Rows a page: Merge's largest.
pub const LARGEST_PAGE: u32 = 100;

/// Requests of one account within a minute: what Merge's smallest plan allows.
pub const REQUESTS_PER_MINUTE_DEFAULT: u32 = 100;

/// More than any plan allows.
pub const MOST_REQUESTS_PER_MINUTE: u32 = 100_000;

/// Whether a model waits for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// A model is fetched once no needed model of the account is syncing any more.
    Account,
    /// A model is fetched as soon as it is ready itself.
    Model,
}

/// How much one run may do; the rest is for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// Pages of records.
    pub pages: u32,
    /// Requests.
    pub requests: u32,
    /// Time since the run started.
    pub duration: Milliseconds,
}

/// The settings, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How window bounds are chosen.
    pub rule: Rule,
    /// How far a window reaches back into the one before it.
    pub overlap: Milliseconds,
    /// What to do with a model whose initial sync ended incomplete.
    pub partial: PartialPolicy,
    /// Whether a model waits for the others.
    pub gate: Gate,
    /// How often to poll.
    pub cadence: cadence::Policy,
    /// How patient to be.
    pub retry: retry::Policy,
    /// How often each model is read whole; `None` is never.
    pub full_reread: Option<Milliseconds>,
    /// Rows a page, as long as pages of that size can be read.
    pub page_size: u32,
    /// Requests of one account within a minute.
    pub requests_per_minute: u32,
    /// How much one run may do.
    pub run_limits: RunLimits,
    pub(crate) required: Vec<ModelId>,
    pub(crate) models: Vec<ModelId>,
    pub(crate) endpoint_overrides: Vec<(ModelId, Listed)>,
    pub(crate) query_extra: Vec<(ModelId, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rule: Rule::Contiguous,
            overlap: OVERLAP_DEFAULT,
            partial: PartialPolicy::Strict,
            gate: Gate::Account,
            cadence: cadence::Policy::default(),
            retry: retry::Policy::default(),
            full_reread: Some(FULL_REREAD_DEFAULT),
            requests_per_minute: REQUESTS_PER_MINUTE_DEFAULT,
            run_limits: RunLimits {
                pages: 50,
                requests: 60,
                duration: Milliseconds(20_000),
            },
            page_size: LARGEST_PAGE,
            required: Vec::new(),
            models: Vec::new(),
            endpoint_overrides: Vec::new(),
            query_extra: Vec::new(),
        }
    }
}

impl Settings {
    /// The models that the product needs: `required`, else the allow-list, else (empty) every
    /// enabled one.
    #[must_use]
    pub fn required(&self) -> &[ModelId] {
        if self.required.is_empty() {
            &self.models
        } else {
            &self.required
        }
    }

    /// Whether the product needs this model.
    #[must_use]
    pub fn needs(&self, model_id: &str) -> bool {
        let required = self.required();
        required.is_empty() || names(required, model_id)
    }

    /// Whether this model is to be fetched at all.
    #[must_use]
    pub fn allows(&self, model_id: &str) -> bool {
        self.models.is_empty() || names(&self.models, model_id)
    }

    /// Where a model's records are read: the operator's word goes before the table's.
    #[must_use]
    pub fn endpoint(&self, model_id: &str) -> Endpoint {
        match entry(&self.endpoint_overrides, model_id) {
            Some(listed) => Endpoint::Listed(listed.clone()),
            None => window::locate(model_id),
        }
    }

    /// Whether [`Settings::endpoint`] is a list, without building its path.
    #[must_use]
    pub fn lists(&self, model_id: &str) -> bool {
        entry(&self.endpoint_overrides, model_id).is_some() || endpoints::is_listed(model_id)
    }

    /// Parameters of the operator's for this model's list.
    #[must_use]
    pub fn query_extra(&self, model_id: &str) -> Option<&str> {
        entry(&self.query_extra, model_id).map(String::as_str)
    }
}

/// The entry of a model; of two under its several names the last. A list, since an operator names a
/// handful of models and a map of each kind would cost three kilobytes of component.
fn entry<'a, T>(entries: &'a [(ModelId, T)], model_id: &str) -> Option<&'a T> {
    if entries.is_empty() {
        return None;
    }
    let id = canonical(model_id);
    entries
        .iter()
        .rfind(|(named, _)| named == id)
        .map(|(_, entry)| entry)
}

/// The id under which a model is looked up, whichever of its aliases was used.
pub(crate) fn canonical(model_id: &str) -> &str {
    endpoints::canonical(model_id).unwrap_or(model_id)
}

fn names(list: &[ModelId], model_id: &str) -> bool {
    list.iter()
        .any(|named| canonical(named) == canonical(model_id))
}
