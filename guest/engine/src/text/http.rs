//! The records of `wit/http.wit`.

use alloc::string::String;

use merge_sync_logic::json::read::Input;
use merge_sync_logic::json::write::Object;
use merge_sync_logic::types::{Milliseconds, Problem};

use crate::contract::http::{Header, Request, Response, SendError};

/// Write a request.
pub(super) fn write_request(out: &mut String, request: &Request) {
    Object::open(out)
        .text("account", &request.account)
        .text("method", &request.method)
        .text("target", &request.target)
        .close();
}

/// Read a response.
pub(super) fn read_response(input: Input<'_, '_>) -> Result<Response, Problem> {
    let mut fields = input.object()?;
    let response = Response {
        status: fields.take("status").u16()?,
        headers: fields.take("headers").list(read_header)?,
        body: fields.take("body").text()?,
    };
    fields.finish()?;
    Ok(response)
}

fn read_header(input: Input<'_, '_>) -> Result<Header, Problem> {
    let mut fields = input.object()?;
    let header = Header {
        name: fields.take("name").text()?,
        value: fields.take("value").text()?,
    };
    fields.finish()?;
    Ok(header)
}

/// Read why there is no response.
pub(super) fn read_send_error(input: Input<'_, '_>) -> Result<SendError, Problem> {
    let tagged = input.tagged()?;
    match tagged.tag() {
        "transport" => tagged
            .payload(|input| input.only_text("message"))
            .map(SendError::Transport),
        "timed-out" => tagged
            .payload(|input| input.only_text("message"))
            .map(SendError::TimedOut),
        "too-large" => tagged
            .payload(|input| input.only_text("message"))
            .map(SendError::TooLarge),
        "held-back" => tagged.payload(read_held_back).map(SendError::HeldBack),
        // The account is that of the request: read for the form alone.
        "no-token" => tagged
            .payload(|input| input.only_text("account"))
            .map(|_| SendError::NoToken),
        _ => Err(tagged.unknown(&[
            "transport",
            "timed-out",
            "too-large",
            "held-back",
            "no-token",
        ])),
    }
}

fn read_held_back(input: Input<'_, '_>) -> Result<Milliseconds, Problem> {
    let mut fields = input.object()?;
    let after = fields.take("after").milliseconds()?;
    fields.finish()?;
    Ok(after)
}
