//! Who may use the API and the pages.
//!
//! A program sends a token with each request. People log in with a token or a login link and get
//! a session. Every request needs one of the two.

mod allowed_hosts;
mod login_code;
mod random;
mod session;
mod token_file;
mod tokens;

use std::sync::{Mutex, PoisonError};

use headers::authorization::{Authorization, Bearer};
use headers::{Cookie, HeaderMapExt as _};
use http::{HeaderMap, header};

pub use allowed_hosts::AllowedHosts;
pub use login_code::LoginCode;
pub use session::{CSRF_FIELD, CSRF_HEADER, SESSION_COOKIE, SESSION_SECONDS, Session};
pub use token_file::load_or_create;
pub use tokens::{LEAST_TOKEN_LENGTH, Role, Token, Tokens};

use crate::clock::Micros;
use crate::secret::Secret;

/// Who sends a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What it may do.
    pub role: Role,
    /// The session of a browser; `None` for a program that sends a token.
    pub session: Option<Session>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// Neither a token nor a session.
    Unauthenticated,
    /// A token that is not configured.
    UnknownToken,
    /// A session that has ended, or whose token is gone.
    SessionOver,
    /// The request names a host that is not allowed for browsers.
    UnknownHost,
}

/// The tokens, sessions and hosts of the admin listener.
#[derive(Debug)]
pub struct Access {
    tokens: Tokens,
    hosts: AllowedHosts,
    login_code: Mutex<Option<LoginCode>>,
}

impl Access {
    /// Accept `tokens`, and browsers that name one of `hosts`.
    #[must_use]
    pub fn new(tokens: Tokens, hosts: AllowedHosts) -> Self {
        Self {
            tokens,
            hosts,
            login_code: Mutex::new(None),
        }
    }

    /// Who sends a request with these headers.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub fn caller(&self, headers: &HeaderMap, now: Micros) -> Result<Caller, Denied> {
        if headers.contains_key(header::AUTHORIZATION) {
            let bearer = headers.typed_get::<Authorization<Bearer>>();
            let token = bearer.and_then(|bearer| self.tokens.find(bearer.token()));
            let token = token.ok_or(Denied::UnknownToken)?;
            return Ok(Caller {
                role: token.role,
                session: None,
            });
        }
        let cookies = headers.typed_get::<Cookie>();
        let cookie = cookies.as_ref().and_then(|found| found.get(SESSION_COOKIE));
        let cookie = cookie.ok_or(Denied::Unauthenticated)?;
        if !self.is_allowed_host(headers) {
            return Err(Denied::UnknownHost);
        }
        let (role, session) = self
            .tokens
            .session(cookie, now)
            .ok_or(Denied::SessionOver)?;
        Ok(Caller {
            role,
            session: Some(session),
        })
    }

    /// Whether the `Host` of the request is allowed for browsers. A site that points its DNS entry at
    /// this address (DNS rebinding) is named there, and is not.
    #[must_use]
    pub fn is_allowed_host(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST);
        host.and_then(|host| host.to_str().ok())
            .is_some_and(|host| self.hosts.allow(host))
    }

    /// Begin a session with this token; `None` if it is unknown.
    #[must_use]
    pub fn log_in(&self, token: &str, now: Micros) -> Option<Session> {
        let token = self.tokens.find(token)?;
        Session::begin(&token.secret, now)
    }

    /// Begin a session with this login code; `None` if it is wrong, too old or was used before.
    #[must_use]
    pub fn log_in_with_code(&self, code: &str, now: Micros) -> Option<Session> {
        let mut kept = self
            .login_code
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !kept.as_ref()?.is(code, now) {
            return None;
        }
        *kept = None;
        drop(kept);
        Session::begin(&self.tokens.first(Role::Admin)?.secret, now)
    }

    /// A new login code, in place of an earlier one; `None` without a source of randomness.
    #[must_use]
    pub fn new_login_code(&self, now: Micros) -> Option<Secret> {
        let code = LoginCode::new(now)?;
        let secret = code.secret().clone();
        *self
            .login_code
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(code);
        Some(secret)
    }

    /// Whether cookies are sent over TLS alone.
    #[must_use]
    pub fn has_secure_cookies(&self) -> bool {
        self.hosts.are_behind_tls()
    }
}

#[cfg(test)]
mod tests;
