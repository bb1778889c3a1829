//! A code for one login, printed at the start on a terminal.

use subtle::ConstantTimeEq as _;

use super::random::random_text;
use crate::clock::{MINUTE, Micros};
use crate::secret::Secret;

/// So long it is valid.
const LIFETIME: Micros = 10 * MINUTE;

/// A code that lets in once, for ten minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginCode {
    secret: Secret,
    until: Micros,
}

impl LoginCode {
    /// A new one; `None` without a source of randomness.
    pub(super) fn new(now: Micros) -> Option<Self> {
        Some(Self {
            secret: Secret::new(random_text()?),
            until: now.saturating_add(LIFETIME),
        })
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Whether `presented` is this code, in time.
    pub(super) fn is(&self, presented: &str, now: Micros) -> bool {
        let expected = self.secret.expose().as_bytes();
        bool::from(expected.ct_eq(presented.as_bytes())) && now < self.until
    }
}
