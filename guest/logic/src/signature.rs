//! Did Merge send this body?
//!
//! HMAC-SHA256 over the raw body, in base64url. The comparison takes the same time for every
//! signature and every key; what is refused earlier is refused for reasons the sender knows.

use core::fmt;

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::types::Secret;

/// What the host received, before anything has looked inside it.
///
/// Its `Debug` form leaves the body out: that of `LinkedAccount.linked` holds a token.
#[derive(Clone, PartialEq, Eq)]
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
    /// More than one signature header, even where they are equal.
    AmbiguousSignature,
    /// The header is not base64url of 32 bytes: 43 characters of its alphabet whose spare
    /// bits are zero, and at most one `=` behind them.
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

/// Verify. Where several reasons apply, the first of these is named: no key, a missing, an
/// ambiguous, a malformed signature, a mismatch.
#[must_use]
pub fn verify(facts: &SignedBody) -> Verdict {
    match authenticate(facts) {
        Ok(authentic) => Verdict::Authentic(authentic),
        Err(reason) => Verdict::Refused(Refused { reason }),
    }
}

fn authenticate(facts: &SignedBody) -> Result<Authentic, Refusal> {
    if facts.keys.is_empty() || facts.keys.iter().any(|key| key.0.is_empty()) {
        return Err(Refusal::NoKey);
    }
    let header = match facts.signatures.as_slice() {
        [] => return Err(Refusal::MissingSignature),
        [header] => header.as_str(),
        [_, _, ..] => return Err(Refusal::AmbiguousSignature),
    };
    let text = header.strip_suffix('=').unwrap_or(header);
    let signature = decode(text).ok_or(Refusal::MalformedSignature)?;
    let key_index = first_match(facts, &signature).ok_or(Refusal::Mismatch)?;
    Ok(Authentic {
        key_index,
        delivery_id: String::from(text),
    })
}

/// The 32 bytes that `text` stands for. The decoder takes neither padding nor spare bits.
fn decode(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// Tries every key, also after a match, so that time does not tell which one it was.
fn first_match(facts: &SignedBody, signature: &[u8; 32]) -> Option<u32> {
    let mut found = None;
    for (key, index) in facts.keys.iter().zip(0_u32..) {
        // HMAC takes a key of any length; where it did not, the key would match nothing.
        let produced = Hmac::<Sha256>::new_from_slice(key.0.as_bytes()).map(|mac| {
            mac.chain_update(facts.body.as_bytes())
                .finalize()
                .into_bytes()
        });
        let matches =
            produced.is_ok_and(|produced| bool::from(produced.as_slice().ct_eq(signature)));
        if matches && found.is_none() {
            found = Some(index);
        }
    }
    found
}

impl fmt::Debug for SignedBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SignedBody")
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .field("signatures", &self.signatures)
            .field("keys", &self.keys)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;
    use alloc::format;

    /// RFC 4231, test case 2: key `Jefe`, HMAC 5bdcc146bf60754e6a042426089575c75a003f089d27...
    const BODY: &str = "what do ya want for nothing?";
    const SIGNATURE: &str = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM";

    fn signed(signatures: &[&str], keys: &[&str]) -> SignedBody {
        SignedBody {
            body: BODY.to_owned(),
            signatures: signatures.iter().map(|&text| text.to_owned()).collect(),
            keys: keys.iter().map(|&key| Secret(key.to_owned())).collect(),
        }
    }

    #[track_caller]
    fn check(signatures: &[&str], keys: &[&str], want: Result<u32, Refusal>) {
        let want = match want {
            Ok(key_index) => Verdict::Authentic(Authentic {
                key_index,
                delivery_id: SIGNATURE.to_owned(),
            }),
            Err(reason) => Verdict::Refused(Refused { reason }),
        };
        assert_eq!(
            verify(&signed(signatures, keys)),
            want,
            "{signatures:?} {keys:?}"
        );
    }

    #[test]
    fn padding_makes_no_difference() {
        check(&[SIGNATURE], &["Jefe"], Ok(0));
        check(&[&format!("{SIGNATURE}=")], &["Jefe"], Ok(0));
    }

    #[test]
    fn the_first_key_that_matches_is_reported() {
        check(&[SIGNATURE], &["old", "Jefe"], Ok(1));
        check(&[SIGNATURE], &["Jefe", "Jefe"], Ok(0));
        check(&[SIGNATURE], &["old", "older"], Err(Refusal::Mismatch));
        check(&[SIGNATURE], &["Jefe "], Err(Refusal::Mismatch));
        check(
            &[SIGNATURE],
            &["k".repeat(200).as_str()],
            Err(Refusal::Mismatch),
        );
    }

    #[test]
    fn reasons_are_tried_in_their_order() {
        check(&[], &[], Err(Refusal::NoKey));
        check(&[SIGNATURE], &["Jefe", ""], Err(Refusal::NoKey));
        check(&["", ""], &[""], Err(Refusal::NoKey));
        check(&[], &["Jefe"], Err(Refusal::MissingSignature));
        check(
            &[SIGNATURE, SIGNATURE],
            &["Jefe"],
            Err(Refusal::AmbiguousSignature),
        );
        check(&["", "?"], &["Jefe"], Err(Refusal::AmbiguousSignature));
    }

    #[test]
    fn a_header_that_is_not_exactly_base64url_of_32_bytes_is_malformed() {
        let text = SIGNATURE;
        for header in [
            String::new(),
            "=".to_owned(),
            format!("{text}=="),
            format!(" {text}"),
            format!("{text} "),
            format!("{text}\n"),
            format!("{text}= "),
            format!("={text}"),
            format!("{text},{text}"),
            format!("{text}A"),
            "a".repeat(42),
            "a".repeat(44),
            format!("{}+", "A".repeat(42)),
            format!("{}/A", "A".repeat(41)),
            // The last character has two spare bits, which must be zero: `M` has, `N` has not.
            format!("{}N", "A".repeat(42)),
            format!("{}é", "A".repeat(41)),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843".to_owned(),
        ] {
            check(&[&header], &["Jefe"], Err(Refusal::MalformedSignature));
        }
        check(
            &[&format!("{}M", "A".repeat(42))],
            &["Jefe"],
            Err(Refusal::Mismatch),
        );
    }

    #[test]
    fn another_body_is_a_mismatch() {
        let facts = SignedBody {
            body: format!("{BODY}\n"),
            ..signed(&[SIGNATURE], &["Jefe"])
        };
        assert_eq!(
            verify(&facts),
            Verdict::Refused(Refused {
                reason: Refusal::Mismatch
            })
        );
    }

    #[test]
    fn debug_shows_neither_the_body_nor_a_key() {
        let shown = format!("{:?}", signed(&["s"], &["Jefe"]));
        assert_eq!(
            shown,
            r#"SignedBody { body: [28 bytes], signatures: ["s"], keys: [[redacted]] }"#
        );
    }
}
