//! The records of `wit/triggers.wit`.

use alloc::string::String;

use merge_sync_logic::json::read::Input;
use merge_sync_logic::json::readiness::write_account_readiness;
use merge_sync_logic::json::types::{
    link_state_name, read_account, write_account, write_model_status, write_problem,
};
use merge_sync_logic::json::window::{write_progress, write_span};
use merge_sync_logic::json::write::{self, Object};
use merge_sync_logic::types::Problem;

use crate::command::{Command, NewAccount};
use crate::contract::triggers::{Failure, HeldSweep, ModelView, Report, View};
use crate::ground::trouble::{self, Trouble};

/// Read an account to look after.
pub(super) fn read_new_account(input: Input<'_, '_>) -> Result<NewAccount, Problem> {
    let mut fields = input.object()?;
    let new = NewAccount {
        account: read_account(fields.take("account"))?,
        token: fields.take("token").optional(Input::secret)?,
        linked_at: fields.take("linked_at").optional(Input::timestamp)?,
    };
    fields.finish()?;
    Ok(new)
}

/// Read what an operator asks for.
pub(super) fn read_command(input: Input<'_, '_>) -> Result<Command, Problem> {
    let tagged = input.tagged()?;
    match tagged.tag() {
        "poll" => tagged.bare(Command::Poll),
        "reread" => tagged.bare(Command::Reread),
        "reread-model" => tagged
            .payload(|input| input.text())
            .map(Command::RereadModel),
        "approve-deletions" => tagged.payload(read_approval),
        "pause" => tagged.bare(Command::Pause),
        "resume" => tagged.bare(Command::Resume),
        "unlink" => tagged.bare(Command::Unlink),
        "reset" => tagged.bare(Command::Reset),
        _ => Err(tagged.unknown(&[
            "poll",
            "reread",
            "reread-model",
            "approve-deletions",
            "pause",
            "resume",
            "unlink",
            "reset",
        ])),
    }
}

fn read_approval(input: Input<'_, '_>) -> Result<Command, Problem> {
    let mut fields = input.object()?;
    let model_id = fields.take("model_id").text()?;
    let pass = fields.take("pass").u64()?;
    fields.finish()?;
    Ok(Command::ApproveDeletions(model_id, pass))
}

/// Write what a run did.
pub(super) fn write_report(out: &mut String, report: &Report) {
    Object::open(out)
        .boolean("polled", report.polled)
        .number("windows", report.windows.into())
        .number("rows", report.rows)
        .optional("wake_at", report.wake_at.as_ref(), write::timestamp)
        .optional("trouble", report.trouble.as_ref(), write_trouble)
        .close();
}

/// Write why nothing was done.
pub(super) fn write_failure(out: &mut String, failure: &Failure) {
    let (tag, problem) = match failure {
        Failure::Store(problem) => ("store", problem),
        Failure::UnknownAccount(problem) => ("unknown-account", problem),
        Failure::State(problem) => ("state", problem),
        Failure::Settings(problem) => ("settings", problem),
    };
    write::tagged(out, tag, problem, write_problem);
}

fn write_trouble(out: &mut String, trouble: &Trouble) {
    Object::open(out)
        .text("kind", trouble::name(trouble.kind))
        .field("since", &trouble.since, write::timestamp)
        .text("text", &trouble.text)
        .close();
}

/// Write what people see of an account.
pub(super) fn write_view(out: &mut String, view: &View) {
    Object::open(out)
        .field("account", &view.account, write_account)
        .field("linked_at", &view.linked_at, write::timestamp)
        .field("readiness", &view.readiness, write_account_readiness)
        .list("models", &view.models, write_model_view)
        .optional("trouble", view.trouble.as_ref(), write_trouble)
        .list("issues", &view.issues, |out, issue| write::text(out, issue))
        .boolean("paused", view.paused)
        .name("link", link_state_name(view.link))
        .optional("wake_at", view.wake_at.as_ref(), write::timestamp)
        .close();
}

fn write_model_view(out: &mut String, model: &ModelView) {
    Object::open(out)
        .field("status", &model.status, write_model_status)
        .field("progress", &model.progress, write_progress)
        .optional("window", model.window.as_ref(), write_span)
        .optional("trouble", model.trouble.as_ref(), write_trouble)
        .optional("held_sweep", model.held_sweep.as_ref(), write_held_sweep)
        .number("page_size", model.page_size.into())
        .number("without_key", model.without_key)
        .number("unreadable_records", model.unreadable_records)
        .close();
}

fn write_held_sweep(out: &mut String, held: &HeldSweep) {
    Object::open(out)
        .number("pass", held.pass)
        .number("unseen", held.unseen)
        .number("live", held.live)
        .close();
}
