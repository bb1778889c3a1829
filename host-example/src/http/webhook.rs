//! A delivery from Merge, answered within five seconds.
//!
//! The engine verifies it and keeps what it says. This file answers for what the engine never
//! sees (bytes that are no text, or too many) and for the case that it does not come to an end in
//! time.

use std::sync::Arc;

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::time::Instant;

use super::inbound::{Arrival, Held, Unread};
use crate::bindings::exports::merge_sync::triggers::signature::{Refusal, SignedBody, Verdict};
use crate::bindings::exports::merge_sync::triggers::webhook::Reply;
use crate::clock::{Micros, SECOND};
use crate::host::Host;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-merge-webhook-signature";

/// A larger webhook is refused unread. Merge's largest carry a status for each model of an
/// account, or one record.
const LARGEST_WEBHOOK: usize = 1 << 20;

/// A larger one, and one that does not say how large it is, is read only behind a signature that
/// has the form of one.
const SMALL_WEBHOOK: u64 = 16 << 10;

/// Merge waits longer, but not reliably: what is not durable by then is not durable.
const PATIENCE: Micros = 5 * SECOND;

/// A webhook over HTTP: its body is read as far as its header deserves.
pub(super) async fn post(State(host): State<Arc<Host>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let signatures: Vec<String> = parts
        .headers
        .get_all(SIGNATURE_HEADER)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let is_small = body
        .size_hint()
        .exact()
        .is_some_and(|length| length <= SMALL_WEBHOOK);
    let body = if is_small || may_be_signed(&host, &signatures).await {
        host.bodies.read(body, LARGEST_WEBHOOK).await
    } else {
        Ok(Held::default())
    };
    if let Some(arrival) = parts.extensions.get::<Arrival>() {
        arrival.complete(Instant::now());
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

/// Whether some body could have these signatures: there is one of the right form, and a key. No
/// other delivery is worth its body.
async fn may_be_signed(host: &Host, signatures: &[String]) -> bool {
    let delivery = signed(host, String::new(), signatures.to_vec());
    let verdict = host.triggers.verify(delivery).await;
    // Where the component fails, it fails again, and the delivery is answered 500.
    !matches!(verdict, Ok(Verdict::Refused(refused)) if refused.reason != Refusal::Mismatch)
}

/// Answer a delivery.
pub async fn receive(
    host: &Arc<Host>,
    signatures: Vec<String>,
    body: Result<Held, Unread>,
) -> Reply {
    let signature = signatures.first().cloned().unwrap_or_default();
    let held = match body {
        Ok(held) => held,
        Err(Unread::NoRoom) => {
            tracing::error!("webhook not taken in: too many bodies are being read");
            return counted(host, &signature, processing_error());
        }
        Err(unread) => {
            let why = match unread {
                Unread::TooLarge => "the body is too large",
                _ => "the body broke off",
            };
            tracing::warn!("webhook refused: {why}");
            return counted(host, &signature, invalid_signature());
        }
    };
    let (bytes, room) = held.into_parts();
    let Ok(body) = String::from_utf8(bytes) else {
        // Not repaired and not looked at: no signature of Merge's is over such a body.
        tracing::warn!("webhook refused: the body is not utf-8");
        return counted(host, &signature, invalid_signature());
    };
    let delivery = signed(host, body, signatures);
    let reply = tokio::select! {
        received = host.triggers.receive(delivery) => received.unwrap_or_else(|fault| {
            tracing::error!(%fault, "webhook not taken in");
            processing_error()
        }),
        () = host.clock.sleep_until(host.clock.now().saturating_add(PATIENCE)) => {
            tracing::error!("webhook not taken in within five seconds");
            processing_error()
        }
    };
    drop(room);
    counted(host, &signature, reply)
}

fn signed(host: &Host, body: String, signatures: Vec<String>) -> SignedBody {
    let keys = host.webhook_keys.iter();
    SignedBody {
        body,
        signatures,
        keys: keys.map(|key| key.expose().to_owned()).collect(),
    }
}

fn counted(host: &Host, signature: &str, reply: Reply) -> Reply {
    let counters = host.counters();
    match reply.status {
        200 => counters.accepted(signature),
        401 => counters.webhooks_refused.one(),
        _ => counters.webhooks_failed.one(),
    }
    reply
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
