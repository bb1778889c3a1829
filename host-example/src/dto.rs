//! The JSON of `/api`: snake_case keys, the contract's names for cases, instants as RFC 3339
//! text in UTC.

mod command;
mod names;

use serde::{Deserialize, Serialize};

use crate::bindings::exports::merge_sync::triggers::readiness::AccountReadiness;
use crate::bindings::exports::merge_sync::triggers::triggers::{
    HeldSweep, ModelView, Trouble, View,
};
use crate::bindings::exports::merge_sync::triggers::types;
use crate::instant;
use crate::store::{FailedRuns, Listed, Sequenced};

pub use command::{CommandDto, NoCommand, command};
pub use names::{account_phase, link_state, phase, trouble_kind};

/// An account, as a list shows it.
#[derive(Debug, Serialize)]
#[expect(
    missing_docs,
    reason = "the fields are those of `Listed`, under their own names"
)]
pub struct AccountDto {
    pub id: String,
    pub category: String,
    pub integration: String,
    pub integration_slug: String,
    pub end_user_origin_id: String,
    pub organization_name: String,
    pub link_status: String,
    pub account_type: String,
    pub is_duplicate: Option<bool>,
    pub first_seen: String,
    pub has_token: bool,
    pub phase: String,
    pub ready: u32,
    pub needed: u32,
    pub trouble: Option<String>,
    pub link: String,
    pub skipped: u64,
    pub fresh_to: Option<String>,
    pub next_start: Option<String>,
    pub notes_waiting: u64,
    pub failed_runs: Option<FailedRunsDto>,
}

/// Runs that failed in a row.
#[derive(Debug, Serialize)]
pub struct FailedRunsDto {
    /// How many.
    pub count: u32,
    /// Since when.
    pub since: String,
    /// What the latest one failed with.
    pub text: String,
}

impl From<FailedRuns> for FailedRunsDto {
    fn from(from: FailedRuns) -> Self {
        Self {
            count: from.count,
            since: instant::text(from.since),
            text: from.text,
        }
    }
}

impl From<Listed> for AccountDto {
    fn from(from: Listed) -> Self {
        Self {
            id: from.profile.id,
            category: from.profile.category,
            integration: from.profile.integration,
            integration_slug: from.profile.integration_slug,
            end_user_origin_id: from.profile.end_user_origin_id,
            organization_name: from.profile.organization_name,
            link_status: from.profile.link_status,
            account_type: from.profile.account_type,
            is_duplicate: from.profile.is_duplicate,
            first_seen: instant::text(from.first_seen),
            has_token: from.has_token,
            phase: from.summary.phase,
            ready: from.summary.ready,
            needed: from.summary.needed,
            trouble: from.summary.trouble,
            link: from.summary.link,
            skipped: from.summary.skipped,
            fresh_to: from.summary.fresh_to.map(instant::text),
            next_start: from.start.map(instant::text),
            notes_waiting: from.notes,
            failed_runs: from.failed_runs.map(FailedRunsDto::from),
        }
    }
}

/// Where an account stands.
#[derive(Debug, Serialize)]
pub struct ReadinessDto {
    /// `unknown`, `syncing`, `needs-attention` or `ready`.
    pub phase: &'static str,
    /// Needed models.
    pub needed: u32,
    /// Needed models that are ready.
    pub ready: u32,
    /// Needed models that need attention.
    pub attention: u32,
    /// In model-id order.
    pub models: Vec<ModelReadinessDto>,
}

/// Where a model stands.
#[derive(Debug, Serialize)]
pub struct ModelReadinessDto {
    /// The model.
    pub model_id: String,
    /// `disabled`, `syncing`, `ready` or `needs-attention`.
    pub phase: &'static str,
    /// One sentence for people.
    pub reason: String,
}

impl From<AccountReadiness> for ReadinessDto {
    fn from(from: AccountReadiness) -> Self {
        let models = from
            .models
            .into_iter()
            .map(|model| ModelReadinessDto {
                model_id: model.model_id,
                phase: phase(model.phase),
                reason: model.reason,
            })
            .collect();
        Self {
            phase: account_phase(from.phase),
            needed: from.needed,
            ready: from.ready,
            attention: from.attention,
            models,
        }
    }
}

/// Trouble with an account.
#[derive(Debug, Serialize)]
pub struct TroubleDto {
    /// The contract's name of the kind.
    pub kind: &'static str,
    /// Since when.
    pub since: String,
    /// One sentence for people.
    pub text: String,
}

impl From<Trouble> for TroubleDto {
    fn from(from: Trouble) -> Self {
        Self {
            kind: trouble_kind(from.kind),
            since: instant::text(from.since),
            text: from.text,
        }
    }
}

/// A model, for a support person.
#[derive(Debug, Serialize)]
#[expect(
    missing_docs,
    reason = "the fields are the contract's, under their own names"
)]
pub struct ModelDto {
    pub model_id: String,
    pub model_name: String,
    pub status: Option<String>,
    pub is_initial_sync: Option<bool>,
    pub last_sync_start: Option<String>,
    pub next_sync_start: Option<String>,
    pub last_sync_result: Option<String>,
    pub last_sync_finished: Option<String>,
    pub status_reason: String,
    pub data_fresh_as_of: Option<String>,
    pub synced_fields: Vec<String>,
    pub unreadable: Vec<String>,
    pub progress: ProgressDto,
    pub window: Option<WindowDto>,
    pub trouble: Option<TroubleDto>,
    pub held_sweep: Option<HeldSweepDto>,
    pub page_size: u32,
    pub without_key: u64,
    pub unreadable_records: u64,
}

/// A full re-read found so many records missing that none was marked deleted.
#[derive(Debug, Serialize)]
pub struct HeldSweepDto {
    /// What an approval names.
    pub pass: u64,
    /// Live records that it did not find.
    pub unseen: u64,
    /// Live records.
    pub live: u64,
}

impl From<HeldSweep> for HeldSweepDto {
    fn from(from: HeldSweep) -> Self {
        Self {
            pass: from.pass,
            unseen: from.unseen,
            live: from.live,
        }
    }
}

/// The three instants that are kept for each model.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProgressDto {
    /// When the latest completed fetch started, host's clock.
    pub last_synced_at: Option<String>,
    /// The `last_sync_finished` that it was for, Merge's clock.
    pub merge_last_sync_finished: Option<String>,
    /// When it ended, host's clock.
    pub last_fetched_at: Option<String>,
}

/// A window that is being read.
#[derive(Debug, Serialize)]
pub struct WindowDto {
    /// `modified_after`.
    pub after: Option<String>,
    /// `modified_before`.
    pub before: Option<String>,
    /// What is stored once it is complete.
    pub watermark: String,
}

impl From<ModelView> for ModelDto {
    fn from(from: ModelView) -> Self {
        let status = from.status;
        Self {
            model_id: status.model_id,
            model_name: status.model_name,
            status: status.status.map(state),
            is_initial_sync: status.is_initial_sync,
            last_sync_start: status.last_sync_start.map(instant::text),
            next_sync_start: status.next_sync_start.map(instant::text),
            last_sync_result: status.last_sync_result.map(state),
            last_sync_finished: status.last_sync_finished.map(instant::text),
            status_reason: status.status_reason,
            data_fresh_as_of: status.data_fresh_as_of.map(instant::text),
            synced_fields: status.synced_fields,
            unreadable: status.unreadable,
            progress: ProgressDto {
                last_synced_at: from.progress.last_synced_at.map(instant::text),
                merge_last_sync_finished: from.progress.merge_last_sync_finished.map(instant::text),
                last_fetched_at: from.progress.last_fetched_at.map(instant::text),
            },
            window: from.window.map(|window| WindowDto {
                after: window.after.map(instant::text),
                before: window.before.map(instant::text),
                watermark: instant::text(window.watermark),
            }),
            trouble: from.trouble.map(TroubleDto::from),
            held_sweep: from.held_sweep.map(HeldSweepDto::from),
            page_size: from.page_size,
            without_key: from.without_key,
            unreadable_records: from.unreadable_records,
        }
    }
}

/// A sync state as Merge spells it.
#[must_use]
pub fn state(state: types::SyncState) -> String {
    match state {
        types::SyncState::Syncing => "SYNCING".to_owned(),
        types::SyncState::Done => "DONE".to_owned(),
        types::SyncState::PartiallySynced => "PARTIALLY_SYNCED".to_owned(),
        types::SyncState::Failed => "FAILED".to_owned(),
        types::SyncState::Disabled => "DISABLED".to_owned(),
        types::SyncState::Paused => "PAUSED".to_owned(),
        types::SyncState::Unknown(unknown) => unknown.text,
    }
}

/// One account, for a support person.
#[derive(Debug, Serialize)]
pub struct ViewDto {
    /// As the list shows it.
    pub account: AccountDto,
    /// When it was linked, host's clock.
    pub linked_at: String,
    /// For every enabled model, or the required ones.
    pub readiness: ReadinessDto,
    /// In model-id order.
    pub models: Vec<ModelDto>,
    /// What is wrong; null if nothing is.
    pub trouble: Option<TroubleDto>,
    /// Merge's newest issue texts, newest first.
    pub issues: Vec<String>,
    /// Whether an operator paused it.
    pub paused: bool,
    /// `active`, `relink-needed` or `unlinked`.
    pub link: &'static str,
    /// When the engine wants to run next.
    pub wake_at: Option<String>,
}

impl ViewDto {
    /// What the engine and the store say, together.
    #[must_use]
    pub fn new(listed: Listed, view: View) -> Self {
        Self {
            account: listed.into(),
            linked_at: instant::text(view.linked_at),
            readiness: view.readiness.into(),
            models: view.models.into_iter().map(ModelDto::from).collect(),
            trouble: view.trouble.map(TroubleDto::from),
            issues: view.issues,
            paused: view.paused,
            link: link_state(view.link),
            wake_at: view.wake_at.map(instant::text),
        }
    }
}

/// A notice in the outbox.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `Sequenced`")]
pub struct NoticeDto {
    pub sequence: i64,
    pub id: String,
    pub account: String,
    pub at: String,
    pub occasion: String,
    pub model_id: Option<String>,
    pub text: String,
}

impl From<Sequenced> for NoticeDto {
    fn from(from: Sequenced) -> Self {
        Self {
            sequence: from.sequence,
            id: from.notice.id,
            account: from.account,
            at: instant::text(from.at),
            occasion: from.notice.occasion,
            model_id: from.notice.model_id,
            text: from.notice.text,
        }
    }
}
