//! A delivery from Merge, answered within five seconds.
//!
//! The engine verifies it and keeps what it says. This file answers for what the engine never
//! sees (bytes that are no text) and for the case that it does not come to an end in time.

use std::sync::Arc;

use crate::bindings::exports::merge_sync::triggers::signature::SignedBody;
use crate::bindings::exports::merge_sync::triggers::webhook::Reply;
use crate::clock::{Micros, SECOND};
use crate::host::Host;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-merge-webhook-signature";

/// Merge waits longer, but not reliably: what is not durable by then is not durable.
const PATIENCE: Micros = 5 * SECOND;

/// Answer a delivery; `body` is `None` where it could not be read or was too large.
pub async fn receive(host: &Arc<Host>, signatures: Vec<String>, body: Option<Vec<u8>>) -> Reply {
    let signature = signatures.first().cloned().unwrap_or_default();
    let Some(body) = body.and_then(|body| String::from_utf8(body).ok()) else {
        // Not repaired and not looked at: no signature of Merge's is over such a body.
        tracing::warn!("webhook refused: the body is not utf-8, too large or cut");
        return counted(
            host,
            &signature,
            reply(401, r#"{"error": "Invalid signature"}"#),
        );
    };
    let keys = host
        .webhook_keys
        .iter()
        .map(|key| key.expose().to_owned())
        .collect();
    let delivery = SignedBody {
        body,
        signatures,
        keys,
    };
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
    counted(host, &signature, reply)
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

fn processing_error() -> Reply {
    reply(500, r#"{"error": "Processing error"}"#)
}

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        body: body.to_owned(),
    }
}
