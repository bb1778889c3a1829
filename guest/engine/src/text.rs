//! The engine behind one function of text, for hosts that drive it themselves.
//!
//! An asynchronous host cannot wait inside a call, and one without components has no call to
//! wait in: such a host takes the effect of [`step`](crate::step::step) out of one call and
//! puts what came of it into the next. The form is that of the decisions (`merge_sync_logic::json`)
//! and is described in `wit/json.wit`; records and cases are those of `wit/`.
//!
//! | Operation | Function |
//! |---|---|
//! | `engine.step` | [`step`](crate::step::step) |
//! | `engine.receive` | [`receive`](crate::receive::receive) |
//! | `engine.link` | [`link`](command::link) |
//! | `engine.request` | [`request`](command::request) |
//! | `engine.inspect` | [`inspect`](view::inspect) |
//! | `engine.check-settings` | [`Settings::parse`] |

mod http;
mod log;
mod step;
mod store;
mod triggers;

use alloc::string::String;

use merge_sync_logic::json::read::Input;
use merge_sync_logic::json::signature::read_signed_body;
use merge_sync_logic::json::webhook::write_reply;
use merge_sync_logic::json::write::{Object, alone};
use merge_sync_logic::json::{self, Operation};
use merge_sync_logic::types::Problem;

use crate::receive::Received;
use crate::settings::Settings;
use crate::view::Failure;
use crate::{command, settings_text, view};

/// Call the operation `name` with the JSON document `input`: a decision's or, where no decision
/// is called so, one of the engine's.
///
/// # Errors
///
/// One sentence that names the field at fault:
/// ``event.tag: `done` is not one of `started`, `response`, `send-error`, ..``.
pub fn call(name: &str, input: &str) -> Result<String, String> {
    match json::operation(name).or_else(|| operation(name)) {
        Some(operation) => json::answer(operation, input),
        None => Err(json::unknown_operation(name)),
    }
}

/// The operation of a name, `None` where the engine has none of it.
#[must_use]
pub fn operation(name: &str) -> Option<Operation> {
    let operation: Operation = match name {
        "engine.step" => step::take_step,
        "engine.receive" => receive,
        "engine.link" => link,
        "engine.request" => request,
        "engine.inspect" => inspect,
        "engine.check-settings" => check_settings,
        _ => return None,
    };
    Some(operation)
}

fn receive(input: Input<'_, '_>) -> Result<String, Problem> {
    let received = crate::receive::receive(&read_signed_body(input)?);
    Ok(alone(&received, write_received))
}

fn write_received(out: &mut String, received: &Received) {
    Object::open(out)
        .field("reply", &received.reply, write_reply)
        .optional("note", received.note.as_ref(), store::write_note)
        .list("log", &received.log, log::write_entry)
        .close();
}

fn link(input: Input<'_, '_>) -> Result<String, Problem> {
    let mut fields = input.object()?;
    let new = triggers::read_new_account(fields.take("account"))?;
    let now = fields.take("now").timestamp()?;
    fields.finish()?;
    Ok(alone(&command::link(&new, now), store::write_note))
}

fn request(input: Input<'_, '_>) -> Result<String, Problem> {
    let mut fields = input.object()?;
    let account = fields.take("account").text()?;
    let loaded = store::read_versioned(fields.take("loaded"))?;
    let command = triggers::read_command(fields.take("command"))?;
    let settings = read_settings(fields.take("settings"))?;
    let now = fields.take("now").timestamp()?;
    fields.finish()?;
    let change = command::request(&account, &loaded, command, &settings, now).map_err(why)?;
    Ok(alone(&change, store::write_change))
}

fn inspect(input: Input<'_, '_>) -> Result<String, Problem> {
    let mut fields = input.object()?;
    let account = fields.take("account").text()?;
    let loaded = store::read_versioned(fields.take("loaded"))?;
    let required = fields.take("required").list(|each| each.text())?;
    let settings = read_settings(fields.take("settings"))?;
    let now = fields.take("now").timestamp()?;
    fields.finish()?;
    let view = view::inspect(&account, &loaded, &required, &settings, now).map_err(why)?;
    Ok(alone(&view, triggers::write_view))
}

/// The answer has nothing to say: null.
fn check_settings(input: Input<'_, '_>) -> Result<String, Problem> {
    let mut fields = input.object()?;
    let text = fields.take("text").text()?;
    fields.finish()?;
    Settings::parse(&text)?;
    Ok("null".into())
}

/// A document inside the document: its problems are named from the outer one.
fn read_settings(input: Input<'_, '_>) -> Result<Settings, Problem> {
    settings_text::parse_in("settings", &input.text()?)
}

fn why(failure: Failure) -> Problem {
    match failure {
        Failure::Store(problem)
        | Failure::UnknownAccount(problem)
        | Failure::State(problem)
        | Failure::Settings(problem) => problem,
    }
}
