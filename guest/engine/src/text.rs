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
mod run;
mod step;
mod store;
mod triggers;

use alloc::string::String;

use merge_sync_logic::json::read::{Fields, Input};
use merge_sync_logic::json::signature::read_signed_body;
use merge_sync_logic::json::webhook::write_reply;
use merge_sync_logic::json::write::{Object, alone};
use merge_sync_logic::json::{self, Operation};
use merge_sync_logic::types::{AccountId, Problem, Timestamp};

use crate::contract::store::LoadedAccount;
use crate::contract::triggers::Failure;
use crate::receive::Receipt;
use crate::settings::{Settings, parse_in};
use crate::{command, view};

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
    let receipt = crate::receive::receive(&read_signed_body(input)?);
    Ok(alone(&receipt, write_receipt))
}

fn write_receipt(out: &mut String, receipt: &Receipt) {
    Object::open(out)
        .optional("note", receipt.note.as_ref(), store::write_note)
        .field("reply", &receipt.reply, write_reply)
        .field("unkept_reply", &receipt.unkept_reply, write_reply)
        .field("log", &receipt.log, log::write_entry)
        .optional(
            "unknown_account_log",
            receipt.unknown_account_log.as_ref(),
            log::write_entry,
        )
        .optional("unkept_log", receipt.unkept_log.as_ref(), log::write_entry)
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
    let command = triggers::read_command(fields.take("command"))?;
    let of = read_subject(fields)?;
    let change = command::request(&of.account, &of.loaded, command, &of.settings, of.now);
    Ok(alone(&change.map_err(why)?, store::write_change))
}

fn inspect(input: Input<'_, '_>) -> Result<String, Problem> {
    let mut fields = input.object()?;
    let required = fields.take("required").list(|each| each.text())?;
    let of = read_subject(fields)?;
    let view = view::inspect(&of.account, &of.loaded, &required, &of.settings, of.now);
    Ok(alone(&view.map_err(why)?, triggers::write_view))
}

/// What a question about one account, or a wish for it, is asked of.
struct Subject {
    account: AccountId,
    loaded: LoadedAccount,
    settings: Settings,
    now: Timestamp,
}

/// The fields that are left.
fn read_subject(mut fields: Fields<'_, '_>) -> Result<Subject, Problem> {
    let subject = Subject {
        account: fields.take("account").text()?,
        loaded: store::read_loaded_account(fields.take("loaded"))?,
        settings: parse_in("settings", &fields.take("settings").text()?)?,
        now: fields.take("now").timestamp()?,
    };
    fields.finish()?;
    Ok(subject)
}

/// The answer has nothing to say: null.
fn check_settings(input: Input<'_, '_>) -> Result<String, Problem> {
    Settings::parse(&input.only_text("text")?)?;
    Ok("null".into())
}

fn why(failure: Failure) -> Problem {
    match failure {
        Failure::Store(problem)
        | Failure::UnknownAccount(problem)
        | Failure::State(problem)
        | Failure::Settings(problem) => problem,
    }
}
