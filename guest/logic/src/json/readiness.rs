//! The records of `wit/readiness.wit`.

use alloc::string::String;

use super::read::Input;
use super::types::{account_phase_name, read_model_status, write_model_status};
use super::write::{self, Object};
use crate::readiness::{AccountReadiness, Facts, ModelReadiness, PartialPolicy, Phase, StatusPage};
use crate::types::Problem;

/// Read what is known of an account.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_facts(input: Input<'_, '_>) -> Result<Facts, Problem> {
    let mut fields = input.object()?;
    let facts = Facts {
        statuses: fields.take("statuses").list(read_model_status)?,
        complete: fields.take("complete").boolean()?,
        required: fields.take("required").list(|each| each.text())?,
        partial: read_partial_policy(fields.take("partial"))?,
        ready_before: fields.take("ready_before").list(|each| each.text())?,
        was_ready: fields.take("was_ready").boolean()?,
    };
    fields.finish()?;
    Ok(facts)
}

/// Read the policy for partial models.
///
/// # Errors
///
/// Names the field at fault and the policies there are.
pub fn read_partial_policy(input: Input<'_, '_>) -> Result<PartialPolicy, Problem> {
    input.one_of(&[
        ("strict", PartialPolicy::Strict),
        ("accept-partial", PartialPolicy::AcceptPartial),
    ])
}

/// Write where an account stands.
pub fn write_account_readiness(out: &mut String, readiness: &AccountReadiness) {
    Object::open(out)
        .name("phase", account_phase_name(readiness.phase))
        .number("needed", readiness.needed.into())
        .number("ready", readiness.ready.into())
        .number("attention", readiness.attention.into())
        .list("models", &readiness.models, write_model_readiness)
        .close();
}

fn write_model_readiness(out: &mut String, readiness: &ModelReadiness) {
    Object::open(out)
        .text("model_id", &readiness.model_id)
        .name("phase", phase_name(readiness.phase))
        .text("reason", &readiness.reason)
        .close();
}

/// Write one page of `/sync-status`.
pub fn write_status_page(out: &mut String, page: &StatusPage) {
    Object::open(out)
        .list("statuses", &page.statuses, write_model_status)
        .optional("next", page.next.as_deref(), write::text)
        .close();
}

/// The name of a model's phase.
#[must_use]
pub const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Disabled => "disabled",
        Phase::Syncing => "syncing",
        Phase::Ready => "ready",
        Phase::NeedsAttention => "needs-attention",
    }
}
