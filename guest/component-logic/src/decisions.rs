//! The exported decisions: convert, call, convert.

use alloc::string::String;

use merge_sync_logic as logic;

use crate::Component;
use crate::bindings::exports::merge_sync::triggers::{
    cadence, meta, page, readiness, retry, signature, types, webhook, window,
};

impl signature::Guest for Component {
    fn verify(facts: signature::SignedBody) -> signature::Verdict {
        logic::signature::verify(&facts.into()).into()
    }
}

impl webhook::Guest for Component {
    fn handle(delivery: signature::SignedBody) -> webhook::Handling {
        logic::webhook::handle(&delivery.into()).into()
    }
}

impl readiness::Guest for Component {
    fn parse_status(body: String) -> Result<readiness::StatusPage, types::Problem> {
        logic::readiness::parse_status(&body)
            .map(Into::into)
            .map_err(Into::into)
    }

    fn evaluate(facts: readiness::Facts) -> readiness::AccountReadiness {
        logic::readiness::evaluate(&facts.into()).into()
    }
}

impl window::Guest for Component {
    fn next(facts: window::Facts) -> window::Plan {
        logic::window::next(&facts.into()).into()
    }

    fn advance(facts: window::Completed) -> window::Progress {
        logic::window::advance(&facts.into()).into()
    }

    fn locate(model_id: String) -> window::Endpoint {
        logic::window::locate(&model_id).into()
    }
}

impl page::Guest for Component {
    fn parse(model_id: String, body: String) -> Result<page::Contents, types::Problem> {
        logic::page::parse(&model_id, &body)
            .map(Into::into)
            .map_err(Into::into)
    }
}

impl cadence::Guest for Component {
    fn next(facts: cadence::Facts) -> cadence::NextPoll {
        logic::cadence::next(&facts.into()).into()
    }
}

impl retry::Guest for Component {
    fn decide(facts: retry::Facts) -> retry::Decision {
        logic::retry::decide(&facts.into()).into()
    }
}

impl meta::Guest for Component {
    fn version() -> String {
        logic::meta::VERSION.into()
    }
}
