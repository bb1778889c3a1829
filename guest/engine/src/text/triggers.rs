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
use crate::trouble;
use crate::view::{Failure, ModelView, Report, Trouble, View};

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
    input.one_of(&[
        ("poll", Command::Poll),
        ("reread", Command::Reread),
        ("pause", Command::Pause),
        ("resume", Command::Resume),
        ("unlink", Command::Unlink),
        ("reset", Command::Reset),
    ])
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
        .close();
}
