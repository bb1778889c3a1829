//! Between the types of the contract and those of this host: equal shapes, moved field by
//! field.

use crate::bindings::exports::merge_sync::triggers::types as exported;
use crate::bindings::merge_sync::triggers::{http, store, types};
use crate::merge_http;
use crate::secret::Secret;
use crate::store as host;

pub(super) fn request(from: http::Request) -> merge_http::Request {
    merge_http::Request {
        account: from.account,
        method: from.method,
        target: from.target,
    }
}

pub(super) fn response(from: merge_http::Response) -> http::Response {
    let headers = from
        .headers
        .into_iter()
        .map(|(name, value)| http::Header { name, value })
        .collect();
    http::Response {
        status: from.status,
        headers,
        body: from.body,
    }
}

pub(super) fn send_error(from: merge_http::SendError, account: String) -> http::SendError {
    match from {
        merge_http::SendError::Transport(message) => {
            http::SendError::Transport(http::Transport { message })
        }
        merge_http::SendError::TimedOut(message) => {
            http::SendError::TimedOut(http::Transport { message })
        }
        merge_http::SendError::TooLarge(message) => {
            http::SendError::TooLarge(http::Transport { message })
        }
        merge_http::SendError::HeldBack(after) => {
            http::SendError::HeldBack(http::HeldBack { after })
        }
        merge_http::SendError::NoToken => http::SendError::NoToken(http::NoToken { account }),
    }
}

pub(super) fn problem(from: host::Unavailable) -> types::Problem {
    types::Problem {
        message: from.message,
    }
}

pub(super) fn note(from: store::Note) -> host::Note {
    host::Note {
        account: from.account,
        key: from.key,
        text: from.text,
        secret: from.secret.map(secret),
        profile: from.profile.map(profile),
        create: from.create,
    }
}

/// As [`note`], of one that the component exports.
pub(crate) fn exported_note(from: exported::Note) -> host::Note {
    host::Note {
        account: from.account,
        key: from.key,
        text: from.text,
        secret: from.secret.map(|secret| Secret::new(secret.value)),
        profile: from.profile.map(exported_profile),
        create: from.create,
    }
}

pub(super) fn note_error(from: host::NoteError, account: &str) -> store::NoteError {
    match from {
        host::NoteError::UnknownAccount => store::NoteError::UnknownAccount(types::Problem {
            message: format!("account `{account}` is not in the store"),
        }),
        host::NoteError::Unavailable(unavailable) => {
            store::NoteError::Unavailable(problem(unavailable))
        }
    }
}

pub(super) fn loaded_account(from: host::LoadedAccount) -> store::LoadedAccount {
    let notes = from
        .notes
        .into_iter()
        .map(|note| store::StoredNote {
            number: note.number,
            key: note.key,
            text: note.text,
            secret: note.secret.map(|secret| store::Secret {
                value: secret.expose().to_owned(),
            }),
        })
        .collect();
    store::LoadedAccount {
        state: from.state,
        version: from.version,
        notes,
    }
}

pub(super) fn change(from: store::Change) -> host::Change {
    host::Change {
        account: from.account,
        expected: from.expected,
        state: from.state,
        consumed: from.consumed,
        wake_at: from.wake_at,
        not_before: from.not_before,
        token: match from.token {
            store::TokenChange::Keep => host::TokenChange::Keep,
            store::TokenChange::Put(token) => host::TokenChange::Put(secret(token)),
            store::TokenChange::Erase => host::TokenChange::Erase,
        },
        summary: host::Summary {
            phase: account_phase(from.summary.phase).to_owned(),
            ready: from.summary.ready,
            needed: from.summary.needed,
            trouble: from
                .summary
                .trouble
                .map(|kind| trouble_kind(kind).to_owned()),
            link: link_state(from.summary.link).to_owned(),
            skipped: from.summary.skipped,
            fresh_to: from.summary.fresh_to,
        },
        batches: from.batches.into_iter().map(batch).collect(),
        sweep: from.sweep.map(|sweep| host::Sweep {
            model_id: sweep.model_id,
            unseen_since: sweep.unseen_since,
            most_rows: sweep.most_rows,
            most_percent: sweep.most_percent,
            limit: sweep.limit,
        }),
        notices: from.notices.into_iter().map(notice).collect(),
    }
}

pub(super) fn committed(from: host::Committed) -> store::Committed {
    store::Committed {
        version: from.version,
        swept: from.swept.map(|swept| store::Swept {
            live: swept.live,
            unseen: swept.unseen,
            marked: swept.marked,
            held: swept.held,
        }),
    }
}

pub(super) fn commit_error(from: host::CommitError) -> store::CommitError {
    match from {
        host::CommitError::Stale(current) => store::CommitError::Stale(store::Conflict { current }),
        host::CommitError::Unavailable(unavailable) => {
            store::CommitError::Unavailable(problem(unavailable))
        }
    }
}

/// As `dto::account_phase` has it of what the component exports.
fn account_phase(from: types::AccountPhase) -> &'static str {
    match from {
        types::AccountPhase::Unknown => "unknown",
        types::AccountPhase::Syncing => "syncing",
        types::AccountPhase::NeedsAttention => "needs-attention",
        types::AccountPhase::Ready => "ready",
    }
}

/// As `dto::trouble_kind` has it of what the component exports.
fn trouble_kind(from: types::TroubleKind) -> &'static str {
    match from {
        types::TroubleKind::Reauthorize => "reauthorize",
        types::TroubleKind::DropRequest => "drop-request",
        types::TroubleKind::Park => "park",
        types::TroubleKind::Retrying => "retrying",
        types::TroubleKind::InitialSync => "initial-sync",
        types::TroubleKind::HeldSweep => "held-sweep",
        types::TroubleKind::Incomplete => "incomplete",
        types::TroubleKind::Unreadable => "unreadable",
        types::TroubleKind::NoKey => "no-key",
    }
}

/// As `dto::link_state` has it of what the component exports.
fn link_state(from: types::LinkState) -> &'static str {
    match from {
        types::LinkState::Active => "active",
        types::LinkState::RelinkNeeded => "relink-needed",
        types::LinkState::Unlinked => "unlinked",
    }
}

fn secret(from: store::Secret) -> Secret {
    Secret::new(from.value)
}

fn profile(from: types::Account) -> host::Profile {
    host::Profile {
        id: from.id,
        category: from.category,
        integration: from.integration,
        integration_slug: from.integration_slug,
        end_user_origin_id: from.end_user_origin_id,
        organization_name: from.organization_name,
        link_status: from.link_status,
        account_type: from.account_type,
        is_duplicate: from.is_duplicate,
    }
}

fn exported_profile(from: exported::Account) -> host::Profile {
    host::Profile {
        id: from.id,
        category: from.category,
        integration: from.integration,
        integration_slug: from.integration_slug,
        end_user_origin_id: from.end_user_origin_id,
        organization_name: from.organization_name,
        link_status: from.link_status,
        account_type: from.account_type,
        is_duplicate: from.is_duplicate,
    }
}

fn batch(from: store::Batch) -> host::Batch {
    let rows = from
        .rows
        .into_iter()
        .map(|row| host::Row {
            id: row.id,
            remote_id: row.remote_id,
            modified_at: row.modified_at,
            deleted: row.deleted,
            json: row.json,
        })
        .collect();
    host::Batch {
        model_id: from.model_id,
        pass: from.pass,
        rows,
    }
}

fn notice(from: store::Notice) -> host::Notice {
    let occasion = match from.occasion {
        store::Occasion::BecameReady => "became-ready",
        store::Occasion::WindowCompleted => "window-completed",
        store::Occasion::CaughtUp => "caught-up",
        store::Occasion::NeedsAttention => "needs-attention",
        store::Occasion::Recovered => "recovered",
        store::Occasion::Unlinked => "unlinked",
    };
    host::Notice {
        id: from.id,
        occasion: occasion.to_owned(),
        model_id: from.model_id,
        text: from.text,
    }
}
