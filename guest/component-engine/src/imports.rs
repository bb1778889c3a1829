//! Between the generated types of the imported interfaces and those of the engine.
//!
//! Whatever is of `types` comes twice: `types` is exported for the decisions and imported
//! for the store. The imported ones are here.

use merge_sync_engine::http as engine_http;
use merge_sync_engine::log::{Entry, Level};
use merge_sync_engine::store as engine;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types as logic;
use merge_sync_logic::types::{Milliseconds, Secret};

use crate::bindings::merge_sync::triggers::{http, log, store, types};
use crate::convert::each;

impl From<types::Problem> for logic::Problem {
    fn from(problem: types::Problem) -> Self {
        Self {
            message: problem.message,
        }
    }
}

impl From<logic::Account> for types::Account {
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

impl From<logic::LinkState> for types::LinkState {
    fn from(state: logic::LinkState) -> Self {
        match state {
            logic::LinkState::Active => Self::Active,
            logic::LinkState::RelinkNeeded => Self::RelinkNeeded,
            logic::LinkState::Unlinked => Self::Unlinked,
        }
    }
}

impl From<logic::AccountPhase> for types::AccountPhase {
    fn from(phase: logic::AccountPhase) -> Self {
        match phase {
            logic::AccountPhase::Unknown => Self::Unknown,
            logic::AccountPhase::Syncing => Self::Syncing,
            logic::AccountPhase::NeedsAttention => Self::NeedsAttention,
            logic::AccountPhase::Ready => Self::Ready,
        }
    }
}

impl From<TroubleKind> for types::TroubleKind {
    fn from(kind: TroubleKind) -> Self {
        match kind {
            TroubleKind::Reauthorize => Self::Reauthorize,
            TroubleKind::DropRequest => Self::DropRequest,
            TroubleKind::Park => Self::Park,
            TroubleKind::Retrying => Self::Retrying,
            TroubleKind::InitialSync => Self::InitialSync,
            TroubleKind::HeldSweep => Self::HeldSweep,
            TroubleKind::Incomplete => Self::Incomplete,
            TroubleKind::Unreadable => Self::Unreadable,
            TroubleKind::NoKey => Self::NoKey,
        }
    }
}

impl From<logic::Row> for types::Row {
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

impl From<Entry> for log::Entry {
    fn from(entry: Entry) -> Self {
        Self {
            level: entry.level.into(),
            message: entry.message,
            fields: entry.fields,
        }
    }
}

impl From<Level> for log::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

impl From<engine_http::Request> for http::Request {
    fn from(request: engine_http::Request) -> Self {
        Self {
            account: request.account,
            method: request.method,
            target: request.target,
        }
    }
}

impl From<http::Header> for engine_http::Header {
    fn from(header: http::Header) -> Self {
        Self {
            name: header.name,
            value: header.value,
        }
    }
}

impl From<http::Response> for engine_http::Response {
    fn from(response: http::Response) -> Self {
        Self {
            status: response.status,
            headers: each(response.headers),
            body: response.body,
        }
    }
}

impl From<http::SendError> for engine_http::SendError {
    fn from(error: http::SendError) -> Self {
        match error {
            http::SendError::Transport(failure) => Self::Transport(failure.message),
            http::SendError::TimedOut(failure) => Self::TimedOut(failure.message),
            http::SendError::TooLarge(failure) => Self::TooLarge(failure.message),
            http::SendError::HeldBack(held) => Self::HeldBack(Milliseconds(held.after)),
            http::SendError::NoToken(_) => Self::NoToken,
        }
    }
}

impl From<Secret> for store::Secret {
    fn from(secret: Secret) -> Self {
        Self { value: secret.0 }
    }
}

impl From<engine::Note> for store::Note {
    fn from(note: engine::Note) -> Self {
        Self {
            account: note.account,
            key: note.key,
            text: note.text,
            secret: note.secret.map(Into::into),
            profile: note.profile.map(Into::into),
            create: note.create,
        }
    }
}

impl From<store::StoredNote> for engine::StoredNote {
    fn from(note: store::StoredNote) -> Self {
        Self {
            number: note.number,
            key: note.key,
            text: note.text,
            secret: note.secret.map(|secret| Secret(secret.value)),
        }
    }
}

impl From<store::LoadedAccount> for engine::LoadedAccount {
    fn from(loaded: store::LoadedAccount) -> Self {
        Self {
            state: loaded.state,
            version: loaded.version,
            notes: each(loaded.notes),
        }
    }
}

impl From<store::Committed> for engine::Committed {
    fn from(committed: store::Committed) -> Self {
        Self {
            version: committed.version,
            swept: committed.swept.map(Into::into),
        }
    }
}

impl From<store::Swept> for engine::Swept {
    fn from(swept: store::Swept) -> Self {
        Self {
            live: swept.live,
            unseen: swept.unseen,
            marked: swept.marked,
            held: swept.held,
        }
    }
}

impl From<engine::TokenChange> for store::TokenChange {
    fn from(change: engine::TokenChange) -> Self {
        match change {
            engine::TokenChange::Keep => Self::Keep,
            engine::TokenChange::Put(secret) => Self::Put(secret.into()),
            engine::TokenChange::Erase => Self::Erase,
        }
    }
}

impl From<engine::Summary> for store::Summary {
    fn from(summary: engine::Summary) -> Self {
        Self {
            phase: summary.phase.into(),
            ready: summary.ready,
            needed: summary.needed,
            trouble: summary.trouble.map(Into::into),
            link: summary.link.into(),
            skipped: summary.skipped,
            fresh_to: summary.fresh_to.map(|at| at.0),
        }
    }
}

impl From<engine::Batch> for store::Batch {
    fn from(batch: engine::Batch) -> Self {
        Self {
            model_id: batch.model_id,
            pass: batch.pass,
            rows: each(batch.rows),
        }
    }
}

impl From<engine::Sweep> for store::Sweep {
    fn from(sweep: engine::Sweep) -> Self {
        Self {
            model_id: sweep.model_id,
            unseen_since: sweep.unseen_since,
            most_rows: sweep.most_rows,
            most_percent: sweep.most_percent,
            limit: sweep.limit,
        }
    }
}

impl From<engine::Occasion> for store::Occasion {
    fn from(occasion: engine::Occasion) -> Self {
        match occasion {
            engine::Occasion::BecameReady => Self::BecameReady,
            engine::Occasion::WindowCompleted => Self::WindowCompleted,
            engine::Occasion::CaughtUp => Self::CaughtUp,
            engine::Occasion::NeedsAttention => Self::NeedsAttention,
            engine::Occasion::Recovered => Self::Recovered,
            engine::Occasion::Unlinked => Self::Unlinked,
        }
    }
}

impl From<engine::Notice> for store::Notice {
    fn from(notice: engine::Notice) -> Self {
        Self {
            id: notice.id,
            occasion: notice.occasion.into(),
            model_id: notice.model_id,
            text: notice.text,
        }
    }
}

impl From<engine::Change> for store::Change {
    fn from(change: engine::Change) -> Self {
        Self {
            account: change.account,
            expected: change.expected,
            state: change.state,
            consumed: change.consumed,
            wake_at: change.wake_at.map(|at| at.0),
            not_before: change.not_before.map(|at| at.0),
            token: change.token.into(),
            summary: change.summary.into(),
            batches: each(change.batches),
            sweep: change.sweep.map(Into::into),
            notices: each(change.notices),
        }
    }
}
