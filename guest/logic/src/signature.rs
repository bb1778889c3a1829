//! Did Merge send this body?

use alloc::string::String;
use alloc::vec::Vec;

use crate::types::Secret;

/// What the host received, before anything has looked inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBody {
    /// The raw request body.
    pub body: String,
    /// Every value of the `X-Merge-Webhook-Signature` header, in order.
    pub signatures: Vec<String>,
    /// The signing keys to try, newest first.
    pub keys: Vec<Secret>,
}

/// The body is Merge's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentic {
    /// Index in `keys` of the key that matched.
    pub key_index: u32,
    /// The signature without padding: two deliveries of the same bytes share it.
    pub delivery_id: String,
}

/// Why a body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No signature header.
    MissingSignature,
    /// More than one signature header.
    AmbiguousSignature,
    /// The header is not base64url of 32 bytes.
    MalformedSignature,
    /// No key produces this signature.
    Mismatch,
    /// The host passed no key, or an empty one.
    NoKey,
}

/// The body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: Refusal,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Trust the body.
    Authentic(Authentic),
    /// Do not look inside the body.
    Refused(Refused),
}

/// Verify.
#[must_use]
pub fn verify(facts: &SignedBody) -> Verdict {
    let _ = facts;
    Verdict::Refused(Refused { reason: Refusal::NoKey })
}
