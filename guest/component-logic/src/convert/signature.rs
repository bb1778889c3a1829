//! `signature`.

use merge_sync_logic::signature as logic;
use merge_sync_logic::types::Secret;

use crate::bindings::exports::merge_sync::triggers::signature as wit;

impl From<wit::SignedBody> for logic::SignedBody {
    fn from(delivery: wit::SignedBody) -> Self {
        Self {
            body: delivery.body,
            signatures: delivery.signatures,
            keys: delivery.keys.into_iter().map(Secret).collect(),
        }
    }
}

impl From<logic::Authentic> for wit::Authentic {
    fn from(authentic: logic::Authentic) -> Self {
        Self {
            key_index: authentic.key_index,
            delivery_id: authentic.delivery_id,
        }
    }
}

impl From<logic::Refusal> for wit::Refusal {
    fn from(refusal: logic::Refusal) -> Self {
        match refusal {
            logic::Refusal::MissingSignature => Self::MissingSignature,
            logic::Refusal::AmbiguousSignature => Self::AmbiguousSignature,
            logic::Refusal::MalformedSignature => Self::MalformedSignature,
            logic::Refusal::Mismatch => Self::Mismatch,
            logic::Refusal::NoKey => Self::NoKey,
        }
    }
}

impl From<logic::Refused> for wit::Refused {
    fn from(refused: logic::Refused) -> Self {
        Self {
            reason: refused.reason.into(),
        }
    }
}

impl From<logic::Verdict> for wit::Verdict {
    fn from(verdict: logic::Verdict) -> Self {
        match verdict {
            logic::Verdict::Authentic(authentic) => Self::Authentic(authentic.into()),
            logic::Verdict::Refused(refused) => Self::Refused(refused.into()),
        }
    }
}
