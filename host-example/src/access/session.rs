//! The session of a browser: a signed cookie, without anything kept on the server.
//!
//! The cookie is `<end>.<nonce>.<signature>`: seconds since 1970, a random text, and an HMAC of
//! both under the token that the session was begun with. So a session outlives a restart, and
//! ends with its token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::random::random_text;
use crate::clock::{Micros, SECOND};
use crate::secret::Secret;

/// The cookie's name.
pub const SESSION_COOKIE: &str = "merge_sync_session";

/// The header that carries the CSRF token of a request that is no form.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The form field that carries it.
pub const CSRF_FIELD: &str = "csrf";

/// A session ends after 12 hours.
pub const SESSION_SECONDS: i64 = 12 * 60 * 60;

/// A session under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    cookie: Secret,
    csrf_token: Secret,
}

impl Session {
    /// A new session, for who knows `token`; `None` without a source of randomness.
    pub(super) fn begin(token: &Secret, now: Micros) -> Option<Self> {
        let end = now.div_euclid(SECOND).saturating_add(SESSION_SECONDS);
        let signed = format!("{end}.{}", random_text()?);
        let signature = URL_SAFE_NO_PAD.encode(mac(token, "session", &signed));
        Some(Self::of(format!("{signed}.{signature}"), token))
    }

    /// The session of `cookie`, if it was signed with `token` and has not ended.
    pub(super) fn resume(cookie: &str, token: &Secret, now: Micros) -> Option<Self> {
        let (signed, signature) = cookie.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if !bool::from(mac(token, "session", signed).ct_eq(&signature)) {
            return None;
        }
        let end: i64 = signed.split_once('.')?.0.parse().ok()?;
        (now.div_euclid(SECOND) < end).then(|| Self::of(cookie.to_owned(), token))
    }

    fn of(cookie: String, token: &Secret) -> Self {
        let csrf_token = URL_SAFE_NO_PAD.encode(mac(token, "csrf", &cookie));
        Self {
            cookie: Secret::new(cookie),
            csrf_token: Secret::new(csrf_token),
        }
    }

    /// The cookie's value.
    #[must_use]
    pub fn cookie(&self) -> &Secret {
        &self.cookie
    }

    /// What each form of the session's pages carries: another site does not know it.
    #[must_use]
    pub fn csrf_token(&self) -> &Secret {
        &self.csrf_token
    }

    /// Whether `presented` is the session's CSRF token.
    #[must_use]
    pub fn has_csrf_token(&self, presented: &str) -> bool {
        let expected = self.csrf_token.expose().as_bytes();
        expected.ct_eq(presented.as_bytes()).into()
    }
}

/// `purpose` separates signatures of sessions from CSRF tokens.
fn mac(token: &Secret, purpose: &str, text: &str) -> Vec<u8> {
    // A key of any length is a key of HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(token.expose().as_bytes()) else {
        return Vec::new();
    };
    mac.update(b"merge-sync ");
    mac.update(purpose.as_bytes());
    mac.update(b"\0");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
