//! The records of `wit/window.wit`.

use alloc::string::String;

use super::read::Input;
use super::types::read_model_status;
use super::write::{self, Object};
use crate::types::Problem;
use crate::window::{
    Completed, Endpoint, Facts, Listed, Plan, Progress, Rule, Skip, SkipReason, Span,
};

/// Read what is known of a model.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_facts(input: Input<'_, '_>) -> Result<Facts, Problem> {
    let mut fields = input.object()?;
    let facts = Facts {
        status: read_model_status(fields.take("status"))?,
        progress: read_progress(fields.take("progress"))?,
        ready: fields.take("ready").boolean()?,
        rule: read_rule(fields.take("rule"))?,
        overlap: fields.take("overlap").milliseconds()?,
    };
    fields.finish()?;
    Ok(facts)
}

/// Read a rule.
///
/// # Errors
///
/// Names the field at fault and the rules there are.
pub fn read_rule(input: Input<'_, '_>) -> Result<Rule, Problem> {
    input.one_of(&[
        ("contiguous", Rule::Contiguous),
        ("open-ended", Rule::OpenEnded),
        ("fetch-start", Rule::FetchStart),
    ])
}

/// Read a completed fetch.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_completed(input: Input<'_, '_>) -> Result<Completed, Problem> {
    let mut fields = input.object()?;
    let completed = Completed {
        progress: read_progress(fields.take("progress"))?,
        span: read_span(fields.take("span"))?,
        started_at: fields.take("started_at").timestamp()?,
        ended_at: fields.take("ended_at").timestamp()?,
    };
    fields.finish()?;
    Ok(completed)
}

/// Read what the host keeps for a model.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_progress(input: Input<'_, '_>) -> Result<Progress, Problem> {
    let mut fields = input.object()?;
    let progress = Progress {
        last_synced_at: fields.take("last_synced_at").optional(Input::timestamp)?,
        merge_last_sync_finished: fields
            .take("merge_last_sync_finished")
            .optional(Input::timestamp)?,
        last_fetched_at: fields.take("last_fetched_at").optional(Input::timestamp)?,
    };
    fields.finish()?;
    Ok(progress)
}

/// Write what the host keeps for a model.
pub fn write_progress(out: &mut String, progress: &Progress) {
    let finished = progress.merge_last_sync_finished.as_ref();
    Object::open(out)
        .optional(
            "last_synced_at",
            progress.last_synced_at.as_ref(),
            write::timestamp,
        )
        .optional("merge_last_sync_finished", finished, write::timestamp)
        .optional(
            "last_fetched_at",
            progress.last_fetched_at.as_ref(),
            write::timestamp,
        )
        .close();
}

/// Read a window.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_span(input: Input<'_, '_>) -> Result<Span, Problem> {
    let mut fields = input.object()?;
    let span = Span {
        after: fields.take("after").optional(Input::timestamp)?,
        before: fields.take("before").optional(Input::timestamp)?,
        watermark: fields.take("watermark").timestamp()?,
        query: fields.take("query").text()?,
    };
    fields.finish()?;
    Ok(span)
}

/// Write a window.
pub fn write_span(out: &mut String, span: &Span) {
    Object::open(out)
        .optional("after", span.after.as_ref(), write::timestamp)
        .optional("before", span.before.as_ref(), write::timestamp)
        .field("watermark", &span.watermark, write::timestamp)
        .text("query", &span.query)
        .close();
}

/// Write a plan.
pub fn write_plan(out: &mut String, plan: &Plan) {
    match plan {
        Plan::Fetch(span) => write::tagged(out, "fetch", span, write_span),
        Plan::Skip(skip) => write::tagged(out, "skip", skip, write_skip),
    }
}

fn write_skip(out: &mut String, skip: &Skip) {
    Object::open(out)
        .name("reason", skip_reason_name(skip.reason))
        .close();
}

/// The name of a reason to skip.
#[must_use]
pub const fn skip_reason_name(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Disabled => "disabled",
        SkipReason::InitialSyncIncomplete => "initial-sync-incomplete",
        SkipReason::Failed => "failed",
        SkipReason::NothingFinished => "nothing-finished",
        SkipReason::NotNewer => "not-newer",
    }
}

/// Write where a model's records are read.
pub fn write_endpoint(out: &mut String, endpoint: &Endpoint) {
    match endpoint {
        Endpoint::Listed(listed) => write::tagged(out, "listed", listed, write_listed),
        Endpoint::Unlisted => write::bare(out, "unlisted"),
        Endpoint::Unmapped => write::bare(out, "unmapped"),
    }
}

fn write_listed(out: &mut String, listed: &Listed) {
    Object::open(out)
        .text("path", &listed.path)
        .boolean("filtered", listed.filtered)
        .list("key", listed.key, |out, field| write::name(out, field))
        .name("always", listed.always)
        .close();
}
