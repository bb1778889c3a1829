//! The records of `wit/types.wit`.

use alloc::string::String;

use super::read::Input;
use super::write::{self, Object};
use crate::types::{Account, AccountPhase, LinkState, ModelStatus, Problem, Row, SyncState};

/// Read an account: every field is needed, the empty text is "not said".
///
/// # Errors
///
/// Names the field at fault.
pub fn read_account(input: Input<'_, '_>) -> Result<Account, Problem> {
    let mut fields = input.object()?;
    let account = Account {
        id: fields.take("id").text()?,
        category: fields.take("category").text()?,
        integration: fields.take("integration").text()?,
        integration_slug: fields.take("integration_slug").text()?,
        end_user_origin_id: fields.take("end_user_origin_id").text()?,
        organization_name: fields.take("organization_name").text()?,
        link_status: fields.take("link_status").text()?,
        account_type: fields.take("account_type").text()?,
        is_duplicate: fields.take("is_duplicate").optional(Input::boolean)?,
    };
    fields.finish()?;
    Ok(account)
}

/// Write an account.
pub fn write_account(out: &mut String, account: &Account) {
    Object::open(out)
        .text("id", &account.id)
        .text("category", &account.category)
        .text("integration", &account.integration)
        .text("integration_slug", &account.integration_slug)
        .text("end_user_origin_id", &account.end_user_origin_id)
        .text("organization_name", &account.organization_name)
        .text("link_status", &account.link_status)
        .text("account_type", &account.account_type)
        .optional(
            "is_duplicate",
            account.is_duplicate.as_ref(),
            write::boolean,
        )
        .close();
}

/// Read the state of a link.
///
/// # Errors
///
/// Names the field at fault and the states there are.
pub fn read_link_state(input: Input<'_, '_>) -> Result<LinkState, Problem> {
    input.one_of(&[
        ("active", LinkState::Active),
        ("relink-needed", LinkState::RelinkNeeded),
        ("unlinked", LinkState::Unlinked),
    ])
}

/// The name of a link's state.
#[must_use]
pub const fn link_state_name(state: LinkState) -> &'static str {
    match state {
        LinkState::Active => "active",
        LinkState::RelinkNeeded => "relink-needed",
        LinkState::Unlinked => "unlinked",
    }
}

/// The name of an account's phase.
#[must_use]
pub const fn account_phase_name(phase: AccountPhase) -> &'static str {
    match phase {
        AccountPhase::Unknown => "unknown",
        AccountPhase::Syncing => "syncing",
        AccountPhase::NeedsAttention => "needs-attention",
        AccountPhase::Ready => "ready",
    }
}

/// Read a sync state.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_sync_state(input: Input<'_, '_>) -> Result<SyncState, Problem> {
    let tagged = input.tagged()?;
    match tagged.tag() {
        "syncing" => tagged.bare(SyncState::Syncing),
        "done" => tagged.bare(SyncState::Done),
        "partially-synced" => tagged.bare(SyncState::PartiallySynced),
        "failed" => tagged.bare(SyncState::Failed),
        "disabled" => tagged.bare(SyncState::Disabled),
        "paused" => tagged.bare(SyncState::Paused),
        "unknown" => tagged.payload(read_unknown_state),
        _ => Err(tagged.unknown(&[
            "syncing",
            "done",
            "partially-synced",
            "failed",
            "disabled",
            "paused",
            "unknown",
        ])),
    }
}

fn read_unknown_state(input: Input<'_, '_>) -> Result<SyncState, Problem> {
    input.only_text("text").map(SyncState::Unknown)
}

/// Write a sync state.
pub fn write_sync_state(out: &mut String, state: &SyncState) {
    match state {
        SyncState::Syncing => write::bare(out, "syncing"),
        SyncState::Done => write::bare(out, "done"),
        SyncState::PartiallySynced => write::bare(out, "partially-synced"),
        SyncState::Failed => write::bare(out, "failed"),
        SyncState::Disabled => write::bare(out, "disabled"),
        SyncState::Paused => write::bare(out, "paused"),
        SyncState::Unknown(text) => write::tagged(out, "unknown", text.as_str(), |out, text| {
            Object::open(out).text("text", text).close();
        }),
    }
}

/// Read what Merge says of one model.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_model_status(input: Input<'_, '_>) -> Result<ModelStatus, Problem> {
    let mut fields = input.object()?;
    let status = ModelStatus {
        model_id: fields.take("model_id").text()?,
        model_name: fields.take("model_name").text()?,
        status: fields.take("status").optional(read_sync_state)?,
        is_initial_sync: fields.take("is_initial_sync").optional(Input::boolean)?,
        last_sync_start: fields.take("last_sync_start").optional(Input::timestamp)?,
        next_sync_start: fields.take("next_sync_start").optional(Input::timestamp)?,
        last_sync_result: fields.take("last_sync_result").optional(read_sync_state)?,
        last_sync_finished: fields
            .take("last_sync_finished")
            .optional(Input::timestamp)?,
        status_reason: fields.take("status_reason").text()?,
        data_fresh_as_of: fields.take("data_fresh_as_of").optional(Input::timestamp)?,
        synced_fields: fields.take("synced_fields").list(|field| field.text())?,
        unreadable: fields.take("unreadable").list(|field| field.text())?,
    };
    fields.finish()?;
    Ok(status)
}

/// Write what Merge says of one model.
pub fn write_model_status(out: &mut String, status: &ModelStatus) {
    let finished = status.last_sync_finished.as_ref();
    Object::open(out)
        .text("model_id", &status.model_id)
        .text("model_name", &status.model_name)
        .optional("status", status.status.as_ref(), write_sync_state)
        .optional(
            "is_initial_sync",
            status.is_initial_sync.as_ref(),
            write::boolean,
        )
        .optional(
            "last_sync_start",
            status.last_sync_start.as_ref(),
            write::timestamp,
        )
        .optional(
            "next_sync_start",
            status.next_sync_start.as_ref(),
            write::timestamp,
        )
        .optional(
            "last_sync_result",
            status.last_sync_result.as_ref(),
            write_sync_state,
        )
        .optional("last_sync_finished", finished, write::timestamp)
        .text("status_reason", &status.status_reason)
        .optional(
            "data_fresh_as_of",
            status.data_fresh_as_of.as_ref(),
            write::timestamp,
        )
        .texts("synced_fields", &status.synced_fields)
        .texts("unreadable", &status.unreadable)
        .close();
}

/// Read a record of a common model.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_row(input: Input<'_, '_>) -> Result<Row, Problem> {
    let mut fields = input.object()?;
    let row = Row {
        id: fields.take("id").text()?,
        remote_id: fields.take("remote_id").optional(Input::text)?,
        modified_at: fields.take("modified_at").optional(Input::timestamp)?,
        deleted: fields.take("deleted").boolean()?,
        json: fields.take("json").text()?,
    };
    fields.finish()?;
    Ok(row)
}

/// Write a record of a common model.
pub fn write_row(out: &mut String, row: &Row) {
    Object::open(out)
        .text("id", &row.id)
        .optional("remote_id", row.remote_id.as_deref(), write::text)
        .optional("modified_at", row.modified_at.as_ref(), write::timestamp)
        .boolean("deleted", row.deleted)
        .text("json", &row.json)
        .close();
}

/// Read a problem.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_problem(input: Input<'_, '_>) -> Result<Problem, Problem> {
    let message = input.only_text("message")?;
    Ok(Problem { message })
}

/// Write a problem.
pub fn write_problem(out: &mut String, problem: &Problem) {
    Object::open(out).text("message", &problem.message).close();
}
