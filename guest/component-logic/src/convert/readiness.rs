//! `readiness`.

use merge_sync_logic::readiness as logic;

use super::each;
use crate::bindings::exports::merge_sync::triggers::readiness as wit;

impl From<wit::PartialPolicy> for logic::PartialPolicy {
    fn from(policy: wit::PartialPolicy) -> Self {
        match policy {
            wit::PartialPolicy::Strict => Self::Strict,
            wit::PartialPolicy::AcceptPartial => Self::AcceptPartial,
        }
    }
}

impl From<wit::Facts> for logic::Facts {
    fn from(facts: wit::Facts) -> Self {
        Self {
            statuses: each(facts.statuses),
            complete: facts.complete,
            required: facts.required,
            partial: facts.partial.into(),
            ready_before: facts.ready_before,
            was_ready: facts.was_ready,
        }
    }
}

impl From<logic::Phase> for wit::Phase {
    fn from(phase: logic::Phase) -> Self {
        match phase {
            logic::Phase::Disabled => Self::Disabled,
            logic::Phase::Syncing => Self::Syncing,
            logic::Phase::Ready => Self::Ready,
            logic::Phase::NeedsAttention => Self::NeedsAttention,
        }
    }
}

impl From<logic::ModelReadiness> for wit::ModelReadiness {
    fn from(model: logic::ModelReadiness) -> Self {
        Self {
            model_id: model.model_id,
            phase: model.phase.into(),
            reason: model.reason,
        }
    }
}

impl From<logic::AccountReadiness> for wit::AccountReadiness {
    fn from(account: logic::AccountReadiness) -> Self {
        Self {
            phase: account.phase.into(),
            needed: account.needed,
            ready: account.ready,
            attention: account.attention,
            models: each(account.models),
        }
    }
}

impl From<logic::StatusPage> for wit::StatusPage {
    fn from(page: logic::StatusPage) -> Self {
        Self {
            statuses: each(page.statuses),
            next: page.next,
        }
    }
}
