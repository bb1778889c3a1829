//! Names to decisions.

use alloc::string::String;

use super::read::Input;
use super::write::alone;
use super::{cadence, page, readiness, retry, signature, webhook, window};
use crate::types::Problem;
use crate::{meta, page as pages};

/// What is behind one name: it reads its facts, decides, and writes the answer.
pub type Operation = fn(Input<'_, '_>) -> Result<String, Problem>;

/// The operation of a name, `None` where the decisions have none of it.
#[must_use]
pub fn operation(name: &str) -> Option<Operation> {
    let operation: Operation = match name {
        "signature.verify" => |input| {
            let verdict = crate::signature::verify(&signature::read_signed_body(input)?);
            Ok(alone(&verdict, signature::write_verdict))
        },
        "webhook.handle" => |input| {
            let handling = crate::webhook::handle(&signature::read_signed_body(input)?);
            Ok(alone(&handling, webhook::write_handling))
        },
        "readiness.parse-status" => |input| {
            let page = crate::readiness::parse_status(&input.only_text("body")?)?;
            Ok(alone(&page, readiness::write_status_page))
        },
        "readiness.evaluate" => |input| {
            let answer = crate::readiness::evaluate(&readiness::read_facts(input)?);
            Ok(alone(&answer, readiness::write_account_readiness))
        },
        "window.next" => |input| {
            let plan = crate::window::next(&window::read_facts(input)?);
            Ok(alone(&plan, window::write_plan))
        },
        "window.advance" => |input| {
            let progress = crate::window::advance(&window::read_completed(input)?);
            Ok(alone(&progress, window::write_progress))
        },
        "window.locate" => |input| {
            let endpoint = crate::window::locate(&input.only_text("model_id")?);
            Ok(alone(&endpoint, window::write_endpoint))
        },
        "page.parse" => |input| {
            let mut fields = input.object()?;
            let model_id = fields.take("model_id").text()?;
            let body = fields.take("body").text()?;
            fields.finish()?;
            let contents = pages::parse(&model_id, &body)?;
            Ok(alone(&contents, page::write_contents))
        },
        "cadence.next" => |input| {
            let next = crate::cadence::next(&cadence::read_facts(input)?);
            Ok(alone(&next, cadence::write_next_poll))
        },
        "retry.decide" => |input| {
            let decision = crate::retry::decide(&retry::read_facts(input)?);
            Ok(alone(&decision, retry::write_decision))
        },
        "meta.version" => |input| {
            input.object()?.finish()?;
            Ok(alone(meta::VERSION, super::write::text))
        },
        _ => return None,
    };
    Some(operation)
}
