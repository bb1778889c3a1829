//! The route for Merge's webhooks, which replies within five seconds.
//!
//! The engine verifies a webhook and returns the note to store and the reply. This file stores the
//! note. It also replies in the cases that the engine does not see: a body that is too large or not
//! UTF-8, and a store that does not finish in time.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::time::Instant;

use super::server::RequestProgress;
use crate::bindings::exports::merge_sync::triggers::signature::{Refusal, SignedBody, Verdict};
use crate::bindings::exports::merge_sync::triggers::webhook::Reply;
use crate::bindings::merge_sync::triggers::log::Entry;
use crate::clock::{Micros, SECOND};
use crate::component::{convert, engine_log};
use crate::host::Host;
use crate::log_limit::{LogLimit, Warning};
use crate::request_body::{BodyError, BufferedBody};
use crate::store::NoteError;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-merge-webhook-signature";

/// The largest body that is read. Merge's largest webhooks contain the status of every model of an
/// account, or one record.
const BODY_LIMIT: usize = 1 << 20;

/// The largest body that is read without a check of the signature header. A larger body, or one of
/// unknown length, is read only if that header is well-formed.
const UNCHECKED_BODY_LIMIT: u64 = 16 << 10;

/// How long a webhook's note may take to become durable. After that the reply is an error: Merge
/// usually waits longer, but does not guarantee it.
const PATIENCE: Micros = 5 * SECOND;

/// Why the body of a delivery was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Reading it failed.
    Failed(BodyError),
    /// The component did not say in time whether the signature header is well-formed.
    Unchecked,
}

/// Answer a webhook. Its body is read only if the headers allow for a valid signature.
pub(super) async fn post(State(host): State<Arc<Host>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let signatures: Vec<String> = parts
        .headers
        .get_all(SIGNATURE_HEADER)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let body = read(&host, &signatures, body).await;
    if let Some(progress) = parts.extensions.get::<RequestProgress>() {
        progress.request_complete(Instant::now());
    }
    let reply = receive(&host, signatures, body).await;
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        reply.body,
    )
        .into_response()
}

/// Read the body. It is left unread and returned as empty if the signature headers cannot be valid
/// for any body.
async fn read(host: &Host, signatures: &[String], body: Body) -> Result<BufferedBody, Unread> {
    let length = body.size_hint().exact();
    if length.is_none_or(|length| length > UNCHECKED_BODY_LIMIT) {
        let delivery = signed(host, String::new(), signatures.to_vec());
        match in_time(host, host.triggers.verify(delivery)).await {
            None => return Err(Unread::Unchecked),
            Some(Ok(Verdict::Refused(refused))) if refused.reason != Refusal::Mismatch => {
                return Ok(BufferedBody::default());
            }
            // If the component failed here, it fails again in `receive`, and the reply is 500.
            Some(_) => {}
        }
    }
    let read = host.bodies.read(body, BODY_LIMIT).await;
    read.map_err(Unread::Failed)
}

/// The output of `call`; `None` if it takes longer than Merge waits.
async fn in_time<T>(host: &Host, call: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        output = call => Some(output),
        () = host.clock.sleep_until(host.clock.now().saturating_add(PATIENCE)) => None,
    }
}

/// Answer a delivery, and count the answer.
pub async fn receive(
    host: &Arc<Host>,
    signatures: Vec<String>,
    body: Result<BufferedBody, Unread>,
) -> Reply {
    let signature = signatures.first().cloned().unwrap_or_default();
    let reply = match body {
        Ok(body) => take_in(host, signatures, body).await,
        Err(Unread::Unchecked) => {
            limited(host, &host.overloads, log_too_late);
            processing_error()
        }
        Err(Unread::Failed(error @ BodyError::OverBudget)) => {
            limited(host, &host.overloads, || {
                tracing::error!("webhook not taken in: {error}");
            });
            processing_error()
        }
        Err(Unread::Failed(error)) => {
            warn(host, || tracing::warn!("webhook refused: {error}"));
            invalid_signature()
        }
    };
    let counters = host.counters();
    match reply.status {
        200 => counters.accepted(&signature),
        401 => counters.webhooks_refused.one(),
        _ => counters.webhooks_failed.one(),
    }
    reply
}

async fn take_in(host: &Arc<Host>, signatures: Vec<String>, body: BufferedBody) -> Reply {
    let (bytes, share) = body.into_parts();
    let Ok(body) = String::from_utf8(bytes) else {
        // Merge signs only UTF-8 bodies, so the signature is not checked, and invalid bytes are not
        // replaced.
        warn(host, || {
            tracing::warn!("webhook refused: the body is not utf-8");
        });
        return invalid_signature();
    };
    let delivery = signed(host, body, signatures);
    // A task of its own: the server drops this handler when the client disconnects, but the webhook
    // must be stored all the same.
    let kept = tokio::spawn(keep(Arc::clone(host), delivery));
    let reply = match in_time(host, kept).await {
        Some(Ok(reply)) => reply,
        Some(Err(error)) => {
            tracing::error!(%error, "webhook not taken in");
            processing_error()
        }
        None => {
            log_too_late();
            processing_error()
        }
    };
    drop(share);
    reply
}

/// Pass a delivery to the engine, store the note that it returns, and return the reply.
async fn keep(host: Arc<Host>, delivery: SignedBody) -> Reply {
    let receipt = match host.triggers.receive(delivery).await {
        Ok(receipt) => receipt,
        Err(fault) => {
            tracing::error!(%fault, "webhook not taken in");
            return processing_error();
        }
    };
    if receipt.reply.status >= 400 {
        warn(&host, || engine_log::write(&receipt.log, None));
    } else {
        engine_log::write(&receipt.log, None);
    }
    let Some(note) = receipt.note else {
        return receipt.reply;
    };
    match host.parts.keep_note(convert::exported_note(note)).await {
        Ok(()) => receipt.reply,
        Err(NoteError::UnknownAccount) => {
            log(receipt.unknown_account_log, None);
            receipt.reply
        }
        Err(NoteError::Unavailable(problem)) => {
            log(receipt.unkept_log, Some(&problem.message));
            receipt.unkept_reply
        }
    }
}

/// Log that a webhook was refused, unless too many were within the minute.
pub(super) fn warn(host: &Host, log: impl FnOnce()) {
    limited(host, &host.refusals, log);
}

fn limited(host: &Host, limit: &LogLimit, log: impl FnOnce()) {
    let Warning::Logged { left_out } = limit.warn(host.clock.now()) else {
        return;
    };
    if left_out > 0 {
        tracing::warn!(left_out, "webhooks like the next one were not logged");
    }
    log();
}

fn log(entry: Option<Entry>, problem: Option<&str>) {
    if let Some(entry) = entry {
        engine_log::write(&entry, problem);
    }
}

fn log_too_late() {
    tracing::error!("webhook not taken in within five seconds");
}

fn signed(host: &Host, body: String, signatures: Vec<String>) -> SignedBody {
    let keys = host.webhook_keys.iter();
    SignedBody {
        body,
        signatures,
        keys: keys.map(|key| key.expose().to_owned()).collect(),
    }
}

fn invalid_signature() -> Reply {
    reply(401, r#"{"error": "Invalid signature"}"#)
}

fn processing_error() -> Reply {
    reply(500, r#"{"error": "Processing error"}"#)
}

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        body: body.to_owned(),
    }
}
