//! Signatures by another library than the guest's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use merge_sync_logic::signature::SignedBody;
use merge_sync_logic::types::Secret;
use ring::hmac;

/// The one right signature of `body`, without padding.
pub(crate) fn sign(body: &str, key: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, body.as_bytes()))
}

/// A delivery of `body` signed with `key`, for a host that knows `keys`.
pub(crate) fn signed(body: &str, key: &str, keys: &[&str]) -> SignedBody {
    SignedBody {
        body: body.into(),
        signatures: vec![sign(body, key)],
        keys: keys.iter().map(|key| Secret((*key).into())).collect(),
    }
}
