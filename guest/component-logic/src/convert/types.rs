//! `types`: the shared vocabulary.

use merge_sync_logic::types as logic;
use merge_sync_logic::types::Timestamp;

use crate::bindings::exports::merge_sync::triggers::types as wit;

impl From<logic::Problem> for wit::Problem {
    fn from(problem: logic::Problem) -> Self {
        Self {
            message: problem.message,
        }
    }
}

impl From<logic::Account> for wit::Account {
    fn from(account: logic::Account) -> Self {
        Self {
            id: account.id,
            category: account.category,
            integration: account.integration,
            integration_slug: account.integration_slug,
            end_user_origin_id: account.end_user_origin_id,
            organization_name: account.organization_name,
            link_status: account.link_status,
            account_type: account.account_type,
            is_duplicate: account.is_duplicate,
        }
    }
}

impl From<logic::AccountPhase> for wit::AccountPhase {
    fn from(phase: logic::AccountPhase) -> Self {
        match phase {
            logic::AccountPhase::Unknown => Self::Unknown,
            logic::AccountPhase::Syncing => Self::Syncing,
            logic::AccountPhase::NeedsAttention => Self::NeedsAttention,
            logic::AccountPhase::Ready => Self::Ready,
        }
    }
}

impl From<wit::SyncState> for logic::SyncState {
    fn from(state: wit::SyncState) -> Self {
        match state {
            wit::SyncState::Syncing => Self::Syncing,
            wit::SyncState::Done => Self::Done,
            wit::SyncState::PartiallySynced => Self::PartiallySynced,
            wit::SyncState::Failed => Self::Failed,
            wit::SyncState::Disabled => Self::Disabled,
            wit::SyncState::Paused => Self::Paused,
            wit::SyncState::Unknown(unknown) => Self::Unknown(unknown.text),
        }
    }
}

impl From<logic::SyncState> for wit::SyncState {
    fn from(state: logic::SyncState) -> Self {
        match state {
            logic::SyncState::Syncing => Self::Syncing,
            logic::SyncState::Done => Self::Done,
            logic::SyncState::PartiallySynced => Self::PartiallySynced,
            logic::SyncState::Failed => Self::Failed,
            logic::SyncState::Disabled => Self::Disabled,
            logic::SyncState::Paused => Self::Paused,
            logic::SyncState::Unknown(text) => Self::Unknown(wit::UnknownState { text }),
        }
    }
}

impl From<wit::ModelStatus> for logic::ModelStatus {
    fn from(status: wit::ModelStatus) -> Self {
        Self {
            model_id: status.model_id,
            model_name: status.model_name,
            status: status.status.map(Into::into),
            is_initial_sync: status.is_initial_sync,
            last_sync_start: status.last_sync_start.map(Timestamp),
            next_sync_start: status.next_sync_start.map(Timestamp),
            last_sync_result: status.last_sync_result.map(Into::into),
            last_sync_finished: status.last_sync_finished.map(Timestamp),
            status_reason: status.status_reason,
            data_fresh_as_of: status.data_fresh_as_of.map(Timestamp),
            synced_fields: status.synced_fields,
            unreadable: status.unreadable,
        }
    }
}

impl From<logic::ModelStatus> for wit::ModelStatus {
    fn from(status: logic::ModelStatus) -> Self {
        Self {
            model_id: status.model_id,
            model_name: status.model_name,
            status: status.status.map(Into::into),
            is_initial_sync: status.is_initial_sync,
            last_sync_start: status.last_sync_start.map(|at| at.0),
            next_sync_start: status.next_sync_start.map(|at| at.0),
            last_sync_result: status.last_sync_result.map(Into::into),
            last_sync_finished: status.last_sync_finished.map(|at| at.0),
            status_reason: status.status_reason,
            data_fresh_as_of: status.data_fresh_as_of.map(|at| at.0),
            synced_fields: status.synced_fields,
            unreadable: status.unreadable,
        }
    }
}

impl From<logic::Row> for wit::Row {
    fn from(row: logic::Row) -> Self {
        Self {
            id: row.id,
            remote_id: row.remote_id,
            modified_at: row.modified_at.map(|at| at.0),
            deleted: row.deleted,
            json: row.json,
        }
    }
}
