//! The records of `wit/signature.wit`.

use alloc::string::String;

use super::read::Input;
use super::write::{self, Object};
use crate::signature::{Authentic, Refusal, Refused, SignedBody, Verdict};
use crate::types::Problem;

/// Read a delivery.
///
/// # Errors
///
/// Names the field at fault; never quotes the body, a signature or a key.
pub fn read_signed_body(input: Input<'_, '_>) -> Result<SignedBody, Problem> {
    let mut fields = input.object()?;
    let delivery = SignedBody {
        body: fields.take("body").text()?,
        signatures: fields.take("signatures").list(|each| each.text())?,
        keys: fields.take("keys").list(|each| each.secret())?,
    };
    fields.finish()?;
    Ok(delivery)
}

/// Write a verdict.
pub fn write_verdict(out: &mut String, verdict: &Verdict) {
    match verdict {
        Verdict::Authentic(authentic) => {
            write::tagged(out, "authentic", authentic, write_authentic);
        }
        Verdict::Refused(refused) => write::tagged(out, "refused", refused, write_refused),
    }
}

/// Write what names a delivery.
pub fn write_authentic(out: &mut String, authentic: &Authentic) {
    Object::open(out)
        .number("key_index", authentic.key_index.into())
        .text("delivery_id", &authentic.delivery_id)
        .close();
}

/// Write a refusal.
pub fn write_refused(out: &mut String, refused: &Refused) {
    Object::open(out)
        .name("reason", refusal_name(refused.reason))
        .close();
}

/// The name of a refusal.
#[must_use]
pub const fn refusal_name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::MissingSignature => "missing-signature",
        Refusal::AmbiguousSignature => "ambiguous-signature",
        Refusal::MalformedSignature => "malformed-signature",
        Refusal::Mismatch => "mismatch",
        Refusal::NoKey => "no-key",
    }
}
