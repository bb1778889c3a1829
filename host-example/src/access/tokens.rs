//! The configured tokens, and what each allows.

use subtle::ConstantTimeEq as _;

use super::session::Session;
use crate::clock::Micros;
use crate::secret::Secret;

/// Shorter tokens can be guessed, or are a mistake.
pub const LEAST_TOKEN_LENGTH: usize = 32;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look: `GET` and `HEAD`.
    Read,
    /// Everything.
    Admin,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it allows.
    pub role: Role,
    /// The token itself.
    pub secret: Secret,
}

/// All tokens. Several of one role are valid at a time, so that one can be replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens(Vec<Token>);

impl Tokens {
    /// These.
    #[must_use]
    pub fn new(tokens: Vec<Token>) -> Self {
        Self(tokens)
    }

    /// Whether one of them has this role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.first(role).is_some()
    }

    /// Add a token.
    pub fn push(&mut self, token: Token) {
        self.0.push(token);
    }

    pub(super) fn first(&self, role: Role) -> Option<&Token> {
        self.0.iter().find(|token| token.role == role)
    }

    /// The token that equals `presented`. All are compared, each in constant time.
    pub(super) fn find(&self, presented: &str) -> Option<&Token> {
        let mut found = None;
        for token in &self.0 {
            let expected = token.secret.expose().as_bytes();
            if bool::from(expected.ct_eq(presented.as_bytes())) {
                found = Some(token);
            }
        }
        found
    }

    /// The session of a cookie, and what it may do: sessions are signed with the token that they
    /// were begun with, and end with it.
    pub(super) fn session(&self, cookie: &str, now: Micros) -> Option<(Role, Session)> {
        self.0.iter().find_map(|token| {
            let session = Session::resume(cookie, &token.secret, now)?;
            Some((token.role, session))
        })
    }
}
