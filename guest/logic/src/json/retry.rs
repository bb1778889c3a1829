//! The records of `wit/retry.wit`.

use alloc::string::String;

use super::read::Input;
use super::write::{self, Object};
use crate::retry::{
    Again, AttemptOutcome, Decision, Facts, Policy, Remedy, ResponseFacts, Stop, TransportFailure,
    UnusableBody,
};
use crate::types::Problem;

/// Read what is known of a request.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_facts(input: Input<'_, '_>) -> Result<Facts, Problem> {
    let mut fields = input.object()?;
    let facts = Facts {
        outcome: read_outcome(fields.take("outcome"))?,
        attempt: fields.take("attempt").u32()?,
        now: fields.take("now").timestamp()?,
        seed: fields.take("seed").u64()?,
        policy: read_policy(fields.take("policy"), None)?,
    };
    fields.finish()?;
    Ok(facts)
}

fn read_outcome(input: Input<'_, '_>) -> Result<AttemptOutcome, Problem> {
    let tagged = input.tagged()?;
    match tagged.tag() {
        "response" => tagged.payload(read_response).map(AttemptOutcome::Response),
        "transport" => tagged.payload(read_failure).map(AttemptOutcome::Transport),
        "timed-out" => tagged.bare(AttemptOutcome::TimedOut),
        "too-large" => tagged.bare(AttemptOutcome::TooLarge),
        "unusable" => tagged.payload(read_unusable).map(AttemptOutcome::Unusable),
        "stale-cursor" => tagged.bare(AttemptOutcome::StaleCursor),
        "no-token" => tagged.bare(AttemptOutcome::NoToken),
        _ => Err(tagged.unknown(&[
            "response",
            "transport",
            "timed-out",
            "too-large",
            "unusable",
            "stale-cursor",
            "no-token",
        ])),
    }
}

fn read_response(input: Input<'_, '_>) -> Result<ResponseFacts, Problem> {
    let mut fields = input.object()?;
    let response = ResponseFacts {
        status: fields.take("status").u16()?,
        retry_after: fields.take("retry_after").optional(Input::text)?,
        date: fields.take("date").optional(Input::text)?,
    };
    fields.finish()?;
    Ok(response)
}

fn read_failure(input: Input<'_, '_>) -> Result<TransportFailure, Problem> {
    let message = input.only_text("message")?;
    Ok(TransportFailure { message })
}

fn read_unusable(input: Input<'_, '_>) -> Result<UnusableBody, Problem> {
    let message = input.only_text("message")?;
    Ok(UnusableBody { message })
}

/// Read a policy. A field that is null or absent is that of `defaults`; without defaults every
/// field is needed.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_policy(input: Input<'_, '_>, defaults: Option<Policy>) -> Result<Policy, Problem> {
    let mut fields = input.object()?;
    let policy = Policy {
        base: fields.milliseconds_or("base", defaults.map(|policy| policy.base))?,
        throttled_base: fields.milliseconds_or(
            "throttled_base",
            defaults.map(|policy| policy.throttled_base),
        )?,
        cap: fields.milliseconds_or("cap", defaults.map(|policy| policy.cap))?,
        max_attempts: fields
            .take("max_attempts")
            .or(defaults.map(|policy| policy.max_attempts), Input::u32)?,
    };
    fields.finish()?;
    Ok(policy)
}

/// Write a decision.
pub fn write_decision(out: &mut String, decision: &Decision) {
    match decision {
        Decision::Succeeded => write::bare(out, "succeeded"),
        Decision::Again(again) => write::tagged(out, "again", again, write_again),
        Decision::Stop(stop) => write::tagged(out, "stop", stop, write_stop),
    }
}

fn write_again(out: &mut String, again: &Again) {
    Object::open(out)
        .field("after", &again.after, write::milliseconds)
        .text("reason", &again.reason)
        .close();
}

fn write_stop(out: &mut String, stop: &Stop) {
    Object::open(out)
        .name("remedy", remedy_name(stop.remedy))
        .optional("not_before", stop.not_before.as_ref(), write::milliseconds)
        .text("reason", &stop.reason)
        .close();
}

/// The name of a remedy.
#[must_use]
pub const fn remedy_name(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Reauthorize => "reauthorize",
        Remedy::DropRequest => "drop-request",
        Remedy::Park => "park",
    }
}
