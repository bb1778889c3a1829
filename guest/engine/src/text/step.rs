//! `engine.step`: a run as text goes in with what happened, and comes out with what to do.

use alloc::string::String;

use merge_sync_logic::json::read::Input;
use merge_sync_logic::json::types::read_problem;
use merge_sync_logic::json::write::{self, Object};
use merge_sync_logic::types::Problem;

use super::http::{read_response, read_send_error, write_request};
use super::log::write_entry;
use super::run::{decode, encode};
use super::store::{read_committed, read_loaded_account, write_change};
use super::triggers::{write_failure, write_report};
use crate::contract::store::LoadedAccount;
use crate::run::Run;
use crate::settings::parse_in;
use crate::step::{self, Effect, Event, Step};

pub(super) fn take_step(input: Input<'_, '_>) -> Result<String, Problem> {
    let mut fields = input.object()?;
    let run = fields
        .take("run")
        .optional(|input| decode(&input.text()?))?;
    let run = read_account_of(fields.take("account"), run)?;
    let settings = parse_in("settings", &fields.take("settings").text()?)?;
    let now = fields.take("now").timestamp()?;
    let event = read_event(fields.take("event"))?;
    fields.finish()?;
    Ok(alone(&step::step(run, &settings, now, event)))
}

/// The run to go on with. A host that mixes two accounts up is told so before one's records
/// are committed to the other.
fn read_account_of(input: Input<'_, '_>, run: Option<Run>) -> Result<Run, Problem> {
    let other = input.problem(format_args!("not the account of `run`"));
    let account = input.text()?;
    match run {
        None => Ok(Run::new(&account)),
        Some(run) if run.account == account => Ok(run),
        Some(_) => Err(other),
    }
}

fn read_event(input: Input<'_, '_>) -> Result<Event, Problem> {
    let tagged = input.tagged()?;
    match tagged.tag() {
        "started" => tagged.payload(read_loaded_account).map(Event::Started),
        "response" => tagged.payload(read_response).map(Event::Response),
        "send-error" => tagged.payload(read_send_error).map(Event::SendError),
        "committed" => tagged.payload(read_committed).map(Event::Committed),
        "stale" => tagged.payload(read_stale).map(Event::Stale),
        "unavailable" => tagged.payload(read_problem).map(Event::Unavailable),
        _ => Err(tagged.unknown(&[
            "started",
            "response",
            "send-error",
            "committed",
            "stale",
            "unavailable",
        ])),
    }
}

fn read_stale(input: Input<'_, '_>) -> Result<Option<LoadedAccount>, Problem> {
    let mut fields = input.object()?;
    let loaded = fields.take("loaded").optional(read_loaded_account)?;
    fields.finish()?;
    Ok(loaded)
}

fn alone(step: &Step) -> String {
    let mut out = String::new();
    Object::open(&mut out)
        .text("run", &encode(&step.run))
        .field("effect", &step.effect, write_effect)
        .list("log", &step.log, write_entry)
        .close();
    out
}

fn write_effect(out: &mut String, effect: &Effect) {
    match effect {
        Effect::Send(request) => write::tagged(out, "send", request, write_request),
        Effect::Commit(change) => write::tagged(out, "commit", &**change, write_change),
        Effect::Finished(Ok(report)) => write::tagged(out, "finished", report, write_report),
        Effect::Finished(Err(failure)) => write::tagged(out, "failed", failure, write_failure),
    }
}
